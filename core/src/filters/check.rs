//! Whether filters name fields that the service knows. It ignores a filter on any other and returns everything
//! (docs/service/lists.md, Filters).
//!
//! The catalogue states the standard fields of each filters argument, and the operation that lists the others. That list is
//! kept for a day, and fetched again once before an unknown field is refused; such a field then stays refused for five minutes
//! without another request.

use std::collections::HashSet;
use std::path::PathBuf;

use super::schema_cache::SchemaCache;
use crate::arguments::{NamedFields, Prepared, short_id};
use crate::catalog::Operation;
use crate::error::{Error, Result};
use crate::near;
use crate::options::CallOptions;
use crate::requester::Requester;

#[derive(Debug)]
pub(crate) struct FilterCheck {
    schemas: SchemaCache,
}

impl FilterCheck {
    /// Schemas are kept in the folder, if there is one, for the owner alone.
    pub(crate) fn new(folder: Option<PathBuf>, owner: &str) -> Self {
        Self { schemas: SchemaCache::new(folder, owner) }
    }

    /// Refuses filters on unknown fields.
    pub(crate) async fn check(
        &self,
        requester: &Requester,
        prepared: &Prepared,
        options: &CallOptions,
    ) -> Result<()> {
        for named in &prepared.filters {
            self.check_fields(requester, prepared.operation, named, options).await?;
        }
        Ok(())
    }

    async fn check_fields(
        &self,
        requester: &Requester,
        operation: &Operation,
        named: &NamedFields,
        options: &CallOptions,
    ) -> Result<()> {
        let (name, standard) = (named.parameter.name, named.parameter.standard);
        let open: Vec<_> = named.fields.iter().filter(|field| !standard.contains(&field.as_str())).collect();
        let Some(first) = open.first() else { return Ok(()) };
        let Some(schema) = &named.schema else { return Err(unchecked(operation, named, first)) };
        let refused = |field: &str, known: &HashSet<String>| {
            unknown(name, field, known.iter().map(String::as_str).chain(standard.iter().copied()))
        };
        let kept = self.schemas.kept(requester, schema).unwrap_or_default();
        if let Some(field) = open.iter().find(|field| self.schemas.lacks(requester, schema, field)) {
            return Err(refused(field, &kept));
        }
        if open.iter().all(|field| kept.contains(*field)) {
            return Ok(());
        }
        let known = self.schemas.fetch(requester, schema, options).await?;
        let missing: Vec<_> = open.into_iter().filter(|field| !known.contains(*field)).cloned().collect();
        self.schemas.note_lacking(requester, schema, &missing);
        missing.first().map_or(Ok(()), |field| Err(refused(field, &known)))
    }
}

/// A field that is not standard, where nothing lists the others.
fn unchecked(operation: &Operation, named: &NamedFields, field: &str) -> Error {
    let (name, standard) = (named.parameter.name, named.parameter.standard);
    let near = near::hint(field, standard.iter().copied());
    match &named.parameter.schema {
        Some(schema) => Error::config(format!(
            "{name} names {field:?}, which {} cannot check: give {}, or check_filters=false to send it unchecked{near}",
            short_id(operation),
            schema.argument
        )),
        None => Error::config(format!(
            "{name} names {field:?}, which is none of {}; the service would ignore it. With check_filters=false it is sent all \
             the same{near}",
            standard.join(", ")
        )),
    }
}

fn unknown<'a>(name: &str, field: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let near = near::hint(field, known);
    let end = if near.is_empty() { "." } else { "" };
    Error::config(format!(
        "{name} names {field:?}, which the schema does not have: the service would ignore it and return everything{near}{end} \
         With check_filters=false it is sent all the same"
    ))
}
