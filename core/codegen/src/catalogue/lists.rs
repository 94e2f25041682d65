//! Lists that an operation needs beside its own request: of fields that it may name, and of records that it looks up.

use serde::{Deserialize, Serialize};

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
