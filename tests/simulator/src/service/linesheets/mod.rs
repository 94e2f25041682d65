//! Line sheets and their folders. They are read-only, and what they hold is not known: the company has a few names.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::answers::{Answer, Refusal, ok};
use crate::model::{MasterKind, Records};

use super::Call;
use super::route::{Route, get};

/// The last one is spelled as the service spells it.
pub(crate) const ROUTES: &[Route] = &[
    get("LineSheet/ListLineSheetFolders", folders),
    get("LineSheet/ListLineSheets", list),
    get("LineSheet/get/{id}", read),
];

/// Name of a folder, and what its line sheets hold.
const FOLDERS: [(&str, MasterKind); 3] =
    [("Sell-in", MasterKind::Style), ("Showroom", MasterKind::Style), ("Fabric Cards", MasterKind::Material)];

/// Folder, name and description.
const SHEETS: [(&str, &str, &str); 4] = [
    ("Sell-in", "Fall 2026", "first draft"),
    ("Sell-in", "Fall 2026 Outerwear", ""),
    ("Showroom", "Porto & Paris", "by appointment"),
    ("Fabric Cards", "Wool", ""),
];

fn folder_id(records: &Records, name: &str) -> Uuid {
    Uuid::new_v5(&records.master(MasterKind::Style).folders[0].id, name.as_bytes())
}

/// The line sheets as answers show them, each with its folder.
fn sheets(records: &Records) -> impl Iterator<Item = (Uuid, Value)> {
    SHEETS.iter().map(move |(folder, name, description)| {
        let folder = folder_id(records, folder);
        let id = Uuid::new_v5(&folder, name.as_bytes());
        (folder, json!({"id": id, "name": name, "description": description}))
    })
}

fn folders(call: &Call<'_>) -> Result<Answer, Refusal> {
    let wanted = call.parameter("masterFolder").filter(|wanted| !wanted.is_empty());
    let is_wanted = |kind: MasterKind| wanted.is_none_or(|wanted| kind.name().eq_ignore_ascii_case(wanted));
    let state = call.shared.state();
    let folders = FOLDERS.iter().filter(|(_, kind)| is_wanted(*kind));
    let folders = folders.map(|(name, _)| json!({"id": folder_id(&state.records, name), "name": name}));
    Ok(ok(&folders.collect::<Vec<_>>()))
}

/// A part of the name or of the description is enough, in upper or lower case.
fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let folder = call.guid("folderId")?;
    let contains = |sheet: &Value, member: &str, parameter: &str| {
        let wanted = call.parameter(parameter).unwrap_or_default().to_lowercase();
        sheet[member].as_str().is_some_and(|text| text.to_lowercase().contains(&wanted))
    };
    let state = call.shared.state();
    let matching = sheets(&state.records).filter(|(place, sheet)| {
        folder.is_none_or(|folder| folder == *place)
            && contains(sheet, "name", "lineSheetName")
            && contains(sheet, "description", "lineSheetDescription")
    });
    Ok(ok(&matching.map(|(_, sheet)| sheet).collect::<Vec<_>>()))
}

fn read(call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.argument("id");
    let state = call.shared.state();
    let found = sheets(&state.records).find(|(_, sheet)| sheet["id"] == id);
    let (_, sheet) = found.ok_or_else(|| Refusal::text("Line sheet not found"))?;
    Ok(ok(&sheet))
}
