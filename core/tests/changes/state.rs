//! What edits are about, and what is there of it.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

/// What an edit is about, and how it will be seen.
#[derive(Clone, Debug)]
pub(super) enum Seek {
    Name(String, String),
    Deleted(String),
    Number(String),
    Form(String, u64),
    Row {
        style: Option<String>,
        number: Option<String>,
        step: String,
    },
    RowGone(String, String),
    Minutes(String, String, u64),
    Label(String, String),
    LabelOfNew(String),
    LineGone(String),
    Tag(String),
    /// A style, the member of its image, and the name of the file.
    Image(String, &'static str, String),
}

/// Values by row and field.
pub(super) type Rows = Vec<(String, Map<String, Value>)>;

pub(super) fn values(fields: &Value) -> Map<String, Value> {
    let fields = fields.as_array().into_iter().flatten();
    fields.map(|field| (field["id"].as_str().unwrap().to_owned(), field["value"].clone())).collect()
}

pub(super) fn rows(list: &Value, id: &str) -> Rows {
    let list = list.as_array().into_iter().flatten();
    list.map(|row| (row[id].as_str().unwrap().to_owned(), values(&row["fields"]))).collect()
}

#[derive(Default)]
pub(super) struct State {
    pub(super) styles: HashMap<String, Value>,
    /// Number and id of each.
    pub(super) new: Vec<(String, String)>,
    /// Ids of new records by the number that was sent, as outcomes say it.
    pub(super) made: HashMap<String, String>,
    pub(super) grids: HashMap<String, Rows>,
    pub(super) forms: HashMap<String, Map<String, Value>>,
    pub(super) tags: HashMap<String, Value>,
    pub(super) lines: Rows,
    pub(super) broken: Vec<String>,
}

impl State {
    pub(super) fn shows(&self, seek: &Seek) -> bool {
        let row = |rows: &Rows, id: &str| {
            rows.iter().find(|(known, _)| known == id).map(|(_, values)| values.clone())
        };
        match seek {
            Seek::Name(style, name) => self.styles[style]["headerName"] == **name,
            Seek::Deleted(style) => self.styles[style]["isDeleted"] == true,
            Seek::Number(number) => self.new.iter().any(|(known, id)| {
                let name = &self.styles[id]["headerName"];
                known == number && name.as_str().is_some_and(|name| name.starts_with("text "))
            }),
            Seek::Form(style, pieces) => self.forms.get(style).is_some_and(|form| form["pieces"] == *pieces),
            Seek::Row { style, number, step } => {
                let of_number = || self.made.get(number.as_ref()?).cloned();
                let Some(style) = style.clone().or_else(of_number) else { return false };
                self.grids
                    .get(&style)
                    .is_some_and(|rows| rows.iter().any(|(_, values)| values["step"] == **step))
            }
            Seek::RowGone(style, id) => self.grids.get(style).is_some_and(|rows| row(rows, id).is_none()),
            Seek::Minutes(style, id, minutes) => self
                .grids
                .get(style)
                .and_then(|rows| row(rows, id))
                .is_some_and(|row| row["minutes"] == *minutes),
            Seek::Label(id, label) => row(&self.lines, id).is_some_and(|row| row["label"] == **label),
            Seek::LabelOfNew(label) => self.lines.iter().any(|(_, row)| row["label"] == **label),
            Seek::LineGone(id) => row(&self.lines, id).is_none(),
            Seek::Image(style, member, name) => {
                let link = self.styles[style]["headerData"][member]["origin"].as_str().unwrap_or_default();
                link.contains(&format!("/{}?", name.replace('.', "%2E").replace('-', "%2D")))
            }
            Seek::Tag(style) => self
                .tags
                .get(style)
                .is_some_and(|tags| tags.as_array().unwrap().iter().any(|tag| tag["name"] == "Sale")),
        }
    }

    /// Rows with a text that only one edit has given.
    pub(super) fn twice(&self) -> Vec<String> {
        let mut broken = self.broken.clone();
        let texts = |rows: &Rows, id: &str| -> Vec<String> {
            rows.iter().filter_map(|(_, values)| values[id].as_str()).map(str::to_owned).collect()
        };
        let of_grids = self.grids.values().map(|rows| texts(rows, "step"));
        for texts in of_grids.chain([texts(&self.lines, "label")]) {
            let mut seen = HashSet::new();
            for text in texts.into_iter().filter(|text| text.starts_with("text ")) {
                if !seen.insert(text.clone()) {
                    broken.push(format!("the row {text:?} is there twice"));
                }
            }
        }
        broken
    }
}
