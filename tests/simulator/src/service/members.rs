//! Members of a body that is one flat object. A member that is not there changes nothing.

use serde_json::{Map, Value, json};

use crate::answers::Refusal;

fn not_valid(name: &str) -> Refusal {
    Refusal::validation(name, "The value is not valid.")
}

/// A text that may not be missing or empty.
pub(super) fn required<'a>(body: &'a Map<String, Value>, name: &str) -> Result<&'a str, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) if text.is_empty() => {}
        Some(Value::String(text)) => return Ok(text),
        Some(_) => return Err(not_valid(name)),
    }
    Err(Refusal::validation(name, "The field is required."))
}

pub(super) fn flag(body: &Map<String, Value>, name: &str) -> Result<Option<bool>, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_bool().map(Some).ok_or_else(|| not_valid(name)),
    }
}

/// Keeps the texts of these names. Null empties one.
pub(super) fn keep_texts(
    body: &Map<String, Value>,
    names: &[&str],
    kept: &mut Map<String, Value>,
) -> Result<(), Refusal> {
    let sent = || names.iter().filter_map(|name| Some((*name, body.get(*name)?)));
    if let Some((name, _)) = sent().find(|(_, value)| !value.is_string() && !value.is_null()) {
        return Err(not_valid(name));
    }
    kept.extend(sent().map(|(name, value)| (name.to_owned(), value.clone())));
    Ok(())
}

/// The texts of these names as members of an answer; null for those that were never given.
pub(super) fn show_texts(kept: &Map<String, Value>, names: &[&str], answer: &mut Value) {
    for name in names {
        answer[*name] = json!(kept.get(*name));
    }
}
