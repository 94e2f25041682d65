//! An edit: what is to become of one record, and the place that it comes from.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::masters::Master;
use crate::arguments::filters::ANY_OF;
use crate::arguments::{encode, shown};
use crate::error::{Error, Result};
use crate::near;

/// What an edit does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Create,
    Update,
    Delete,
}

impl Kind {
    const NAMES: [(&str, Self); 3] =
        [("create", Self::Create), ("update", Self::Update), ("delete", Self::Delete)];
}

/// How a record is named.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Id(String),
    /// A number, in one folder or in all.
    Number {
        number: String,
        folder: Option<String>,
    },
}

/// One edit, checked as far as it can be without the service.
#[derive(Debug, Clone)]
pub(super) struct Edit {
    pub(super) index: usize,
    /// The place that it comes from: file and line, or the caller's own mark.
    pub(super) origin: Option<String>,
    pub(super) kind: Kind,
    pub(super) master: &'static Master,
    /// None for a new record.
    pub(super) key: Option<Key>,
    /// Of a new record.
    pub(super) folder: Option<String>,
    pub(super) fields: Map<String, Value>,
    /// Zone of times that do not say theirs.
    pub(super) zone: Option<TimeZone>,
}

const MEMBERS: [&str; 7] = ["kind", "resource", "record", "folder_id", "fields", "origin", "folderId"];

/// Edits as a program gives them.
pub(super) fn all(name: &str, value: &Value) -> Result<Vec<Edit>> {
    let list = value
        .as_array()
        .ok_or_else(|| Error::config(format!("{name} has to be a list of edits, not {}", shown(value))))?;
    list.iter()
        .enumerate()
        .map(|(index, edit)| Edit::read(&format!("{name}[{index}]"), index, edit))
        .collect()
}

impl Edit {
    /// `name` is where it stands.
    pub(super) fn read(name: &str, index: usize, value: &Value) -> Result<Self> {
        let wrong = |text: String| Error::config(format!("{name}{text}"));
        let members = value.as_object().ok_or_else(|| {
            wrong(format!(" has to be an object such as {{\"kind\": \"update\", ...}}, not {}", shown(value)))
        })?;
        near::check(members.keys(), &MEMBERS, &format!("{name} has no member"), "it has")?;
        let get = |names: &[&str]| {
            names.iter().find_map(|name| members.get(*name)).filter(|value| !value.is_null())
        };
        let text = |names: &[&str]| match get(names) {
            None => Ok(None),
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.clone())),
            Some(other) => Err(wrong(format!(".{} has to be a text, not {}", names[0], shown(other)))),
        };
        let kind = text(&["kind"])?.ok_or_else(|| wrong(" has no kind: create, update or delete".into()))?;
        let kind =
            Kind::NAMES.iter().find(|(name, _)| *name == kind).map(|(_, kind)| *kind).ok_or_else(|| {
                let known = Kind::NAMES.map(|(name, _)| name);
                wrong(format!(".kind: there is no {kind:?}{}", near::hint_or_all(&kind, &known, "kinds are")))
            })?;
        let known = Master::names();
        let resource = text(&["resource"])?
            .ok_or_else(|| wrong(format!(" has no resource: one of {}", known.join(", "))))?;
        let master = Master::find(&resource).ok_or_else(|| {
            let hint = near::hint_or_all(&resource, &known, "there are");
            wrong(format!(".resource: there is no {resource:?}{hint}"))
        })?;
        let fields = match get(&["fields"]) {
            None => Map::new(),
            Some(Value::Object(fields)) => fields.clone(),
            Some(other) => {
                return Err(wrong(format!(
                    ".fields has to be a map of values by field id, not {}",
                    shown(other)
                )));
            }
        };
        let folder = match get(&["folder_id", "folderId"]) {
            None => None,
            Some(folder) => Some(encode::id(&format!("{name}.folder_id"), folder)?.to_owned()),
        };
        let key = get(&["record"]).map(|record| Key::read(&format!("{name}.record"), record)).transpose()?;
        let edit = Self { index, origin: text(&["origin"])?, kind, master, key, folder, fields, zone: None };
        edit.check().map_err(wrong)?;
        Ok(edit)
    }

    /// What belongs together.
    pub(super) fn check(&self) -> std::result::Result<(), String> {
        let noun = self.master.noun;
        match self.kind {
            Kind::Create if self.key.is_some() => Err(format!(
                " creates a {noun}, which has no id yet: leave record out, and give its number as a field"
            )),
            Kind::Create if self.folder.is_none() => Err(format!(" creates a {noun} and has no folder_id")),
            Kind::Update | Kind::Delete if self.key.is_none() => {
                Err(format!(" has no record: which {noun} it is, by id or number"))
            }
            Kind::Update | Kind::Delete if self.folder.is_some() => {
                Err(" has a folder_id, which is for a new record: give the folder in record".into())
            }
            Kind::Delete if !self.fields.is_empty() => Err(" deletes a record and has fields".into()),
            Kind::Update if self.fields.is_empty() => Err(" has no fields: it would change nothing".into()),
            _ => Ok(()),
        }
    }
}

