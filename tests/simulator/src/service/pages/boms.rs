//! Bills of materials, and applications with details of their materials. The list over many styles (`service::boms`) has rows
//! of its own.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Place, Type, change, changes, data};
use crate::answers::{Answer, Refusal, message};
use crate::model::MasterKind;
use crate::service::Call;
use crate::service::apps::{App, id_of};
use crate::service::route::{Route, delete, post};
use crate::state::State;

const STYLE: &[MasterKind] = &[MasterKind::Style];
const NAME: &str = "BOM";
const TITLE: &str = "Product BOM";
const OF_DETAILS: &str = "BOMDetails";

pub(super) const BOM: Type = Type::new(NAME, TITLE, empty, |_| json!({"grid": []}));

pub(super) const DETAILS: Type =
    Type::new(OF_DETAILS, "Material Details", |_| json!([]), |_| json!({})).only(STYLE);

pub(crate) const ROUTES: &[Route] = &[
    post("{Master}/PageCBOM", update).only(STYLE),
    delete("{Master}/PageCBOMItemDelete", delete_row).only(STYLE),
    post("{Master}/{header_id}/CBOM/{app_id}/Reset", reset).only(STYLE),
    post("{Master}/{header_id}/PageBOMDetails/{app_id}", update_details).only(STYLE),
];

/// Columns that show a field of the material.
pub(super) const OF_MATERIAL: &[&str] = &["header_number", "header_name", "material_content"];

/// Columns that are written in a row of a material too.
const COLUMNS: &[&str] = &["group", "qty", "uom", "price", "Size", "share"];

fn empty(app: &App) -> Value {
    json!({"applicationName": app.of_type.title, "data": null, "costing": null})
}

/// A material, with its number and name.
pub(super) fn material(state: &State, id: &Value) -> Result<(Uuid, String, String), Refusal> {
    let master = state.records.master(MasterKind::Material);
    let at = id.as_str().and_then(|id| master.find(id));
    let header = master.record(at.ok_or_else(|| Refusal::failure("Material not found"))?);
    let text = |field| header.text(&master.folders[header.folder], field).to_owned();
    Ok((header.id, text("header_number"), text("header_name")))
}

pub(super) fn no_row() -> Refusal {
    Refusal::failure("Row not found")
}

pub(super) fn not_editable(column: &str) -> Refusal {
    Refusal::failure(format!("Field [{column}] is not editable on a material-linked row."))
}

/// The style's colorway of this id.
pub(super) fn colorway(state: &State, place: &Place, id: &Value) -> Result<Uuid, Refusal> {
    let id = id.as_str().and_then(|id| Uuid::parse_str(id).ok());
    let master = state.records.master(place.kind);
    let header = master.record(master.at(place.header).ok_or_else(super::not_found)?);
    let known = header.colorways.iter().map(|one| one.id).find(|known| Some(*known) == id);
    known.ok_or_else(|| Refusal::failure("Colorway not found"))
}

/// Elements are carried out one after the other. An element without a material and without a row does nothing.
fn update(call: &Call<'_>) -> Result<Answer, Refusal> {
    let sent = changes::elements(call)?;
    let state = &mut *call.shared.state();
    let place = Place::of_query(call, state)?.only(&[NAME])?;
    change(call, state, &place, |state, data| {
        sent.iter().try_for_each(|sent| one(state, &place, &mut data["data"], sent))
    })?;
    Ok(message("BOM updated"))
}

