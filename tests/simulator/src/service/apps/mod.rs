//! Applications: the pages that every record of a folder has beside its attributes. What is on them is in `pages`.

use serde_json::{Value, json};
use uuid::Uuid;

use super::Call;
use super::headers::find;
use super::pages::{self, Type};
use super::route::{Route, SEWN, get};
use crate::answers::{Answer, Refusal, ok};
use crate::model::MasterKind;

pub(crate) const ROUTES: &[Route] =
    &[get("{Master}/Pages", list), get("{Master}/FolderPages/{folder_id}", of_folder).only(SEWN)];

/// An application of a folder.
#[derive(Clone, Copy)]
pub(crate) struct App {
    pub(crate) id: Uuid,
    pub(crate) of_type: &'static Type,
}

impl App {
    pub(super) fn answer(&self) -> Value {
        json!({"id": self.id, "title": self.of_type.title, "type": self.of_type.name, "marketId": null,
               "isSampleApp": self.of_type.holds_requests})
    }
}

/// The id of an application of a folder. An artboard has the id of zeros.
pub(crate) fn id_of(folder: Uuid, title: &str) -> Uuid {
    match title {
        "Artboard" => Uuid::nil(),
        title => Uuid::new_v5(&folder, title.as_bytes()),
    }
}

/// The applications of a folder of this master folder.
pub(crate) fn of(kind: MasterKind, folder: Uuid) -> impl Iterator<Item = App> {
    let types = pages::types().filter(move |of_type| of_type.masters.contains(&kind));
    types.map(move |of_type| App { id: id_of(folder, of_type.title), of_type })
}

/// An application of any folder.
pub(crate) fn any(call: &Call<'_>, id: Uuid) -> Option<App> {
    let state = call.shared.state();
    let records = &state.records;
    let folders = MasterKind::ALL
        .into_iter()
        .flat_map(|kind| records.master(kind).folders.iter().map(move |folder| (kind, folder.id)));
    folders.flat_map(|(kind, folder)| of(kind, folder)).find(|app| app.id == id)
}

fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    Ok(ok(&of_record(call)?.iter().map(App::answer).collect::<Vec<_>>()))
}

/// The applications of the record that the query names.
pub(super) fn of_record(call: &Call<'_>) -> Result<Vec<App>, Refusal> {
    let state = call.shared.state();
    let master = state.records.master(call.kind());
    let header = find(master, call.parameter("headerId").unwrap_or_default())?;
    Ok(of(call.kind(), master.folders[master.record(header).folder].id).collect())
}

/// A folder of any master folder is found under each address.
fn of_folder(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = call.shared.state();
    let id = Uuid::parse_str(call.argument("folder_id")).unwrap_or_default();
    let kind = MasterKind::ALL.into_iter().find(|kind| state.records.master(*kind).folder(id).is_some());
    let kind = kind.ok_or_else(|| Refusal::failure("Folder not found"))?;
    Ok(ok(&of(kind, id).map(|app| app.answer()).collect::<Vec<_>>()))
}
