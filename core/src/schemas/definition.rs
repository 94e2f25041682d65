//! One field of a schema: its type, its choices and its limits (docs/service/values.md, Schemas).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use super::choices::Choices;
use super::people::People;
use crate::answer;
use crate::value::{Decimal, FieldType, Place, Reference, distinct, equal, member, read, write};

#[derive(Debug)]
pub(super) struct Definition {
    /// As the schema spells it.
    pub(super) type_name: String,
    pub(super) field_type: FieldType,
    properties: Map<String, Value>,
    choices: OnceLock<Choices>,
    people: OnceLock<People>,
}

/// The fields of a schema by their ids.
pub(super) fn all(schema: &[u8]) -> HashMap<String, Definition> {
    let mut fields = HashMap::new();
    for (id, definition) in answer::fields(schema).unwrap_or_default().iter().filter_map(Definition::of) {
        match fields.entry(id) {
            Entry::Vacant(place) => {
                place.insert(definition);
            }
            // The form and the grid of a page may each have a field with this id: then any value may be right.
            Entry::Occupied(mut known) if !definition.is_like(known.get()) => {
                known.insert(Definition::untyped());
            }
            Entry::Occupied(_) => {}
        }
    }
    fields
}

impl Definition {
    fn of(field: &Map<String, Value>) -> Option<(String, Self)> {
        let id = answer::field_id(field)?.to_owned();
        let type_name = member(field, "fieldType").and_then(Value::as_str).unwrap_or_default().to_owned();
        let properties = member(field, "properties").and_then(Value::as_object).cloned().unwrap_or_default();
        Some((id, Self::new(type_name, properties)))
    }

    fn new(type_name: String, properties: Map<String, Value>) -> Self {
        let field_type = FieldType::of(&type_name);
        Self { type_name, field_type, properties, choices: OnceLock::new(), people: OnceLock::new() }
    }

    /// One that takes any value.
    fn untyped() -> Self {
        Self::new(String::new(), Map::new())
    }

    fn is_like(&self, other: &Self) -> bool {
        self.type_name == other.type_name && self.properties == other.properties
    }

    /// What is sent for a value: in the form of the service, as the schema spells it, within the limits of the field. A refusal
    /// goes behind the name of the field. The type is that of the schema, unless the place knows better.
    pub(super) fn put(&self, field_type: FieldType, place: Place, value: &Value) -> Result<Value, String> {
        if matches!(field_type, FieldType::Users | FieldType::PartnerDropDown) && !self.people().is_empty() {
            return match Reference::of(field_type, value)? {
                Some(meant) => self.people().choose(&meant),
                None => Ok(Value::Null),
            };
        }
        self.fit(field_type, write(field_type, place, value)?)
    }

    fn fit(&self, field_type: FieldType, value: Value) -> Result<Value, String> {
        match (field_type, &value) {
            (FieldType::DropDown | FieldType::Radio, Value::String(text)) if text.is_empty() => Ok(value),
            (FieldType::DropDown | FieldType::Radio, Value::String(_) | Value::Bool(_)) => {
                self.choices().choose(&value)
            }
            (FieldType::MultiSelect, Value::Array(list)) => {
                list.iter().map(|text| self.choices().choose(text)).collect()
            }
            (FieldType::CompositeControl, Value::Array(list)) => {
                let part = |part: &Value| {
                    let code = self.choices().choose_part(part["code"].as_str().unwrap_or_default())?;
                    Ok(json!({"code": code, "value": part["value"]}))
                };
                distinct(list.iter().map(part).collect::<Result<_, String>>()?)
            }
            (FieldType::Tags, Value::Array(list)) => self.check_tags(list).map(|()| value),
            (FieldType::Text, Value::String(text)) => {
                self.check_length("MaxValueCharacters", text).map(|()| value)
            }
            (FieldType::Number | FieldType::Decimal, Value::Number(number)) => {
                Decimal::of(number).map_or(Ok(()), |number| self.check_digits(&number)).map(|()| value)
            }
            _ => Ok(value),
        }
    }

