//! Filters of the list requests: AND over several filters, OR inside one by `■`, and the habit of the service
//! to drop a filter on an unknown field without a word.

use serde_json::Value;
use uuid::Uuid;

use crate::answers::Refusal;
use crate::calendar::{Millis, parse};
use crate::fields::{COLORWAY_FIELDS, Field, Kind};
use crate::model::{Colorway, Folder, Header, Outline, Row, Table};
use crate::service::directory::Company;
use crate::values::number;

const OR: char = '\u{25a0}';

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Eq,
    Neq,
    Gt,
    Gte,
    Lt,
    Lte,
    Contains,
}

pub(crate) struct Filter {
    field: String,
    operator: Operator,
    /// Several values only after Eq and Contains.
    values: Vec<Wanted>,
}

impl Filter {
    pub(crate) fn is_by_id(&self) -> bool {
        self.field == "Id"
    }
}

/// A value to compare with, read once in every way a field may need it.
struct Wanted {
    text: String,
    number: Option<f64>,
    moment: Option<Millis>,
}

impl Wanted {
    fn new(text: &str) -> Self {
        Wanted { text: text.to_owned(), number: text.trim().parse().ok(), moment: parse(text) }
    }
}

/// Reads `filters` or `colorwayFilters`; a missing or null list is no filter.
pub(crate) fn read(list: Option<&Value>) -> Result<Vec<Filter>, Refusal> {
    let items = match list {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(_) => return Err(Refusal::validation("filters", "The value is not an array.")),
    };
    items.iter().map(read_one).collect()
}

fn read_one(item: &Value) -> Result<Filter, Refusal> {
    let field = item.get("field").and_then(Value::as_str);
    let field = field.ok_or_else(|| Refusal::validation("field", "The field of a filter is required."))?;
    let operator = item.get("operator").and_then(Value::as_str).unwrap_or("Eq");
    let operator = match operator.to_ascii_lowercase().as_str() {
        // Any and ElemMatch are in the service's enumeration; on a list field Eq means the same.
        "eq" | "any" | "elemmatch" => Operator::Eq,
        "neq" | "ne" => Operator::Neq,
        "gt" => Operator::Gt,
        "gte" => Operator::Gte,
        "lt" => Operator::Lt,
        "lte" => Operator::Lte,
        "contains" => Operator::Contains,
        _ => return Err(Refusal::failure(format!("Operator [{operator}] is not supported."))),
    };
    let text = match item.get("value") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(flag)) => if *flag { "Yes" } else { "No" }.to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => {
            return Err(Refusal::failure(format!("The value of the filter on [{field}] is not valid.")));
        }
    };
    let values = match operator {
        Operator::Eq | Operator::Contains => text.split(OR).map(Wanted::new).collect(),
        _ => vec![Wanted::new(&text)],
    };
    Ok(Filter { field: field.to_owned(), operator, values })
}

/// What a filter meets in a record.
enum Held<'a> {
    Value(Kind, &'a Value),
    Text(&'a str),
    Moment(Millis),
    Missing,
}

/// The filters that the folders in question know; the others are dropped here.
pub(crate) fn known_to_folders<'f>(filters: &'f [Filter], folders: &[&Folder]) -> Vec<&'f Filter> {
    let is_known = |id: &str| {
        is_system_field(id)
            || folders.iter().any(|folder| folder.fields.iter().any(|f| f.id == id && f.kind.is_searchable()))
    };
    filters.iter().filter(|filter| is_known(&filter.field)).collect()
}

fn is_system_field(id: &str) -> bool {
    matches!(id, "ModifiedAt" | "FolderModifiedAt" | "CreatedAt" | "Id")
}

/// The filters on system fields.
pub(crate) fn outline_matches(filters: &[&Filter], outline: &Outline) -> bool {
    filters.iter().all(|filter| {
        let id;
        let held = match filter.field.as_str() {
            "ModifiedAt" => Held::Moment(outline.modified_at),
            "FolderModifiedAt" => Held::Moment(outline.folder_modified_at),
            "CreatedAt" => Held::Moment(outline.created_at),
            "Id" => {
                id = outline.id.to_string();
                Held::Text(&id)
            }
            _ => return true,
        };
        filter.accepts(&held)
    })
}

