//! What a language writes: templates, and the files that each of them makes.

use std::collections::BTreeSet;

/// How many files a template makes.
pub(crate) enum Each {
    /// One, of everything.
    Once,
    Resource,
    /// One for each family of records.
    Family,
    /// One for each family of the client's own records.
    OwnFamily,
    /// One for each group of the client's own methods.
    Group,
}

/// A template and the files that it makes.
pub(crate) struct Output {
    pub(crate) each: Each,
    /// Relative to the repository, with the same names in it as the template has. A file without text is not written.
    pub(crate) path: &'static str,
    pub(crate) template: &'static str,
}

/// Which of the names occur in code of any language, outside of its comments: what it has to import.
pub(crate) fn used(code: &str, names: Vec<String>) -> Vec<String> {
    let mut words = BTreeSet::new();
    let mut in_docstring = false;
    for line in code.lines() {
        let quotes = line.matches("\"\"\"").count();
        let is_comment = in_docstring || quotes > 0;
        in_docstring ^= quotes % 2 == 1;
        let line = line.trim_start();
        if !is_comment && !["//", "/*", "*", "#"].iter().any(|start| line.starts_with(start)) {
            let line = line.split("  # ").next().unwrap_or_default();
            words.extend(line.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_'));
        }
    }
    names.into_iter().filter(|name| words.contains(name.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_comment_is_not_used() {
        let names = || ["Filter", "Size", "Tag"].map(str::to_owned).to_vec();
        assert_eq!(used("/// A Size.\nfn list(filters: Vec<Filter>)", names()), ["Filter"]);
        assert_eq!(
            used("def get(self) -> Tag:\n    \"\"\"A Size.\n\n    A Filter.\n    \"\"\"\n", names()),
            ["Tag"]
        );
        assert_eq!(used("\"tag\": \"list[Tag] | None\",  # A Size.\n", names()), ["Tag"]);
    }
}
