//! Variations of bills of materials: several for a style where an application has them switched on, and one where it has not.

use serde_json::{Value, json};
use uuid::Uuid;

use super::boms::{OF_MATERIAL, colorway, material, no_row, not_editable};
use super::{Place, Type, change, changes, data, shown, store};
use crate::answers::{Answer, Refusal, message, ok};
use crate::calendar::stamp;
use crate::model::MasterKind;
use crate::people::person;
use crate::service::apps::App;
use crate::service::route::{Route, delete, get, post};
use crate::service::{Call, losses};
use crate::state::State;

const STYLE: &[MasterKind] = &[MasterKind::Style];
const NAME: &str = "BOMVariations";
const ENABLED: &str = "BOM Variations";

/// Variations that a style may have in an application.
const MOST: usize = 3;

/// Its data is a list of variations, with their rows.
const fn of_title(title: &'static str) -> Type {
    Type { read, ..Type::new(NAME, title, |_| json!([]), schema).only(STYLE) }
}

pub(super) const SEVERAL: Type = of_title(ENABLED);

/// Variations are switched off.
pub(super) const ONE: Type = of_title("Plain BOM");

pub(crate) const ROUTES: &[Route] = &[
    post("{Master}/{header_id}/PageBomVariation/{app_id}/CreateVariation", create).only(STYLE),
    get("{Master}/{header_id}/PageBomVariation/{app_id}/Variation/{variation_id}", one).only(STYLE),
    delete("{Master}/{header_id}/PageBomVariation/{app_id}/Variation/{variation_id}", remove).only(STYLE),
    post("{Master}/{header_id}/PageBomVariation/{app_id}/Variation/{variation_id}/Update", update)
        .only(STYLE),
    post("{Master}/{header_id}/PageBomVariation/{app_id}/Variation/{variation_id}/Reset", reset).only(STYLE),
];

/// Id, name and type of the columns.
const COLUMNS: &[(&str, &str, &str)] = &[
    ("qty", "Qty", "Decimal"),
    ("price", "Price", "Currency"),
    ("total", "Total", "FormulaField"),
    ("group", "Group", "DropDown"),
    ("material_content", "Content", "CompositeControl"),
];

fn is_on(app: &App) -> bool {
    app.of_type.title == ENABLED
}

fn schema(app: &App) -> Value {
    let field = |(id, name, kind): &(&str, &str, &str)| {
        let properties = json!({});
        json!({"fieldId": id, "fieldName": name, "fieldType": kind, "required": false, "properties": properties})
    };
    let of_variation = [
        ("VariationName", "Variation Name", "Text"),
        ("IsDefault", "Default", "Radio"),
        ("remarks", "Remarks", "Text"),
    ];
    let metadata: Vec<_> = of_variation.iter().filter(|_| is_on(app)).map(field).collect();
    let grid: Vec<_> = COLUMNS.iter().map(field).collect();
    json!({"enableBomVariations": is_on(app), "metadata": metadata, "grid": grid})
}

/// Variations without their rows; where they are switched off the one with its rows, which the first read makes.
fn read(call: &Call<'_>, state: &mut State, place: &Place) -> Result<Answer, Refusal> {
    if !is_on(&place.app) && data(state, place) == json!([]) {
        let (variation, unseen) = (new(call, state, "Default", true), call.unseen(state));
        store(state, place, json!([variation]), call.user, unseen);
    }
    let mut page = shown(call, state, place);
    let list = page["data"].take();
    page["data"] = if is_on(&place.app) {
        list.as_array().into_iter().flatten().map(|variation| variation["metadata"].clone()).collect()
    } else {
        let mut variation = list[0].clone();
        if let Value::Object(members) = &mut variation {
            members.remove("metadata");
        }
        variation
    };
    Ok(ok(&page))
}

fn new(call: &Call<'_>, state: &mut State, name: &str, is_default: bool) -> Value {
    let (id, at) = (state.new_id(), stamp(state.write_time()));
    json!({
        "id": id,
        "metadata": {
            "id": id, "variationName": name, "isDefault": is_default, "order": 1, "syncColorways": false,
            "selectedVariationColorways": [], "sizeClasses": [], "partners": [],
            "fields": [{"id": "remarks", "name": "Remarks", "value": null, "type": "Text", "required": false}],
        },
        "createdBy": person(call.user), "createdAt": at, "modifiedBy": person(call.user), "modifiedAt": at,
        "rows": [],
    })
}

