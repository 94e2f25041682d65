//! Measurements by size class: points of measure, of which only code and name can be written.

use serde_json::{Value, json};

use super::{Place, Type, change, changes};
use crate::answers::{Answer, Refusal, message};
use crate::model::MasterKind;
use crate::service::Call;
use crate::service::apps::App;
use crate::service::route::{Route, post};

const STYLE: &[MasterKind] = &[MasterKind::Style];
const NAME: &str = "MultiMeasurements";

pub(super) const MEASUREMENTS: Type = Type::new(NAME, "Measurements", empty, |_| json!({})).only(STYLE);

pub(crate) const ROUTES: &[Route] = &[
    post("{Master}/{header_id}/PageMultiMeasurements/{app_id}", update).only(STYLE),
    post("{Master}/{header_id}/PageMultiMeasurements/{app_id}/Reset", reset).only(STYLE),
];

fn empty(_: &App) -> Value {
    json!({"measurementSystem": "Metric", "blockHeader": null, "sizeClasses": []})
}

/// A point of measure with an id that the size class does not have is added under it, one without gets an id.
fn update(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = Value::Object(call.object()?);
    let sent = changes::list(&body, "poms")?;
    let state = &mut *call.shared.state();
    let place = Place::of(call, state, call.argument("header_id"), call.argument("app_id"))?;
    let place = place.only(&[NAME])?;
    let master = state.records.master(place.kind);
    let header = master.record(master.at(place.header).ok_or_else(super::not_found)?);
    let class = body["sizeClass"].as_str().unwrap_or_default();
    let known = |one: &Value| one["id"].as_str().is_some_and(|id| id.eq_ignore_ascii_case(class));
    if !header.size_classes.as_array().is_some_and(|classes| classes.iter().any(known)) {
        return Err(Refusal::failure("Size class not found"));
    }
    change(call, state, &place, |state, data| {
        let classes = data["sizeClasses"].as_array_mut().ok_or_else(super::not_found)?;
        let at = classes.iter().position(|one| known(&one["sizeClass"])).unwrap_or_else(|| {
            classes.push(json!({"sizeClass": {"id": class}, "poms": [], "technicalSketches": []}));
            classes.len() - 1
        });
        let poms = classes[at]["poms"].as_array_mut().ok_or_else(super::not_found)?;
        for pom in &sent {
            let id = changes::id(pom, "id")?;
            let at = poms.iter().position(|one| id.is_some_and(|id| one["id"] == json!(id)));
            let at = at.unwrap_or_else(|| {
                poms.push(new(id.unwrap_or_else(|| state.new_id())));
                poms.len() - 1
            });
            for name in ["code", "pointOfMeasure"] {
                if let Some(value) = pom.get(name) {
                    poms[at][name] = value.clone();
                }
            }
        }
        Ok(())
    })?;
    Ok(message("Measurements updated"))
}

fn new(id: uuid::Uuid) -> Value {
    json!({
        "id": id, "isLinked": false, "blockRowId": null, "code": "", "pointOfMeasure": "", "tolMinus": null,
        "tolPlus": null, "initialSpec": null, "revised": null, "activeSpec": null, "gradeRules": [],
        "fields": [], "initialColumns": [],
    })
}

/// A page that was never written can be reset too, unlike those of other types.
fn reset(call: &Call<'_>) -> Result<Answer, Refusal> {
    call.object()?;
    let state = &mut *call.shared.state();
    let place = Place::of(call, state, call.argument("header_id"), call.argument("app_id"))?;
    let place = place.only(&[NAME])?;
    change(call, state, &place, |_, data| {
        *data = empty(&place.app);
        Ok(())
    })?;
    Ok(message("Measurements reset"))
}
