//! How an error shows what was given in the wrong form. It may be a link, whose query is a secret, and it may be long.

use serde_json::Value;
use url::Url;

use crate::redact::address;

/// Letters of a text that are shown.
const LETTERS: usize = 100;

/// Members of an object that are named.
const MEMBERS: usize = 5;

/// The form of a value, and what it is where that says more: a number, or a text.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => Value::from(shown_text(text)).to_string(),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(members) if members.is_empty() => "an empty object".into(),
        Value::Object(members) => {
            let mut names: Vec<_> = members.keys().take(MEMBERS).map(|name| shown_text(name)).collect();
            if members.len() > MEMBERS {
                names.push("...".into());
            }
            format!("an object with {}", names.join(", "))
        }
    }
}

/// A text as far as it is short, without what may be secret in it.
pub(crate) fn shown_text(text: &str) -> String {
    let without = without_query(text);
    match without.char_indices().nth(LETTERS) {
        Some((end, _)) => format!("{}...", &without[..end]),
        None => without,
    }
}

/// A text without user and query of an address, and without what else follows a question mark like a query.
pub(crate) fn without_query(text: &str) -> String {
    match Url::parse(text.trim()) {
        Ok(url) if url.has_host() => address(&url),
        _ => match text.split_once('?') {
            Some((before, query)) if query.contains('=') => format!("{before}?..."),
            _ => text.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_shown_by_its_form() {
        for (value, says) in [
            (json!(null), "null"),
            (json!(7.5), "7.5"),
            (json!("Fall \"26\""), r#""Fall \"26\"""#),
            (json!("Is it red?"), "\"Is it red?\""),
            (json!([]), "a list of 0"),
            (json!(["https://x/y?sig=secret"]), "a list of 1"),
            (json!({}), "an empty object"),
            (json!({"url": "https://x/y?sig=secret", "name": "y"}), "an object with url, name"),
            (json!({"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1}), "an object with a, b, c, d, e, ..."),
            (json!({"https://x/y?sig=secret": 1}), "an object with https://x/y"),
        ] {
            assert_eq!(shown(&value), says);
        }
        assert_eq!(shown(&json!("é".repeat(101))), format!("\"{}...\"", "é".repeat(100)));
    }

    #[test]
    fn no_link_shows_its_query() {
        for (text, says) in [
            ("https://files.example/a/b.png?sv=1&sig=secret#secret", "https://files.example/a/b.png"),
            (" https://user:secret@files.example/b.png", "https://files.example/b.png"),
            ("HTTPS://files.example?sig=secret", "https://files.example/"),
            ("https:/files.example/b.png?sig=secret", "https://files.example/b.png"),
            ("files.example/b.png?sig=secret", "files.example/b.png?..."),
            ("/b.png?sig=secret", "/b.png?..."),
            ("what is b.png?", "what is b.png?"),
        ] {
            assert_eq!(shown_text(text), says);
        }
    }
}
