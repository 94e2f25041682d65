//! What is sent for rows: the elements of a request, as each place spells them.

use serde_json::{Map, Value, json};

use super::{MOST_ROWS, of_plan, operation, writer};
use crate::answer;
use crate::catalog::Operation;
use crate::changes::Scene;
use crate::changes::edit::Kind;
use crate::changes::part::{Part, Rows, What, in_timeline};
use crate::changes::task::Task;
use crate::error::Result;
use crate::handlers::update_rows;
use crate::options::Call;
use crate::own::{Meta, Outcome};

/// What the answer says of each row.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Ids of new rows; none where the answer does not tell.
    pub(super) ids: Vec<Option<String>>,
    /// Rows that the answer does not say to be stored.
    pub(super) unclear: Vec<bool>,
    pub(super) meta: Meta,
}

/// Tasks with the same one can be in one request.
pub(in crate::changes) fn lane(task: &Task) -> u8 {
    let is_plan = task.part.as_ref().is_some_and(|part| part.what == What::Timeline);
    u8::from(is_plan && task.kind == Kind::Delete)
}

/// Requests that one write of these takes: tags and partners are added by one and taken away by another.
pub(in crate::changes) fn requests(tasks: &[&Task]) -> u64 {
    let Some(What::Tags | What::Shares) = tasks.first().and_then(|task| Some(task.part.as_ref()?.what))
    else {
        return u64::from(!tasks.is_empty());
    };
    [true, false].into_iter().filter(|is_added| !names(tasks, *is_added).is_empty()).count() as u64
}

/// Rows that these tasks add to what is read by a list, which takes more pages then.
pub(in crate::changes) fn added<'a>(tasks: impl Iterator<Item = &'a Task>) -> usize {
    let is_row = |task: &&Task| {
        task.kind == Kind::Create && task.part.as_ref().is_some_and(|part| part.what == What::DataTable)
    };
    tasks.filter(is_row).count()
}

/// How many of these tasks of one sheet are one request, from the first.
pub(in crate::changes) fn in_one(tasks: &[&Task], limit: usize) -> usize {
    let same = |task: &&&Task| lane(task) == lane(tasks[0]);
    tasks.iter().take(limit.clamp(1, MOST_ROWS)).take_while(same).count()
}

impl Scene<'_> {
    /// One request.
    pub(super) async fn write_rows(&self, record: &str, tasks: &[&Task], before: &Rows) -> Result<Told> {
        let Some((first, part)) = tasks.first().and_then(|task| Some((task, task.part.as_ref()?))) else {
            return Ok(Told::default());
        };
        let resource = &first.resource;
        let (writes, parameter) = writer(part.what, resource)?;
        let mut arguments = Map::new();
        match part.what {
            What::DataTable => arguments.insert("data_table_id".into(), record.into()),
            What::Timeline => arguments.insert("plan_id".into(), record.into()),
            _ => arguments.insert("header_id".into(), record.into()),
        };
        for (name, id) in [("app_id", &part.app_id), ("variation_id", &part.variation_id)] {
            if let Some(id) = id {
                arguments.insert(name.into(), id.as_str().into());
            }
        }
        let all = |of: &dyn Fn(&Task) -> Value| -> Value { tasks.iter().map(|task| of(task)).collect() };
        let mut requests = Vec::new();
        match part.what {
            What::Form => requests.push((writes, parameter.name, Value::Object(first.values()))),
            What::Tags | What::Shares => {
                let (removes, name) = match part.what {
                    What::Tags => ("attributes_tag_remove", "tag_names"),
                    _ => ("attributes_unshare", "partner_list"),
                };
                let removes = operation(&format!("{resource}.{removes}"))?;
                let names = [(writes, names(tasks, true)), (removes, names(tasks, false))];
                let named = names.into_iter().filter(|(_, names)| !names.is_empty());
                requests.extend(named.map(|(operation, names)| (operation, name, names.into())));
            }
            What::Timeline if first.kind == Kind::Delete => {
                let deletes = format!("tracking.plan_{}_timelines_delete", of_plan(resource));
                requests.push((operation(&deletes)?, "timeline_ids", all(&row_id)));
            }
            What::Timeline => requests.push((writes, parameter.name, all(&|task| plan_row(task, before)))),
            what => requests.push((writes, parameter.name, all(&|task| element(what, task)))),
        }
        let mut told =
            Told { ids: vec![None; tasks.len()], unclear: vec![false; tasks.len()], meta: Meta::default() };
        for (index, (operation, name, values)) in requests.into_iter().enumerate() {
            let mut arguments = arguments.clone();
            arguments.insert(name.into(), values);
            if part.what == What::DataTable {
                let call = Call { arguments, options: self.options() };
                return self.write_table(operation, &call).await;
            }
            match self.request(operation, arguments).await {
                Ok(answer) => {
                    told.meta.absorb(answer.meta);
                }
                Err(error) if index == 0 => return Err(error),
                // The first has been carried out.
                Err(error) => {
                    told.meta.absorb(error.spent());
                    let Meta { attempts, waits, cost, .. } = told.meta;
                    return Err(error.with_outcome(Outcome::Unknown).with_trace(attempts, waits, cost));
                }
            }
        }
        Ok(told)
    }

    /// The answer to a write of a table tells of each row.
    async fn write_table(&self, operation: &'static Operation, call: &Call) -> Result<Told> {
        let answer = update_rows(self.requester, operation, call).await?;
        let value = answer::value(&answer.body);
        let rows = value["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(Told {
            ids: rows.iter().map(|row| row["rowId"].as_str().map(str::to_owned)).collect(),
            unclear: rows.iter().map(|row| row["outcome"] != "applied").collect(),
            meta: answer.meta,
        })
    }
}

