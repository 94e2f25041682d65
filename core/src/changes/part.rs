//! The part of a record that an edit is about, where it is not the header: the form of a page, a row of it, of a data table or of a
//! plan, a tag, or a partner that it is shared with.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::schemas::FieldCheck;

/// What has rows, and how they are written. A form is one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    Form,
    Grid,
    List,
    TextList,
    Sku,
    Bom,
    BomVariation,
    DataTable,
    /// Rows of a plan, with an entry for each of its milestones.
    Timeline,
    /// Each tag is a field that is true or false.
    Tags,
    /// Each partner is a field that is true or false.
    Shares,
    /// An image of the record. It has no rows, and is no sheet.
    Image,
}

impl What {
    /// What an application of this type has: a form, or rows.
    pub(super) fn of_app(type_name: &str, has_row: bool) -> Option<Self> {
        let is = |name: &str| type_name.eq_ignore_ascii_case(name);
        if !has_row {
            return ["Form", "FormGrid", "ImagesForm"].into_iter().any(is).then_some(Self::Form);
        }
        [
            ("Grid", Self::Grid),
            ("FormGrid", Self::Grid),
            ("ImagesGrid", Self::Grid),
            ("List", Self::List),
            ("TextList", Self::TextList),
            ("SKU", Self::Sku),
            ("BOM", Self::Bom),
            ("BOMVariations", Self::BomVariation),
        ]
        .into_iter()
        .find_map(|(name, what)| is(name).then_some(what))
    }

    /// Whether the service keeps an id that the client has made for a new row.
    pub(super) fn keeps_ids(self) -> bool {
        matches!(self, Self::Grid | Self::List | Self::TextList)
    }

    /// Whether rows are added by a write. Those of SKUs and plans are made by requests of their own.
    pub(super) fn adds_rows(self) -> bool {
        self.keeps_ids() || matches!(self, Self::Bom | Self::BomVariation | Self::DataTable)
    }

    pub(super) fn removes_rows(self) -> bool {
        self.adds_rows() || self == Self::Timeline
    }

    /// Whether all of it is one row.
    pub(super) fn is_single(self) -> bool {
        matches!(self, Self::Form | Self::Tags | Self::Shares | Self::Image)
    }

    /// What one of its rows is called in texts.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::List | Self::TextList => "item",
            Self::Tags => "tags",
            Self::Shares => "partners",
            Self::Image => "image",
            _ => "row",
        }
    }
}

/// Where an edit goes, within its record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) what: What,
    #[serde(default, rename = "appId", alias = "app_id")]
    pub(super) app_id: Option<String>,
    #[serde(default, rename = "variationId", alias = "variation_id")]
    pub(super) variation_id: Option<String>,
    /// None for a form, and for a new row whose id the service makes.
    #[serde(default, rename = "rowId", alias = "row_id")]
    pub(super) row_id: Option<String>,
    /// The milestone of a plan.
    #[serde(default, rename = "timelineId", alias = "timeline_id")]
    pub(super) timeline_id: Option<String>,
    /// The material of a new row.
    #[serde(default, rename = "materialId", alias = "material_id")]
    pub(super) material_id: Option<String>,
    /// Which image of the record it is.
    #[serde(default)]
    pub(super) position: Option<String>,
    /// Requests that reading all of it takes.
    #[serde(default)]
    pub(super) reads: u64,
    /// The edit that creates the record.
    #[serde(default, rename = "createdBy", alias = "created_by")]
    pub(super) created_by: Option<usize>,
}

/// What is read by one request, or a list, and written in order: a page, a table, a plan, the tags of a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Sheet {
    pub(super) resource: String,
    /// The record, or the edit that creates it.
    pub(super) record: String,
    pub(super) what: What,
    pub(super) app_id: Option<String>,
    pub(super) variation_id: Option<String>,
}

impl Part {
    pub(super) fn of(what: What) -> Self {
        Self {
            what,
            app_id: None,
            variation_id: None,
            row_id: None,
            timeline_id: None,
            material_id: None,
            position: None,
            reads: 1,
            created_by: None,
        }
    }

    pub(super) fn sheet(&self, resource: &str, record: Option<&str>) -> Sheet {
        let record = match (record, self.created_by) {
            (Some(id), _) => id.to_lowercase(),
            (None, edit) => format!("edit {}", edit.unwrap_or_default()),
        };
        let lower = |id: &Option<String>| id.as_ref().map(|id| id.to_lowercase());
        Sheet {
            resource: resource.to_owned(),
            record,
            what: self.what,
            app_id: lower(&self.app_id),
            variation_id: lower(&self.variation_id),
        }
    }

