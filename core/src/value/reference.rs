//! Users and partners: read as objects, written as texts (docs/service/values.md, Field types).

use serde_json::{Map, Value};

use super::FieldType;
use super::Place;
use super::read::{is_blank, is_partner, member, parsed};
use super::refusal::refused;

/// Who is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reference {
    /// What the service takes: the user name, or the code of a partner.
    Key(String),
    Name(String),
    /// A text, which may be either.
    Text(String),
}

impl Reference {
    /// Who a value of this type means; nobody for one that is empty.
    pub(crate) fn of(field_type: FieldType, value: &Value) -> Result<Option<Self>, String> {
        match value {
            Value::Null => Ok(None),
            Value::String(text) if text.trim().is_empty() => Ok(None),
            Value::String(text) => match parsed(text) {
                Some(Value::Object(members)) if field_type == FieldType::PartnerDropDown => {
                    match is_partner(&members) {
                        true => Self::in_object(field_type, &members, value),
                        false => refused(expected(field_type), value),
                    }
                }
                _ => Ok(Some(Self::Text(text.trim().to_owned()))),
            },
            Value::Object(members) => Self::in_object(field_type, members, value),
            _ => refused(expected(field_type), value),
        }
    }

    fn in_object(
        field_type: FieldType,
        members: &Map<String, Value>,
        value: &Value,
    ) -> Result<Option<Self>, String> {
        if is_blank(members) {
            return Ok(None);
        }
        let (key, name) = members_of(field_type);
        match (text_in(members, key), text_in(members, name)) {
            (Some(key), _) => Ok(Some(Self::Key(key))),
            (None, Some(name)) => Ok(Some(Self::Name(name))),
            (None, None) => refused(expected(field_type), value),
        }
    }

    /// What is sent where the choices of the field are not known.
    pub(crate) fn written(self, field_type: FieldType, place: Place) -> Result<Value, String> {
        let on_header = field_type == FieldType::PartnerDropDown && place == Place::Header;
        match self {
            Self::Key(text) | Self::Text(text) => Ok(text.into()),
            Self::Name(name) if on_header => Ok(name.into()),
            Self::Name(name) => refused(
                if field_type == FieldType::Users {
                    "a user name, which is not the name of a person"
                } else {
                    "the code of a partner"
                },
                &name.into(),
            ),
        }
    }

    /// The text by which it is named.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Key(text) | Self::Name(text) | Self::Text(text) => text,
        }
    }
}

/// The members of an object that hold the key and the name, in any letter case.
fn members_of(field_type: FieldType) -> (&'static str, &'static str) {
    match field_type {
        FieldType::Users => ("userName", "name"),
        _ => ("code", "value"),
    }
}

fn expected(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Users => "the user name or the name of a user",
        _ => "the code or the name of a partner",
    }
}

/// A member that is a text, and not a blank one.
fn text_in(members: &Map<String, Value>, name: &str) -> Option<String> {
    let text = member(members, name)?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
