//! Data tables: lists of rows with a schema, written many rows at a time.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::answers::{Answer, Refusal, ok};
use crate::calendar::stamp;
use crate::fields::{Field, schema_entry};
use crate::filters;
use crate::model::{Records, Row, Table};
use crate::people::person;
use crate::values::{accept, empty, is_writable};

use super::route::{Route, get, post};
use super::{Call, losses};

pub(crate) const ROUTES: &[Route] = &[
    post("DataTable/List", list),
    get("DataTable/{id}/Schema", schema),
    post("DataTable/{id}/Data", data),
    post("DataTable/{id}/Update", update),
    post("DataTable/{id}/Reset", reset),
];

/// Rows that one update may carry.
const WRITE_LIMIT: usize = 100;

fn find<'a>(records: &'a Records, id: &str) -> Result<&'a Table, Refusal> {
    let id = Uuid::parse_str(id).ok();
    records
        .tables
        .iter()
        .find(|table| Some(table.id) == id)
        .ok_or_else(|| Refusal::text("Data table not found"))
}

fn find_mut<'a>(records: &'a mut Records, id: &str) -> Result<&'a mut Table, Refusal> {
    let id = Uuid::parse_str(id).ok();
    records
        .tables
        .iter_mut()
        .find(|table| Some(table.id) == id)
        .ok_or_else(|| Refusal::text("Data table not found"))
}

fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let filters = filters::read(call.json()?.get("filters"))?;
    let page = call.page()?;
    let state = call.shared.state();
    let tables = state.records.tables.iter().filter(|table| filters::table_matches(&filters, table));
    let answers = tables.map(|table| {
        json!({"id": table.id, "name": table.name, "description": table.description,
               "active": table.active, "createdBy": table.created_by, "createdAt": stamp(table.created_at),
               "modifiedBy": table.modified_by, "modifiedAt": stamp(table.modified_at)})
    });
    Ok(ok(&page.cut(answers)))
}

fn schema(call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.argument("id");
    let state = call.shared.state();
    let table = find(&state.records, id)?;
    let list: Vec<Value> = table.fields.iter().map(|field| schema_entry(field, true)).collect();
    Ok(ok(&list))
}

fn data(call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.argument("id");
    let filters = filters::read(call.json()?.get("filters"))?;
    let page = call.page()?;
    let (fields, rows) = {
        let state = call.shared.state();
        let table = find(&state.records, id)?;
        (table.fields, table.rows.clone())
    };
    let matching = rows.iter().filter(|row| filters::row_matches(&filters, fields, row));
    Ok(ok(&page.cut(matching.map(|row| &**row))))
}

/// Adds, changes and deletes rows in the order given. It is not atomic: what comes before a row that is
/// refused stays done.
fn update(call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.argument("id");
    let Value::Array(mut sent) = call.json()? else {
        return Err(Refusal::validation("$", "The body is not an array."));
    };
    losses::strip(call, &mut sent);
    if sent.len() > WRITE_LIMIT {
        return Err(Refusal::failure(format!(
            "{} rows were sent, at most {WRITE_LIMIT} are allowed in one request.",
            sent.len()
        )));
    }
    let state = &mut *call.shared.state();
    find(&state.records, id)?;
    let (mut updated, mut added, mut deleted) = (Vec::new(), Vec::new(), Vec::new());
    for item in &sent {
        let now = state.write_time();
        let new_id = state.new_id();
        let table = find_mut(&mut state.records, id)?;
        table.modified_at = now;
        table.modified_by = person(call.user);
        let delete = item.get("deleteRow").and_then(Value::as_bool) == Some(true);
        let at = match item.get("rowId") {
            None | Some(Value::Null) => None,
            Some(row_id) => {
                let row_id = row_id.as_str().and_then(|text| Uuid::parse_str(text).ok());
                let at = table.rows.iter().position(|row| Some(row.id) == row_id);
                Some(at.ok_or_else(|| Refusal::failure("row not found"))?)
            }
        };
        match (at, delete) {
            (Some(at), true) => deleted.push(table.rows.remove(at).id),
            (None, true) => return Err(Refusal::failure("row not found")),
            (Some(at), false) => {
                let row = Arc::make_mut(&mut table.rows[at]);
                write(table.fields, &mut row.values, item);
                row.modified_at = now;
                row.modified_by = person(call.user);
                updated.push(row.id);
            }
            (None, false) => {
                let mut row = Row {
                    id: new_id,
                    fields: table.fields,
                    values: table.fields.iter().map(empty).collect(),
                    created_by: person(call.user),
                    created_at: now,
                    modified_by: person(call.user),
                    modified_at: now,
                };
                write(table.fields, &mut row.values, item);
                added.push(row.id);
                table.rows.push(Arc::new(row));
            }
        }
    }
    Ok(ok(&json!({"updated": updated, "added": added, "deleted": deleted})))
}

fn write(fields: &[Field], values: &mut [Value], item: &Value) {
    let sent = item.get("rowFields").and_then(Value::as_array);
    for pair in sent.into_iter().flatten() {
        let at = pair.get("id").and_then(Value::as_str);
        let at = at.and_then(|id| fields.iter().position(|field| field.id == id));
        if let Some(at) = at
            && is_writable(&fields[at])
        {
            values[at] = accept(&fields[at], pair.get("value").unwrap_or(&Value::Null));
        }
    }
}

fn reset(call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.argument("id");
    let mut state = call.shared.state();
    let now = state.write_time();
    let table = find_mut(&mut state.records, id)?;
    table.rows.clear();
    table.modified_at = now;
    table.modified_by = person(call.user);
    Ok(ok(&json!({"error": false, "message": "Data table reset"})))
}
