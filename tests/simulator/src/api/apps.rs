//! Applications: the pages that every record of a folder has beside its attributes.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::answers::{Answer, Refusal, ok};
use crate::model::MasterKind;

use super::Call;
use super::headers::find;

/// Title, type, and whether it holds sample requests.
const APPS: [(&str, &str, bool); 6] = [
    ("Artboard", "Artboard", false),
    ("Design Notes", "Form", false),
    ("Process Steps", "Grid", false),
    ("Sketches", "List", false),
    ("Documents", "Attachments", false),
    ("Proto Sample", "SampleRequestMulti", true),
];

/// An application of a folder. An artboard has the id of zeros.
pub(crate) fn id_of(folder: Uuid, title: &str) -> Uuid {
    match title {
        "Artboard" => Uuid::nil(),
        title => Uuid::new_v5(&folder, title.as_bytes()),
    }
}

pub(crate) fn list(call: &Call<'_>, kind: MasterKind) -> Result<Answer, Refusal> {
    let state = call.shared.state();
    let master = state.records.master(kind);
    let header = find(master, call.parameter("headerId").unwrap_or_default())?;
    let folder = master.folders[master.headers[header].folder].id;
    let list: Vec<Value> = APPS
        .iter()
        .map(|(title, kind, is_sample)| {
            json!({"id": id_of(folder, title), "title": title, "type": kind, "marketId": null,
                   "isSampleApp": is_sample})
        })
        .collect();
    Ok(ok(&list))
}
