//! What the client answers itself, by group: one file a group.
//!
//! | member | states |
//! |---|---|
//! | `answer` | the shape of the answer, or `nothing`, `text`, `boolean`, `object` |
//! | `discardable` | that the answer may be left unread |
//! | `errors` | which errors it has beside those of every call, and when |

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::errors::ErrorClass;
use super::input::{self, Entry, Input};
use crate::names;
use crate::shapes::Family;

/// Methods that belong together: `client.quota`.
#[derive(Debug, Serialize)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) camel: String,
    pub(crate) pascal: String,
    pub(crate) doc: String,
    pub(crate) methods: Vec<Method>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Method {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) camel: String,
    pub(crate) pascal: String,
    pub(crate) answer: Answer,
    /// Shape of the answer.
    pub(crate) record: Option<String>,
    pub(crate) discardable: bool,
    pub(crate) doc: String,
    pub(crate) errors: Vec<Raised>,
    pub(crate) parameters: Vec<Input>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Nothing,
    Text,
    Boolean,
    /// Any members.
    Object,
    Record,
}

/// An error that a method may end with.
#[derive(Debug, Serialize)]
pub(crate) struct Raised {
    pub(crate) kind: String,
    /// Its class, without the language's ending.
    pub(crate) class: String,
    pub(crate) when: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RaisedEntry {
    kind: String,
    when: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    doc: String,
    method: Vec<MethodEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MethodEntry {
    name: String,
    answer: String,
    #[serde(default)]
    discardable: bool,
    doc: String,
    #[serde(default)]
    errors: Vec<RaisedEntry>,
    #[serde(default)]
    parameter: Vec<Entry>,
}

pub(super) fn read(folder: &Path, families: &[Family], errors: &[ErrorClass]) -> Result<Vec<Group>, String> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    paths.sort();
    paths.iter().map(|path| group(crate::catalogue::parse(path)?, families, errors)).collect()
}

fn group(file: File, families: &[Family], errors: &[ErrorClass]) -> Result<Group, String> {
    let mut methods = Vec::new();
    for entry in file.method {
        let id = format!("{}.{}", file.name, entry.name);
        let method = method(&id, entry, families, errors).map_err(|error| format!("method {id}: {error}"))?;
        methods.push(method);
    }
    Ok(Group {
        camel: names::camel(&file.name),
        pascal: names::pascal(&file.name),
        name: file.name,
        doc: file.doc,
        methods,
    })
}

fn method(
    id: &str,
    entry: MethodEntry,
    families: &[Family],
    errors: &[ErrorClass],
) -> Result<Method, String> {
    let shape =
        |name: &str| families.iter().flat_map(|family| &family.shapes).find(|shape| shape.name == name);
    let answer = match entry.answer.as_str() {
        "nothing" => Answer::Nothing,
        "text" => Answer::Text,
        "boolean" => Answer::Boolean,
        "object" => Answer::Object,
        name if shape(name).is_some() => Answer::Record,
        name => return Err(format!("there is no shape {name}")),
    };
    let mut raised = Vec::new();
    for RaisedEntry { kind, when } in entry.errors {
        let error = errors.iter().find(|error| error.kind == kind);
        let error = error.ok_or_else(|| format!("there is no error {kind}"))?;
        raised.push(Raised { class: error.class.clone(), kind, when });
    }
    let parameters: Vec<_> = entry.parameter.into_iter().map(input::resolve).collect::<Result<_, _>>()?;
    for parameter in &parameters {
        if let Some(record) = &parameter.record
            && !shape(record).is_some_and(|shape| shape.given)
        {
            return Err(format!("parameter {}: there is no shape {record} that is given", parameter.name));
        }
    }
    Ok(Method {
        id: id.to_owned(),
        camel: names::camel(&entry.name),
        pascal: names::pascal(&entry.name),
        name: entry.name,
        record: (answer == Answer::Record).then_some(entry.answer),
        answer,
        discardable: entry.discardable || answer == Answer::Nothing,
        doc: entry.doc.trim().to_owned(),
        errors: raised,
        parameters,
    })
}
