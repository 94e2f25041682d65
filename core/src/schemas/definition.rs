//! One field of a schema: its type, its choices and its limits (docs/service/values.md, Schemas).

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::choices::Choices;
use crate::answer;
use crate::value::{Decimal, FieldType};

#[derive(Debug)]
pub(super) struct Definition {
    /// As the schema spells it.
    pub(super) type_name: String,
    pub(super) field_type: FieldType,
    properties: Map<String, Value>,
    choices: OnceLock<Choices>,
}

/// The fields of a schema by their ids.
pub(super) fn all(schema: &[u8]) -> HashMap<String, Definition> {
    let fields: Vec<Value> = serde_json::from_slice(answer::text_of(schema)).unwrap_or_default();
    fields.into_iter().filter_map(Definition::of).collect()
}

impl Definition {
    fn of(mut field: Value) -> Option<(String, Self)> {
        let id = field["fieldId"].as_str()?.to_owned();
        let type_name = field["fieldType"].as_str()?.to_owned();
        let properties = field["properties"].as_object_mut().map(std::mem::take).unwrap_or_default();
        Some((
            id,
            Self { field_type: FieldType::of(&type_name), type_name, properties, choices: OnceLock::new() },
        ))
    }

    /// A value in the form of the service, as the schema spells it. A refusal goes behind the name of the field.
    pub(super) fn fit(&self, value: Value) -> Result<Value, String> {
        match (self.field_type, &value) {
            (_, Value::Null) => Ok(value),
            (FieldType::DropDown | FieldType::Radio, Value::String(text)) if !text.is_empty() => {
                self.choices().choose(text).map(Value::String)
            }
            (FieldType::MultiSelect, Value::Array(list)) => {
                let choices = self.choices();
                list.iter()
                    .map(|text| choices.choose(text.as_str().unwrap_or_default()).map(Value::String))
                    .collect()
            }
            (FieldType::Tags, Value::Array(list)) => self.check_tags(list).map(|()| value),
            (FieldType::Text, Value::String(text)) => {
                self.check_length("MaxValueCharacters", text).map(|()| value)
            }
            (FieldType::Number | FieldType::Decimal, Value::Number(number)) => {
                Decimal::of(number).map_or(Ok(()), |number| self.check_digits(&number)).map(|()| value)
            }
            (FieldType::Users, Value::String(text)) => {
                Ok(self.named(text, "FullName", "UserName").map_or_else(|| value.clone(), Value::String))
            }
            (FieldType::PartnerDropDown, Value::String(text)) => {
                Ok(self.named(text, "value", "code").map_or_else(|| value.clone(), Value::String))
            }
            _ => Ok(value),
        }
    }

    /// Made when the first value needs them.
    fn choices(&self) -> &Choices {
        self.choices.get_or_init(|| Choices::of(&self.properties))
    }

    /// The key of the one choice that has this name, if the text is not a key itself.
    fn named(&self, text: &str, name: &str, key: &str) -> Option<String> {
        let choices = self.properties.get("Choices")?.as_array()?;
        let is = |choice: &&Value, member: &str| {
            choice[member].as_str().is_some_and(|known| known.eq_ignore_ascii_case(text))
        };
        if choices.iter().any(|choice| is(&choice, key)) {
            return None;
        }
        let mut named = choices.iter().filter(|choice| is(choice, name));
        let one = named.next().filter(|_| named.next().is_none())?;
        one[key].as_str().filter(|key| !key.is_empty()).map(str::to_owned)
    }

    /// A limit, which may be a number or a text. None when there is none.
    fn limit(&self, name: &str) -> Option<u64> {
        let limit = self.properties.get(name)?;
        limit.as_u64().or_else(|| limit.as_str()?.trim().parse().ok())
    }

    fn check_length(&self, name: &str, text: &str) -> Result<(), String> {
        let length = text.chars().count() as u64;
        match self.limit(name).filter(|most| *most > 0 && length > *most) {
            Some(most) => Err(format!(
                "takes at most {most} characters ({name}), and the given text has {length}: shorten it, as the service would cut it"
            )),
            None => Ok(()),
        }
    }

    fn check_tags(&self, tags: &[Value]) -> Result<(), String> {
        if let Some(most) = self.limit("MaxTags").filter(|most| *most > 0 && tags.len() as u64 > *most) {
            return Err(format!(
                "takes at most {most} tags (MaxTags), and {} are given: give fewer",
                tags.len()
            ));
        }
        tags.iter().filter_map(Value::as_str).try_for_each(|tag| self.check_length("MaxTagCharacters", tag))
    }

