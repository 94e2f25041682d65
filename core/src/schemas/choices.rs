//! The choices of a field (docs/service/values.md, Schemas).

use std::collections::HashSet;

use serde_json::{Map, Number, Value};

use crate::near;
use crate::value::{Decimal, alike, flag, member, plain, shown};

/// Choices that a refusal names.
const NAMED: usize = 10;

#[derive(Debug, Default)]
pub(super) struct Choices {
    active: Vec<Choice>,
    inactive: Vec<String>,
}

#[derive(Debug)]
struct Choice {
    /// As the schema has it: mostly a text.
    value: Value,
    text: String,
    code: Option<String>,
}

impl Choices {
    /// Of the properties of a field: an array of objects, texts or numbers, such lists by name, or one text with line breaks.
    pub(super) fn of(properties: &Map<String, Value>) -> Self {
        let lists = ["Choices", "ChoicesDesigner"].map(|name| listed(member(properties, name)));
        let inactive: Vec<_> =
            lists.iter().flatten().filter(|choice| !is_active(choice)).filter_map(text_of).collect();
        let mut seen: HashSet<_> = inactive.iter().cloned().collect();
        let active = lists.iter().flatten().filter_map(|choice| {
            let text = text_of(choice).filter(|text| seen.insert(text.clone()))?;
            let code = choice.as_object().and_then(|choice| spelled(member(choice, "code")?));
            Some(Choice { value: value_of(choice).clone(), text, code })
        });
        Self { active: active.collect(), inactive }
    }

    /// The choice that a text, a number, true or false means, as the schema has it. A field of which no choice is known takes any.
    pub(super) fn choose(&self, given: &Value) -> Result<Value, String> {
        if self.active.is_empty() && self.inactive.is_empty() {
            return Ok(given.clone());
        }
        if let Some(choice) = self.find(given) {
            return Ok(choice.value.clone());
        }
        let text = spelled(given).unwrap_or_default();
        if self.inactive.iter().any(|inactive| alike(inactive, &text)) {
            return Err(format!(
                "has the choice {} no longer: it is inactive. {}",
                shown(given),
                self.named(&text)
            ));
        }
        if let Some(choice) = self.one(|choice| choice.code.as_ref() == Some(&text)) {
            return Err(format!(
                "takes the text of a choice: give {:?}, and not its code {text:?}",
                choice.text
            ));
        }
        Err(format!("has no choice {}, and the service would blank it. {}", shown(given), self.named(&text)))
    }

    /// The code of a part: one of the choices by its text or its own code.
    pub(super) fn choose_part(&self, code: &str) -> Result<String, String> {
        let is_code = |choice: &Choice| choice.code.as_deref() == Some(code);
        if (self.active.is_empty() && self.inactive.is_empty()) || self.active.iter().any(is_code) {
            return Ok(code.to_owned());
        }
        match self.find(&code.into()) {
            Some(choice) => Ok(choice.text.clone()),
            None => Err(format!("has no part {code:?}. {}", self.named(code))),
        }
    }

    /// The choice that is meant, if there is one.
    fn find(&self, given: &Value) -> Option<&Choice> {
        let text = spelled(given)?;
        if let Some(choice) = self.active.iter().find(|choice| choice.text == text) {
            return Some(choice);
        }
        // An inactive one that is spelled so is meant.
        if self.inactive.contains(&text) {
            return None;
        }
        let wanted = plain(&text);
        if let Some(choice) = self.one(|choice| plain(&choice.text) == wanted) {
            return Some(choice);
        }
        match given {
            Value::Bool(given) => self.one(|choice| flag(&choice.text) == Some(*given)),
            _ => {
                let wanted = number(&text)?;
                self.one(|choice| number(&choice.text).as_ref() == Some(&wanted))
            }
        }
    }

    /// The only one that it is true of.
    fn one(&self, is: impl Fn(&Choice) -> bool) -> Option<&Choice> {
        let mut all = self.active.iter().filter(|choice| is(choice));
        all.next().filter(|_| all.next().is_none())
    }

    /// The choices that there are.
    fn named(&self, text: &str) -> String {
        if self.active.is_empty() {
            return "All its choices are inactive".to_owned();
        }
        format!(
            "Choices, the nearest first: {}",
            nearest(text, self.active.iter().map(|choice| &*choice.text))
        )
    }
}

/// The first of these names, the nearest first.
pub(super) fn nearest<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let all = near::sorted(text, names);
    let named: Vec<_> = all.iter().take(NAMED).map(|text| format!("{text:?}")).collect();
    match all.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// Choices of any form.
