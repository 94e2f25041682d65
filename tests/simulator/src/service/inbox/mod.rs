//! Inbox: tasks about records, and the messages on tasks.

mod details;
mod messages;
mod seed;

use serde_json::Value;
use uuid::Uuid;

use crate::answers::{Answer, Refusal, message, ok};
use crate::calendar::Millis;
use crate::filters;
use crate::model::MasterKind;
use crate::state::State;

use super::Call;
use super::route::{Route, delete, get, post};

use details::Details;
use messages::Message;

pub(crate) use messages::keep_file;
pub(crate) use seed::tasks as seeded;

/// The master folders whose records a task can be about.
const MASTERS: &[MasterKind] =
    &[MasterKind::Style, MasterKind::Material, MasterKind::Image, MasterKind::Color];

pub(crate) const ROUTES: &[Route] = &[
    post("Inbox/Tasks/{Master}", list).only(MASTERS),
    get("Inbox/Task/{task_id}", read),
    post("Inbox/Task/Create", create),
    post("Inbox/Task/{task_id}/Update", update),
    delete("Inbox/Task/{task_id}/Delete", remove),
    post("Inbox/Task/{task_id}/Messages", messages::list),
    post("Inbox/Task/{task_id}/Message/Create", messages::create),
    // These do not name the task.
    post("Inbox/Task/Message/{message_id}/Update", messages::update),
    delete("Inbox/Task/Message/{message_id}/Delete", messages::remove),
    post("Inbox/Task/Message/{message_id}/AttachmentsUpload", messages::attach),
];

/// A task with its messages, the oldest first.
pub(crate) struct Task {
    id: Uuid,
    details: Details,
    created_at: Millis,
    modified_at: Millis,
    messages: Vec<Message>,
}

impl Task {
    fn view(&self) -> Value {
        self.details.view(self.id)
    }
}

/// The place of the task that the path names.
fn at(state: &State, call: &Call<'_>) -> Result<usize, Refusal> {
    let id = Uuid::parse_str(call.argument("task_id")).ok();
    let at = state.tasks.iter().position(|task| Some(task.id) == id);
    at.ok_or_else(|| Refusal::text("Task not found"))
}

fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let filters = filters::read(call.json()?.get("filters"))?;
    let page = call.page()?;
    let folder = call.guid("folderId")?;
    let state = call.shared.state();
    let master = state.records.master(call.kind());
    let folder = match folder {
        None => None,
        Some(id) => Some(master.folder(id).ok_or_else(|| Refusal::failure("Folder not found"))?),
    };
    let matching = state.tasks.iter().filter(|task| {
        task.details.is_about(master, folder)
            && filters::stamps_match(&filters, task.id, task.created_at, task.modified_at)
    });
    Ok(ok(&page.cut(matching.map(Task::view))))
}

fn read(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = call.shared.state();
    Ok(ok(&state.tasks[at(&state, call)?].view()))
}

fn create(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let state = &mut *call.shared.state();
    let details = Details::read(&state.records, &body)?;
    let now = state.write_time();
    let task = Task { id: state.new_id(), details, created_at: now, modified_at: now, messages: Vec::new() };
    let answer = ok(&task.view());
    state.tasks.push(task);
    Ok(answer)
}

/// The task becomes what the request says. What it leaves out is empty then, so that a client which sends a part of a task
/// is noticed.
fn update(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let state = &mut *call.shared.state();
    let at = at(state, call)?;
    let details = Details::read(&state.records, &body)?;
    let now = state.write_time();
    let task = &mut state.tasks[at];
    task.details = details;
    task.modified_at = now;
    Ok(message("Task updated"))
}

/// Its messages go with it.
fn remove(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = &mut *call.shared.state();
    let at = at(state, call)?;
    state.tasks.remove(at);
    Ok(message("Task deleted"))
}