    /// Edits with the same one are about the same thing within a record.
    pub(super) fn target(&self) -> String {
        let id = |id: &Option<String>| id.as_deref().unwrap_or_default().to_lowercase();
        let ids = [&self.app_id, &self.variation_id, &self.row_id, &self.timeline_id].map(id).join("/");
        format!("{:?}/{ids}", self.what)
    }

    /// For people, behind the record.
    pub(super) fn shown(&self) -> String {
        let noun = self.what.noun();
        match &self.row_id {
            _ if self.what.is_single() => match &self.position {
                Some(position) => format!("{position} {noun}"),
                None => noun.to_owned(),
            },
            Some(id) => format!("{noun} {id}"),
            None => format!("new {noun}"),
        }
    }

    /// Where its schema is, in the fingerprints of a preview.
    pub(super) fn schema_place(&self, resource: &str, record: Option<&str>) -> Option<String> {
        let app = self.app_id.as_deref().unwrap_or_default().to_lowercase();
        match self.what {
            What::DataTable => Some(format!("{resource}/{}", record.unwrap_or_default().to_lowercase())),
            What::Timeline | What::Tags | What::Shares | What::Image => None,
            _ => Some(format!("{resource}/app/{app}")),
        }
    }
}

/// A row as it is, with the type that an answer says of each value.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) material: Option<String>,
    pub(super) fields: Vec<(String, Value, Option<String>)>,
}

/// All rows of a page, a table or a plan.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    list: Vec<Row>,
    /// By their ids, in lower case.
    at: HashMap<String, usize>,
}

impl Rows {
    pub(super) fn new(list: Vec<Row>) -> Self {
        let at = list.iter().enumerate().map(|(at, row)| (row.id.to_lowercase(), at)).collect();
        Self { list, at }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Row> {
        self.list.iter()
    }

    pub(super) fn get(&self, place: usize) -> Option<&Row> {
        self.list.get(place)
    }

    pub(super) fn find(&self, id: &str) -> Option<&Row> {
        self.list.get(*self.at.get(&id.to_lowercase())?)
    }
}

impl Row {
    pub(super) fn field(&self, id: &str) -> (&Value, Option<&str>) {
        let field = self.fields.iter().find(|(known, _, _)| known == id);
        field.map_or((&Value::Null, None), |(_, value, type_name)| (value, type_name.as_deref()))
    }
}

/// The name of a milestone's value among the fields of a plan's row.
pub(super) fn in_timeline(timeline: Option<&str>, id: &str) -> String {
    timeline.map_or_else(|| id.to_owned(), |timeline| format!("{}/{id}", timeline.to_lowercase()))
}

impl Part {
    /// The present value of a field, and the type that an answer says.
    pub(super) fn present<'a>(&self, row: Option<&'a Row>, id: &str) -> (&'a Value, Option<&'a str>) {
        const MISSING: (&Value, Option<&str>) = (&Value::Null, None);
        let Some(row) = row else { return MISSING };
        match self.what {
            What::Timeline => row.field(&in_timeline(self.timeline_id.as_deref(), id)),
            What::Tags | What::Shares => {
                let flag = row.fields.iter().find(|(known, _, _)| known.eq_ignore_ascii_case(id));
                flag.map_or((&Value::Bool(false), None), |(_, value, _)| (value, None))
            }
            _ => row.field(id),
        }
    }

    /// Whether two values of a field are the same to the service.
    pub(super) fn is_equal(
        &self,
        check: &FieldCheck,
        id: &str,
        type_name: Option<&str>,
        a: &Value,
        b: &Value,
    ) -> bool {
        match self.what {
            // What is not listed is false.
            What::Tags | What::Shares => (*a == true) == (*b == true),
            _ => check.is_equal(id, type_name, a, b),
        }
    }

    /// Whether a row has this value.
    pub(super) fn has(&self, row: Option<&Row>, check: &FieldCheck, id: &str, value: &Value) -> bool {
        let (present, type_name) = self.present(row, id);
        self.is_equal(check, id, type_name, present, value)
    }

    /// The row of this id, or the one that a form is.
    pub(super) fn find<'a>(&self, rows: &'a Rows, id: Option<&str>) -> Option<&'a Row> {
        match self.what.is_single() {
            true => rows.list.first(),
            false => rows.find(id?),
        }
    }

    /// Whether a row is the new one with these values.
    pub(super) fn is_like<'a>(
        &self,
        row: &Row,
        check: &FieldCheck,
        mut values: impl Iterator<Item = (&'a str, &'a Value)>,
    ) -> bool {
        let has_material = |material: &String| {
            row.material.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(material))
        };
        self.material_id.as_ref().is_none_or(has_material)
            && values.all(|(id, value)| self.has(Some(row), check, id, value))
    }
}
