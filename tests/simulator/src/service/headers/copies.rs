//! Records that move to another folder or are copied, and where styles are used.

use serde_json::{Value, json};

use crate::answers::{Answer, Refusal, message, ok};
use crate::calendar::us_short;
use crate::model::MasterKind;
use crate::people::person;
use crate::values::empty;

use super::{Call, FOLDER_STAMP_LAG, answer, edited, find, store, take_living};

/// The record keeps its id. Fields belong to a folder: those that the new one lacks are lost, and those that the old one
/// lacked are empty.
pub(super) fn relocate(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let target = body.get("targetFolderId").and_then(Value::as_str);
    let target = target.and_then(|id| uuid::Uuid::parse_str(id).ok());
    let renumber = body.get("generateNewHeaderNumber").and_then(Value::as_bool).unwrap_or(false);
    let state = &mut *call.shared.state();
    let (at, mut header) = take_living(call, state)?;
    let master = state.records.master(call.kind());
    let folders = master.folders.clone();
    let target =
        target.and_then(|id| master.folder(id)).ok_or_else(|| Refusal::failure("Folder not found"))?;
    let (old, new) = (&folders[header.folder], &folders[target]);
    let values = new.fields.iter().map(|field| match header.value(old, field.id) {
        Some(value) => value.clone(),
        None => empty(field),
    });
    header.values = values.collect();
    header.folder = target;
    if renumber {
        let number = state.next_number(call.kind(), new.numbering);
        header.set(new, "header_number", json!(number));
    }
    edited(new, &mut header, state.write_time(), call.user);
    store(call, state, at, header);
    Ok(message(format!("{} moved", call.kind().name())))
}

/// A copy of a style, in the same folder. It has the number of its source unless the folder gives numbers.
pub(super) fn carry_over(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let without_colorways = body.get("skipColorways").and_then(Value::as_bool).unwrap_or(false);
    let state = &mut *call.shared.state();
    let (_, mut header) = take_living(call, state)?;
    let folders = state.records.master(call.kind()).folders.clone();
    let folder = &folders[header.folder];
    let now = state.write_time();
    header.copied_from = Some(header.id);
    header.id = state.new_id();
    header.old_form = false;
    header.plan_ids = None;
    if without_colorways {
        header.colorways.clear();
    }
    for colorway in &mut header.colorways {
        colorway.id = state.new_id();
    }
    if folder.numbering.is_some() {
        header.set(folder, "header_number", json!(state.next_number(call.kind(), folder.numbering)));
    }
    header.created_by = person(call.user);
    header.created_at = now;
    header.modified_by = person(call.user);
    header.modified_at = now;
    header.folder_modified_at = now - FOLDER_STAMP_LAG;
    header.set(folder, "version", json!(1));
    let label = json!(format!("{} @ {}", call.user.username, us_short(now)));
    header.set(folder, "created_by", label.clone());
    header.set(folder, "modified_by", label);
    let unseen = call.unseen(state);
    let header = state.records.master_mut(call.kind()).add(header, unseen);
    Ok(answer(call, state, header))
}

/// Every tenth style has a set with the two styles after it.
const SET: usize = 10;

pub(super) fn where_used_in_sets(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = call.shared.state();
    let master = state.records.master(MasterKind::Style);
    let at = find(master, call.argument("id"))?;
    let user = matches!(at % SET, 1 | 2).then(|| master.record(at - at % SET));
    let used: Vec<Value> = user
        .into_iter()
        .map(|header| {
            let folder = &master.folders[header.folder];
            json!({
                "header": {"id": header.id, "headerNumber": header.text(folder, "header_number"),
                           "headerName": header.text(folder, "header_name"),
                           "folder": {"id": folder.id, "name": folder.name}},
                "applicationId": uuid::Uuid::new_v5(&folder.id, b"Sets"), "applicationName": "Sets",
            })
        })
        .collect();
    Ok(ok(&used))
}
