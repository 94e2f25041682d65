//! What is sent: the edits of one record as one request.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::edit::Kind;
use super::preview::{FieldChange, Judged};

/// One request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) kind: Kind,
    pub(super) resource: String,
    /// The record, unless it is new.
    pub(super) id: Option<String>,
    pub(super) number: Option<String>,
    pub(super) folder_id: Option<String>,
    pub(super) fields: Vec<FieldChange>,
    /// The edits that it carries out: their numbers and places.
    pub(super) edits: Vec<(usize, Option<String>)>,
}

impl Task {
    /// New records first, deletions last; edits of one record are one task.
    pub(super) fn all(edits: &[Judged]) -> Vec<Self> {
        let mut tasks: Vec<Self> = Vec::new();
        let mut of_record: HashMap<(Kind, String, String), usize> = HashMap::new();
        for kind in [Kind::Create, Kind::Update, Kind::Delete] {
            for edit in edits.iter().filter(|edit| edit.action.sends() && edit.kind == kind) {
                let place = (edit.index, edit.origin.clone());
                let key = edit.id.as_ref().map(|id| (kind, edit.resource.clone(), id.to_lowercase()));
                if let Some(task) = key.as_ref().and_then(|key| of_record.get(key)) {
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
                    of_record.insert(key, tasks.len());
                }
                tasks.push(Self {
                    kind,
                    resource: edit.resource.clone(),
                    id: edit.id.clone(),
                    number: edit.number.clone(),
                    folder_id: edit.folder_id.clone(),
                    fields: edit.fields.clone(),
                    edits: vec![place],
                });
            }
        }
        // Records of one kind stand together, as one list reads them.
        tasks.sort_by_key(|task| (task.kind, task.resource.clone()));
        tasks
    }

    /// The values as a request has them.
    pub(super) fn values(&self) -> Map<String, Value> {
        self.fields.iter().map(|change| (change.id.clone(), change.new.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
