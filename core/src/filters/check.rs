//! Whether filters name fields that the service knows. It ignores a filter on any other and returns everything
//! (docs/service.md, Filters).
//!
//! Standard and system fields are known. Others are looked up in the folder's search schema or the table's columns,
//! which is kept on disk for a day, and fetched again once before an unknown field is refused.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::arguments::{Prepared, short_id};
use crate::catalog::Operation;
use crate::error::{Error, Result};
use crate::options::{Call, CallOptions};
use crate::requester::Requester;

const LIFETIME: Duration = Duration::from_secs(24 * 3600);

const SYSTEM_FIELDS: &[&str] = &["ModifiedAt", "FolderModifiedAt", "CreatedAt", "Id"];
const HEADER_FIELDS: &[&str] = &["header_number", "header_name", "active", "version"];
const COLORWAY_FIELDS: &[&str] =
    &["color_number", "color_name", "primary", "secondary", "hide_colorway", "comments"];

#[derive(Debug)]
pub(crate) struct FilterCheck {
    folder: Option<PathBuf>,
    owner: String,
    memory: Mutex<HashMap<String, Known>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Known {
    /// Unix seconds.
    fetched: u64,
    fields: HashSet<String>,
}

/// Where the fields of an operation are listed.
struct Schema {
    operation: &'static str,
    argument: &'static str,
    id: String,
}

impl FilterCheck {
    pub(crate) fn new(folder: Option<PathBuf>, owner: &str) -> Self {
        Self { folder, owner: owner.to_owned(), memory: Mutex::default() }
    }

    /// Refuses filters on unknown fields.
    pub(crate) async fn check(
        &self,
        requester: &Requester,
        prepared: &Prepared,
        options: &CallOptions,
    ) -> Result<()> {
        let operation = prepared.operation;
        if let Some(field) =
            prepared.colorway_filter_fields.iter().find(|field| !COLORWAY_FIELDS.contains(&field.as_str()))
        {
            return Err(Error::config(format!(
                "colorway_filters names {field:?}, which is none of {}; the service would ignore it. \
                 With check_filters=false it is sent all the same",
                COLORWAY_FIELDS.join(", ")
            )));
        }
        let standard: &[&str] = if operation.resource == "data_tables" { &[] } else { HEADER_FIELDS };
        let open: Vec<_> = prepared
            .filter_fields
            .iter()
            .filter(|field| !SYSTEM_FIELDS.contains(&field.as_str()) && !standard.contains(&field.as_str()))
            .collect();
        let Some(first) = open.first() else { return Ok(()) };
        let Some(schema) = schema_of(prepared) else {
            let folder = operation.parameters.iter().any(|parameter| parameter.name == "folder_id");
            let advice = if folder { "give folder_id, or " } else { "" };
            let near = nearest(first, standard.iter().copied());
            return Err(Error::config(format!(
                "filters names {first:?}, which {} cannot check: {advice}check_filters=false to send it unchecked{near}",
                short_id(operation)
            )));
        };
        let mut known = self.cached(requester, &schema);
        if known.as_ref().is_none_or(|known| open.iter().any(|field| !known.fields.contains(*field))) {
            known = Some(self.fetch(requester, &schema, options).await?);
        }
        let known = known.map(|known| known.fields).unwrap_or_default();
        match open.into_iter().find(|field| !known.contains(*field)) {
            None => Ok(()),
            Some(field) => {
                let near = nearest(field, known.iter().map(String::as_str).chain(standard.iter().copied()));
                Err(Error::config(format!(
                    "filters names {field:?}, which the schema does not have: the service would ignore it and return everything{near} \
                     With check_filters=false it is sent all the same"
                )))
            }
        }
    }

    fn cached(&self, requester: &Requester, schema: &Schema) -> Option<Known> {
        let key = self.key(schema);
        let in_memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let known = in_memory.or_else(|| {
            let text = std::fs::read(self.folder.as_ref()?.join(&key)).ok()?;
            serde_json::from_slice(&text).ok()
        })?;
        let age = now(requester).saturating_sub(known.fetched);
        (age < LIFETIME.as_secs()).then_some(known)
    }

    async fn fetch(&self, requester: &Requester, schema: &Schema, options: &CallOptions) -> Result<Known> {
        let operation = Operation::find(schema.operation)
            .ok_or_else(|| Error::config(format!("there is no operation {}", schema.operation)))?;
        let arguments = Map::from_iter([(schema.argument.to_owned(), Value::from(schema.id.clone()))]);
        let options = CallOptions { page_size: None, extra_query: Vec::new(), ..options.clone() };
        let answer = requester.request(operation, &Call { arguments, options }).await?;
        let fields: Vec<Map<String, Value>> = serde_json::from_slice(&answer.body).unwrap_or_default();
        let known = Known {
            fetched: now(requester),
            fields: fields
                .iter()
                .filter_map(|field| field.get("fieldId")?.as_str().map(str::to_owned))
                .collect(),
        };
        let key = self.key(schema);
        if let Some(folder) = &self.folder {
            // A cache that cannot be written costs a request, nothing else.
            let text = serde_json::to_vec(&known).unwrap_or_default();
            let beside = folder.join(format!("{key}.{}", uuid::Uuid::new_v4()));
            let written = std::fs::create_dir_all(folder)
                .and_then(|()| std::fs::write(&beside, text))
                .and_then(|()| std::fs::rename(&beside, folder.join(&key)));
            if written.is_err() {
                let _ = std::fs::remove_file(&beside);
            }
        }
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).insert(key, known.clone());
        Ok(known)
    }

    /// A name for a file, whatever stands in the company or the id.
    fn key(&self, schema: &Schema) -> String {
        let digest =
            Sha256::digest(format!("{}\n{}\n{}", self.owner, schema.operation, schema.id).as_bytes());
        digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>() + ".json"
    }
}

fn schema_of(prepared: &Prepared) -> Option<Schema> {
    let operation = prepared.operation;
    if operation.id == "data_tables.data" {
        // DataTable/{id}/Data
        let id = percent_decode_str(prepared.path.split('/').nth(1)?).decode_utf8().ok()?.into_owned();
        return Some(Schema { operation: "data_tables.schema", argument: "data_table_id", id });
    }
    let id = prepared.query.iter().find(|(name, value)| name == "folderId" && !value.is_empty())?.1.clone();
    let search = format!("{}.folder_search_schema", operation.resource);
    Some(Schema { operation: Operation::find(&search)?.id, argument: "folder_id", id })
}

/// Asks for the known name that is the same but for case and underscores.
fn nearest<'a>(field: &str, mut known: impl Iterator<Item = &'a str>) -> String {
    let plain = |text: &str| text.replace('_', "").to_ascii_lowercase();
    let near = known.find(|name| plain(name) == plain(field));
    near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default()
}

fn now(requester: &Requester) -> u64 {
    requester.clock().now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
