//! Neutral marks in the catalogue's texts, which each language renders its way: `{option:page_size}`.
//!
//! | mark | stands for |
//! |---|---|
//! | `arg` | an argument of the method that the text is about |
//! | `option`, `setting` | an option of a call, a setting of a client |
//! | `member` | a member of a record |
//! | `field` | what an error has: `details` |
//! | `error`, `outcome` | an error of a kind, what is known of a failed call |
//! | `method` | a method of the client itself: `quota.status` |
//! | `operation` | an operation, by its short name |
//! | `type` | a record or a choice of the client |
//! | `value` | `true`, `false`, or `null` for nothing at all |
//! | `unit` | a sentence on the unit, in languages that have no type for it: `seconds`, `iso` (ISO 8601), `unix` (since 1970) |

use std::collections::BTreeSet;

/// What the marks of a text may name; whatever is not listed here is not checked.
pub(crate) struct Names<'a> {
    pub(crate) options: BTreeSet<&'a str>,
    pub(crate) settings: BTreeSet<&'a str>,
    pub(crate) errors: BTreeSet<&'a str>,
    pub(crate) methods: BTreeSet<String>,
}

const KINDS: [&str; 12] = [
    "arg",
    "option",
    "setting",
    "member",
    "field",
    "error",
    "outcome",
    "method",
    "operation",
    "type",
    "value",
    "unit",
];

/// A text with each mark as `spell` has it, which gets its kind and its name.
pub(crate) fn render(text: &str, spell: impl Fn(&str, &str) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((start, end, kind, name)) = next(rest) {
        out.push_str(&rest[..start]);
        out.push_str(&spell(kind, name));
        rest = &rest[end..];
    }
    out + rest
}

/// What a unit is called.
pub(crate) fn unit(name: &str) -> String {
    let text = match name {
        "iso" => "ISO 8601",
        "unix" => "Unix seconds",
        _ => "In seconds",
    };
    format!(" {text}.")
}

/// Refuses a mark that names what there is not. `arguments` are those of the method.
pub(crate) fn check(text: &str, names: &Names<'_>, arguments: &BTreeSet<&str>) -> Result<(), String> {
    let mut rest = text;
    while let Some((_, end, kind, name)) = next(rest) {
        let known = match kind {
            "arg" => arguments.contains(name),
            "option" => names.options.contains(name),
            "setting" => names.settings.contains(name),
            "error" => names.errors.contains(name),
            "method" => names.methods.contains(name),
            _ => true,
        };
        if !known {
            return Err(format!("the mark {{{kind}:{name}}} names what there is not"));
        }
        rest = &rest[end..];
    }
    Ok(())
}

/// The next mark: where it begins and ends, its kind and its name.
fn next(text: &str) -> Option<(usize, usize, &str, &str)> {
    let mut from = 0;
    while let Some(start) = text[from..].find('{').map(|at| from + at) {
        let mark = text[start..].find('}').and_then(|length| {
            let (kind, name) = text[start + 1..start + length].split_once(':')?;
            KINDS.contains(&kind).then_some((start, start + length + 1, kind, name))
        });
        if mark.is_some() {
            return mark;
        }
        from = start + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_told_from_braces() {
        let shout = |kind: &str, name: &str| format!("{kind}/{name}").to_uppercase();
        assert_eq!(
            render("A {arg:size} of `{id: 1}`, {other:x}.", shout),
            "A ARG/SIZE of `{id: 1}`, {other:x}."
        );
        assert_eq!(render("{value:true}{value:null}", shout), "VALUE/TRUEVALUE/NULL");
    }
}
