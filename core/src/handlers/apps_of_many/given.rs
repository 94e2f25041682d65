//! The records and applications that a call names.

use serde_json::Value;

use super::App;
use crate::arguments::shown;
use crate::error::{Error, Result};
use crate::handlers::many::one_id;
use crate::near;

/// A record as the caller names it.
pub(super) struct Given {
    pub(super) id: String,
    /// Of a record that was read.
    pub(super) folder: Option<String>,
    pub(super) stamp: Option<String>,
}

impl Given {
    pub(super) fn all(name: &str, value: &Value) -> Result<Vec<Self>> {
        let list = value.as_array().ok_or_else(|| {
            Error::config(format!("{name} has to be a list of ids or of records, not {}", shown(value)))
        })?;
        list.iter()
            .enumerate()
            .map(|(index, one)| {
                let name = format!("{name}[{index}]");
                match one {
                    Value::Object(_) => Self::of_record(&name, one),
                    _ => Ok(Self { id: one_id(&name, one)?, folder: None, stamp: None }),
                }
            })
            .collect()
    }

    /// A record as a list or a read has returned it.
    pub(super) fn of_record(name: &str, record: &Value) -> Result<Self> {
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Self {
            id: one_id(&format!("{name}.id"), &record["id"])?,
            folder: text(&record["folder"]["id"]).map(|folder| folder.to_lowercase()),
            stamp: text(&record["modifiedAt"]),
        })
    }
}

/// The applications that a call names: all, or some by id or title.
pub(super) struct Selected {
    name: &'static str,
    texts: Option<Vec<String>>,
}

impl Selected {
    pub(super) fn read(name: &'static str, value: &Value) -> Result<Self> {
        let wrong =
            || Error::config(format!("{name} has to be a list of ids or titles, not {}", shown(value)));
        let texts = match value {
            Value::Null => None,
            Value::Array(list) => {
                let texts = list.iter().map(|text| text.as_str().map(str::to_owned));
                Some(texts.collect::<Option<Vec<_>>>().ok_or_else(wrong)?)
            }
            _ => return Err(wrong()),
        };
        match texts {
            Some(texts) if texts.is_empty() => {
                Err(Error::config(format!("{name} is empty: leave it out for all applications")))
            }
            texts => Ok(Self { name, texts }),
        }
    }

    pub(super) fn names(&self, app: &App) -> bool {
        self.texts.as_ref().is_none_or(|texts| texts.iter().any(|text| is_of(app, text)))
    }

    /// Refuses what no folder has, and a title of several applications of one folder.
    pub(super) fn check<'a>(&self, apps: impl Iterator<Item = &'a App> + Clone) -> Result<()> {
        for text in self.texts.iter().flatten() {
            if apps.clone().next().is_some() && !apps.clone().any(|app| is_of(app, text)) {
                let titles: Vec<_> = apps.clone().filter_map(|app| app.title.as_deref()).collect();
                let hint = near::hint_or_all(text, &titles, "there are");
                return Err(Error::config(format!(
                    "{}: no folder of the records has an application {text:?}{hint}",
                    self.name
                )));
            }
        }
        Ok(())
    }

    /// Refuses a title that several applications of one folder have.
    pub(super) fn check_folder(&self, apps: &[App]) -> Result<()> {
        for text in self.texts.iter().flatten() {
            let of_title = apps.iter().filter(|app| !is_id(app, text) && is_of(app, text));
            let ids: Vec<_> = of_title.map(|app| app.id.as_str()).collect();
            if ids.len() > 1 {
                return Err(Error::config(format!(
                    "{}: {} applications of one folder have the title {text:?}: name them by their ids: {}",
                    self.name,
                    ids.len(),
                    ids.join(", ")
                )));
            }
        }
        Ok(())
    }
}

fn is_id(app: &App, text: &str) -> bool {
    app.id.eq_ignore_ascii_case(text)
}

fn is_of(app: &App, text: &str) -> bool {
    let is_alike = |title: &String| title.trim().to_lowercase() == text.trim().to_lowercase();
    is_id(app, text) || app.title.as_ref().is_some_and(is_alike)
}
