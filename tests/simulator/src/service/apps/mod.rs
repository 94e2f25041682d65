//! Applications: the pages that every record of a folder has beside its attributes.

use serde_json::{Value, json};
use uuid::Uuid;

use super::Call;
use super::headers::find;
use super::route::{Route, SEWN, get};
use crate::answers::{Answer, Refusal, ok};
use crate::model::MasterKind;

pub(crate) const ROUTES: &[Route] =
    &[get("{Master}/Pages", list), get("{Master}/FolderPages/{folder_id}", of_folder).only(SEWN)];

/// Title, type, and whether it holds sample requests.
const APPS: [(&str, &str, bool); 7] = [
    ("Artboard", "Artboard", false),
    ("Design Notes", "Form", false),
    ("Process Steps", "Grid", false),
    ("Sketches", "List", false),
    ("Documents", "Attachments", false),
    ("Proto Sample", "SampleRequestMulti", true),
    ("Product BOM", "BOM", false),
];

/// An application of a folder. An artboard has the id of zeros.
pub(crate) fn id_of(folder: Uuid, title: &str) -> Uuid {
    match title {
        "Artboard" => Uuid::nil(),
        title => Uuid::new_v5(&folder, title.as_bytes()),
    }
}

fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = call.shared.state();
    let master = state.records.master(call.kind());
    let header = find(master, call.parameter("headerId").unwrap_or_default())?;
    Ok(ok(&of(master.folders[master.record(header).folder].id)))
}

/// A folder of any master folder is found under each address.
fn of_folder(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = call.shared.state();
    let id = Uuid::parse_str(call.argument("folder_id")).ok();
    let mut masters = MasterKind::ALL.into_iter();
    let folder = id.filter(|id| masters.any(|kind| state.records.master(kind).folder(*id).is_some()));
    Ok(ok(&of(folder.ok_or_else(|| Refusal::failure("Folder not found"))?)))
}

fn of(folder: Uuid) -> Vec<Value> {
    APPS.iter()
        .map(|(title, kind, is_sample)| {
            json!({"id": id_of(folder, title), "title": title, "type": kind, "marketId": null,
                   "isSampleApp": is_sample})
        })
        .collect()
}
