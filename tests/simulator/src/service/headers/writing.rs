//! Creating and updating records. An answer with 200 does not mean that every value was stored.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::answers::{Answer, Refusal};
use crate::calendar::us_short;
use crate::model::{Folder, Header, MasterKind, Picture};
use crate::people::person;
use crate::service::losses::Losses;
use crate::service::{blocks, colors};
use crate::state::State;
use crate::values::{accept, empty, is_writable, number};

use super::{Call, FOLDER_STAMP_LAG, answer, colorways, edited, sizes, store, suppliers, take_living};

pub(super) fn create(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let kind = call.kind();
    let folder_id = call.guid("folderId")?;
    let folder_id =
        folder_id.ok_or_else(|| Refusal::validation("folderId", "The folderId field is required."))?;
    let state = &mut *call.shared.state();
    let folders = state.records.master(kind).folders.clone();
    let at = state.records.master(kind).folder(folder_id);
    let at = at.ok_or_else(|| Refusal::failure("Folder not found"))?;
    let folder = &folders[at];

    let now = state.write_time();
    let mut header = Header {
        id: state.new_id(),
        folder: at,
        old_form: false,
        values: folder.fields.iter().map(|field| empty(field)).collect(),
        images: vec![Picture::empty(0); kind.pictures()],
        artboards: Vec::new(),
        variations: Vec::new(),
        palette: Arc::new(json!({"ASEurl": null, "colors": []})),
        colorways: Vec::new(),
        size_range: Arc::new(json!([])),
        size_classes: Arc::new(json!([])),
        suppliers: Vec::new(),
        block: None,
        plan_ids: None,
        copied_from: None,
        tags: None,
        deleted: false,
        created_by: person(call.user),
        created_at: now,
        modified_by: person(call.user),
        modified_at: now,
        folder_modified_at: now - FOLDER_STAMP_LAG,
    };
    write(call, state, folder, &mut header, &body)?;
    for id in ["header_number", "header_name"] {
        if header.value(folder, id).is_some_and(Value::is_null) {
            header.set(folder, id, json!(""));
        }
    }
    if folder.numbering.is_some() {
        // A number in the request is replaced without a word.
        header.set(folder, "header_number", json!(state.next_number(kind, folder.numbering)));
    }
    let sent_version = sent_fields(&body).find(|(id, _)| *id == "version").and_then(|(_, v)| number(v));
    let version = match sent_version {
        Some(version) if call.flag("preserveVersion") && kind != MasterKind::Block => Value::Number(version),
        _ => json!(1),
    };
    header.set(folder, "version", version);
    let label = json!(format!("{} @ {}", call.user.username, us_short(now)));
    header.set(folder, "created_by", label.clone());
    header.set(folder, "modified_by", label);

    let unseen = call.unseen(state);
    let header = state.records.master_mut(kind).add(header, unseen);
    Ok(answer(call, state, header))
}

pub(super) fn update(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let state = &mut *call.shared.state();
    let (at, mut header) = take_living(call, state)?;
    let folders = state.records.master(call.kind()).folders.clone();
    let folder = &folders[header.folder];
    write(call, state, folder, &mut header, &body)?;
    edited(folder, &mut header, state.write_time(), call.user);
    let header = store(call, state, at, header);
    Ok(answer(call, state, header))
}

/// The `{id, value}` pairs of a list; anything else in it is passed over.
pub(super) fn pairs(list: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    static NULL: Value = Value::Null;
    list.and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|item| Some((item.get("id")?.as_str()?, item.get("value").unwrap_or(&NULL))))
}

fn sent_fields(body: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    pairs(body.get("fields"))
}

/// Puts into the record what the body names. Missing, null and empty parts leave the record alone.
fn write(
    call: &Call<'_>,
    state: &mut State,
    folder: &Folder,
    header: &mut Header,
    body: &Map<String, Value>,
) -> Result<(), Refusal> {
    let sent = sent_fields(body).find(|(id, _)| *id == "header_number").and_then(|(_, value)| value.as_str());
    let losses = Losses::new(call, state, sent.unwrap_or_else(|| header.text(folder, "header_number")));
    for (id, value) in sent_fields(body) {
        if let Some(at) = folder.position(id)
            && is_writable(folder.fields[at])
            && !losses.take(id)
        {
            header.values[at] = accept(folder.fields[at], value);
        }
    }
    let list = |key: &str| body.get(key).and_then(Value::as_array).filter(|list| !list.is_empty());
    match call.kind() {
        MasterKind::Style | MasterKind::Material => {
            for sent in list("colorways").into_iter().flatten() {
                colorways::write(state, call.kind(), header, sent)?;
            }
            if let Some(sizes) = list("sizes") {
                header.size_range = Arc::new(sizes::stored(sizes));
            }
            if let Some(classes) = list("sizeClasses") {
                header.size_classes = Arc::new(Value::Array(classes.clone()));
            }
            if let Some(suppliers) = list("suppliers") {
                header.suppliers = suppliers.iter().map(suppliers::stored).collect();
            }
        }
        MasterKind::Color => {
            if let Some(sent) = list("colors") {
                let replace =
                    call.parameter("replaceColors").is_none_or(|text| !text.eq_ignore_ascii_case("false"));
                colors::write(state, header, sent, replace);
            }
        }
        MasterKind::Block => {
            for sent in list("sizeClasses").into_iter().flatten() {
                blocks::write_size_class(state, header, sent)?;
            }
        }
        MasterKind::Image => {}
    }
    Ok(())
}
