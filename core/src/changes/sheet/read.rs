//! Reading all rows of a page, a table or a plan, a form, or the tags and partners of a record.

use serde_json::{Map, Value};

use super::{of_plan, operation};
use crate::answer;
use crate::arguments;
use crate::catalog::Operation;
use crate::changes::Scene;
use crate::changes::part::{Part, Row, Rows, What, in_timeline};
use crate::error::Result;
use crate::options::Call;
use crate::own::Meta;
use crate::paging::Pager;

/// What was read, and the requests that it took.
#[derive(Debug, Default)]
pub(in crate::changes) struct Read {
    pub(in crate::changes) rows: Rows,
    pub(in crate::changes) requests: u64,
    pub(in crate::changes) meta: Meta,
}

impl Scene<'_> {
    pub(in crate::changes) async fn read_rows(
        &self,
        resource: &str,
        record: &str,
        part: &Part,
    ) -> Result<Read> {
        let app = part.app_id.as_deref().unwrap_or_default();
        let record_id = ("header_id", record);
        let (value, meta) = match part.what {
            What::DataTable => {
                return self.read_list("data_tables.data", ("data_table_id", record), part.what).await;
            }
            What::Timeline => {
                let list = format!("tracking.plan_{}_timeline_list", of_plan(resource));
                return self.read_list(&list, ("plan_id", record), part.what).await;
            }
            What::Tags => self.read_one(&format!("{resource}.attributes_tag_list"), &[record_id]).await?,
            What::Shares => {
                self.read_one(&format!("{resource}.attributes_shared_with"), &[record_id]).await?
            }
            What::BomVariation => {
                let variation = ("variation_id", part.variation_id.as_deref().unwrap_or_default());
                let get = format!("{resource}.app_bom_variation_get");
                self.read_one(&get, &[record_id, ("app_id", app), variation]).await?
            }
            _ => self.read_one(&format!("{resource}.app_get"), &[record_id, ("app_id", app)]).await?,
        };
        Ok(Read { rows: Rows::new(rows_of(part.what, &value)), requests: 1, meta })
    }

    async fn read_one(&self, id: &str, arguments: &[(&str, &str)]) -> Result<(Value, Meta)> {
        let arguments = arguments.iter().map(|(name, id)| ((*name).to_owned(), Value::from(*id)));
        let call = Call { arguments: arguments.collect(), options: self.options() };
        let answer = self.requester.request(operation(id)?, &call).await?;
        Ok((answer::value(&answer.body), answer.meta))
    }

    async fn read_list(&self, id: &str, (name, record): (&str, &str), what: What) -> Result<Read> {
        let list: &'static Operation = operation(id)?;
        let prepared = arguments::prepare(list, &Map::from_iter([(name.to_owned(), record.into())]))?;
        let pager = Pager::new(self.requester.clone(), None, prepared, self.options());
        let (mut rows, mut requests) = (Vec::new(), 0);
        while let Some(page) = pager.next_page().await? {
            requests += 1;
            let own = page.records().filter_map(|record| match what {
                What::Timeline => of_plan_row(&answer::value(&record)),
                _ => row(&answer::value(&record), "id", "fields"),
            });
            rows.extend(own);
        }
        Ok(Read { rows: Rows::new(rows), requests, meta: pager.meta().await })
    }
}

/// The rows in an answer.
fn rows_of(what: What, page: &Value) -> Vec<Row> {
    let data = answer::find(page, "data").unwrap_or(&Value::Null);
    let list = |value: &Value, id: &str, values: &str| -> Vec<Row> {
        value.as_array().into_iter().flatten().filter_map(|one| row(one, id, values)).collect()
    };
    match what {
        What::Form => {
            let form = if data.is_array() { data } else { &data["form"] };
            vec![Row { fields: fields(form), ..Row::default() }]
        }
        What::Grid => {
            let grid = if data["gridData"].is_array() { data } else { &data["grid"] };
            list(if grid.is_array() { grid } else { &grid["gridData"] }, "rowId", "fields")
        }
        What::List => list(data, "id", "controls"),
        What::TextList => list(&data["images"], "id", "controls"),
        What::Sku => list(data, "id", "fields"),
        What::Bom => data["data"].as_array().into_iter().flatten().filter_map(flat_row).collect(),
        What::BomVariation => list(&page["rows"], "rowId", "fields"),
        What::Tags => vec![flags(page.as_array().into_iter().flatten().map(|tag| &tag["name"]))],
        What::Shares => {
            vec![flags(page.as_array().into_iter().flatten().map(|share| &share["partner"]["id"]))]
        }
        What::DataTable | What::Timeline | What::Image => Vec::new(),
    }
}

fn row(value: &Value, id: &str, values: &str) -> Option<Row> {
    let material = value["materialId"].as_str().map(str::to_owned);
    Some(Row { id: value[id].as_str()?.to_owned(), material, fields: fields(&value[values]) })
}

fn fields(list: &Value) -> Vec<(String, Value, Option<String>)> {
    let field = |field: &Value| {
        let type_name = field["type"].as_str().map(str::to_owned);
        Some((field["id"].as_str()?.to_owned(), field["value"].clone(), type_name))
    };
    list.as_array().into_iter().flatten().filter_map(field).collect()
}

/// A row whose columns are its members. Its values are texts.
fn flat_row(value: &Value) -> Option<Row> {
    let members = value.as_object()?;
    let text = || Some("Text".to_owned());
    Some(Row {
        id: value["rowId"].as_str()?.to_owned(),
        material: value["materialId"].as_str().map(str::to_owned),
        fields: members.iter().map(|(name, value)| (name.clone(), value.clone(), text())).collect(),
    })
}

fn of_plan_row(value: &Value) -> Option<Row> {
    let mut row = Row { id: value["id"].as_str()?.to_owned(), ..Row::default() };
    for entry in value["timelines"].as_array().into_iter().flatten() {
        let timeline = entry["timelineId"].as_str();
        let ids = |list: &Value| -> Value {
            list.as_array().into_iter().flatten().map(|one| one["id"].clone()).collect()
        };
        for (name, value, type_name) in [
            ("id", entry["id"].clone(), "Text"),
            ("status", entry["status"].clone(), "Text"),
            ("rev", entry["rev"].clone(), "Date"),
            ("final", entry["final"].clone(), "Date"),
            ("assignedTo", ids(&entry["assignedTo"]), "MultiSelect"),
            ("shareWith", ids(&entry["shareWith"]), "MultiSelect"),
        ] {
            row.fields.push((in_timeline(timeline, name), value, Some(type_name.to_owned())));
        }
    }
    Some(row)
}

/// True for each name. One that is not there reads as false.
fn flags<'a>(names: impl Iterator<Item = &'a Value>) -> Row {
    let fields = names.filter_map(|name| Some((name.as_str()?.to_owned(), Value::Bool(true), None)));
    Row { fields: fields.collect(), ..Row::default() }
}
