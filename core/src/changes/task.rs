//! What is sent: the edits of one record as one request.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::edit::Kind;
use super::part::{Part, Sheet, What};
use super::preview::{FieldChange, Judged};
use super::sheet;

/// One request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) kind: Kind,
    pub(super) resource: String,
    /// The record, unless it is new.
    pub(super) id: Option<String>,
    pub(super) number: Option<String>,
    pub(super) folder_id: Option<String>,
    #[serde(default)]
    pub(super) part: Option<Box<Part>>,
    pub(super) fields: Vec<FieldChange>,
    /// The edits that it carries out: their numbers and places.
    pub(super) edits: Vec<(usize, Option<String>)>,
}

impl Task {
    /// New records first, deletions last; edits of one record, or of one part of it, are one task.
    pub(super) fn all(edits: &[Judged]) -> Vec<Self> {
        let mut tasks: Vec<Self> = Vec::new();
        let mut known: HashMap<(Kind, String, String, String), usize> = HashMap::new();
        for edit in edits.iter().filter(|edit| edit.action.sends()) {
            let place = (edit.index, edit.origin.clone());
            let key = key(edit);
            if let Some(task) = key.as_ref().and_then(|key| known.get(key)) {
                let task = &mut tasks[*task];
                for change in &edit.fields {
                    if !task.fields.iter().any(|known| known.id == change.id) {
                        task.fields.push(change.clone());
                    }
                }
                task.edits.push(place);
                continue;
            }
            if let Some(key) = key {
                known.insert(key, tasks.len());
            }
            tasks.push(Self {
                kind: edit.kind,
                resource: edit.resource.clone(),
                id: edit.id.clone(),
                number: edit.number.clone(),
                folder_id: edit.folder_id.clone(),
                part: edit.part.clone(),
                fields: edit.fields.clone(),
                edits: vec![place],
            });
        }
        // Records of one kind stand together, as one list reads them, and so do the rows of a page. The others keep their order.
        tasks.sort_by_cached_key(|task| {
            let lane = task.rows().map(|_| sheet::lane(task));
            (task.rank(), task.resource.clone(), task.sheet(), lane)
        });
        tasks
    }

    /// New records, then their parts and images, and deletions at the end.
    fn rank(&self) -> u8 {
        match (&self.part, self.kind) {
            (Some(part), _) if part.what == What::Image => 3,
            (Some(_), _) => 2,
            (None, Kind::Create) => 0,
            (None, Kind::Update) => 1,
            (None, Kind::Delete) => 4,
        }
    }

    /// Of an image.
    pub(super) fn image(&self) -> Option<&Part> {
        self.part.as_deref().filter(|part| part.what == What::Image)
    }

    /// Of what is read and written by rows.
    pub(super) fn rows(&self) -> Option<&Part> {
        self.part.as_deref().filter(|part| part.what != What::Image)
    }

    pub(super) fn creates_record(&self) -> bool {
        self.kind == Kind::Create && self.part.is_none()
    }

    /// Where its rows are read and written.
    pub(super) fn sheet(&self) -> Option<Sheet> {
        self.rows().map(|part| part.sheet(&self.resource, self.id.as_deref()))
    }

    /// The place of the schema that it rests on.
    pub(super) fn schema_place(&self) -> Option<String> {
        match &self.part {
            Some(part) => part.schema_place(&self.resource, self.id.as_deref()),
            None => Some(format!("{}/{}", self.resource, self.folder_id.as_ref()?.to_lowercase())),
        }
    }

    /// The values as a request has them.
    pub(super) fn values(&self) -> Map<String, Value> {
        self.fields.iter().map(|change| (change.id.clone(), change.new.clone())).collect()
    }
}

/// Edits with the same one are one task.
fn key(edit: &Judged) -> Option<(Kind, String, String, String)> {
    let target = match &edit.part {
        // A new row whose id the service makes is one of its own.
        Some(part) if edit.kind == Kind::Create && part.row_id.is_none() && !part.what.is_single() => {
            return None;
        }
        // Each image of a record is a file of its own.
        Some(part) if part.what == What::Image => format!("{}{}", part.target(), edit.fields.first()?.id),
        Some(part) => part.target(),
        None => String::new(),
    };
    let record = match &edit.part {
        Some(part) => part.sheet(&edit.resource, edit.id.as_deref()).record,
        None => edit.id.as_ref()?.to_lowercase(),
    };
    Some((edit.kind, edit.resource.clone(), record, target))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn edits_of_one_row_are_one_task_and_new_rows_are_their_own() {
        let edit = |index: usize, kind: &str, row: Value, field: &str| {
            json!({
                "index": index, "kind": kind, "resource": "style", "action": kind, "id": "a",
                "part": {"what": "bom", "appId": "p", "rowId": row},
                "fields": [{"id": field, "old": null, "new": index}],
            })
        };
        let edits = json!([
            edit(0, "update", json!("r"), "x"),
            edit(1, "create", json!(null), "x"),
            edit(2, "update", json!("R"), "y"),
            edit(3, "create", json!(null), "x"),
        ]);
        let edits: Vec<Judged> = serde_json::from_value(edits).unwrap();
        let tasks = Task::all(&edits);
        let shown: Vec<Vec<usize>> =
            tasks.iter().map(|task| task.edits.iter().map(|(index, _)| *index).collect()).collect();
        assert_eq!(shown, [vec![0, 2], vec![1], vec![3]]);
    }

    #[test]
    fn edits_of_one_record_are_one_request() {
        let edit = |index: usize, kind: &str, id: Value, field: &str| {
            json!({
                "index": index, "kind": kind, "resource": "style", "action": kind, "id": id,
                "fields": [{"id": field, "old": null, "new": index}],
            })
        };
        let edits = json!([
            edit(0, "delete", json!("d"), "x"),
            edit(1, "update", json!("A"), "x"),
            edit(2, "create", json!(null), "x"),
            edit(3, "update", json!("a"), "y"),
            edit(4, "create", json!(null), "x"),
            edit(5, "update", json!("b"), "x"),
        ]);
        let edits: Vec<Judged> = serde_json::from_value(edits).unwrap();
        let tasks = Task::all(&edits);
        let shown: Vec<_> = tasks
            .iter()
            .map(|task| (task.kind, task.edits.iter().map(|(index, _)| *index).collect::<Vec<_>>()))
            .collect();
        let expected = [
            (Kind::Create, vec![2]),
            (Kind::Create, vec![4]),
            (Kind::Update, vec![1, 3]),
            (Kind::Update, vec![5]),
            (Kind::Delete, vec![0]),
        ];
        assert_eq!(shown, expected);
        assert_eq!(Value::from(tasks[2].values()), json!({"x": 1, "y": 3}));
    }
}
