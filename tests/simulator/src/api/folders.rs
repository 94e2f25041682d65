//! Folders of a master folder and their schemas.

use serde_json::{Value, json};

use crate::answers::{Answer, Refusal, ok};
use crate::fields::schema_entry;
use crate::model::MasterKind;

use super::Call;

/// Inactive folders are in the list as well.
pub(crate) fn list(call: &Call<'_>, kind: MasterKind) -> Result<Answer, Refusal> {
    let folders = call.shared.state().records.master(kind).folders.clone();
    let list: Vec<Value> = folders
        .iter()
        .map(|folder| {
            json!({"id": folder.id, "name": folder.name, "description": folder.description,
                   "active": folder.active})
        })
        .collect();
    Ok(ok(&list))
}

pub(crate) fn schema(call: &Call<'_>, kind: MasterKind, for_search: bool) -> Result<Answer, Refusal> {
    let id = call.guid("folderId")?;
    let id = id.ok_or_else(|| Refusal::validation("folderId", "The folderId field is required."))?;
    let state = call.shared.state();
    let master = state.records.master(kind);
    let folder = master.folder(id).ok_or_else(|| Refusal::failure("Folder not found"))?;
    let list: Vec<Value> = master.folders[folder]
        .fields
        .iter()
        .filter(|field| !for_search || field.kind.is_searchable())
        .map(|field| schema_entry(field, !for_search))
        .collect();
    Ok(ok(&list))
}
