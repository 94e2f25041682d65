//! Kinds of errors, with the class of each.
//!
//! | member | states |
//! |---|---|
//! | `kind` | its name in every language |
//! | `class` | the name of its class, without the language's ending |
//! | `python_base` | a class of Python that it is too |

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::names;
use crate::shapes::Choice;

#[derive(Debug, Serialize)]
pub(crate) struct ErrorClass {
    pub(crate) kind: String,
    pub(crate) camel: String,
    pub(crate) pascal: String,
    /// `CallTimeout`.
    pub(crate) class: String,
    pub(crate) python_base: Option<String>,
    pub(crate) doc: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    error: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    kind: String,
    class: String,
    python_base: Option<String>,
    doc: String,
}

pub(super) fn read(path: &Path) -> Result<Vec<ErrorClass>, String> {
    let file: File = crate::catalogue::parse(path)?;
    let classes = file.error.into_iter().map(|entry| ErrorClass {
        camel: names::camel(&entry.kind),
        pascal: names::pascal(&entry.kind),
        class: names::pascal(&entry.class),
        kind: entry.kind,
        python_base: entry.python_base,
        doc: entry.doc,
    });
    Ok(classes.collect())
}

/// The kinds as a choice of texts.
pub(super) fn choices(errors: &[ErrorClass]) -> Vec<Choice> {
    errors.iter().map(|error| Choice::new(&error.kind, &error.doc)).collect()
}