fn named(call: &Call<'_>, state: &State) -> Result<Place, Refusal> {
    Place::of(call, state, call.argument("header_id"), call.argument("app_id"))?.only(&[NAME])
}

/// The place of the variation that the path names.
fn position(call: &Call<'_>, list: &Value) -> Result<usize, Refusal> {
    let id = Uuid::parse_str(call.argument("variation_id")).ok();
    let all = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let at = all.iter().position(|one| id.is_some_and(|id| one["id"] == json!(id)));
    at.ok_or_else(|| Refusal::failure("Variation not found"))
}

fn one(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = call.shared.state();
    let list = data(&state, &named(call, &state)?);
    Ok(ok(&list[position(call, &list)?]))
}

/// A variation is made as a whole or not at all. The first one becomes the default.
fn create(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = Value::Object(call.object()?);
    let state = &mut *call.shared.state();
    let place = named(call, state)?;
    if !is_on(&place.app) {
        return Err(Refusal::failure("BOM variations are not enabled"));
    }
    let made = change(call, state, &place, |state, data| {
        let count = data.as_array().map_or(0, Vec::len);
        if count >= MOST {
            return Err(Refusal::failure(format!("At most {MOST} BOM variations are allowed.")));
        }
        let mut variation = new(call, state, "", count == 0);
        variation["metadata"]["order"] = json!(count + 1);
        let before = data.clone();
        if let Value::Array(list) = data {
            list.push(variation);
        }
        let written = write(state, &place, data, count, &body);
        if written.is_err() {
            *data = before;
        }
        written.map(|()| data[count].clone())
    })?;
    Ok(ok(&made))
}

/// What is named is written, one thing after the other.
fn update(call: &Call<'_>) -> Result<Answer, Refusal> {
    let mut body = Value::Object(call.object()?);
    if let Some(Value::Array(rows)) = body.get_mut("rows") {
        losses::strip(call, rows);
    }
    let state = &mut *call.shared.state();
    let place = named(call, state)?;
    let changed = change(call, state, &place, |state, data| {
        let at = position(call, data)?;
        write(state, &place, data, at, &body)?;
        data[at]["modifiedBy"] = person(call.user);
        data[at]["modifiedAt"] = json!(stamp(state.write_time()));
        Ok(data[at].clone())
    })?;
    Ok(ok(&changed))
}

fn write(state: &mut State, place: &Place, data: &mut Value, at: usize, body: &Value) -> Result<(), Refusal> {
    match body["isDefault"].as_bool() {
        Some(false)
            if data[at]["metadata"]["isDefault"] == true
                && data.as_array().is_some_and(|all| all.len() > 1) =>
        {
            return Err(Refusal::failure("The default variation stays the default."));
        }
        Some(true) => {
            for (index, one) in data.as_array_mut().into_iter().flatten().enumerate() {
                one["metadata"]["isDefault"] = json!(index == at);
            }
        }
        _ => {}
    }
    let metadata = &mut data[at]["metadata"];
    for field in changes::list_of_fields(&body["metadataFields"])? {
        if field["id"] == "VariationName" {
            metadata["variationName"] = field["value"].clone();
        }
    }
    changes::write_fields(&mut metadata["fields"], &body["metadataFields"])?;
    for name in ["variationName", "syncColorways"] {
        if !body[name].is_null() {
            metadata[name] = body[name].clone();
        }
    }
    select_colorways(state, place, &mut metadata["selectedVariationColorways"], body)?;
    for sent in changes::list(body, "rows")? {
        write_row(state, place, &mut data[at]["rows"], &sent)?;
    }
    Ok(())
}

/// The list replaces, the update adds and takes out.
fn select_colorways(state: &State, place: &Place, selected: &mut Value, body: &Value) -> Result<(), Refusal> {
    let ids = |sent: &Value, name: &str| -> Result<Vec<Value>, Refusal> {
        let ids = changes::list(sent, name)?;
        ids.iter().map(|id| colorway(state, place, id).map(|id| json!(id))).collect()
    };
    if !body["selectedVariationColorways"].is_null() {
        *selected = ids(body, "selectedVariationColorways")?.into();
    }
    let (add, gone) = {
        let update = &body["selectedVariationColorwaysUpdate"];
        (ids(update, "add")?, ids(update, "remove")?)
    };
    if let Value::Array(list) = selected {
        list.retain(|id| !add.contains(id) && !gone.contains(id));
        list.extend(add);
    }
    Ok(())
}