/// The filters on fields of the folder.
pub(crate) fn fields_match(filters: &[&Filter], folder: &Folder, header: &Header) -> bool {
    filters.iter().filter(|filter| !is_system_field(&filter.field)).all(|filter| {
        filter.accepts(&match folder.position(&filter.field) {
            Some(at) => Held::Value(folder.fields[at].kind, &header.values[at]),
            None => Held::Missing,
        })
    })
}

/// Whether only system fields are asked for, so that no record has to be looked into.
pub(crate) fn ask_for_outlines_only(filters: &[&Filter]) -> bool {
    filters.iter().all(|filter| is_system_field(&filter.field))
}

/// One colorway has to meet all known colorway filters. The colorways of the answer are not thinned out.
pub(crate) fn colorways_match(filters: &[Filter], colorways: &[Colorway]) -> bool {
    let is_known = |id: &str| COLORWAY_FIELDS.iter().any(|field| field.id == id);
    let known: Vec<&Filter> = filters.iter().filter(|filter| is_known(&filter.field)).collect();
    if known.is_empty() {
        return true;
    }
    colorways.iter().any(|colorway| {
        known.iter().all(|filter| {
            let held = match filter.field.as_str() {
                "color_number" => Held::Text(&colorway.color_number),
                "color_name" => Held::Text(&colorway.color_name),
                "primary" => Held::Text(&colorway.primary_color),
                "secondary" => Held::Text(&colorway.secondary_color),
                "comments" => Held::Text(&colorway.comments),
                "hide_colorway" => Held::Text(if colorway.hide_colorway { "Yes" } else { "No" }),
                custom => match colorway.fields.get(custom) {
                    Some(value) => Held::Value(Kind::Text, value),
                    None => Held::Missing,
                },
            };
            filter.accepts(&held)
        })
    })
}

/// The colours of the company.
pub(crate) fn color_matches(filters: &[Filter], color: &Value) -> bool {
    filters.iter().all(|filter| match color.get(&filter.field).and_then(Value::as_str) {
        Some(text) => filter.accepts(&Held::Text(text)),
        None => true,
    })
}

pub(crate) fn table_matches(filters: &[Filter], table: &Table) -> bool {
    filters.iter().all(|filter| {
        let held = match filter.field.as_str() {
            "Name" | "name" => Held::Text(table.name),
            "Description" | "description" => Held::Text(table.description),
            "Active" | "active" => Held::Text(if table.active { "Yes" } else { "No" }),
            "ModifiedAt" => Held::Moment(table.modified_at),
            "CreatedAt" => Held::Moment(table.created_at),
            _ => return true,
        };
        filter.accepts(&held)
    })
}

pub(crate) fn company_matches(filters: &[Filter], company: &Company) -> bool {
    filters.iter().all(|filter| {
        let held = match filter.field.as_str() {
            "Name" => Held::Text(company.text("name")),
            "Country" => Held::Text(company.text("country")),
            "PartnerType" => Held::Text(company.text("partnerType")),
            "Active" => Held::Text(if company.is_active() { "Yes" } else { "No" }),
            "ModifiedAt" => Held::Moment(company.modified_at()),
            _ => return true,
        };
        filter.accepts(&held)
    })
}

/// The filters on system fields of what has no others. Those on other fields are dropped, as everywhere.
pub(crate) fn stamps_match(filters: &[Filter], id: Uuid, created_at: Millis, modified_at: Millis) -> bool {
    let id = id.to_string();
    filters.iter().all(|filter| match filter.field.as_str() {
        "ModifiedAt" => filter.accepts(&Held::Moment(modified_at)),
        "CreatedAt" => filter.accepts(&Held::Moment(created_at)),
        "Id" => filter.accepts(&Held::Text(&id)),
        _ => true,
    })
}

/// Filters on other fields are dropped, as everywhere.
pub(crate) fn timeline_matches(filters: &[Filter], modified_at: Millis) -> bool {
    let modified = Held::Moment(modified_at);
    filters.iter().all(|filter| filter.field != "ModifiedAt" || filter.accepts(&modified))
}

