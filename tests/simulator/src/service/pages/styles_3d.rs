//! 3D styles: versions with colorways, working files and pictures.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Place, Type, change, changes, data, file, linked};
use crate::answers::{Answer, Refusal, message, ok};
use crate::calendar::stamp;
use crate::model::MasterKind;
use crate::people::person;
use crate::service::Call;
use crate::service::apps;
use crate::service::route::{Route, delete, post};
use crate::service::uploads::{self, Target};
use crate::state::State;

const STYLE: &[MasterKind] = &[MasterKind::Style];
const NAME: &str = "3DStyle";

pub(super) const STYLE_3D: Type =
    Type::new(NAME, "3D Style", |_| json!({"versions": []}), |_| json!({})).only(STYLE);

pub(crate) const ROUTES: &[Route] = &[
    post("{Master}/{header_id}/Page3DStyle/{app_id}/CreateVersion", create).only(STYLE),
    post("{Master}/{header_id}/Page3DStyle/{app_id}/Version/{version_id}/Update", update).only(STYLE),
    delete("{Master}/{header_id}/Page3DStyle/{app_id}/Version/{version_id}", remove).only(STYLE),
    post("{Master}/{header_id}/Page3DStyle/{app_id}/Version/{version_id}/WorkingFile/Upload", working_file)
        .only(STYLE),
    post(
        "{Master}/{header_id}/Page3DStyle/{app_id}/Version/{version_id}/Colorway/{colorway_id}/Preview/Upload",
        preview,
    )
    .only(STYLE),
    post("{Master}/Header/{header_id}/Image/Upload/Turntable", turntable).only(STYLE),
];

fn place(call: &Call<'_>, state: &State) -> Result<Place, Refusal> {
    Place::of(call, state, call.argument("header_id"), call.argument("app_id"))?.only(&[NAME])
}

fn not_found() -> Refusal {
    Refusal::failure("Version not found")
}

fn version<'a>(data: &'a mut Value, id: &Value) -> Result<&'a mut Value, Refusal> {
    changes::find(data["versions"].as_array_mut(), "id", id).ok_or_else(not_found)
}

/// The version that the path names.
fn named<'a>(call: &Call<'_>, data: &'a mut Value) -> Result<&'a mut Value, Refusal> {
    version(data, &json!(call.argument("version_id")))
}

/// With `copyVersionId`, a copy of that version.
fn create(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let name = body.get("versionName").and_then(Value::as_str).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Refusal::validation("versionName", "The field is required."))?;
    let copied = body.get("copyVersionId").filter(|id| !id.is_null());
    let state = &mut *call.shared.state();
    let place = place(call, state)?;
    let made = change(call, state, &place, |state, data| {
        let before = match copied {
            Some(id) => version(data, id)?.clone(),
            None => json!({"status": "OnHold", "colorways": [], "workingFiles": [], "materials": []}),
        };
        let mut made = new(call, state, data, name);
        for member in ["status", "colorways", "workingFiles", "materials"] {
            made[member] = before[member].clone();
        }
        push(&mut data["versions"], made.clone());
        Ok(made)
    })?;
    Ok(ok(&linked(made, state, &state.links(&call.shared.origin))))
}

fn new(call: &Call<'_>, state: &mut State, data: &Value, name: &str) -> Value {
    let now = stamp(state.write_time());
    let number = 1 + data["versions"].as_array().map_or(0, Vec::len);
    json!({
        "id": state.new_id(), "name": name, "status": "OnHold", "version": number, "colorways": [],
        "workingFiles": [], "materials": [], "createdBy": person(call.user), "createdAt": now,
        "modifiedBy": person(call.user), "modifiedAt": now,
    })
}

fn push(list: &mut Value, one: Value) {
    match list {
        Value::Array(list) => list.push(one),
        other => *other = json!([one]),
    }
}

/// What the request leaves out stays.
fn update(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = Value::Object(call.object()?);
    let sent = changes::list(&body, "colorways")?;
    let name = single(&body, "versionName")?;
    let status = single(&body, "versionStatus")?;
    let state = &mut *call.shared.state();
    let place = place(call, state)?;
    let now = stamp(state.write_time());
    let changed = change(call, state, &place, |state, data| {
        let version = named(call, data)?;
        for (member, value) in [("name", name), ("status", status)] {
            if let Some(value) = value {
                version[member] = value;
            }
        }
        for colorway in &sent {
            write_colorway(state, &mut version["colorways"], colorway)?;
        }
        version["modifiedBy"] = person(call.user);
        version["modifiedAt"] = json!(now);
        Ok(version.clone())
    })?;
    Ok(ok(&linked(changed, state, &state.links(&call.shared.origin))))
}