    /// Whether `MaxDigits` counts the digits behind the point is not known: those before it are too many in either case.
    fn check_digits(&self, number: &Decimal) -> Result<(), String> {
        let (whole, fraction) = (number.whole_digits(), number.fraction_digits());
        if let Some(most) = self.limit("MaxDigits").filter(|most| *most > 0 && whole > *most) {
            return Err(format!(
                "takes at most {most} digits (MaxDigits), and the given number has {whole} before the point"
            ));
        }
        if let Some(most) = self.limit("DecimalPoints").filter(|most| fraction > *most) {
            return Err(format!(
                "takes at most {most} decimal places (DecimalPoints), and the given number has {fraction}: round it, as the service \
                 would cut it"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fit(type_name: &str, properties: &Value, value: Value) -> Result<Value, String> {
        let schema = json!([{"fieldId": "x", "fieldType": type_name, "properties": properties}, {"fieldId": "no type"}]);
        all(schema.to_string().as_bytes())["x"].fit(value)
    }

    #[test]
    fn limits_are_kept() {
        let number: Value = serde_json::from_str("12.250").unwrap();
        for (type_name, properties, value, says) in [
            ("Text", json!({"MaxValueCharacters": 3}), json!("Äöü"), ""),
            (
                "Memo",
                json!({"MaxValueCharacters": "3"}),
                json!("long"),
                "takes at most 3 characters (MaxValueCharacters), and the given text has 4",
            ),
            ("Text", json!({"MaxValueCharacters": 0}), json!("long"), ""),
            ("Text", json!({"MaxValueCharacters": null}), json!("long"), ""),
            (
                "Number",
                json!({"MaxDigits": 3}),
                json!(1000),
                "takes at most 3 digits (MaxDigits), and the given number has 4",
            ),
            ("Decimal", json!({"MaxDigits": 3, "DecimalPoints": 2}), number.clone(), ""),
            (
                "Currency",
                json!({"DecimalPoints": 1}),
                number.clone(),
                "takes at most 1 decimal places (DecimalPoints), and the given number has 2",
            ),
            ("Decimal", json!({"DecimalPoints": 0}), number.clone(), "takes at most 0 decimal places"),
            // Its scale differs between pages.
            ("Percent", json!({"DecimalPoints": 1}), number, ""),
            ("Tags", json!({"MaxTags": 1, "MaxTagCharacters": 3}), json!(["abc"]), ""),
            (
                "Tags",
                json!({"MaxTags": 1}),
                json!(["a", "b"]),
                "takes at most 1 tags (MaxTags), and 2 are given",
            ),
            (
                "Tags",
                json!({"MaxTagCharacters": 3}),
                json!(["long"]),
                "takes at most 3 characters (MaxTagCharacters)",
            ),
        ] {
            match fit(type_name, &properties, value.clone()) {
                Ok(kept) => assert_eq!((kept, says), (value, ""), "{type_name}"),
                Err(refusal) => {
                    assert!(!says.is_empty() && refusal.starts_with(says), "{type_name} {value}: {refusal}")
                }
            }
        }
    }

    #[test]
    fn names_become_keys() {
        let users = json!({"Choices": [{"FullName": "Ana Ferreira", "UserName": "ana"}, {"FullName": "Bo", "UserName": "b1"}, {"FullName": "Bo", "UserName": "b2"}]});
        for (given, sent) in [("ana ferreira", "ana"), ("ana", "ana"), ("Bo", "Bo"), ("Cy", "Cy")] {
            assert_eq!(fit("Users", &users, given.into()).unwrap(), sent);
        }
        let partners = json!({"Choices": [{"value": "Mill", "code": "c-1", "text": null}]});
        for (given, sent) in [("Mill", "c-1"), ("C-1", "C-1"), ("Other", "Other")] {
            assert_eq!(fit("PartnerDropDown", &partners, given.into()).unwrap(), sent);
        }
    }

    #[test]
    fn choices_of_a_field() {
        let properties = json!({"Choices": ["A", "B"]});
        assert_eq!(fit("MultiSelect", &properties, json!(["a", "B"])).unwrap(), json!(["A", "B"]));
        assert!(
            fit("MultiSelect", &properties, json!(["A", "C"]))
                .unwrap_err()
                .starts_with("has no choice \"C\"")
        );
        assert!(fit("Radio", &properties, json!("C")).is_err());
        assert_eq!(fit("Radio", &properties, json!(true)).unwrap(), json!(true));
        assert_eq!(fit("DropDown", &properties, json!("")).unwrap(), json!(""));
        assert_eq!(fit("ComboBox", &properties, json!("C")).unwrap(), json!("C"));
    }
}
