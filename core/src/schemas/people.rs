//! The users and partners that a field offers: each with the key that the service takes, and a name.

use serde_json::{Map, Value};

use super::choices::{is_active, listed, nearest};
use crate::value::{FieldType, Reference, alike, member, shown};

#[derive(Debug)]
pub(super) struct People {
    /// What one of them is called.
    noun: &'static str,
    /// What its key is called.
    key: &'static str,
    list: Vec<Person>,
}

#[derive(Debug)]
struct Person {
    key: String,
    name: Option<String>,
    is_active: bool,
}

impl People {
    pub(super) fn of(field_type: FieldType, properties: &Map<String, Value>) -> Self {
        let (noun, key, members) = match field_type {
            FieldType::Users => ("user", "user name", ["UserName", "FullName"]),
            _ => ("partner", "code", ["code", "value"]),
        };
        let person = |choice: &Value| {
            let text = |name: &str| {
                let text = member(choice.as_object()?, name)?.as_str()?.trim();
                (!text.is_empty()).then(|| text.to_owned())
            };
            Some(Person { key: text(members[0])?, name: text(members[1]), is_active: is_active(choice) })
        };
        let list = listed(member(properties, "Choices")).iter().filter_map(person).collect();
        Self { noun, key, list }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The key of who is meant, as the schema spells it.
    pub(super) fn choose(&self, meant: &Reference) -> Result<Value, String> {
        let (noun, text) = (self.noun, meant.text());
        let given = shown(&text.into());
        match self.find(meant).as_slice() {
            [one] if one.is_active => Ok(one.key.clone().into()),
            [_] => Err(format!("has the {noun} {given} no longer: it is inactive. {}", self.named(text))),
            [] => Err(format!("has no {noun} {given}, and the service would blank it. {}", self.named(text))),
            several => Err(format!(
                "has several {noun}s named {given}: give the {}, one of {}",
                self.key,
                nearest("", several.iter().map(|one| &*one.key))
            )),
        }
    }

    /// Who has this key or this name. A text is a key first, a name may turn out to be one.
    fn find(&self, meant: &Reference) -> Vec<&Person> {
        let text = meant.text();
        let exact = self.list.iter().find(|one| one.key == text);
        let keyed: Vec<_> =
            exact.or_else(|| self.list.iter().find(|one| alike(&one.key, text))).into_iter().collect();
        let is_named = |one: &&Person| one.name.as_ref().is_some_and(|name| alike(name, text));
        let mut named: Vec<_> = self.list.iter().filter(is_named).collect();
        // Somebody who is inactive has left the name to others.
        if named.iter().any(|one| one.is_active) {
            named.retain(|one| one.is_active);
        }
        match meant {
            Reference::Key(_) => keyed,
            Reference::Text(_) if !keyed.is_empty() => keyed,
            Reference::Name(_) if named.is_empty() => keyed,
            _ => named,
        }
    }

    /// Those that there are.
    fn named(&self, text: &str) -> String {
        let active = self.list.iter().filter(|one| one.is_active);
        let names: Vec<_> = active.map(|one| one.name.as_deref().unwrap_or(&one.key)).collect();
        match names.is_empty() {
            true => format!("All its {}s are inactive", self.noun),
            false => format!("Choices, the nearest first: {}", nearest(text, names)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const MILL: &str = "487ec841-2d82-50fc-a9de-a85889ac91cf";

    fn choose(field_type: FieldType, properties: &Value, given: &Value) -> Result<Value, String> {
        let people = People::of(field_type, properties.as_object().unwrap());
        people.choose(&Reference::of(field_type, given).unwrap().unwrap())
    }

    #[test]
    fn users_by_user_name_or_name() {
        let users = json!({"Choices": [
            {"FullName": "Žofie Ferreira", "FirstName": "Žofie", "LastName": "Ferreira", "UserName": "zofie"},
            {"FullName": "Bo", "UserName": "b1"}, {"FullName": "Bo", "UserName": "b2"},
            {"FullName": "Cy", "UserName": "cy.1", "active": false}, {"FullName": "Cy", "UserName": "cy.2"},
            {"FullName": "Di", "UserName": "di", "active": false},
        ]});
        let choose = |given: Value| choose(FieldType::Users, &users, &given);
        for (given, key) in [
            (json!(" ŽOFIE ferreira "), "zofie"),
            (json!("Zofie"), "zofie"),
            (json!({"id": "u-1", "name": "Žofie Ferreira"}), "zofie"),
            (json!({"id": "u-1", "name": "zofie"}), "zofie"),
            (json!({"UserName": "B2", "name": "somebody"}), "b2"),
            (json!("Cy"), "cy.2"),
        ] {
            assert_eq!(choose(given.clone()).unwrap(), key, "{given}");
        }
        for (given, says) in [
            (
                json!("Zofi"),
                "has no user \"Zofi\", and the service would blank it. Choices, the nearest first: \"Bo\", \"Bo\", \"Cy\", \
                 \"Žofie Ferreira\"",
            ),
            (json!("bo"), "has several users named \"bo\": give the user name, one of \"b1\", \"b2\""),
            (
                json!("Di"),
                "has the user \"Di\" no longer: it is inactive. Choices, the nearest first: \"Bo\", \"Bo\", \"Cy\", \
                 \"Žofie Ferreira\"",
            ),
        ] {
            assert_eq!(choose(given.clone()).unwrap_err(), says, "{given}");
        }
        assert!(choose(json!({"userName": "Bo"})).is_err());
    }

    #[test]
    fn partners_by_code_or_name() {
        let partners =
            json!({"Choices": [{"text": null, "value": "Como Seta", "code": MILL, "allowedFor": null}]});
        let by = |given: Value| choose(FieldType::PartnerDropDown, &partners, &given);
        for given in [
            json!("como seta "),
            json!(MILL.to_uppercase()),
            json!({"value": "Como Seta"}),
            json!({"allowedFor": null, "Code": MILL, "text": "CS", "Value": "Renamed"}),
            json!(format!("{{\"code\": \"{MILL}\"}}")),
        ] {
            assert_eq!(by(given.clone()).unwrap(), MILL, "{given}");
        }
        for given in [json!("Como"), json!({"code": "x", "value": "Como Seta"})] {
            assert!(by(given.clone()).unwrap_err().starts_with("has no partner "), "{given}");
        }
        let gone = json!({"Choices": [{"value": "Como Seta", "code": MILL, "active": false}]});
        assert!(
            choose(FieldType::PartnerDropDown, &gone, &json!("Como Seta"))
                .unwrap_err()
                .ends_with("it is inactive. All its partners are inactive")
        );
    }
}
