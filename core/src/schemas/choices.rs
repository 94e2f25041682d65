//! The choices of a field (docs/service/values.md, Schemas).

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::near;
use crate::value::shown;

/// Choices that a refusal names.
const NAMED: usize = 10;

#[derive(Debug, Default)]
pub(super) struct Choices {
    active: Vec<Choice>,
    inactive: Vec<String>,
}

#[derive(Debug)]
struct Choice {
    text: String,
    code: Option<String>,
}

impl Choices {
    /// Of the properties of a field: an array of objects or texts, or one text with line breaks.
    pub(super) fn of(properties: &Map<String, Value>) -> Self {
        let lists = ["Choices", "ChoicesDesigner"].map(|name| listed(properties.get(name)));
        let is_active = |choice: &Value| choice.get("active") != Some(&Value::Bool(false));
        let inactive: Vec<_> =
            lists.iter().flatten().filter(|choice| !is_active(choice)).filter_map(text_of).collect();
        let mut seen: HashSet<_> = inactive.iter().cloned().collect();
        let active = lists.iter().flatten().filter_map(|choice| {
            let text = text_of(choice).filter(|text| seen.insert(text.clone()))?;
            Some(Choice { text, code: choice["code"].as_str().map(str::to_owned) })
        });
        Self { active: active.collect(), inactive }
    }

    /// The choice of this text, as the schema spells it. A field of which no choice is known takes any.
    pub(super) fn choose(&self, text: &str) -> Result<String, String> {
        if self.active.is_empty() || self.active.iter().any(|choice| choice.text == text) {
            return Ok(text.to_owned());
        }
        let one = |is: &dyn Fn(&&Choice) -> bool| {
            let mut all = self.active.iter().filter(is);
            all.next().filter(|_| all.next().is_none())
        };
        let plain = |text: &str| text.trim().to_lowercase();
        if self.inactive.iter().any(|inactive| inactive == text) {
            return Err(format!(
                "has the choice {} no longer: it is inactive. {}",
                shown(&text.into()),
                self.named(text)
            ));
        }
        if let Some(choice) = one(&|choice| plain(&choice.text) == plain(text)) {
            return Ok(choice.text.clone());
        }
        if let Some(choice) = one(&|choice| choice.code.as_deref() == Some(text)) {
            return Err(format!(
                "takes the text of a choice: give {:?}, and not its code {text:?}",
                choice.text
            ));
        }
        Err(format!(
            "has no choice {}, and the service would blank it. {}",
            shown(&text.into()),
            self.named(text)
        ))
    }

    /// The choices that there are.
    fn named(&self, text: &str) -> String {
        let all = near::sorted(text, self.active.iter().map(|choice| choice.text.as_str()));
        let named: Vec<_> = all.iter().take(NAMED).map(|text| format!("{text:?}")).collect();
        let more = match all.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("Choices, the nearest first: {}{more}", named.join(", "))
    }
}

/// Choices of any form.
fn listed(list: Option<&Value>) -> Vec<Value> {
    match list {
        Some(Value::Array(list)) => list.clone(),
        Some(Value::String(lines)) => {
            lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(Value::from).collect()
        }
        _ => Vec::new(),
    }
}

fn text_of(choice: &Value) -> Option<String> {
    let text = choice.as_str().or_else(|| choice["value"].as_str());
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn choose(properties: &Value, text: &str) -> Result<String, String> {
        Choices::of(properties.as_object().unwrap()).choose(text)
    }

    #[test]
    fn texts_of_choices_are_taken() {
        let properties = json!({
            "Choices": [{"id": "S1", "code": "S1", "value": "Spring 2026"}, {"code": "F1", "value": "Fall 2026"}, {"value": "Old"}],
            "ChoicesDesigner": [{"value": "Spring 2026", "code": "S1", "active": true}, {"value": "Old", "code": "O", "active": false}],
        });
        assert_eq!(choose(&properties, "Spring 2026").unwrap(), "Spring 2026");
        assert_eq!(choose(&properties, " fall 2026").unwrap(), "Fall 2026");
        for (text, says) in [
            (
                "Fal 2026",
                "has no choice \"Fal 2026\", and the service would blank it. Choices, the nearest first: \"Fall 2026\", \"Spring 2026\"",
            ),
            ("F1", "takes the text of a choice: give \"Fall 2026\", and not its code \"F1\""),
            (
                "Old",
                "has the choice \"Old\" no longer: it is inactive. Choices, the nearest first: \"Fall 2026\", \"Spring 2026\"",
            ),
        ] {
            assert_eq!(choose(&properties, text).unwrap_err(), says);
        }
    }

    #[test]
    fn other_forms_of_choices() {
        assert!(
            choose(&json!({"Choices": "Cotton\r\nLinen\n"}), "Silk")
                .unwrap_err()
                .ends_with("\"Linen\", \"Cotton\"")
        );
        assert!(choose(&json!({"Choices": ["Cotton"]}), "Silk").is_err());
        let many: Vec<_> = (0..40).map(|number| format!("choice {number}")).collect();
        assert!(choose(&json!({"Choices": many}), "Silk").unwrap_err().ends_with(" and 30 more"));
        for unknown in
            [json!({}), json!({"Choices": []}), json!({"Choices": null}), json!({"Choices": [{"name": "a"}]})]
        {
            assert_eq!(choose(&unknown, "Silk").unwrap(), "Silk");
        }
        // Two choices that differ in their case only.
        assert!(choose(&json!({"Choices": ["s", "S", "M"]}), "S ").is_err());
    }
}
