//! What was probably meant by a name that there is not.

use crate::error::{Error, Result};

/// `; did you mean "timeout"?`, or nothing where no known name is near.
pub(crate) fn hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let length = plain(name).chars().count();
    let near = known.into_iter().map(|known| (distance(name, known), known)).min();
    match near {
        // A third of the letters may be wrong.
        Some((distance, known)) if distance * 3 <= length => format!("; did you mean {known:?}?"),
        _ => String::new(),
    }
}

/// The known names, the nearest first.
pub(crate) fn sorted<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut known: Vec<_> = known.into_iter().collect();
    known.sort_by_cached_key(|known| distance(name, known));
    known
}

fn plain(text: &str) -> String {
    text.replace(['_', '-', '.', ' '], "").to_lowercase()
}

/// Whether two names differ in nothing but word separators and case.
pub(crate) fn is_same(a: &str, b: &str) -> bool {
    plain(a) == plain(b)
}

/// Letters that are wrong, word separators and case aside.
fn distance(name: &str, known: &str) -> usize {
    let given = plain(name);
    match plain(known) {
        longer if given.chars().count() >= 4 && longer.starts_with(&given) => 1,
        other => strsim::osa_distance(&given, &other),
    }
}

/// Refuses a name that there is not: `there is no setting "timout"; did you mean "timeout"?`
pub(crate) fn check<'a>(
    given: impl IntoIterator<Item = &'a String>,
    known: &[&str],
    there_is_no: &str,
    all: &str,
) -> Result<()> {
    match given.into_iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Error::config(format!("{there_is_no} {name:?}{}", hint_or_all(name, known, all)))),
        None => Ok(()),
    }
}

/// A hint, or else all names that there are: `; options are timeout, label`.
pub(crate) fn hint_or_all(name: &str, known: &[&str], all: &str) -> String {
    if known.is_empty() {
        return format!("; {all} none");
    }
    match hint(name, known.iter().copied()) {
        hint if hint.is_empty() => format!("; {all} {}", known.join(", ")),
        hint => hint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_meant() {
        let known = ["timeout", "turn_timeout", "label", "page_size"];
        for (name, meant) in [
            ("timout", "timeout"),
            ("pageSize", "page_size"),
            ("page-size", "page_size"),
            ("lable", "label"),
            ("TURN_TIMEOUT", "turn_timeout"),
            ("page", "page_size"),
        ] {
            assert_eq!(hint(name, known), format!("; did you mean {meant:?}?"));
        }
        for name in ["colour", "", "x", "priority"] {
            assert_eq!(hint(name, known), "", "{name}");
        }
        assert_eq!(hint_or_all("colour", &known[..2], "options are"), "; options are timeout, turn_timeout");
    }
}