pub(super) fn listed(list: Option<&Value>) -> Vec<Value> {
    match list {
        Some(Value::Array(list)) => list.clone(),
        // Lists by name, or choices by name.
        Some(Value::Object(members)) => members
            .values()
            .flat_map(|member| match member {
                Value::Array(list) => list.clone(),
                other => vec![other.clone()],
            })
            .collect(),
        Some(Value::String(lines)) => {
            lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(Value::from).collect()
        }
        _ => Vec::new(),
    }
}

pub(super) fn is_active(choice: &Value) -> bool {
    match choice.as_object().and_then(|choice| member(choice, "active")) {
        Some(Value::String(text)) => flag(text) != Some(false),
        active => active != Some(&Value::Bool(false)),
    }
}

fn value_of(choice: &Value) -> &Value {
    match choice {
        Value::Object(members) => member(members, "value").unwrap_or(&Value::Null),
        other => other,
    }
}

fn text_of(choice: &Value) -> Option<String> {
    spelled(value_of(choice)).filter(|text| !text.is_empty())
}

/// A text, a number, true or false as a text.
fn spelled(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

fn number(text: &str) -> Option<Decimal> {
    Decimal::of(&text.trim().parse::<Number>().ok()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn choose(properties: &Value, given: impl Into<Value>) -> Result<Value, String> {
        Choices::of(properties.as_object().unwrap()).choose(&given.into())
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
            (
                "OLD ",
                "has the choice \"OLD \" no longer: it is inactive. Choices, the nearest first: \"Fall 2026\", \"Spring 2026\"",
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
        for one in [
            json!({"Choices": ["Cotton"]}),
            json!({"choices": [{"VALUE": "Cotton"}]}),
            json!({"Choices": {"items": ["Cotton"]}}),
            json!({"Choices": {"c1": {"value": "Cotton"}}}),
        ] {
            assert!(choose(&one, "Silk").is_err(), "{one}");
            assert_eq!(choose(&one, "cotton").unwrap(), "Cotton");
        }
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

    #[test]
    fn choices_that_are_all_inactive() {
        let properties =
            json!({"Choices": [{"value": "Old", "active": false}, {"value": "Older", "active": "No"}]});
        assert_eq!(
            choose(&properties, "Old").unwrap_err(),
            "has the choice \"Old\" no longer: it is inactive. All its choices are inactive"
        );
        assert_eq!(
            choose(&properties, "New").unwrap_err(),
            "has no choice \"New\", and the service would blank it. All its choices are inactive"
        );
    }

    #[test]
    fn choices_that_are_numbers_or_flags() {
        let numbers = json!({"Choices": [{"value": 5, "code": 50}, {"value": 7.50}, {"value": "010"}]});
        for (given, sent) in [
            (json!("5"), json!(5)),
            (json!(5), json!(5)),
            (json!("5.0"), json!(5)),
            (json!(7.5), json!(7.5)),
            (json!("010"), json!("010")),
        ] {
            assert_eq!(choose(&numbers, given.clone()).unwrap(), sent, "{given}");
        }
        assert!(choose(&numbers, 6).unwrap_err().starts_with("has no choice 6, and"));
        assert!(choose(&numbers, "50").unwrap_err().contains("give \"5\", and not its code \"50\""));
        for choices in [json!({"Choices": ["Yes", "No"]}), json!({"Choices": [true, false]})] {
            let (yes, no) = (choose(&choices, true).unwrap(), choose(&choices, false).unwrap());
            assert_eq!(json!({"Choices": [yes, no]}), choices);
        }
        assert!(
            choose(&json!({"Choices": ["Women", "Men"]}), true)
                .unwrap_err()
                .starts_with("has no choice true")
        );
    }

    #[test]
    fn parts_are_named_by_text_or_code() {
        let choices = Choices::of(json!({"Choices": "Cotton\nLinen"}).as_object().unwrap());
        assert_eq!(choices.choose_part("cotton ").unwrap(), "Cotton");
        assert_eq!(
            choices.choose_part("Line").unwrap_err(),
            "has no part \"Line\". Choices, the nearest first: \"Linen\", \"Cotton\""
        );
        let coded = Choices::of(json!({"Choices": [{"value": "Cotton", "code": "CO"}]}).as_object().unwrap());
        assert_eq!(coded.choose_part("CO").unwrap(), "CO");
    }
}