    /// Whether two values, read or written, are the same to the service, which stores some in another form than they were
    /// written in: a user by the user name or the name, a partner by the code, the name or as an object.
    pub(super) fn equal(&self, a: &Value, b: &Value) -> bool {
        equal(self.field_type, &self.settled(a), &self.settled(b))
    }

    /// A value as the schema spells it, where it names a choice; else as it reads.
    fn settled(&self, value: &Value) -> Value {
        let meant = read(self.field_type, value);
        match self.field_type {
            FieldType::Users | FieldType::PartnerDropDown => match Reference::of(self.field_type, &meant) {
                Ok(Some(reference)) => self.people().choose(&reference).unwrap_or(meant),
                _ => meant,
            },
            FieldType::DropDown | FieldType::Radio | FieldType::CompositeControl => {
                self.fit(self.field_type, meant.clone()).unwrap_or(meant)
            }
            FieldType::MultiSelect => {
                let list = meant.as_array().into_iter().flatten();
                list.map(|text| self.choices().choose(text).unwrap_or_else(|_| text.clone())).collect()
            }
            _ => meant,
        }
    }

    /// Made when the first value needs them, as the next.
    fn choices(&self) -> &Choices {
        self.choices.get_or_init(|| Choices::of(&self.properties))
    }

    fn people(&self) -> &People {
        self.people.get_or_init(|| People::of(self.field_type, &self.properties))
    }

    /// A limit, which may be a number or a text. None when there is none.
    fn limit(&self, name: &str) -> Option<u64> {
        let limit = member(&self.properties, name)?;
        limit.as_u64().or_else(|| limit.as_str()?.trim().parse().ok())
    }

