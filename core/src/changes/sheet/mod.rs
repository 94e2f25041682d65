//! Rows of pages, data tables and plans, forms, tags and shares: read as a whole, and written in order, a hundred rows a request.

mod judge;
mod pass;
mod read;
mod settle;
mod write;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

pub(super) use self::judge::{Matches, creations, judge, of_whole, whole};
pub(super) use self::pass::is_of_read;
pub(super) use self::write::{added, in_one, lane, requests};
use super::Scene;
use super::masters::{Master, needed};
use super::part::{Part, What};
use crate::answer;
use crate::catalog::{Operation, Parameter};
use crate::error::{Error, Result};
use crate::options::Call;
use crate::own::Meta;
use crate::schemas::FieldCheck;
use crate::value::Place;

/// Rows that one write takes.
pub(super) const MOST_ROWS: usize = 100;

/// What writes the rows, and the argument that has them.
fn writer(what: What, resource: &str) -> Result<(&'static Operation, &'static Parameter)> {
    let (id, argument) = match what {
        What::Form => (format!("{resource}.app_form_update"), "fields"),
        What::Grid => (format!("{resource}.app_grid_update"), "rows"),
        What::List => (format!("{resource}.app_list_update"), "list_items"),
        What::TextList => (format!("{resource}.app_textlist_update"), "list_items"),
        What::Sku => (format!("{resource}.app_sku_update"), "rows"),
        What::Bom => (format!("{resource}.app_bom_update"), "rows"),
        What::BomVariation => (format!("{resource}.app_bom_variation_update"), "rows"),
        What::DataTable => ("data_tables.update".to_owned(), "rows"),
        What::Timeline => (format!("tracking.plan_{}_timeline_update", of_plan(resource)), "timelines"),
        What::Tags => (format!("{resource}.attributes_tag_add"), "tag_names"),
        What::Shares => (format!("{resource}.attributes_share"), "partner_list"),
        What::Image => return Err(Error::internal("an image has no rows")),
    };
    let operation = operation(&id)?;
    let parameter = operation.parameters.iter().find(|parameter| parameter.name == argument);
    let parameter = parameter.ok_or_else(|| Error::internal(format!("{id} has no argument {argument}")))?;
    Ok((operation, parameter))
}

/// `style` of `style_timelines`.
fn of_plan(resource: &str) -> &str {
    resource.strip_suffix("_timelines").unwrap_or(resource)
}

fn operation(id: &str) -> Result<&'static Operation> {
    Operation::find(id).ok_or_else(|| Error::config(format!("there are no such changes: no {id}")))
}

impl Scene<'_> {
    /// What compares the values of a part. What has no schema is compared by the types that answers say.
    pub(super) fn check_of_part(&self, resource: &str, record: &str, part: &Part) -> Result<FieldCheck> {
        let (operation, parameter) = writer(part.what, resource)?;
        let place = match part.what {
            What::Form => Place::Form,
            What::List | What::TextList => Place::List,
            What::Sku => Place::Sku,
            What::Bom => Place::Bom,
            What::BomVariation => Place::BomVariation,
            What::DataTable => Place::DataTable,
            What::Grid | What::Timeline | What::Tags | What::Shares | What::Image => Place::Grid,
        };
        let app = part.app_id.as_deref().unwrap_or_default();
        let mut arguments = Map::from_iter([("app_id".to_owned(), Value::from(app))]);
        arguments.insert("data_table_id".into(), record.into());
        Ok(self.schemas.of_part(place, operation, parameter, &arguments))
    }

    /// Reads a schema by its place among the fingerprints of a preview. Returns the fingerprint and the schema.
    pub(super) async fn read_schema(&self, place: &str) -> Result<(String, Value, Meta)> {
        let named: Vec<&str> = place.split('/').collect();
        let (operation, id) = match named.as_slice() {
            ["data_tables", id] => (operation("data_tables.schema")?, *id),
            [resource, "app", id] => (operation(&format!("{resource}.app_schema"))?, *id),
            [resource, "colorways", id] => (operation(&format!("{resource}.folder_colorway_schema"))?, *id),
            [resource, "sizes", id] => (operation(&format!("{resource}.folder_size_range_schema"))?, *id),
            [resource, id] => match Master::find(resource) {
                Some(master) => (master.schema, *id),
                None => return Err(Error::config(format!("there are no changes of {resource:?}"))),
            },
            _ => return Err(Error::config(format!("schemas: there is no {place:?}"))),
        };
        let arguments = Map::from_iter([(needed(operation).to_owned(), Value::from(id))]);
        let call = Call { arguments, options: self.options() };
        let answer = self.requester.request(operation, &call).await?;
        let print = Sha256::digest(&answer.body).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Ok((print, answer::value(&answer.body), answer.meta))
    }
}
