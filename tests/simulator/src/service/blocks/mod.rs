//! Blocks: their size classes with 3D assets, and the styles that are linked to them.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::answers::{Answer, Refusal, message, ok};
use crate::model::{Header, MasterKind};
use crate::parts::{block_size_class, range};
use crate::state::State;

use super::Call;
use super::headers::{find, store, take_living, touch};
use super::route::{Route, get, post};
use super::uploads::Target;

const STYLE: &[MasterKind] = &[MasterKind::Style];
const BLOCK: &[MasterKind] = &[MasterKind::Block];

pub(crate) const ROUTES: &[Route] = &[
    post("{Master}/Header/{id}/Block/Link", link).only(STYLE),
    get("{Master}/Header/{id}/Block/Unlink", unlink).only(STYLE),
    get("{Master}/GetSizeClassAssets/{id}/{size_class_id}", assets).only(BLOCK),
    post("{Master}/SizeClass3DAssetUpload", upload_asset).only(BLOCK),
];

/// Changes the size class that `key` names, or adds one where there is no key. What is not sent stays.
pub(crate) fn write_size_class(state: &mut State, header: &mut Header, sent: &Value) -> Result<(), Refusal> {
    let mut classes = header.size_classes.as_array().cloned().unwrap_or_default();
    match sent["key"].as_str() {
        Some(key) => {
            let at = classes.iter().position(|class| is_class(class, key));
            let at = at.ok_or_else(|| Refusal::failure("Size class not found"))?;
            if sent["deleteSizeClass"] == true {
                classes.remove(at);
            } else {
                change(&mut classes[at], sent);
            }
        }
        None => {
            let name = sent["name"].as_str();
            let name = name.ok_or_else(|| Refusal::validation("name", "The field is required."))?;
            let active = sent["active"].as_bool().unwrap_or(true);
            let sizes = sizes(&sent["sizes"]).unwrap_or_default();
            let notes = sent["notes"].clone();
            classes.push(block_size_class(state.new_id(), json!(name), notes, json!(active), sizes));
        }
    }
    header.size_classes = Arc::new(Value::Array(classes));
    Ok(())
}

fn change(class: &mut Value, sent: &Value) {
    for key in ["name", "notes", "active"] {
        if let Some(value) = sent[key].get("value") {
            class[key] = value.clone();
        }
    }
    if let Some(sizes) = sizes(&sent["sizes"]) {
        class["sizeRange"] = json!(range(&sizes));
        class["sizes"] = Value::Array(sizes);
    }
}

/// Sizes as they are read after they were sent.
fn sizes(sent: &Value) -> Option<Vec<Value>> {
    let sizes = sent.as_array()?.iter().map(|size| {
        json!({"name": size["name"], "isSampleSize": size["isSampleSize"] == true,
               "hideSize": size["hideSize"] == true, "comments": size["comments"]})
    });
    Some(sizes.collect())
}

/// By id or by name.
fn is_class(class: &Value, key: &str) -> bool {
    class["id"].as_str().is_some_and(|id| id.eq_ignore_ascii_case(key)) || class["name"] == key
}

/// The style gets the size classes of the block, all or the named ones, beside those it has.
fn link(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let state = &mut *call.shared.state();
    let (at, mut style) = take_living(call, state)?;
    let blocks = state.records.master(MasterKind::Block);
    let id = body.get("blockHeaderId").and_then(Value::as_str);
    let id = id.ok_or_else(|| Refusal::validation("blockHeaderId", "The field is required."))?;
    let block = blocks.record(find(blocks, id)?);
    let named = body.get("sizeClasses").and_then(Value::as_array);
    let wanted = |class: &Value| {
        named.is_none_or(|named| {
            named.iter().any(|one| one["name"] == class["name"] || one["id"] == class["id"])
        })
    };
    let mut classes = style.size_classes.as_array().cloned().unwrap_or_default();
    for class in block.size_classes.as_array().into_iter().flatten().filter(|class| wanted(class)) {
        if !classes.iter().any(|known| known["name"] == class["name"]) {
            classes.push(json!({"id": class["id"], "name": class["name"], "isDefault": false,
                                "sizeRange": class["sizeRange"]}));
        }
    }
    style.block = Some(block.id);
    style.size_classes = Arc::new(Value::Array(classes));
    touch(&mut style, state.write_time(), call.user);
    store(call, state, at, style);
    Ok(message("Block linked"))
}

/// A GET that changes data: the size classes of the block leave the style with it.
fn unlink(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = &mut *call.shared.state();
    let (at, mut style) = take_living(call, state)?;
    let Some(block) = style.block.take() else { return Ok(message("No block is linked")) };
    let blocks = state.records.master(MasterKind::Block);
    let of_block = blocks.at(block).map(|at| blocks.record(at).size_classes.clone());
    let mut classes = style.size_classes.as_array().cloned().unwrap_or_default();
    classes.retain(|class| {
        let known = of_block.as_deref().and_then(Value::as_array).into_iter().flatten();
        class["id"].is_null() || !known.into_iter().any(|one| one["id"] == class["id"])
    });
    style.size_classes = Arc::new(Value::Array(classes));
    touch(&mut style, state.write_time(), call.user);
    store(call, state, at, style);
    Ok(message("Block unlinked"))
}

/// The id of the size class of the block with this id.
fn size_class(state: &State, block: &str, key: &str) -> Result<(Uuid, Uuid), Refusal> {
    let blocks = state.records.master(MasterKind::Block);
    let block = blocks.record(find(blocks, block)?);
    let classes = block.size_classes.as_array();
    let class = classes.and_then(|classes| classes.iter().find(|class| is_class(class, key)));
    let id = class.and_then(|class| Uuid::parse_str(class["id"].as_str()?).ok());
    Ok((block.id, id.ok_or_else(|| Refusal::failure("Size class not found"))?))
}

fn upload_asset(call: &Call<'_>) -> Result<Answer, Refusal> {
    let target = {
        let state = call.shared.state();
        let block = call.parameter("headerId").unwrap_or_default();
        let (header, class) = size_class(&state, block, call.parameter("sizeClass").unwrap_or_default())?;
        Target::SizeClass { header, class }
    };
    super::uploads::take(call, target)
}

/// The assets that were uploaded, oldest first.
fn assets(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = call.shared.state();
    let (_, class) = size_class(&state, call.argument("id"), call.argument("size_class_id"))?;
    let links = state.links(&call.shared.origin);
    let assets: Vec<Value> = state
        .assets
        .iter()
        .filter(|(of, _)| *of == class)
        .map(|(_, file)| json!({"id": file.id, "origin": links.to(file), "fileName": &*file.name}))
        .collect();
    Ok(ok(&assets))
}
