//! Requests of plans: applications whose pages belong to rows of plans. Any id is taken for that of a row.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Place, Type, change, forms, not_found, rows, shown};
use crate::answers::{Answer, Refusal, message, ok};
use crate::model::MasterKind;
use crate::service::Call;
use crate::service::apps::{self, App};
use crate::service::route::{Route, SEWN, get, post};
use crate::state::State;

pub(crate) const ROUTES: &[Route] = &[
    get("{Master}/RequestPages", list).only(SEWN),
    get("{Master}/RequestPage", read).only(SEWN),
    post("{Master}/RequestPageForm", write).only(SEWN),
    get("Request/PageSchema", schema),
    post("{Master}/{header_id}/PageSampleRequestMulti/{app_id}/AddSubmit", add_submit)
        .only(&[MasterKind::Style]),
];

pub(super) const SAMPLE_REQUEST: Type =
    Type::new("SampleRequestMulti", "Proto Sample", no_samples, |_| json!({})).of_requests();

/// Samples that no plan asks for.
pub(super) const SAMPLE: Type =
    Type::new("SampleRequestMulti", "Fit Sample", no_samples, |_| json!({})).only(SEWN);

pub(super) const FORM_REQUEST: Type =
    Type::new("Form", "Lab Dip Request", |_| forms::unwritten(), |_| json!({"form": forms::schema()}))
        .only(SEWN)
        .of_requests();

fn no_samples(_: &App) -> Value {
    json!({"measurementSystem": "Imperial", "poms": [], "submits": []})
}

fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let apps = apps::of_record(call)?.into_iter().filter(|app| app.of_type.holds_requests);
    Ok(ok(&apps.map(|app| app.answer()).collect::<Vec<_>>()))
}

/// The page that the query names, in an application with requests.
fn place(call: &Call<'_>, state: &State) -> Result<Place, Refusal> {
    let place = Place::of_query(call, state)?;
    if !place.app.of_type.holds_requests {
        return Err(not_found());
    }
    Ok(Place { timeline: call.guid("timelineId")?, ..place })
}

/// An array in either case. Without a row: the pages that something has written.
fn read(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = call.shared.state();
    let place = place(call, &state)?;
    let mut timelines: Vec<Uuid> = match place.timeline {
        Some(timeline) => vec![timeline],
        None => {
            let of_app = |(header, app, _): &&super::Key| (*header, *app) == (place.header, place.app.id);
            state.pages.keys().filter(of_app).filter_map(|(_, _, timeline)| *timeline).collect()
        }
    };
    timelines.sort();
    let pages = timelines
        .into_iter()
        .map(|timeline| shown(call, &state, &Place { timeline: Some(timeline), ..place.clone() }));
    Ok(ok(&pages.collect::<Vec<_>>()))
}

fn write(call: &Call<'_>) -> Result<Answer, Refusal> {
    let sent = rows::sent(call)?;
    let state = &mut *call.shared.state();
    let place = place(call, state)?.only(&["Form"])?;
    if place.timeline.is_none() {
        return Err(Refusal::validation("timelineId", "The timelineId field is required."));
    }
    change(call, state, &place, |_, data| {
        forms::write_to(data, sent);
        Ok(())
    })?;
    Ok(message("Page updated"))
}

/// An application that holds no requests has no such schema.
fn schema(call: &Call<'_>) -> Result<Answer, Refusal> {
    let app = call.guid("pageId")?.and_then(|id| apps::any(call, id));
    let app = app.filter(|app| app.of_type.holds_requests).ok_or_else(not_found)?;
    Ok(ok(&(app.of_type.schema)(&app)))
}

fn add_submit(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let required = |name: &str| Refusal::validation(name, "The field is required.");
    let name = body.get("submitName").and_then(Value::as_str).ok_or_else(|| required("submitName"))?;
    let sizes = body.get("sizes").and_then(Value::as_array).ok_or_else(|| required("sizes"))?;
    let sizes = sizes.iter().map(|size| {
        json!({"size": size["sizeName"], "sizeClass": size["sizeClass"], "submitStatus": "Not Started",
               "submitStatusDate": null, "dueDate": null, "receivedDate": null, "fitDate": null})
    });
    let sizes: Vec<Value> = sizes.collect();
    let state = &mut *call.shared.state();
    let place = Place::of(call, state, call.argument("header_id"), call.argument("app_id"))?;
    let place = Place { timeline: call.guid("timelineId")?, ..place.only(&["SampleRequestMulti"])? };
    change(call, state, &place, |state, data| {
        let submit = json!({"id": state.new_id(), "name": name, "sizes": sizes});
        data["submits"].as_array_mut().into_iter().for_each(|submits| submits.push(submit.clone()));
        Ok(())
    })?;
    Ok(message("Submit added"))
}
