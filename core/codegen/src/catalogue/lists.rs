//! Lists that an operation needs beside its own request: of fields that it may name, and of records that it looks up.

use serde::{Deserialize, Serialize};

use super::{Handler, Kind, Operation};

/// Where the fields are listed that filters may name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Schema {
    /// Id of an operation.
    pub(crate) operation: String,
    /// Its argument, which has the value of the argument of the same name beside the fields.
    pub(crate) argument: String,
    /// The argument that names a record, where the value is the folder of that record.
    pub(crate) record: Option<String>,
}

/// What a read of the pages of many records needs besides.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfMany {
    /// The read of many records by their ids.
    pub(crate) records: String,
    /// The list of the applications of a record.
    pub(crate) apps: String,
    /// The schema of an application.
    pub(crate) schema: String,
}

/// Where records are looked up by a text of theirs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lookup {
    /// The list, as an id without its resource.
    pub(crate) list: String,
    /// What its filters call the text.
    pub(crate) field: String,
    /// What its records call it.
    pub(crate) member: String,
}

/// Checks a read of many by what it needs besides: `look` reads one of them, by its ids alone.
pub(super) fn validate<'a>(
    operation: &Operation,
    look: &Operation,
    find: impl Fn(&str) -> Result<&'a Operation, String>,
) -> Result<(), String> {
    let takes = |other: &Operation, count: usize| {
        let required = other.parameters.iter().filter(|parameter| parameter.required);
        required.clone().count() == count && required.clone().all(|parameter| parameter.kind == Kind::Id)
    };
    let ids = if operation.handler == Handler::GetMany { 1 } else { 2 };
    if !takes(look, ids) {
        return Err(format!("look: {} does not take {ids} ids", look.id));
    }
    match (&operation.of_many, operation.handler == Handler::GetAppsOfMany) {
        (None, false) => Ok(()),
        (Some(of), true) => {
            if find(&of.records)?.handler != Handler::GetMany {
                return Err(format!("of_many: {} does not read many records", of.records));
            }
            if !find(&of.apps)?.lists_apps || !takes(find(&of.apps)?, 1) {
                return Err(format!("of_many: {} does not list the applications of one record", of.apps));
            }
            match takes(find(&of.schema)?, 1) {
                true => Ok(()),
                false => Err(format!("of_many: {} reads no schema by one id", of.schema)),
            }
        }
        _ => Err("of_many goes with the handler get_apps_of_many".into()),
    }
}