/// Changes or deletes the colorway with this id. Without an id, adds one.
fn write_colorway(state: &mut State, colorways: &mut Value, sent: &Value) -> Result<(), Refusal> {
    let list = colorways.as_array_mut().ok_or_else(not_found)?;
    let unknown = || Refusal::failure("Colorway not found");
    let at = match changes::id(sent, "id")? {
        Some(id) => list.iter().position(|one| one["id"] == json!(id)).ok_or_else(unknown)?,
        None => {
            list.push(json!({"id": state.new_id(), "colorwayId": null, "mainImage": false,
                             "colorwayImage": false, "colorName": null, "status": null, "previews": []}));
            list.len() - 1
        }
    };
    if sent["deleteColorway"] == true {
        list.remove(at);
        return Ok(());
    }
    if let Some(value) = single(sent, "colorwayId")? {
        list[at]["colorwayId"] = value;
    }
    for name in ["mainImage", "colorwayImage", "colorName", "status"] {
        if let Some(value) = sent.get(name) {
            list[at][name] = value.clone();
        }
    }
    Ok(())
}

/// What `{"value": ...}` sets, where it is sent.
fn single(sent: &Value, name: &str) -> Result<Option<Value>, Refusal> {
    match &sent[name] {
        Value::Null => Ok(None),
        Value::Object(wrapped) => Ok(wrapped.get("value").cloned()),
        _ => Err(Refusal::validation(name, "The value is not an object.")),
    }
}

fn remove(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = &mut *call.shared.state();
    let place = place(call, state)?;
    change(call, state, &place, |_, data| {
        let id = named(call, data)?["id"].clone();
        if let Some(versions) = data["versions"].as_array_mut() {
            versions.retain(|version| version["id"] != id);
        }
        Ok(())
    })?;
    Ok(message("Version deleted"))
}

/// A file that is put into this list of the version, or of its colorway, when it is processed.
fn entry(name: &str, id: Uuid) -> Value {
    json!({"id": id, "origin": file(id), "fileName": name})
}

fn working_file(call: &Call<'_>) -> Result<Answer, Refusal> {
    let name = uploads::file(call)?.name.clone();
    let id = json!(call.argument("version_id"));
    let place = {
        let state = &*call.shared.state();
        let place = place(call, state)?;
        version(&mut data(state, &place), &id)?;
        place
    };
    let put = move |data: &mut Value, file: Uuid| {
        if let Ok(version) = version(data, &id) {
            push(&mut version["workingFiles"], entry(&name, file));
        }
    };
    uploads::take(call, Target::Asset(place, Box::new(put)))
}

/// The colorway of a version.
fn colorway<'a>(data: &'a mut Value, id: &Value, colorway: &Value) -> Result<&'a mut Value, Refusal> {
    let found = changes::find(version(data, id)?["colorways"].as_array_mut(), "id", colorway);
    found.ok_or_else(|| Refusal::failure("Colorway not found"))
}

fn preview(call: &Call<'_>) -> Result<Answer, Refusal> {
    let name = uploads::file(call)?.name.clone();
    let (id, of) = (json!(call.argument("version_id")), json!(call.argument("colorway_id")));
    let place = {
        let state = &*call.shared.state();
        let place = place(call, state)?;
        colorway(&mut data(state, &place), &id, &of)?;
        place
    };
    let put = move |data: &mut Value, file: Uuid| {
        if let Ok(colorway) = colorway(data, &id, &of) {
            push(&mut colorway["previews"], entry(&name, file));
        }
    };
    uploads::take(call, Target::Page(place, Box::new(put)))
}

/// The archive itself is what the version shows. Without a version a new one is made when the file is processed.
fn turntable(call: &Call<'_>) -> Result<Answer, Refusal> {
    let name = uploads::file(call)?.name.clone();
    let id = call.guid("versionId")?.map(|id| json!(id));
    let replace = call.flag("replaceImages");
    let (place, made) = {
        let state = &mut *call.shared.state();
        let master = state.records.master(call.kind());
        let at = super::find(master, call.argument("header_id"))?;
        let folder = master.folders[master.record(at).folder].id;
        let app = apps::of(call.kind(), folder).find(|app| app.of_type.name == NAME);
        let app = app.ok_or_else(super::not_found)?.id.to_string();
        let place = Place::of(call, state, call.argument("header_id"), &app)?;
        let mut data = data(state, &place);
        match &id {
            Some(id) => {
                version(&mut data, id)?;
                (place, Value::Null)
            }
            None => (place, new(call, state, &data, &name)),
        }
    };
    let put = move |data: &mut Value, file: Uuid| {
        let id = id.unwrap_or_else(|| {
            let id = made["id"].clone();
            push(&mut data["versions"], made);
            id
        });
        if let Ok(version) = version(data, &id) {
            if replace {
                version["turntable"] = json!([]);
            }
            push(&mut version["turntable"], entry(&name, file));
        }
    };
    uploads::take(call, Target::Asset(place, Box::new(put)))
}
