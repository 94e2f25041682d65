//! Records that are added to a plan: by themselves, by colorway, and by the sizes of a colorway. One that is added
//! again gets another row.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::answers::{Answer, Refusal, message, ok};
use crate::model::{Header, Master, MasterKind};
use crate::service::headers::find;
use crate::state::State;

use super::changes::colorway;
use super::rows::{Revision, Row};
use super::{Call, elements, within_limit};

pub(super) fn by_header(call: &Call<'_>) -> Result<Answer, Refusal> {
    let ids = within_limit(call.texts()?)?;
    let kind = call.kind();
    let state = &mut *call.shared.state();
    state.tracking.find_open(call.argument("id"))?;
    for id in &ids {
        let header = living(state.records.master(kind), id)?;
        add(call, state, kind, header.id, None, None)?;
    }
    Ok(message(format!("{} added", kind.name())))
}

pub(super) fn by_colorway(call: &Call<'_>, kind: MasterKind) -> Result<Answer, Refusal> {
    let ids = within_limit(call.texts()?)?;
    let state = &mut *call.shared.state();
    state.tracking.find_open(call.argument("id"))?;
    for id in &ids {
        let header = living(state.records.master(kind), id)?;
        for colorway in &header.colorways {
            add(call, state, kind, header.id, Some(colorway.id), None)?;
        }
    }
    Ok(message(format!("{} added by colorway", kind.name())))
}

/// A size may be any text.
pub(super) fn by_sku(call: &Call<'_>) -> Result<Answer, Refusal> {
    let kind = MasterKind::Style;
    let items = elements(call)?;
    let state = &mut *call.shared.state();
    state.tracking.find_open(call.argument("id"))?;
    let mut added = Vec::new();
    for item in &items {
        let master = state.records.master(kind);
        let header = living(master, text(item, "headerId")?)?;
        let folder = master.folders[header.folder].id;
        for sku in list(item, "sku")? {
            let colorway = colorway(&header, text(sku, "colorwayId")?)?;
            for size in list(sku, "sizes")? {
                let size = size.as_str();
                let size = size.ok_or_else(|| Refusal::validation("sizes", "The value is not a text."))?;
                let id = add(call, state, kind, header.id, Some(colorway), Some(size.to_owned()))?;
                added.push(json!({"id": id, "headerId": header.id, "headerFolderId": folder}));
            }
        }
    }
    Ok(ok(&added))
}

fn living(master: &Master, id: &str) -> Result<Arc<Header>, Refusal> {
    let header = master.record(find(master, id)?);
    match header.deleted {
        true => Err(Refusal::text(format!("{} is deleted", master.kind.name()))),
        false => Ok(header),
    }
}

fn required(name: &str) -> Refusal {
    Refusal::validation(name, &format!("The {name} field is required."))
}

fn text<'a>(sent: &'a Value, name: &str) -> Result<&'a str, Refusal> {
    sent.get(name).and_then(Value::as_str).ok_or_else(|| required(name))
}

fn list<'a>(sent: &'a Value, name: &str) -> Result<&'a [Value], Refusal> {
    sent.get(name).and_then(Value::as_array).map(Vec::as_slice).ok_or_else(|| required(name))
}

/// Adds a row to an open plan. Returns its id.
fn add(
    call: &Call<'_>,
    state: &mut State,
    kind: MasterKind,
    header: Uuid,
    colorway: Option<Uuid>,
    size: Option<String>,
) -> Result<Uuid, Refusal> {
    let (id, revision, now) = (state.new_id(), state.new_id(), state.write_time());
    let plan = state.tracking.find_open(call.argument("id"))?;
    let row = Row::new(plan.id, id, header, now, call.user);
    let rows = plan.rows_mut(kind);
    rows.add(Row { colorway, size, ..row });
    let text = format!("Timeline {id} added");
    rows.revisions.push(Revision { id: revision, by: call.user, at: now, text });
    Ok(id)
}
