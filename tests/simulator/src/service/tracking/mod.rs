//! Tracking: folders, plans, and the rows of a plan with their milestones. The company has a plan with a row for each
//! record of the first folder, one without rows, and one that is archived.

mod adding;
mod changes;
mod plans;
mod rows;

use serde_json::{Value, json};

use crate::answers::{Answer, Refusal, ok};
use crate::filters::{self, Filter};
use crate::model::MasterKind;

use super::Call;
use super::route::{Route, SEWN, get, post};
use rows::{Listed, Row};

pub(crate) use plans::{Tracking, plan};

const STYLE: &[MasterKind] = &[MasterKind::Style];

pub(crate) const ROUTES: &[Route] = &[
    get("Tracking/Folders", folders),
    post("Tracking/Plans", list),
    post("Tracking/Plan/{id}", read),
    get("Tracking/Plan/{id}/{Master}/Progress", progress).only(SEWN),
    post("Tracking/Plan/{id}/{Master}/Timeline", timeline).only(SEWN),
    post("Tracking/Plan/{id}/{Master}/View/{view_id}", view).only(SEWN),
    post("Tracking/Plan/{id}/{Master}/Revisions", revisions).only(SEWN),
    post("Tracking/Plan/{id}/{Master}/Timelines/Edit", changes::edit).only(SEWN),
    post("Tracking/Plan/{id}/{Master}/Timelines/Delete", changes::delete).only(SEWN),
    post("Tracking/Plan/{id}/{Master}/Timelines/Archive", changes::archive).only(STYLE),
    post("Tracking/Plan/{id}/{Master}/Add", adding::by_header).only(SEWN),
    post("Tracking/Plan/{id}/StyleByColorway/Add", |call| adding::by_colorway(call, MasterKind::Style)),
    post("Tracking/Plan/{id}/MaterialByColorway/Add", |call| adding::by_colorway(call, MasterKind::Material)),
    post("Tracking/Plan/{id}/StyleBySKU/Add", adding::by_sku),
];

/// Elements that one write may carry.
const WRITE_LIMIT: usize = 100;

fn folders(call: &Call<'_>) -> Result<Answer, Refusal> {
    Ok(ok(&call.shared.state().tracking.folders()))
}

/// Filters on plans are read and dropped, like those on unknown fields. The official Python client sends the text `None` for no
/// folder.
fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    filters::read(call.object()?.get("filters"))?;
    let folder = match call.parameter("folderId") {
        Some("None") => None,
        _ => call.guid("folderId")?,
    };
    let page = call.page()?;
    let state = call.shared.state();
    let plans = state.tracking.plans(folder)?;
    Ok(ok(&page.cut(plans).map(plans::Plan::answer)))
}

fn read(call: &Call<'_>) -> Result<Answer, Refusal> {
    call.object()?;
    Ok(ok(&call.shared.state().tracking.find(call.argument("id"))?.answer()))
}

/// Status words that are counted; the others are in the total alone.
const COUNTED: [(&str, &str); 7] = [
    ("not_started", "Not Started"),
    ("in_progress", "In Progress"),
    ("waiting_on", "Waiting On"),
    ("rejected", "Rejected"),
    ("approved", "Approved"),
    ("approved_with_corrections", "Approved with corrections"),
    ("na", "NA"),
];

/// Counts the milestones of rows that are not archived.
fn progress(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = call.shared.state();
    let plan = state.tracking.find(call.argument("id"))?;
    let mut counts = [0_u64; COUNTED.len()];
    let mut total = 0;
    for listed in plan.rows(call.kind()).list(plan.id, state.records.master(call.kind())) {
        let row = listed.row(plan.id);
        for entry in row.entries.iter().filter(|_| !row.is_archived) {
            let status = entry.status.as_deref().unwrap_or_default();
            total += 1;
            if let Some(at) = COUNTED.iter().position(|(_, word)| word.eq_ignore_ascii_case(status)) {
                counts[at] += 1;
            }
        }
    }
    let counts = COUNTED.iter().zip(counts).map(|((key, _), count)| (*key, count));
    let mut answer: Value = counts.collect();
    answer["late"] = json!(0);
    answer["total"] = json!(total);
    Ok(ok(&answer))
}

fn timeline(call: &Call<'_>) -> Result<Answer, Refusal> {
    answer_rows(call, &[])
}

fn view(call: &Call<'_>) -> Result<Answer, Refusal> {
    let fields = {
        let state = call.shared.state();
        let plan = state.tracking.find(call.argument("id"))?;
        plan.view_of(call.argument("view_id"))?.fields(call.kind())
    };
    answer_rows(call, fields)
}

/// The filters of the body. Those on other fields than the time of a change are dropped.
fn filters_of(call: &Call<'_>) -> Result<Vec<Filter>, Refusal> {
    filters::read(call.json()?.get("filters"))
}

/// A page of rows, with the values of these fields beside each.
fn answer_rows(call: &Call<'_>, fields: &[&str]) -> Result<Answer, Refusal> {
    let filters = filters_of(call)?;
    let page = call.page()?;
    let state = call.shared.state();
    let plan = state.tracking.find(call.argument("id"))?;
    let master = state.records.master(call.kind());
    let rows = plan.rows(call.kind()).list(plan.id, master);
    let matching = rows.filter(|listed| filters::timeline_matches(&filters, listed.modified_at()));
    let answer = |row: &Row| {
        let header = master.at(row.header).map(|at| master.record(at))?;
        Some(row.answer(&master.folders[header.folder], &header, fields))
    };
    Ok(ok(&page.cut(matching).map(|listed: Listed<'_>| answer(&listed.row(plan.id)))))
}

/// Oldest first.
fn revisions(call: &Call<'_>) -> Result<Answer, Refusal> {
    let filters = filters_of(call)?;
    let page = call.page()?;
    let state = call.shared.state();
    let plan = state.tracking.find(call.argument("id"))?;
    let revisions = plan.rows(call.kind()).revisions.iter();
    let matching = revisions.filter(|revision| filters::timeline_matches(&filters, revision.at));
    Ok(ok(&page.cut(matching).map(rows::Revision::answer)))
}

/// A body that is an array of at most so many elements as a write may carry.
fn elements(call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    match call.json()? {
        Value::Array(elements) => within_limit(elements),
        _ => Err(Refusal::validation("$", "The body is not an array.")),
    }
}

fn within_limit<T>(elements: Vec<T>) -> Result<Vec<T>, Refusal> {
    match elements.len() {
        0..=WRITE_LIMIT => Ok(elements),
        count => Err(Refusal::failure(format!(
            "{count} rows were sent, at most {WRITE_LIMIT} are allowed in one request."
        ))),
    }
}
