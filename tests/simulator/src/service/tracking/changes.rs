//! Rows that are edited, deleted and archived. Each row is written on its own: what comes before one that is refused
//! stays done.

use serde_json::Value;
use uuid::Uuid;

use crate::answers::{Answer, Refusal, message};
use crate::calendar::{parse, whole_seconds};
use crate::model::Header;
use crate::people::{partner_by_id, person, user_by_id};
use crate::state::State;

use super::rows::{Entry, Revision, Row};
use super::{Call, elements, within_limit};

pub(super) fn edit(call: &Call<'_>) -> Result<Answer, Refusal> {
    let sent = elements(call)?;
    let state = &mut *call.shared.state();
    state.tracking.find_open(call.argument("id"))?;
    for change in &sent {
        write(call, state, required_id(change)?, "edited", |row, header| apply(row, header, change))?;
    }
    Ok(message("Timelines updated"))
}

pub(super) fn archive(call: &Call<'_>) -> Result<Answer, Refusal> {
    let ids = within_limit(call.texts()?)?;
    let state = &mut *call.shared.state();
    state.tracking.find_open(call.argument("id"))?;
    for id in &ids {
        write(call, state, row_id(id)?, "archived", |row, _| {
            row.is_archived = true;
            Ok(())
        })?;
    }
    Ok(message("Timelines archived"))
}

pub(super) fn delete(call: &Call<'_>) -> Result<Answer, Refusal> {
    let ids = call.object()?.get("timelineIds").cloned().unwrap_or_default();
    let ids: Vec<String> = serde_json::from_value(ids)
        .map_err(|_| Refusal::validation("timelineIds", "The value is not an array of texts."))?;
    let ids = within_limit(ids)?;
    let state = &mut *call.shared.state();
    state.tracking.find_open(call.argument("id"))?;
    for id in &ids {
        let id = row_id(id)?;
        let revision = revision(call, state, format!("Timeline {id} deleted"));
        let State { records, tracking, .. } = &mut *state;
        let plan = tracking.find_open(call.argument("id"))?;
        let (plan, rows) = (plan.id, plan.rows_mut(call.kind()));
        if !rows.delete(plan, records.master(call.kind()), id) {
            return Err(unknown_row());
        }
        rows.revisions.push(revision);
    }
    Ok(message("Timelines deleted"))
}

fn unknown_row() -> Refusal {
    Refusal::failure("Timeline not found")
}

fn row_id(text: &str) -> Result<Uuid, Refusal> {
    Uuid::parse_str(text).map_err(|_| unknown_row())
}

fn required_id(sent: &Value) -> Result<Uuid, Refusal> {
    let id = sent.get("id").and_then(Value::as_str);
    row_id(id.ok_or_else(|| Refusal::validation("id", "The id field is required."))?)
}

fn revision(call: &Call<'_>, state: &mut State, text: String) -> Revision {
    Revision { id: state.new_id(), by: call.user, at: state.write_time(), text }
}

/// Changes one row of an open plan, or leaves it as it was.
fn write(
    call: &Call<'_>,
    state: &mut State,
    id: Uuid,
    what: &str,
    with: impl FnOnce(&mut Row, &Header) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let revision = revision(call, state, format!("Timeline {id} {what}"));
    let State { records, tracking, .. } = state;
    let master = records.master(call.kind());
    let plan = tracking.find_open(call.argument("id"))?;
    let (plan, rows) = (plan.id, plan.rows_mut(call.kind()));
    let row = rows.find(plan, master, id).ok_or_else(unknown_row)?;
    let header = master.at(row.header).map(|at| master.record(at)).ok_or_else(unknown_row)?;
    let mut changed = row.clone();
    with(&mut changed, &header)?;
    changed.modified_at = revision.at;
    changed.modified_by = person(call.user);
    *row = changed;
    rows.revisions.push(revision);
    Ok(())
}

fn apply(row: &mut Row, header: &Header, sent: &Value) -> Result<(), Refusal> {
    if let Some(value) = single(sent, "colorwayId")? {
        row.colorway = match value {
            Some(id) => Some(colorway(header, id)?),
            None => None,
        };
    }
    if let Some(value) = single(sent, "size")? {
        row.size = value.map(str::to_owned);
    }
    several(&mut row.suppliers, sent, "supplier", partner_by_id)?;
    let entries = match sent.get("timelines") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err(Refusal::validation("timelines", "The value is not an array.")),
    };
    for change in entries {
        let id = required_id(change)?;
        let entry = row.entries.iter_mut().find(|entry| entry.id == id).ok_or_else(unknown_row)?;
        apply_to_entry(entry, change)?;
    }
    Ok(())
}

fn apply_to_entry(entry: &mut Entry, sent: &Value) -> Result<(), Refusal> {
    if let Some(status) = single(sent, "status")? {
        entry.status = status.map(str::to_owned);
    }
    if let Some(date) = single(sent, "rev")? {
        entry.revised = date.map(|date| read_date("rev", date)).transpose()?;
    }
    if let Some(date) = single(sent, "final")? {
        entry.finished = date.map(|date| read_date("final", date)).transpose()?;
    }
    several(&mut entry.assigned_to, sent, "assignedTo", user_by_id)?;
    several(&mut entry.share_with, sent, "shareWith", partner_by_id)
}

/// The colorway of a record with this id.
pub(super) fn colorway(header: &Header, id: &str) -> Result<Uuid, Refusal> {
    let id = Uuid::parse_str(id).ok();
    let found = header.colorways.iter().find(|colorway| Some(colorway.id) == id);
    found.map(|colorway| colorway.id).ok_or_else(|| Refusal::failure("Colorway not found"))
}

fn read_date(name: &str, text: &str) -> Result<String, Refusal> {
    let date = parse(text).ok_or_else(|| Refusal::validation(name, "The value is not a date."))?;
    Ok(whole_seconds(date))
}

/// What `{"value": ...}` sets: None where it is not sent, and none within where it clears.
fn single<'a>(sent: &'a Value, name: &str) -> Result<Option<Option<&'a str>>, Refusal> {
    let wrapped = match sent.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(wrapped)) => wrapped.get("value"),
        Some(_) => return Err(Refusal::validation(name, "The value is not an object.")),
    };
    match wrapped {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(None)),
        Some(Value::String(text)) => Ok(Some(Some(text))),
        Some(_) => Err(Refusal::validation(name, "The value is not a text.")),
    }
}

/// Puts `{"add": [...], "remove": [...]}` into a list.
fn several<T>(
    list: &mut Vec<&'static T>,
    sent: &Value,
    name: &str,
    find: fn(&str) -> Option<&'static T>,
) -> Result<(), Refusal> {
    let change = match sent.get(name) {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Object(change)) => change,
        Some(_) => return Err(Refusal::validation(name, "The value is not an object.")),
    };
    let ids = |member: &str| -> Result<Vec<&'static T>, Refusal> {
        let ids = change.get(member).filter(|ids| !ids.is_null()).cloned();
        let ids: Vec<String> = serde_json::from_value(ids.unwrap_or_else(|| Value::Array(Vec::new())))
            .map_err(|_| Refusal::validation(name, "The value is not an array of texts."))?;
        let known = |id: &String| find(id).ok_or_else(|| Refusal::failure(format!("[{id}] not found")));
        ids.iter().map(known).collect()
    };
    for one in ids("add")? {
        if !list.iter().any(|known| std::ptr::eq(*known, one)) {
            list.push(one);
        }
    }
    let removed = ids("remove")?;
    list.retain(|known| !removed.iter().any(|one| std::ptr::eq(*known, *one)));
    Ok(())
}