/// Values under `fields`, as answers have them, are not read.
fn write_row(state: &mut State, place: &Place, rows: &mut Value, sent: &Value) -> Result<(), Refusal> {
    let rows = rows.as_array_mut().ok_or_else(no_row)?;
    let at = match changes::id(sent, "rowId")? {
        None => {
            rows.push(new_row(state, rows.len(), sent)?);
            rows.len() - 1
        }
        Some(id) => rows.iter().position(|row| row["rowId"] == json!(id)).ok_or_else(no_row)?,
    };
    if sent["deleteRow"] == true {
        rows.remove(at);
        return Ok(());
    }
    let row = &mut rows[at];
    for field in changes::list_of_fields(&sent["rowFields"])? {
        let column = field["id"].as_str().unwrap_or_default();
        if COLUMNS.iter().any(|(id, _, kind)| *id == column && *kind == "FormulaField") {
            return Err(Refusal::failure(format!("Field [{column}] is read-only.")));
        }
        if OF_MATERIAL.contains(&column) && !row["materialId"].is_null() {
            return Err(not_editable(column));
        }
    }
    changes::write_fields(&mut row["fields"], &sent["rowFields"])?;
    let value = |id: &str| {
        let fields = row["fields"].as_array();
        fields
            .and_then(|all| all.iter().find(|field| field["id"] == id)?["value"].as_f64())
            .unwrap_or_default()
    };
    let total = value("qty") * value("price");
    changes::write_fields(&mut row["fields"], &json!([{"id": "total", "value": total}]))?;
    for color in changes::list(sent, "colorUpdate")? {
        let id = json!(colorway(state, place, &color["colorwayId"])?);
        let colors = row["colors"].as_array_mut().ok_or_else(no_row)?;
        colors.retain(|one| one["colorwayId"] != id);
        if color["removeColor"] != true {
            colors.push(json!({
                "colorwayId": id, "hex": color["hex"], "number": color["number"], "name": color["name"], "image": null,
                "materialColorwayId": color["materialColorwayId"], "colorReference": null, "colorSourceId": null,
            }));
        }
    }
    Ok(())
}

fn new_row(state: &mut State, sort: usize, sent: &Value) -> Result<Value, Refusal> {
    let (id, number, name) = match &sent["materialId"] {
        Value::Null => (Value::Null, String::new(), String::new()),
        wanted => material(state, wanted).map(|(id, number, name)| (json!(id), number, name))?,
    };
    let fields = COLUMNS.iter().map(
        |(id, name, kind)| json!({"id": id, "name": name, "value": null, "type": kind, "required": false}),
    );
    Ok(json!({
        "rowId": state.new_id(), "materialId": id, "isAdHoc": id.is_null(), "materialNumber": number,
        "materialName": name, "folderType": null, "folderTypeName": null, "version": 1, "image": null, "sort": sort,
        "parentRowId": null, "parentId": null, "subAssemblyRowId": null, "group": null,
        "fields": fields.collect::<Vec<_>>(), "colors": [],
    }))
}

fn reset(call: &Call<'_>) -> Result<Answer, Refusal> {
    call.object()?;
    let state = &mut *call.shared.state();
    let place = named(call, state)?;
    let changed = change(call, state, &place, |_, data| {
        let at = position(call, data)?;
        data[at]["rows"] = json!([]);
        Ok(data[at].clone())
    })?;
    Ok(ok(&changed))
}

/// What cannot be deleted is answered with success, and a message that says otherwise.
fn remove(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = &mut *call.shared.state();
    let place = named(call, state)?;
    let list = data(state, &place);
    if list[position(call, &list)?]["metadata"]["isDefault"] == true {
        return Ok(ok(&json!({"error": true, "message": "The default variation cannot be deleted"})));
    }
    change(call, state, &place, |_, data| {
        let at = position(call, data)?;
        if let Value::Array(list) = data {
            list.remove(at);
        }
        Ok(())
    })?;
    Ok(message("Variation deleted"))
}
