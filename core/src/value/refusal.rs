//! What is said of a value that is not sent.

use serde_json::Value;

pub(super) fn refused<T>(expected: &str, value: &Value) -> Result<T, String> {
    Err(format!("has to be {expected}, not {}", shown(value)))
}

/// Letters of a value that a refusal shows.
const LETTERS: usize = 100;

/// A value in an error text, cut when it is long.
pub(crate) fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LETTERS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
