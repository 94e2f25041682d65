//! Folders of the master folders, and the schemas of what lies in them.

use serde_json::{Value, json};

use crate::answers::{Answer, Refusal, ok};
use crate::fields::{CHIP_FIELDS, COLORWAY_FIELDS, Field, SIZE_FIELDS, schema_entry};
use crate::model::MasterKind;

use super::route::{Route, SEWN, get};
use super::{Call, master_data};

pub(crate) const ROUTES: &[Route] = &[
    get("{Master}/Folders", list),
    get("{Master}/FolderSchema", schema),
    get("{Master}/FolderSearchSchema", search_schema),
    get("{Master}/ColorwaySchema", |call| fixed(call, COLORWAY_FIELDS)).only(SEWN),
    get("{Master}/SizeRangeSchema", |call| fixed(call, SIZE_FIELDS)).only(SEWN),
    get("{Master}/ColorChipSchema", |call| fixed(call, CHIP_FIELDS)).only(&[MasterKind::Color]),
];

/// Inactive folders are in the list as well.
fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let folders = call.shared.state().records.master(call.kind()).folders.clone();
    let list: Vec<Value> = folders
        .iter()
        .map(|folder| {
            json!({"id": folder.id, "name": folder.name, "description": folder.description,
                   "active": folder.active})
        })
        .collect();
    Ok(ok(&list))
}

/// The fields, with what the folder has set for them.
fn schema(call: &Call<'_>) -> Result<Answer, Refusal> {
    let fields = of_folder(call)?;
    let folder = call.guid("folderId")?.unwrap_or_default();
    let state = call.shared.state();
    let entries = fields.into_iter().map(|field| master_data::in_folder(&state, folder, field));
    Ok(ok(&entries.collect::<Vec<_>>()))
}

/// The fields that filters know.
fn search_schema(call: &Call<'_>) -> Result<Answer, Refusal> {
    let fields = of_folder(call)?.into_iter().filter(|field| field.kind.is_searchable());
    Ok(ok(&fields.map(|field| schema_entry(field, false)).collect::<Vec<_>>()))
}

/// A schema that is the same for every folder.
fn fixed(call: &Call<'_>, fields: &[Field]) -> Result<Answer, Refusal> {
    of_folder(call)?;
    Ok(ok(&fields.iter().map(|field| schema_entry(field, true)).collect::<Vec<_>>()))
}

fn of_folder(call: &Call<'_>) -> Result<Vec<&'static Field>, Refusal> {
    let id = call.guid("folderId")?;
    let id = id.ok_or_else(|| Refusal::validation("folderId", "The folderId field is required."))?;
    let state = call.shared.state();
    let master = state.records.master(call.kind());
    let folder = master.folder(id).ok_or_else(|| Refusal::failure("Folder not found"))?;
    Ok(master.folders[folder].fields.clone())
}
