//! Tags of the master folders, and those of a record.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::answers::{Answer, Refusal, message, ok};
use crate::calendar::whole_seconds;
use crate::model::Tag;
use crate::state::State;

use super::Call;
use super::headers::touch;
use super::route::{Route, delete, get, post};
use super::users;

pub(crate) const ROUTES: &[Route] = &[
    get("Tag/{Master}/List", list),
    post("Tag/{Master}/Create", create),
    post("Tag/{tag_id}/Update", update),
    delete("Tag/{tag_id}/Delete", remove),
    post("Tag/{tag_id}/Share", share),
    post("Tag/{tag_id}/Unshare", unshare),
    get("Tag/Header/{id}", of_header),
    post("Tag/Header/{id}/Add", add_to_header),
    post("Tag/Header/{id}/Remove", remove_from_header),
];

fn view(tag: &Tag) -> Value {
    json!({"id": tag.id, "name": tag.name, "integration": tag.integration, "tagDate": whole_seconds(tag.date),
           "tagUsers": tag.users})
}

fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let tags = call.shared.state().records.tags.clone();
    let tags = tags.iter().filter(|tag| tag.masters.contains(&call.kind()));
    Ok(ok(&tags.map(view).collect::<Vec<_>>()))
}

fn create(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let users = body.get("shareWith").filter(|users| !users.is_null()).cloned().unwrap_or_else(|| json!([]));
    let users: Vec<String> = serde_json::from_value(users)
        .map_err(|_| Refusal::validation("shareWith", "The value is not an array of texts."))?;
    let state = &mut *call.shared.state();
    known_users(&users, state)?;
    let tag = Tag {
        id: state.new_id(),
        masters: vec![call.kind()],
        name: name(&body)?,
        integration: body.get("integration").cloned().unwrap_or_default(),
        date: state.write_time(),
        users,
    };
    let answer = ok(&view(&tag));
    Arc::make_mut(&mut state.records.tags).push(tag);
    Ok(answer)
}

fn name(body: &serde_json::Map<String, Value>) -> Result<String, Refusal> {
    let name = body.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
    name.map(str::to_owned).ok_or_else(|| Refusal::validation("name", "The field is required."))
}

fn known_users(ids: &[String], state: &State) -> Result<(), Refusal> {
    match ids.iter().find(|id| !users::is_known(&state.users, id)) {
        Some(id) => Err(Refusal::failure(format!("User [{id}] not found"))),
        None => Ok(()),
    }
}

fn find<'a>(call: &Call<'_>, state: &'a mut State) -> Result<(usize, &'a mut Vec<Tag>), Refusal> {
    let id = Uuid::parse_str(call.argument("tag_id")).ok();
    let tags = Arc::make_mut(&mut state.records.tags);
    let at = tags.iter().position(|tag| Some(tag.id) == id);
    Ok((at.ok_or_else(|| Refusal::failure("Tag not found"))?, tags))
}

fn update(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let name = name(&body)?;
    let mut state = call.shared.state();
    let (at, tags) = find(call, &mut state)?;
    tags[at].name = name;
    tags[at].integration = body.get("integration").cloned().unwrap_or_default();
    Ok(ok(&view(&tags[at])))
}

/// The tag leaves every record.
fn remove(call: &Call<'_>) -> Result<Answer, Refusal> {
    let mut state = call.shared.state();
    let (at, tags) = find(call, &mut state)?;
    tags.remove(at);
    Ok(message("Tag deleted"))
}

fn share(call: &Call<'_>) -> Result<Answer, Refusal> {
    let users = call.texts()?;
    let mut state = call.shared.state();
    known_users(&users, &state)?;
    let (at, tags) = find(call, &mut state)?;
    for user in users {
        if !tags[at].users.contains(&user) {
            tags[at].users.push(user);
        }
    }
    Ok(message("Tag shared"))
}

fn unshare(call: &Call<'_>) -> Result<Answer, Refusal> {
    let users = call.texts()?;
    let mut state = call.shared.state();
    let (at, tags) = find(call, &mut state)?;
    tags[at].users.retain(|user| !users.contains(user));
    Ok(message("Tag unshared"))
}

fn of_header(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = call.shared.state();
    let (kind, at) = super::any_header(&state, call.argument("id"))?;
    let ids = state.records.master(kind).record(at).tags.clone().unwrap_or_default();
    let tags = ids.iter().filter_map(|id| state.records.tags.iter().find(|tag| tag.id == *id));
    Ok(ok(&tags.map(view).collect::<Vec<_>>()))
}

/// Names that are no tag of the master folder are passed over.
fn add_to_header(call: &Call<'_>) -> Result<Answer, Refusal> {
    change(call, "Tags added", |ids, id| {
        if !ids.contains(&id) {
            ids.push(id);
        }
    })
}

fn remove_from_header(call: &Call<'_>) -> Result<Answer, Refusal> {
    change(call, "Tags removed", |ids, id| ids.retain(|known| *known != id))
}

fn change(call: &Call<'_>, done: &str, with: impl Fn(&mut Vec<Uuid>, Uuid)) -> Result<Answer, Refusal> {
    let names = call.texts()?;
    let state = &mut *call.shared.state();
    let (kind, at) = super::any_header(state, call.argument("id"))?;
    let mut header = (*state.records.master(kind).record(at)).clone();
    let before = header.tags.clone().unwrap_or_default();
    let mut ids = (*before).clone();
    for name in &names {
        let mut tags = state.records.tags.iter();
        if let Some(tag) = tags.find(|tag| tag.name == *name && tag.masters.contains(&kind)) {
            with(&mut ids, tag.id);
        }
    }
    if ids != *before {
        header.tags = Some(Arc::new(ids));
        touch(&mut header, state.write_time(), call.user);
        let unseen = call.unseen(state);
        state.records.master_mut(kind).put(at, header, unseen);
    }
    Ok(message(done))
}
