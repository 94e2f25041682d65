//! Fills the templates. What a template needs beyond the catalogue is a filter here or in its language's file.

use minijinja::{Environment, Value, context};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::catalogue::Resource;
use crate::language;
use crate::names;
use crate::shapes::Family;

/// How many files a template makes.
pub(crate) enum Each {
    /// One, of everything.
    Once,
    Resource,
    /// One for each family of records.
    Family,
}

/// A template and the files that it makes.
pub(crate) struct Output {
    pub(crate) each: Each,
    /// Relative to the repository, with the same names in it as the template has.
    pub(crate) path: &'static str,
    pub(crate) template: &'static str,
}

/// Every generated file with its text.
pub(crate) fn render(resources: &[Resource], families: &[Family]) -> Result<Vec<(String, String)>, String> {
    let mut environment = Environment::new();
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_keep_trailing_newline(true);
    environment.add_filter("pascal", |name: String| names::pascal(&name));
    environment.add_filter("camel", |name: String| names::camel(&name));
    environment.add_filter("kebab", |name: String| name.replace('_', "-"));
    environment.add_filter("comment", comment);
    environment.add_filter("quoted", |text: String| format!("{text:?}"));
    environment.add_filter("used", |code: &str, names: Vec<String>| used(code, names));
    language::rust::register(&mut environment);
    language::python::register(&mut environment);
    language::typescript::register(&mut environment);
    language::swift::register(&mut environment);
    language::kotlin::register(&mut environment);

    let all = context! { resources => Value::from_serialize(resources), families => Value::from_serialize(families) };
    let mut files = Vec::new();
    for output in language::outputs() {
        let subjects = match output.each {
            Each::Once => vec![all.clone()],
            Each::Resource => resources
                .iter()
                .map(|resource| context! { resource => Value::from_serialize(resource), ..all.clone() })
                .collect(),
            Each::Family => families
                .iter()
                .map(|family| context! { family => Value::from_serialize(family), ..all.clone() })
                .collect(),
        };
        for subject in subjects {
            let failed = |error: minijinja::Error| format!("{}: {error:#}", output.path);
            let path = environment.render_str(output.path, &subject).map_err(failed)?;
            let text = environment.render_str(output.template, &subject).map_err(failed)?;
            files.push((path.clone(), if path.ends_with(".rs") { rustfmt(&text)? } else { text }));
        }
    }
    Ok(files)
}

/// Every line of a text behind a prefix, without trailing blanks.
fn comment(text: &str, prefix: &str) -> String {
    text.lines().map(|line| format!("{prefix}{line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
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

fn rustfmt(text: &str) -> Result<String, String> {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/../../rustfmt.toml");
    let failed = |error: std::io::Error| format!("rustfmt: {error}");
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path", config])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes()).map_err(failed)?;
    }
    let output = child.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        return Err("rustfmt refused generated code".into());
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
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
