//! Master data: the fields of the company with their choices, and the settings that a folder has for its fields.

mod choices;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::answers::{Answer, Refusal, message, ok};
use crate::calendar::stamp;
use crate::fields::{
    BLOCK_FIELDS, COLOR_FIELDS, Field, IMAGE_FIELDS, MATERIAL_FIELDS, STYLE_FIELDS, schema_entry,
};
use crate::model::MasterKind;
use crate::people::{administrator, person};
use crate::seed::EPOCH;
use crate::state::State;

use super::Call;
use super::route::{Route, get, post};

pub(crate) const ROUTES: &[Route] = &[
    get("MasterData/{field_id}", read),
    post("MasterData/Create", create),
    post("MasterData/{field_id}/Update", update),
    get("MasterData/Field/{folder_id}/{field_id}", folder_field),
    post("MasterData/Field/{folder_id}/{field_id}/Update", update_folder_field),
];

/// The fields that a master folder has from the start.
fn seeded(kind: MasterKind) -> &'static [Field] {
    match kind {
        MasterKind::Style => STYLE_FIELDS,
        MasterKind::Material => MATERIAL_FIELDS,
        MasterKind::Image => IMAGE_FIELDS,
        MasterKind::Color => COLOR_FIELDS,
        MasterKind::Block => BLOCK_FIELDS,
    }
}

/// A field of the company. Master folders that have a field of the same id share it, with the name that the first one gives.
fn find(state: &State, id: &str) -> Option<Value> {
    if let Some(field) = state.company_fields.get(id) {
        return Some(field.clone());
    }
    let of = |kind: MasterKind| seeded(kind).iter().find(|field| field.id == id);
    let entry = schema_entry(MasterKind::ALL.into_iter().find_map(of)?, true);
    let masters: Vec<_> =
        MasterKind::ALL.into_iter().filter(|kind| of(*kind).is_some()).map(MasterKind::name).collect();
    let mut field = json!({
        "fieldId": id, "fieldName": entry["fieldName"], "fieldType": entry["fieldType"], "active": true,
        "syncAllFolders": false, "masterFolders": masters, "properties": entry["properties"],
        "createdBy": person(administrator()), "createdAt": stamp(EPOCH),
        "modifiedBy": person(administrator()), "modifiedAt": stamp(EPOCH),
    });
    choices::complete(&mut field["properties"]);
    Some(field)
}

fn not_found() -> Refusal {
    Refusal::text("Field not found")
}

fn read(call: &Call<'_>) -> Result<Answer, Refusal> {
    let field = find(&call.shared.state(), call.argument("field_id"));
    Ok(ok(&field.ok_or_else(not_found)?))
}

/// Members of other names, such as `label` and `options`, are not read.
fn create(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let text = |name: &str| {
        let text = body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.ok_or_else(|| Refusal::validation(name, "The field is required."))
    };
    let (id, name, kind) = (text("fieldId")?, text("fieldName")?, text("fieldType")?);
    let masters = masters(&body)?;
    let masters = masters.ok_or_else(|| Refusal::validation("masterFolders", "The field is required."))?;
    let state = &mut *call.shared.state();
    if find(state, id).is_some() {
        return Err(Refusal::failure(format!("Field [{id}] already exists")));
    }
    let (by, at) = (person(call.user), stamp(state.write_time()));
    let mut field = json!({
        "fieldId": id, "fieldName": name, "fieldType": kind, "active": true, "syncAllFolders": false,
        "masterFolders": masters, "properties": {}, "createdBy": by, "createdAt": at, "modifiedBy": by,
        "modifiedAt": at,
    });
    choices::apply(&mut field["properties"], &body)?;
    state.company_fields.insert(id.to_owned(), field.clone());
    Ok(ok(&field))
}

/// The names of master folders in the body.
fn masters(body: &Map<String, Value>) -> Result<Option<Vec<&'static str>>, Refusal> {
    let wrong = || Refusal::validation("masterFolders", "The value is not valid.");
    let Some(list) = body.get("masterFolders").filter(|list| !list.is_null()) else { return Ok(None) };
    let master = |name: &Value| {
        let mut names = MasterKind::ALL.into_iter().map(MasterKind::name);
        names.find(|known| name.as_str().is_some_and(|name| known.eq_ignore_ascii_case(name)))
    };
    let list = list.as_array().ok_or_else(wrong)?;
    list.iter().map(|name| master(name).ok_or_else(wrong)).collect::<Result<_, _>>().map(Some)
}

/// What is named is changed. `properties`, in which answers have the choices, is not read.
fn update(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let id = call.argument("field_id");
    let masters = masters(&body)?;
    let state = &mut *call.shared.state();
    let mut field = find(state, id).ok_or_else(not_found)?;
    choices::apply(&mut field["properties"], &body)?;
    if let Some(name) = body.get("fieldName").filter(|name| name.is_string()) {
        field["fieldName"] = name.clone();
    }
    if let Some(masters) = masters {
        field["masterFolders"] = json!(masters);
    }
    field["modifiedBy"] = person(call.user);
    field["modifiedAt"] = json!(stamp(state.write_time()));
    state.company_fields.insert(id.to_owned(), field.clone());
    Ok(ok(&field))
}

/// The entry of a field in the schema of a folder, with what the folder has set for it.
pub(crate) fn in_folder(state: &State, folder: Uuid, field: &'static Field) -> Value {
    let mut entry = schema_entry(field, true);
    if let Some(required) = state.required_fields.get(&(folder, field.id)) {
        entry["required"] = json!(required);
        if let Some(member) = entry["properties"].get_mut("Required") {
            *member = json!(required);
        }
    }
    entry
}

/// The folder that the path names, whatever its master folder, and its field.
fn named(call: &Call<'_>, state: &State) -> Result<(Uuid, &'static Field), Refusal> {
    let id = Uuid::parse_str(call.argument("folder_id")).unwrap_or_default();
    let folder = MasterKind::ALL.into_iter().find_map(|kind| {
        let master = state.records.master(kind);
        Some(&master.folders[master.folder(id)?])
    });
    let folder = folder.ok_or_else(|| Refusal::failure("Folder not found"))?;
    let at = folder.position(call.argument("field_id")).ok_or_else(not_found)?;
    Ok((id, folder.fields[at]))
}

fn folder_field(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = call.shared.state();
    let (folder, field) = named(call, &state)?;
    let mut entry = in_folder(&state, folder, field);
    entry["active"] = json!(true);
    Ok(ok(&entry))
}

/// No other member than `requiredValue` is read.
fn update_folder_field(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let state = &mut *call.shared.state();
    let (folder, field) = named(call, state)?;
    match body.get("requiredValue") {
        None | Some(Value::Null) => {}
        Some(Value::Bool(required)) => {
            state.required_fields.insert((folder, field.id), *required);
        }
        Some(_) => return Err(Refusal::validation("requiredValue", "The value is not valid.")),
    }
    Ok(message("Field updated"))
}