    /// Counted as .NET counts, in UTF-16.
    fn check_length(&self, name: &str, text: &str) -> Result<(), String> {
        let length = text.encode_utf16().count() as u64;
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
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn definition(type_name: &str, properties: &Value) -> Definition {
        let schema = json!([{"fieldId": "x", "fieldType": type_name, "properties": properties}, {"fieldId": "no type"}]);
        all(schema.to_string().as_bytes()).remove("x").unwrap()
    }

    fn fit(type_name: &str, properties: &Value, value: Value) -> Result<Value, String> {
        let definition = definition(type_name, properties);
        definition.put(definition.field_type, Place::Header, &value)
    }

    #[test]
    fn a_field_with_two_definitions_takes_any_value() {
        let field = |type_name: &str| json!({"fieldId": "x", "fieldType": type_name});
        let put = |schema: Value, value: Value| {
            let definition = all(schema.to_string().as_bytes()).remove("x").unwrap();
            definition.put(definition.field_type, Place::Form, &value)
        };
        let two = json!({"form": [field("Number")], "grid": [field("Text")]});
        assert_eq!(put(two, json!("many")), Ok(json!("many")));
        assert!(put(json!({"form": [field("Number")], "grid": [field("Number")]}), json!("many")).is_err());
    }

    #[test]
    fn limits_are_kept() {
        let number: Value = serde_json::from_str("12.250").unwrap();
        for (type_name, properties, value, says) in [
            ("Text", json!({"MaxValueCharacters": 3}), json!("Äöü"), ""),
            ("Text", json!({"MaxValueCharacters": 2}), json!("👕"), ""),
            (
                "Text",
                json!({"MaxValueCharacters": 1}),
                json!("👕"),
                "takes at most 1 characters (MaxValueCharacters), and the given text has 2",
            ),
            ("Text", json!({"maxValueCharacters": 3}), json!("long"), "takes at most 3 characters"),
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

    const MILL: &str = "487ec841-2d82-50fc-a9de-a85889ac91cf";

    #[test]
    fn names_become_keys() {
        let users = json!({"Choices": [{"FullName": "Ana Ferreira", "UserName": "ana"}]});
        assert_eq!(fit("Users", &users, json!("ana ferreira")).unwrap(), "ana");
        assert_eq!(fit("Users", &users, json!({"id": "u", "name": "Ana Ferreira"})).unwrap(), "ana");
        assert_eq!(fit("Users", &users, json!({"id": null, "name": null})).unwrap(), json!(null));
        assert!(fit("Users", &users, json!("Cy")).unwrap_err().starts_with("has no user \"Cy\""));
        // Without choices.
        let none = json!({"AllUsers": true, "Choices": []});
        assert_eq!(fit("Users", &none, json!("Cy")).unwrap(), "Cy");
        assert!(fit("Users", &none, json!({"id": "u", "name": "Cy"})).is_err());
        let partners = json!({"Choices": [{"value": "Mill", "code": MILL, "text": null}]});
        for place in [Place::Header, Place::DataTable] {
            let field = definition("PartnerDropDown", &partners);
            assert_eq!(field.put(field.field_type, place, &json!({"value": "mill "})).unwrap(), MILL);
        }
        assert!(
            fit("PartnerDropDown", &partners, json!("Other"))
                .unwrap_err()
                .starts_with("has no partner \"Other\"")
        );
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
        assert!(fit("Radio", &properties, json!(true)).is_err());
        assert_eq!(fit("Radio", &json!({"DefaultValue": false}), json!(true)).unwrap(), json!(true));
        assert_eq!(fit("Radio", &json!({"Choices": ["Yes", "No"]}), json!(true)).unwrap(), json!("Yes"));
        assert_eq!(fit("DropDown", &json!({"Choices": [{"value": 5}]}), json!("5")).unwrap(), json!(5));
        assert_eq!(fit("MultiSelect", &json!({"Choices": [5, 6]}), json!([6, "5"])).unwrap(), json!([6, 5]));
        assert_eq!(fit("DropDown", &properties, json!("")).unwrap(), json!(""));
        assert_eq!(fit("ComboBox", &properties, json!("C")).unwrap(), json!("C"));
    }

    #[test]
    fn parts_of_a_whole() {
        let fibres = json!({"Choices": "Cotton\nLinen\nWool"});
        assert_eq!(
            fit(
                "CompositeControl",
                &fibres,
                json!([{"Code": "cotton", "Value": "60.5"}, {"code": "Linen", "value": 39.5}])
            )
            .unwrap(),
            json!([{"code": "Cotton", "value": 60.5}, {"code": "Linen", "value": 39.5}])
        );
        for (parts, says) in [
            (json!([{"code": "Silk", "value": 100}]), "has no part \"Silk\". Choices, the nearest first:"),
            (
                json!([{"code": "Wool", "value": 50}, {"code": "Wool", "value": 50}]),
                "has the part \"Wool\" twice",
            ),
            (json!([{"code": "Wool", "percent": 100}]), "has to be a list such as"),
            (json!([{"code": "Wool", "value": "much"}]), "has to be a list such as"),
            (json!([{"code": " ", "value": 1}]), "has to be a list such as"),
            (json!([{"value": 1}]), "has to be a list such as"),
            (json!(["Wool"]), "has to be a list such as"),
        ] {
            let refusal = fit("CompositeControl", &fibres, parts.clone()).unwrap_err();
            assert!(refusal.starts_with(says), "{parts}: {refusal}");
        }
        assert_eq!(fit("CompositeControl", &fibres, json!([])).unwrap(), json!([]));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

        /// With the choices too: what was sent is what was meant, and is sent as it is when it comes back.
        #[test]
        fn what_is_sent_is_what_was_meant(
            type_name in prop::sample::select(vec!["DropDown", "Radio", "MultiSelect", "Users", "PartnerDropDown",
                "CompositeControl", "Text", "Tags", "Number", "Decimal", "Date", "TrueFalse"]),
            place in prop::sample::select(vec![Place::Header, Place::Colorway, Place::Part, Place::DataTable]),
            value in given(),
        ) {
            let properties = json!({
                "Choices": [
                    {"value": "Été", "code": "E", "FullName": "Été", "UserName": "ete"},
                    {"value": "Yes", "code": MILL, "FullName": "Žofie F", "UserName": "zofie"},
                    {"value": 5, "code": "5", "FullName": "Old", "UserName": "old", "active": false},
                    {"value": 7.5, "code": "Seven", "FullName": "7.5", "UserName": "seven"},
                ],
                "MaxValueCharacters": 5, "MaxDigits": 4, "DecimalPoints": 1, "MaxTags": 2, "MaxTagCharacters": 3,
            });
            let field = definition(type_name, &properties);
            if let Ok(sent) = field.put(field.field_type, place, &value) {
                prop_assert!(field.equal(&value, &sent) && field.equal(&sent, &value), "{type_name} {value} was sent as {sent}");
                prop_assert_eq!(field.put(field.field_type, place, &sent), Ok(sent.clone()), "{} {}", type_name, value);
                prop_assert!(sent != 5 || type_name == "Number" || type_name == "Decimal", "{type_name}: an inactive choice");
            }
        }
    }

    /// Names of choices in several spellings, and other values.
    fn given() -> impl Strategy<Value = Value> {
        let one = prop_oneof![
            prop::sample::select(vec![
                "Été", " ÉTÉ", "ete", "E", "Yes", "yes", MILL, "zofie", "ŽOFIE F", "5", "5.0", "7.50", "Old",
                "x", ""
            ])
            .prop_map(Value::from),
            prop::sample::select(vec![
                json!(5),
                json!(7.5),
                json!(true),
                json!(false),
                json!(null),
                json!(12345),
                json!(1.25)
            ]),
            "[a-z👕]{0,7}".prop_map(Value::from),
        ];
        let names = prop::sample::select(vec!["code", "Value", "value", "name", "userName"]);
        let object = prop::collection::vec((names, one.clone()), 0..3).prop_map(|members| {
            members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
        });
        let item: BoxedStrategy<Value> = prop_oneof![one.clone(), object].boxed();
        prop_oneof![3 => item.clone(), 1 => prop::collection::vec(item, 0..3).prop_map(Value::from)]
    }

    #[test]
    fn what_was_stored_is_what_was_meant() {
        let users = json!({"Choices": [{"FullName": "Žofie F", "UserName": "zofie"}]});
        let partners = json!({"Choices": [{"value": "Mühle", "code": MILL}]});
        let object = json!({"allowedFor": null, "code": MILL, "text": "M", "value": "Mühle GmbH"});
        let seasons = json!({"Choices": [{"value": "Fall", "code": "F1"}, {"value": "Été"}]});
        for (type_name, properties, meant, stored) in [
            ("Users", &users, json!("žofie f"), json!("zofie")),
            ("Users", &users, json!("zofie"), json!({"id": "u-1", "name": "Žofie F"})),
            ("PartnerDropDown", &partners, json!("MÜHLE"), object.clone()),
            ("PartnerDropDown", &partners, json!(MILL), object.clone()),
            ("PartnerDropDown", &partners, json!({"value": "Mühle"}), object.clone()),
            ("DropDown", &seasons, json!(" ÉTÉ"), json!("Été")),
            ("DropDown", &seasons, json!("fall"), json!({"text": "F", "value": "Fall", "code": "F1"})),
            ("MultiSelect", &seasons, json!(["été", "fall"]), json!("[\"Fall\", \"Été\"]")),
            (
                "CompositeControl",
                &seasons,
                json!([{"code": "fall", "value": 1}]),
                json!([{"code": "Fall", "value": "1.0"}]),
            ),
            ("Number", &seasons, json!("12"), json!(12)),
        ] {
            let field = definition(type_name, properties);
            assert!(
                field.equal(&meant, &stored) && field.equal(&stored, &meant),
                "{type_name} {meant} {stored}"
            );
        }
        for (type_name, properties, meant, stored) in [
            ("Users", &users, json!("zofie"), json!({"id": "u-2", "name": "Ana"})),
            ("Users", &users, json!("zofie"), json!(null)),
            ("PartnerDropDown", &partners, json!("Mühle"), json!({"code": "x", "value": "Mühle"})),
            ("DropDown", &seasons, json!("Fall"), json!("")),
            ("DropDown", &seasons, json!("Fall"), json!("Été")),
            ("MultiSelect", &seasons, json!(["Fall"]), json!([])),
        ] {
            let field = definition(type_name, properties);
            assert!(!field.equal(&meant, &stored), "{type_name} {meant} {stored}");
        }
    }
}