pub(crate) fn row_matches(filters: &[Filter], fields: &[Field], row: &Row) -> bool {
    filters.iter().all(|filter| {
        let held = match filter.field.as_str() {
            "ModifiedAt" => Held::Moment(row.modified_at),
            "CreatedAt" => Held::Moment(row.created_at),
            id => match fields.iter().position(|field| field.id == id) {
                Some(at) => Held::Value(fields[at].kind, &row.values[at]),
                None => return true,
            },
        };
        filter.accepts(&held)
    })
}

impl Filter {
    fn accepts(&self, held: &Held<'_>) -> bool {
        match self.operator {
            Operator::Neq => !self.values.iter().any(|wanted| equals(held, wanted)),
            Operator::Eq => self.values.iter().any(|wanted| equals(held, wanted)),
            Operator::Contains => self.values.iter().any(|wanted| contains(held, &wanted.text)),
            Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte => self.values.iter().any(|wanted| {
                order(held, wanted).is_some_and(|order| match self.operator {
                    Operator::Gt => order.is_gt(),
                    Operator::Gte => order.is_ge(),
                    Operator::Lt => order.is_lt(),
                    _ => order.is_le(),
                })
            }),
        }
    }
}

/// The texts by which a value can be found: the value itself, the elements of a list, and the names and codes
/// of objects.
fn texts(value: &Value, visit: &mut dyn FnMut(&str) -> bool) -> bool {
    match value {
        Value::Null => visit(""),
        Value::String(text) => visit(text),
        Value::Bool(flag) => visit(if *flag { "Yes" } else { "No" }),
        Value::Number(number) => visit(&number.to_string()),
        Value::Array(items) => items.iter().any(|item| texts(item, visit)),
        Value::Object(object) => ["value", "code", "name", "id"]
            .iter()
            .any(|key| object.get(*key).and_then(Value::as_str).is_some_and(&mut *visit)),
    }
}

fn equals(held: &Held<'_>, wanted: &Wanted) -> bool {
    if let Some(order) = typed_order(held, wanted) {
        return order.is_eq();
    }
    match held {
        Held::Missing => wanted.text.is_empty(),
        Held::Text(text) => *text == wanted.text,
        Held::Moment(_) => false,
        Held::Value(Kind::TrueFalse | Kind::InvertedTrueFalse, value) => {
            texts(value, &mut |text| text.eq_ignore_ascii_case(&wanted.text))
        }
        Held::Value(_, value) => texts(value, &mut |text| text == wanted.text),
    }
}

fn contains(held: &Held<'_>, wanted: &str) -> bool {
    let wanted = wanted.to_lowercase();
    let mut visit = |text: &str| text.to_lowercase().contains(&wanted);
    match held {
        Held::Missing => false,
        Held::Text(text) => visit(text),
        Held::Moment(at) => visit(&crate::calendar::stamp(*at)),
        Held::Value(_, value) => texts(value, &mut visit),
    }
}

fn order(held: &Held<'_>, wanted: &Wanted) -> Option<std::cmp::Ordering> {
    match held {
        Held::Text(text) => Some((*text).cmp(wanted.text.as_str())),
        Held::Value(kind, Value::String(text)) if !kind.is_numeric() && !kind.is_date() => {
            Some(text.as_str().cmp(wanted.text.as_str()))
        }
        _ => typed_order(held, wanted),
    }
}

/// The order of numbers and points in time; none where either side cannot be read as such.
fn typed_order(held: &Held<'_>, wanted: &Wanted) -> Option<std::cmp::Ordering> {
    match held {
        Held::Moment(at) => Some(at.cmp(&wanted.moment?)),
        Held::Value(kind, value) if kind.is_numeric() => {
            number(value)?.as_f64()?.partial_cmp(&wanted.number?)
        }
        Held::Value(kind, value) if kind.is_date() => Some(parse(value.as_str()?)?.cmp(&wanted.moment?)),
        _ => None,
    }
}
