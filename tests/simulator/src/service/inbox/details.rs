//! What a task says, as requests write it and answers show it. Members of other names are not read: a task with `subject` in
//! place of `taskName` has no name, and is refused.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::answers::Refusal;
use crate::calendar::{parse, stamp, whole_seconds};
use crate::model::{Master, MasterKind, Records};
use crate::people::{User, user_by_id};

use super::MASTERS;

pub(super) struct Details {
    pub(super) name: String,
    pub(super) start: Option<String>,
    pub(super) due: Option<String>,
    pub(super) priority: Option<String>,
    pub(super) status: Option<String>,
    pub(super) assignees: Vec<&'static User>,
    pub(super) participants: Vec<&'static User>,
    pub(super) about: Option<About>,
}

/// The records that a task is about.
pub(super) struct About {
    pub(super) kind: MasterKind,
    pub(super) headers: Vec<Uuid>,
}

impl Details {
    pub(super) fn read(records: &Records, body: &Map<String, Value>) -> Result<Self, Refusal> {
        Ok(Details {
            name: required(body, "taskName")?,
            start: date(body, "startDate")?,
            due: date(body, "dueDate")?,
            priority: text(body, "priority")?,
            status: text(body, "status")?,
            assignees: users(body, "assignees")?,
            participants: users(body, "participants")?,
            about: given(body, "references").map(|about| About::read(records, about)).transpose()?,
        })
    }

    pub(super) fn view(&self, id: Uuid) -> Value {
        let people = |users: &[&User]| users.iter().map(|user| json!({"value": user.id})).collect::<Vec<_>>();
        let about = self.about.as_ref();
        json!({
            "id": id, "taskName": self.name, "startDate": self.start, "dueDate": self.due,
            "priority": self.priority, "status": self.status, "assignees": people(&self.assignees),
            "participants": people(&self.participants),
            "references": about.map(|about| json!({"page": about.kind.name(), "headers": about.headers})),
        })
    }

    /// Whether it is about records of this master folder, and about one in the folder at this place if there is one.
    pub(super) fn is_about(&self, master: &Master, folder: Option<usize>) -> bool {
        let folder_of = |id: &Uuid| Some(master.slots()[master.at(*id)?].outline().folder);
        let about = self.about.as_ref().filter(|about| about.kind == master.kind);
        about.is_some_and(|about| folder.is_none() || about.headers.iter().any(|id| folder_of(id) == folder))
    }
}

impl About {
    fn read(records: &Records, references: &Value) -> Result<Self, Refusal> {
        let wrong = || not_valid("references");
        let page = references.get("page").and_then(Value::as_str).ok_or_else(wrong)?;
        let kind = MASTERS.iter().find(|kind| kind.name().eq_ignore_ascii_case(page)).ok_or_else(wrong)?;
        let master = records.master(*kind);
        let ids = references.get("headers").and_then(Value::as_array).ok_or_else(wrong)?;
        let header = |id: &Value| -> Result<Uuid, Refusal> {
            let at = master.find(id.as_str().ok_or_else(wrong)?);
            let at = at.ok_or_else(|| Refusal::text("Header not found"))?;
            Ok(master.slots()[at].outline().id)
        };
        let headers = ids.iter().map(header).collect::<Result<_, Refusal>>()?;
        Ok(About { kind: *kind, headers })
    }
}

fn not_valid(name: &str) -> Refusal {
    Refusal::validation(name, "The value is not valid.")
}

/// A member that is not null.
fn given<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    body.get(name).filter(|value| !value.is_null())
}

pub(super) fn text(body: &Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match given(body, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(not_valid(name)),
    }
}

pub(super) fn required(body: &Map<String, Value>, name: &str) -> Result<String, Refusal> {
    let text = text(body, name)?.filter(|text| !text.is_empty());
    text.ok_or_else(|| Refusal::validation(name, "The field is required."))
}

fn date(body: &Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    let Some(text) = text(body, name)? else { return Ok(None) };
    let at = parse(&text).ok_or_else(|| not_valid(name))?;
    Ok(Some(if at % 1000 == 0 { whole_seconds(at) } else { stamp(at) }))
}

/// Users by their ids, each in an object of its own.
fn users(body: &Map<String, Value>, name: &str) -> Result<Vec<&'static User>, Refusal> {
    let Some(list) = given(body, name) else { return Ok(Vec::new()) };
    let list = list.as_array().ok_or_else(|| not_valid(name))?;
    let user = |item: &Value| {
        let id = item.get("value").and_then(Value::as_str).ok_or_else(|| not_valid(name))?;
        user_by_id(id).ok_or_else(|| Refusal::failure(format!("User [{id}] not found")))
    };
    list.iter().map(user).collect()
}