fn one(state: &mut State, place: &Place, rows: &mut Value, sent: &Value) -> Result<(), Refusal> {
    if rows.is_null() {
        *rows = json!([]);
    }
    let rows = rows.as_array_mut().ok_or_else(super::not_found)?;
    if !sent["materialIdToInsert"].is_null() {
        let (id, number, name) = material(state, &sent["materialIdToInsert"])?;
        rows.push(row(state.new_id(), Some(id), &number, &name));
    }
    let wanted = &sent["materialUpdate"];
    if wanted.is_null() {
        return Ok(());
    }
    let id = changes::id(wanted, "rowId")?;
    let at = match id {
        None => {
            rows.push(row(state.new_id(), None, "", ""));
            rows.len() - 1
        }
        Some(id) => rows.iter().position(|row| row["rowId"] == json!(id)).ok_or_else(no_row)?,
    };
    if wanted["deleteRow"] == true {
        rows.remove(at);
        return Ok(());
    }
    let row = &mut rows[at];
    for field in changes::list_of_fields(&wanted["rowFields"])? {
        let column = field["id"].as_str().unwrap_or_default();
        if OF_MATERIAL.contains(&column) && !row["materialId"].is_null() {
            return Err(not_editable(column));
        }
        if OF_MATERIAL.contains(&column) || COLUMNS.contains(&column) {
            row[column] = text(&field["value"]);
        }
    }
    for color in changes::list(sent, "colorUpdate")? {
        let colorway = colorway(state, place, &color["colorwayId"])?;
        let hex = color["hex"].as_str().unwrap_or_default().to_uppercase();
        row[colorway.to_string()] = json!({
            "hex": hex, "number": color["colorNumber"], "name": color["colorName"], "colorID": color["colorId"],
            "materialColorwayId": null, "colorwayId": colorway, "image": null, "color_reference": null,
        });
    }
    Ok(())
}

/// Values of a bill of materials are texts.
fn text(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.to_string()),
        Value::Bool(flag) => json!(if *flag { "True" } else { "False" }),
        Value::Array(_) | Value::Object(_) => json!(value.to_string()),
        other => other.clone(),
    }
}

fn row(id: Uuid, material: Option<Uuid>, number: &str, name: &str) -> Value {
    json!({
        "rowId": id, "materialId": material, "header_number": number, "header_name": name, "group": null,
        "track": null, "Vendor": null, "Size": null, "qty": null, "uom": null, "Currency": "USD", "price": null,
        "total": null, "MainImageURL": null, "FolderTypeName": null, "share": null, "isAdHOC": material.is_none(),
        "material_content": null,
    })
}

fn delete_row(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = &mut *call.shared.state();
    let place = Place::of_query(call, state)?.only(&[NAME])?;
    let id = call.guid("rowId")?;
    change(call, state, &place, |_, data| {
        let rows = data["data"].as_array_mut().ok_or_else(no_row)?;
        let at = rows.iter().position(|row| id.is_some_and(|id| row["rowId"] == json!(id)));
        rows.remove(at.ok_or_else(no_row)?);
        Ok(())
    })?;
    Ok(message("Row deleted"))
}

/// Whether it was written before or not, there is a list without rows afterwards.
fn reset(call: &Call<'_>) -> Result<Answer, Refusal> {
    call.object()?;
    let state = &mut *call.shared.state();
    let place = Place::of(call, state, call.argument("header_id"), call.argument("app_id"))?.only(&[NAME])?;
    change(call, state, &place, |_, data| {
        data["data"] = json!([]);
        Ok(())
    })?;
    Ok(message("BOM reset"))
}

/// Materials of the style's bill of materials. They are added and taken out one after the other.
fn update_details(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = Value::Object(call.object()?);
    let sent = changes::list(&body, "materials")?;
    let state = &mut *call.shared.state();
    let place =
        Place::of(call, state, call.argument("header_id"), call.argument("app_id"))?.only(&[OF_DETAILS])?;
    let master = state.records.master(place.kind);
    let header = master.record(master.at(place.header).ok_or_else(super::not_found)?);
    let bom = id_of(master.folders[header.folder].id, TITLE).to_string();
    let bom = Place::of(call, state, &place.header.to_string(), &bom)?;
    let used = data(state, &bom)["data"].clone();
    change(call, state, &place, |_, data| {
        let listed = data.as_array_mut().ok_or_else(super::not_found)?;
        for material in &sent {
            let id = changes::id(material, "id")?.map(|id| json!(id)).unwrap_or_default();
            if !used.as_array().is_some_and(|rows| rows.iter().any(|row| row["materialId"] == id)) {
                return Err(Refusal::failure("Material is not in the BOM"));
            }
            listed.retain(|one| one["id"] != id);
            if material["deleteMaterial"] != true {
                listed.push(json!({"id": id}));
            }
        }
        Ok(())
    })?;
    Ok(message("BOM details updated"))
}
