//! Reports: a list with a total that is a GET, and the rows of one. What rows hold is not known: here they are styles.

use serde_json::{Value, json};
use uuid::Uuid;

use super::Call;
use super::route::{Route, get, post};
use crate::answers::{Answer, Refusal, ok};
use crate::filters;
use crate::model::MasterKind;
use crate::state::State;

pub(crate) const ROUTES: &[Route] =
    &[get("Report/List", list), post("Report/Data/{report_id}", rows), post("Report/Data", by_definition)];

/// Name, description, and whether it has rows.
const REPORTS: [(&str, &str, bool); 3] = [
    ("Open Styles", "", true),
    ("Fall 2026 Styles", "all folders", true),
    ("Late Samples", "none is late", false),
];

fn id(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::nil(), format!("report {name}").as_bytes())
}

fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let page = call.page()?;
    let all = REPORTS
        .iter()
        .map(|(name, description, _)| json!({"id": id(name), "name": name, "description": description}));
    Ok(ok(&page.cut(all)))
}

/// Whether the report of this id has rows.
fn has_rows(wanted: &str) -> Result<bool, Refusal> {
    let wanted = Uuid::parse_str(wanted).ok();
    let found = REPORTS.iter().find(|(name, ..)| Some(id(name)) == wanted);
    found.map(|(.., has_rows)| *has_rows).ok_or_else(|| Refusal::text("Report not found"))
}

fn all(state: &State) -> Vec<Value> {
    let styles = state.records.master(MasterKind::Style);
    let row = |at: usize| {
        let header = styles.record(at);
        let folder = &styles.folders[header.folder];
        let text = |field: &str| header.text(folder, field).to_owned();
        json!({"styleNumber": text("header_number"), "styleName": text("header_name"), "folder": folder.name})
    };
    (0..styles.len()).filter(|at| !styles.record(*at).deleted).map(row).collect()
}

/// Filters are read and not used. A report without rows has null in their place.
fn rows(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    filters::read(body.get("filters"))?;
    let page = call.page()?;
    if !has_rows(call.argument("report_id"))? {
        return Ok(ok(&json!({"result": null})));
    }
    Ok(ok(&page.cut(all(&call.shared.state()).into_iter())))
}

/// A definition is one with the id of a report, whose rows come all at once.
fn by_definition(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let id = body.get("id").and_then(Value::as_str).unwrap_or_default();
    let rows = if has_rows(id)? { all(&call.shared.state()) } else { Vec::new() };
    Ok(ok(&json!({"total": rows.len(), "result": rows})))
}
