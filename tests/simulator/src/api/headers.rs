//! Listing, reading and deleting styles and materials.

use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

use crate::answers::{Answer, Refusal, ok};
use crate::filters;
use crate::model::{Header, HeaderAnswer, Master, MasterKind};

use super::Call;

pub(crate) fn list(call: &Call<'_>, kind: MasterKind) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let filters = filters::read(body.get("filters"))?;
    let colorway_filters = filters::read(body.get("colorwayFilters"))?;
    let folder_id = call.guid("folderId")?;
    let show_deleted = call.flag("showDeleted");
    let page = call.page()?;

    let (folders, headers) = {
        let state = call.shared.state();
        let master = state.records.master(kind);
        // The records are shared, so the list is searched and written without holding up other requests.
        (master.folders.clone(), master.headers.clone())
    };
    let folder = match folder_id {
        None => None,
        Some(id) => Some(
            folders
                .iter()
                .position(|folder| folder.id == id)
                .ok_or_else(|| Refusal::failure("Folder not found"))?,
        ),
    };
    let asked: Vec<_> = match folder {
        Some(at) => vec![&folders[at]],
        None => folders.iter().collect(),
    };
    let filters = filters::known_to_folders(&filters, &asked);
    let matching = headers.iter().filter(|header| {
        (show_deleted || !header.deleted)
            && folder.is_none_or(|at| header.folder == at)
            && filters::header_matches(&filters, &folders[header.folder], header)
            && filters::colorways_match(&colorway_filters, &header.colorways)
    });
    let answers =
        matching.map(|header| HeaderAnswer { kind, folders: folders.clone(), header: header.clone() });
    Ok(ok(&page.cut(answers)))
}

pub(crate) fn get(call: &Call<'_>, kind: MasterKind, id: &str) -> Result<Answer, Refusal> {
    let state = call.shared.state();
    let master = state.records.master(kind);
    let at = find(master, id)?;
    let header = master.headers[at].clone();
    Ok(answer(master, header))
}

/// A GET that changes data: the record stays and is marked as deleted. Doing it twice changes nothing more.
pub(crate) fn delete(call: &Call<'_>, kind: MasterKind, id: &str) -> Result<Answer, Refusal> {
    let mut state = call.shared.state();
    let at = find(state.records.master(kind), id)?;
    let now = state.write_time();
    let header = Arc::make_mut(&mut state.records.master_mut(kind).headers[at]);
    if !header.deleted {
        header.deleted = true;
        super::writing::touch(header, now, call.user);
    }
    Ok(ok(&json!({"error": false, "message": format!("{} deleted", kind.name())})))
}

/// The place of a record; an id that is none is just not found.
pub(crate) fn find(master: &Master, id: &str) -> Result<usize, Refusal> {
    Uuid::parse_str(id)
        .ok()
        .and_then(|id| master.by_id.get(&id).copied())
        .ok_or_else(|| Refusal::text(format!("{} not found", master.kind.name())))
}

pub(crate) fn answer(master: &Master, header: Arc<Header>) -> Answer {
    ok(&HeaderAnswer { kind: master.kind, folders: master.folders.clone(), header })
}
