//! Records of the master folders: list, read, write, delete, move, copy.

pub(crate) mod colorways;
mod copies;
mod sizes;
mod suppliers;
mod writing;

use std::sync::Arc;

use serde_json::json;

use crate::answers::{Answer, Refusal, message, ok};
use crate::calendar::{Millis, us_long};
use crate::filters;
use crate::model::{Folder, Header, HeaderAnswer, Master, MasterKind};
use crate::people::{User, person};
use crate::state::State;

use super::route::{Route, SEWN, get, post};
use super::{Call, Page};

const STYLE: &[MasterKind] = &[MasterKind::Style];

pub(crate) const ROUTES: &[Route] = &[
    post("{Master}/Headers", list),
    get("{Master}/Header/{id}", read),
    post("{Master}/Header/Create", writing::create),
    post("{Master}/Header/{id}/Update", writing::update),
    get("{Master}/Header/Delete/{id}", delete),
    post("{Master}/Header/{id}/Move", copies::relocate).only(SEWN),
    post("{Master}/Header/{id}/CarryOver", copies::carry_over).only(STYLE),
    get("{Master}/Header/{id}/Colorway/Delete/{colorway_id}", colorways::delete).only(SEWN),
    post("{Master}/Header/{id}/Colorways/Delete", colorways::delete_several).only(SEWN),
    post("{Master}/{id}/SizeClass/{size_class_id}/UpdateSampleSize", sizes::update_sample_size).only(STYLE),
    get("{Master}/WhereUsedInSets/{id}", copies::where_used_in_sets).only(STYLE),
    get("{Master}/Search", search).only(STYLE),
    post("{Master}/Search", search).only(STYLE),
];

/// `FolderModifiedAt` is some milliseconds behind `modifiedAt`, as on the service.
const FOLDER_STAMP_LAG: Millis = 20;

fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let page = call.page()?;
    listing(call, page)
}

/// One example of other clients is all that is known of this address. It takes its filters in the body, and has no
/// other paging than `take` and `skip`.
fn search(call: &Call<'_>) -> Result<Answer, Refusal> {
    let start = call.whole_number("skip", 0)?;
    let size = call.whole_number("take", 30)?;
    listing(call, Page::new(start, size))
}

fn listing(call: &Call<'_>, page: Page) -> Result<Answer, Refusal> {
    let body = if call.body.bytes.is_empty() { json!({}) } else { call.json()? };
    let filters = filters::read(body.get("filters"))?;
    let colorway_filters = filters::read(body.get("colorwayFilters"))?;
    let folder_id = call.guid("folderId")?;
    let show_deleted = call.flag("showDeleted");
    let kind = call.kind();

    let (folders, listed, wording, knows_ids) = {
        let mut state = call.shared.state();
        let (now, wording, knows_ids) = (state.now(), call.wording(&state), state.settings.id_filter);
        let master = state.records.master_mut(kind);
        // The records are shared, so the list is searched and written without holding up other requests.
        (master.folders.clone(), master.listed(now), wording, knows_ids)
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
    let mut filters = filters::known_to_folders(&filters, &asked);
    filters.retain(|filter| knows_ids || !filter.is_by_id());
    let by_colorway = SEWN.contains(&kind) && !colorway_filters.is_empty();
    let outlines_only = filters::ask_for_outlines_only(&filters) && !by_colorway;
    let matching = listed.slots().filter(|slot| {
        let outline = slot.outline();
        let outlined = (show_deleted || !outline.deleted)
            && folder.is_none_or(|at| outline.folder == at)
            && filters::outline_matches(&filters, &outline);
        if !outlined || outlines_only {
            return outlined;
        }
        let header = slot.record(kind, &folders);
        filters::fields_match(&filters, &folders[header.folder], &header)
            && (!by_colorway || filters::colorways_match(&colorway_filters, &header.colorways))
    });
    let page = page.cut(matching.cloned());
    Ok(page.stream(move |slot| HeaderAnswer {
        kind,
        folders: folders.clone(),
        header: slot.record(kind, &folders),
        wording: wording.clone(),
    }))
}

fn read(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = call.shared.state();
    let master = state.records.master(call.kind());
    let header = master.record(find(master, call.argument("id"))?);
    Ok(answer(call, &state, header))
}

/// A GET that changes data: the record stays and is marked as deleted. Doing it twice changes nothing more.
fn delete(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = &mut *call.shared.state();
    let (at, mut header) = take(call, state)?;
    if !header.deleted {
        header.deleted = true;
        touch(&mut header, state.write_time(), call.user);
        store(call, state, at, header);
    }
    Ok(message(format!("{} deleted", call.kind().name())))
}

/// The place of a record; an id that is none is just not found.
pub(crate) fn find(master: &Master, id: &str) -> Result<usize, Refusal> {
    master.find(id).ok_or_else(|| Refusal::text(format!("{} not found", master.kind.name())))
}

/// The place of the record that the path names, and a copy to change.
pub(crate) fn take(call: &Call<'_>, state: &State) -> Result<(usize, Header), Refusal> {
    let master = state.records.master(call.kind());
    let at = find(master, call.argument("id"))?;
    Ok((at, (*master.record(at)).clone()))
}

/// The same, but not one that is deleted.
pub(crate) fn take_living(call: &Call<'_>, state: &State) -> Result<(usize, Header), Refusal> {
    let (at, header) = take(call, state)?;
    if header.deleted {
        return Err(Refusal::text(format!("{} is deleted", call.kind().name())));
    }
    Ok((at, header))
}

/// Puts a changed record back.
pub(crate) fn store(call: &Call<'_>, state: &mut State, at: usize, header: Header) -> Arc<Header> {
    let unseen = call.unseen(state);
    state.records.master_mut(call.kind()).put(at, header, unseen)
}

pub(crate) fn answer(call: &Call<'_>, state: &State, header: Arc<Header>) -> Answer {
    let folders = state.records.master(call.kind()).folders.clone();
    ok(&HeaderAnswer { kind: call.kind(), folders, header, wording: call.wording(state) })
}

pub(crate) fn touch(header: &mut Header, now: Millis, user: &User) {
    header.modified_at = now;
    header.folder_modified_at = now - FOLDER_STAMP_LAG;
    header.modified_by = person(user);
}

/// Notes an edit of the attributes: stamps, version, and who it was.
fn edited(folder: &Folder, header: &mut Header, now: Millis, user: &User) {
    touch(header, now, user);
    if let Some(version) = header.value(folder, "version") {
        let version = crate::values::number(version).and_then(|version| version.as_i64()).unwrap_or(0);
        header.set(folder, "version", json!(version.saturating_add(1)));
    }
    let label = format!("{} @ {}", user.username, us_long(now, ' '));
    header.set(folder, "modified_by", json!(label));
}
