//! Messages on tasks, and the files that are attached to them.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::answers::{Answer, Refusal, message, ok};
use crate::model::{FileLink, Links};
use crate::service::Call;
use crate::service::uploads::{self, Target};
use crate::state::State;

use super::details::{required, text};

/// The type of messages whose request does not say one.
pub(super) const COMMENT: &str = "Comment";

pub(crate) struct Message {
    pub(super) id: Uuid,
    pub(super) text: String,
    pub(super) kind: String,
    pub(super) files: Vec<FileLink>,
}

impl Message {
    fn view(&self, links: &Links) -> Value {
        let file = |file: &FileLink| json!({"fileName": &*file.name, "url": links.to(file)});
        let files: Vec<_> = self.files.iter().map(file).collect();
        json!({"id": self.id, "message": self.text, "type": self.kind, "attachments": files})
    }
}

/// The messages among which this one is, and its place.
fn find(state: &mut State, id: Option<Uuid>) -> Result<(&mut Vec<Message>, usize), Refusal> {
    let found = state.tasks.iter_mut().find_map(|task| {
        let at = task.messages.iter().position(|message| Some(message.id) == id)?;
        Some((&mut task.messages, at))
    });
    found.ok_or_else(|| Refusal::text("Message not found"))
}

fn named(call: &Call<'_>) -> Option<Uuid> {
    Uuid::parse_str(call.argument("message_id")).ok()
}

pub(super) fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let page = call.page()?;
    let state = call.shared.state();
    let links = state.links(&call.shared.origin);
    let messages = &state.tasks[super::at(&state, call)?].messages;
    Ok(ok(&page.cut(messages.iter().map(|message| message.view(&links)))))
}

/// Text and type of the body. `text` and `body` are no names of the text.
fn read(call: &Call<'_>) -> Result<(String, String), Refusal> {
    let body = call.object()?;
    let kind = text(&body, "type")?.unwrap_or_else(|| COMMENT.to_owned());
    Ok((required(&body, "message")?, kind))
}

pub(super) fn create(call: &Call<'_>) -> Result<Answer, Refusal> {
    let (text, kind) = read(call)?;
    let state = &mut *call.shared.state();
    let at = super::at(state, call)?;
    let message = Message { id: state.new_id(), text, kind, files: Vec::new() };
    let answer = ok(&message.view(&state.links(&call.shared.origin)));
    state.tasks[at].messages.push(message);
    Ok(answer)
}

pub(super) fn update(call: &Call<'_>) -> Result<Answer, Refusal> {
    let (text, kind) = read(call)?;
    let state = &mut *call.shared.state();
    let (messages, at) = find(state, named(call))?;
    messages[at].text = text;
    messages[at].kind = kind;
    Ok(message("Message updated"))
}

pub(super) fn remove(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = &mut *call.shared.state();
    let (messages, at) = find(state, named(call))?;
    messages.remove(at);
    Ok(message("Message deleted"))
}

pub(super) fn attach(call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = {
        let state = &mut *call.shared.state();
        let (messages, at) = find(state, named(call))?;
        messages[at].id
    };
    uploads::take(call, Target::Message(id))
}

/// Shows a file that is processed on its message. One that was deleted meanwhile has none.
pub(crate) fn keep_file(state: &mut State, id: Uuid, file: FileLink) {
    if let Ok((messages, at)) = find(state, Some(id)) {
        messages[at].files.push(file);
    }
}