impl Key {
    /// `{id}`, or `{number}` with a `folder_id` where it is to be looked for in one folder.
    fn read(name: &str, value: &Value) -> Result<Self> {
        let members = value.as_object().ok_or_else(|| {
            Error::config(format!(
                "{name} has to be {{\"id\": ...}} or {{\"number\": ...}}, not {}",
                shown(value)
            ))
        })?;
        let known = ["id", "number", "folder_id", "folderId"];
        near::check(members.keys(), &known, &format!("{name} has no member"), "it has")?;
        let get = |member: &str| members.get(member).filter(|value| !value.is_null());
        match (get("id"), get("number")) {
            (Some(id), None) => Self::id(&format!("{name}.id"), id),
            (None, Some(number)) => {
                let folder = get("folder_id").or_else(|| get("folderId"));
                let folder =
                    folder.map(|folder| encode::id(&format!("{name}.folder_id"), folder)).transpose()?;
                Self::number(&format!("{name}.number"), number, folder)
            }
            _ => Err(Error::config(format!("{name} has to have either id or number"))),
        }
    }

    pub(super) fn id(name: &str, value: &Value) -> Result<Self> {
        let id = encode::id(name, value)?;
        separable(name, id)?;
        Ok(Self::Id(id.to_owned()))
    }

    pub(super) fn number(name: &str, value: &Value, folder: Option<&str>) -> Result<Self> {
        let number = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) => encode::canonical(value).to_string(),
            _ => return Err(Error::config(format!("{name} has to be a text, not {}", shown(value)))),
        };
        if number.trim().is_empty() {
            return Err(Error::config(format!("{name} is empty")));
        }
        separable(name, &number)?;
        Ok(Self::Number { number, folder: folder.map(str::to_owned) })
    }
}

/// Refuses what stands between the values of a filter.
fn separable(name: &str, text: &str) -> Result<()> {
    match text.contains(ANY_OF) {
        true => Err(Error::config(format!("{name} contains U+25A0, which the service reads as a separator"))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn edits_say_what_they_do() {
        for (edit, says) in [
            (json!(7), "edits[0] has to be an object such as"),
            (json!({"resource": "style"}), "edits[0] has no kind: create, update or delete"),
            (json!({"kind": "updat"}), "edits[0].kind: there is no \"updat\"; did you mean \"update\"?"),
            (json!({"kind": "update"}), "edits[0] has no resource: one of style, material"),
            (
                json!({"kind": "update", "resource": "styles"}),
                "edits[0].resource: there is no \"styles\"; did you mean \"style\"?",
            ),
            (json!({"kind": "update", "resource": "style"}), "edits[0] has no record: which style it is"),
            (
                json!({"kind": "update", "resource": "style", "record": {"id": "a"}}),
                "edits[0] has no fields: it would change nothing",
            ),
            (
                json!({"kind": "update", "resource": "style", "record": {"id": "a", "number": "b"}, "fields": {"x": 1}}),
                "edits[0].record has to have either id or number",
            ),
            (
                json!({"kind": "update", "resource": "style", "record": {"id": "a/b"}, "fields": {"x": 1}}),
                "edits[0].record.id contains one of",
            ),
            (
                json!({"kind": "delete", "resource": "style", "record": {"number": 7}, "fields": {"x": 1}}),
                "edits[0] deletes a record and has fields",
            ),
            (json!({"kind": "create", "resource": "style"}), "edits[0] creates a style and has no folder_id"),
            (
                json!({"kind": "create", "resource": "style", "folder_id": "f", "field": {}}),
                "edits[0] has no member \"field\"; did you mean \"fields\"?",
            ),
        ] {
            let error = all("edits", &json!([edit])).unwrap_err();
            assert!(error.message().starts_with(says), "{error}");
        }
        let edit = json!({"kind": "update", "resource": "color", "record": {"number": 7}, "fields": {"x": null}, "origin": "row 3"});
        let edit = &all("edits", &json!([edit])).unwrap()[0];
        assert_eq!(edit.key, Some(Key::Number { number: "7".into(), folder: None }));
        assert_eq!((edit.kind, edit.origin.as_deref()), (Kind::Update, Some("row 3")));
    }
}
