//! The choices of a field: answers have them as `Choices` of its properties, requests as `items` of `choices`.

use serde_json::{Map, Value, json};

use crate::answers::Refusal;

/// Says of each choice that it is offered, as answers about master data do.
pub(super) fn complete(properties: &mut Value) {
    let choices = properties.get_mut("Choices").and_then(Value::as_array_mut);
    for choice in choices.into_iter().flatten() {
        choice["active"] = json!(true);
    }
}

/// Changes the choices that the body lists and adds those that there are not. The others stay.
pub(super) fn apply(properties: &mut Value, body: &Map<String, Value>) -> Result<(), Refusal> {
    let wrong = || Refusal::validation("choices", "The value is not valid.");
    let Some(choices) = body.get("choices").filter(|choices| !choices.is_null()) else { return Ok(()) };
    let items = choices.get("items").and_then(Value::as_array).ok_or_else(wrong)?;
    let sent =
        items.iter().map(|item| Choice::read(item).ok_or_else(wrong)).collect::<Result<Vec<_>, _>>()?;
    match &mut properties["Choices"] {
        // One text with line breaks, which has neither codes nor choices that are not offered.
        Value::String(lines) => {
            for choice in sent {
                if !lines.lines().any(|line| line == choice.value) {
                    lines.push('\n');
                    lines.push_str(choice.value);
                }
            }
        }
        Value::Array(known) => sent.iter().for_each(|choice| choice.put(known)),
        none => {
            let mut known = Vec::new();
            sent.iter().for_each(|choice| choice.put(&mut known));
            *none = Value::Array(known);
        }
    }
    Ok(())
}

struct Choice<'a> {
    value: &'a str,
    code: Option<&'a str>,
    active: bool,
}

impl<'a> Choice<'a> {
    /// A text, or an object with a text.
    fn read(item: &'a Value) -> Option<Self> {
        if let Some(value) = item.as_str() {
            return Some(Choice { value, code: None, active: true });
        }
        let value = item.get("value")?.as_str()?;
        let active = item.get("active").and_then(Value::as_bool).unwrap_or(true);
        Some(Choice { value, code: item.get("code").and_then(Value::as_str), active })
    }

    /// It is known by its code, and without one by its text.
    fn put(&self, known: &mut Vec<Value>) {
        let is_it = |choice: &Value| match self.code {
            Some(code) => choice["code"] == code,
            None => choice["value"] == self.value,
        };
        match known.iter_mut().find(|choice| is_it(choice)) {
            Some(choice) => {
                choice["value"] = json!(self.value);
                choice["active"] = json!(self.active);
            }
            None => {
                let code = self.code.unwrap_or(self.value);
                known.push(json!({"id": code, "value": self.value, "code": code, "active": self.active}));
            }
        }
    }
}
