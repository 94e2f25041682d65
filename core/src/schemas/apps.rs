//! The types of applications, as lists have shown them: a page does not say its own (docs/service/apps.md, Applications).

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::answer;
use crate::arguments::short_id;
use crate::catalog::{Operation, operations};
use crate::error::{Error, Result};

/// Applications that are remembered, at most.
const MOST_APPS: usize = 10_000;

/// By their ids, in lower case.
#[derive(Debug, Default)]
pub(super) struct Apps(HashMap<String, App>);

#[derive(Debug)]
struct App {
    title: String,
    type_name: String,
}

/// Whether the schema of an application says that variations of its bills of materials are switched on, so that a read of its page
/// creates none. Anything but yes leaves that open (docs/service/apps.md, Variations of bills of materials).
pub(crate) fn has_variations(schema: &Value) -> bool {
    let fields = answer::find(schema, "metadata").and_then(Value::as_array);
    answer::find(schema, "enableBomVariations").is_none_or(|switch| *switch == true)
        && fields.is_some_and(|fields| !fields.is_empty())
}

impl Apps {
    /// Remembers the applications of a list.
    pub(super) fn learn(&mut self, list: &[u8]) {
        let value = answer::value(list);
        let apps = value.as_array().or_else(|| value.get("result")?.as_array());
        for app in apps.into_iter().flatten() {
            let text = |name: &str| app.get(name).and_then(Value::as_str);
            let (Some(id), Some(type_name)) = (text("id"), text("type")) else { continue };
            if self.0.len() >= MOST_APPS {
                self.0.clear();
            }
            let title = text("title").unwrap_or_default().to_owned();
            self.0.insert(id.to_lowercase(), App { title, type_name: type_name.to_owned() });
        }
    }

    /// Refuses an application whose pages other operations write. One of a type that no operation names is let through: there
    /// may be types that are not known yet.
    pub(super) fn check(&self, operation: &Operation, arguments: &Map<String, Value>) -> Result<()> {
        let id = arguments.get("app_id").and_then(Value::as_str).filter(|_| !operation.app_types.is_empty());
        let Some(app) = id.and_then(|id| self.0.get(&id.to_lowercase())) else { return Ok(()) };
        let writes = |other: &Operation| {
            other.app_types.iter().any(|type_name| type_name.eq_ignore_ascii_case(&app.type_name))
        };
        if writes(operation) {
            return Ok(());
        }
        let others = operations().filter(|other| other.resource == operation.resource && writes(other));
        let others: Vec<_> = others.map(short_id).collect();
        if others.is_empty() {
            return Ok(());
        }
        Err(Error::config(format!(
            "{} is for applications of the type {}, and {:?} is of the type {}: see {}",
            short_id(operation),
            operation.app_types.join(", "),
            app.title,
            app.type_name,
            others.join(", ")
        )))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(apps: &Apps, operation: &str, app: &str) -> Option<String> {
        let arguments = Map::from_iter([("app_id".to_owned(), app.into())]);
        let checked = apps.check(Operation::find(operation).unwrap(), &arguments);
        checked.err().map(|error| error.message().to_owned())
    }

    #[test]
    fn an_application_of_another_type_is_refused_once_its_type_is_known() {
        let mut apps = Apps::default();
        assert_eq!(refusal(&apps, "style.app_form_update", "A-1"), None);
        let list = json!([
            {"id": "A-1", "title": "Steps", "type": "Grid"}, {"id": "a-2", "title": null, "type": "FORM"},
            {"id": "a-3", "title": "New", "type": "Unheard"}, {"id": "a-4", "type": null}, {"type": "Grid"}, 7,
        ]);
        apps.learn(list.to_string().as_bytes());
        let refused = refusal(&apps, "style.app_form_update", "a-1").unwrap();
        let says = "style.app_form_update is for applications of the type Form, FormGrid, ImagesForm, and \"Steps\" is of the \
                    type Grid: see style.app_grid_update";
        assert_eq!(refused, says);
        for (operation, app) in [
            ("style.app_grid_update", "A-1"),
            ("style.app_form_update", "A-2"),
            ("style.app_form_update", "a-3"),
            ("style.app_form_update", "a-4"),
            // Any type.
            ("style.app_get", "a-1"),
            ("style.app_reset", "a-1"),
        ] {
            assert_eq!(refusal(&apps, operation, app), None, "{operation} {app}");
        }
        let list = json!({"result": [{"id": "b-1", "title": "Files", "type": "Attachments"}]});
        apps.learn(list.to_string().as_bytes());
        assert!(refusal(&apps, "image.app_list_update", "B-1").is_some());
        for other in ["null", "oops", "{}"] {
            apps.learn(other.as_bytes());
        }
        assert!(refusal(&apps, "style.app_form_update", "A-1").is_some());
    }
}