/// What is added, or taken away.
fn names(tasks: &[&Task], is_added: bool) -> Vec<String> {
    let changes =
        tasks.iter().flat_map(|task| &task.fields).filter(|change| (change.new == true) == is_added);
    changes.map(|change| change.id.clone()).collect()
}

fn part(task: &Task) -> Option<&Part> {
    task.part.as_deref()
}

fn row_id(task: &Task) -> Value {
    part(task).and_then(|part| part.row_id.clone()).into()
}

fn pairs(task: &Task) -> Value {
    task.fields.iter().map(|change| json!({"id": change.id, "value": change.new})).collect()
}

fn element(what: What, task: &Task) -> Value {
    let is_deleted = task.kind == Kind::Delete;
    let (id, values) = (row_id(task), pairs(task));
    let material = part(task).and_then(|part| part.material_id.as_deref());
    match what {
        What::List | What::TextList if is_deleted => {
            json!({"itemId": id, "itemFields": values, "deleteItem": true})
        }
        What::List | What::TextList => json!({"itemId": id, "itemFields": values}),
        What::Sku => json!({"id": id, "fields": values}),
        What::Bom => match material.filter(|_| task.kind == Kind::Create) {
            Some(material) => json!({"materialIdToInsert": material}),
            None if is_deleted => json!({"materialUpdate": {"rowId": id, "deleteRow": true}}),
            None => json!({"materialUpdate": {"rowId": id, "rowFields": values}}),
        },
        What::BomVariation => {
            let mut row = json!({"rowFields": values});
            if !id.is_null() {
                row["rowId"] = id;
            }
            if let Some(material) = material.filter(|_| task.kind == Kind::Create) {
                row["materialId"] = material.into();
            }
            if is_deleted {
                row = json!({"rowId": row["rowId"], "deleteRow": true});
            }
            row
        }
        _ if is_deleted => json!({"rowId": id, "rowFields": values, "deleteRow": true}),
        _ => json!({"rowId": id, "rowFields": values}),
    }
}

/// The values of one milestone of a row. Lists are written as what is added and taken away.
fn plan_row(task: &Task, before: &Rows) -> Value {
    let timeline = part(task).and_then(|part| part.timeline_id.as_deref());
    let id = part(task).and_then(|part| part.row_id.as_deref()).unwrap_or_default();
    let row = before.find(id);
    let present = |name: &str| row.map_or(&Value::Null, |row| row.field(&in_timeline(timeline, name)).0);
    let mut entry = Map::from_iter([("id".to_owned(), present("id").clone())]);
    for change in &task.fields {
        let value = match change.new.as_array() {
            Some(wanted) => {
                let known = present(&change.id).as_array().map(Vec::as_slice).unwrap_or_default();
                let but = |list: &[Value], other: &[Value]| -> Value {
                    list.iter().filter(|one| !other.contains(one)).cloned().collect()
                };
                json!({"add": but(wanted, known), "remove": but(known, wanted)})
            }
            None => json!({"value": change.new}),
        };
        entry.insert(change.id.clone(), value);
    }
    json!({"id": id, "timelines": [entry]})
}
