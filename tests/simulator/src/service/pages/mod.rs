//! Pages: what a record has in an application. A page is there once something has written it; until then, reads answer the
//! empty one of its type.
//!
//! A type of applications is a file beside this one with its `Type`, which `TYPES` lists, and routes of its own, which
//! `service::API` lists. The type says what its application is called, what an empty page holds, and what `PageSchema` answers.
//! Functions find the page with `Place::of_query` or `Place::of`, read it with `data` and write it with `change`,
//! which makes a page that was never written, and stamps page and record. A file of the storage is `file(id)` in the data: an
//! answer has a link in its place. A file that is uploaded goes there by `uploads::Target::Page`.

pub(crate) mod attachments;
pub(crate) mod forms;
pub(crate) mod grids;
pub(crate) mod images;
pub(crate) mod links;
pub(crate) mod lists;
pub(crate) mod requests;
mod rows;
mod values;

use serde_json::{Value, json};
use uuid::Uuid;

use super::Call;
use super::apps::{self, App};
use super::headers::{find, touch};
use super::route::{Route, get, post};
use super::uploads::{self, Target};
use crate::answers::{Answer, Refusal, message, ok};
use crate::calendar::{Millis, stamp};
use crate::model::{Links, MasterKind, Until};
use crate::people::{User, person};
use crate::state::State;

/// In the order of lists of applications: further ones go to the end.
static TYPES: &[Type] = &[
    Type::new("Artboard", "Artboard", |_| json!({}), |_| json!({})),
    forms::FORM,
    grids::GRID,
    lists::LIST,
    attachments::ATTACHMENTS,
    requests::SAMPLE_REQUEST,
    Type::new("BOM", "Product BOM", |_| Value::Null, |_| json!({})),
    forms::FORM_GRID,
    images::IMAGES_FORM,
    images::IMAGES_GRID,
    lists::TEXT_LIST,
    requests::SAMPLE,
    requests::FORM_REQUEST,
    links::LINK_PAGES,
];

pub(crate) const ROUTES: &[Route] = &[
    get("{Master}/Page", read),
    get("{Master}/PageSchema", schema),
    post("{Master}/{header_id}/Page/{app_id}/Reset", reset),
];

/// A type of applications.
#[derive(Clone, Copy)]
pub(crate) struct Type {
    /// As lists of applications spell it.
    pub(crate) name: &'static str,
    /// Title of the application of this type that each folder has.
    pub(crate) title: &'static str,
    pub(crate) masters: &'static [MasterKind],
    /// Whether pages belong to rows of plans, as requests of samples.
    pub(crate) holds_requests: bool,
    /// The data of a page that was never written.
    pub(crate) empty: fn(&App) -> Value,
    pub(crate) schema: fn(&App) -> Value,
    /// What `Page` answers.
    pub(crate) read: fn(&Call<'_>, &mut State, &Place) -> Result<Answer, Refusal>,
}

impl Type {
    pub(crate) const fn new(
        name: &'static str,
        title: &'static str,
        empty: fn(&App) -> Value,
        schema: fn(&App) -> Value,
    ) -> Self {
        Type { name, title, masters: &MasterKind::ALL, holds_requests: false, empty, schema, read: answer }
    }

    /// The same for some master folders only.
    pub(crate) const fn only(self, masters: &'static [MasterKind]) -> Self {
        Type { masters, ..self }
    }

    /// The same, whose pages belong to rows of plans.
    pub(crate) const fn of_requests(self) -> Self {
        Type { holds_requests: true, ..self }
    }
}

pub(crate) fn types() -> impl Iterator<Item = &'static Type> {
    TYPES.iter()
}

/// A page that something has written.
pub(crate) struct Page {
    data: Value,
    created_by: Value,
    created_at: Millis,
    modified_by: Value,
    modified_at: Millis,
}

/// Record, application, and the row of a plan that a request belongs to.
pub(crate) type Key = (Uuid, Uuid, Option<Uuid>);

/// Where a page is.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) kind: MasterKind,
    pub(crate) header: Uuid,
    pub(crate) app: App,
    /// The row of a plan, of a request.
    pub(crate) timeline: Option<Uuid>,
}

/// There is no such page, or application. What the service says of an application of another type is not known.
pub(crate) fn not_found() -> Refusal {
    Refusal::text("Page not found.")
}

impl Place {
    /// The page of this record, of the master folder that the path names.
    pub(crate) fn of(call: &Call<'_>, state: &State, header: &str, app: &str) -> Result<Self, Refusal> {
        let kind = call.kind();
        let master = state.records.master(kind);
        let header = master.record(find(master, header)?);
        let app = Uuid::parse_str(app).map_err(|_| not_found())?;
        let app = apps::of(kind, master.folders[header.folder].id).find(|one| one.id == app);
        Ok(Place { kind, header: header.id, app: app.ok_or_else(not_found)?, timeline: None })
    }

    /// The page that `headerId` and `pageId` name.
    pub(crate) fn of_query(call: &Call<'_>, state: &State) -> Result<Self, Refusal> {
        let parameter = |name| call.parameter(name).unwrap_or_default();
        Place::of(call, state, parameter("headerId"), parameter("pageId"))
    }

    /// The same page, if its application is of one of these types.
    pub(crate) fn only(self, types: &[&str]) -> Result<Self, Refusal> {
        if types.contains(&self.app.of_type.name) { Ok(self) } else { Err(not_found()) }
    }

    pub(crate) fn key(&self) -> Key {
        (self.header, self.app.id, self.timeline)
    }
}

/// What is on a page.
pub(crate) fn data(state: &State, place: &Place) -> Value {
    let page = state.pages.get(&place.key());
    page.map_or_else(|| (place.app.of_type.empty)(&place.app), |page| page.data.clone())
}

/// Changes what is on a page. It is not atomic: what was changed before a refusal stays.
pub(crate) fn change<T>(
    call: &Call<'_>,
    state: &mut State,
    place: &Place,
    with: impl FnOnce(&mut State, &mut Value) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    if is_deleted(state, place) {
        return Err(Refusal::text(format!("{} is deleted", place.kind.name())));
    }
    let before = data(state, place);
    let mut after = before.clone();
    let done = with(state, &mut after);
    if done.is_ok() || after != before {
        let unseen = call.unseen(state);
        store(state, place, after, call.user, unseen);
    }
    done
}

/// Puts data on a page. A request leaves the stamps of its record alone.
fn store(state: &mut State, place: &Place, data: Value, user: &User, unseen: Option<Until>) {
    let now = state.write_time();
    let page = state.pages.entry(place.key()).or_insert_with(|| Page {
        data: Value::Null,
        created_by: person(user),
        created_at: now,
        modified_by: Value::Null,
        modified_at: now,
    });
    page.data = data;
    page.modified_by = person(user);
    page.modified_at = now;
    let master = state.records.master_mut(place.kind);
    if let (None, Some(at)) = (place.timeline, master.at(place.header)) {
        let mut header = (*master.record(at)).clone();
        touch(&mut header, now, user);
        master.put(at, header, unseen);
    }
}

/// Puts a file of the storage on a page, unless the record was deleted meanwhile.
pub(crate) fn put_file(
    state: &mut State,
    place: &Place,
    put: impl FnOnce(&mut Value),
    user: &User,
    unseen: Option<Until>,
) {
    if !is_deleted(state, place) {
        let mut data = data(state, place);
        put(&mut data);
        store(state, place, data, user, unseen);
    }
}

fn is_deleted(state: &State, place: &Place) -> bool {
    let master = state.records.master(place.kind);
    master.at(place.header).is_some_and(|at| master.record(at).deleted)
}

/// A file of the storage in the data of a page.
pub(crate) fn file(id: Uuid) -> Value {
    json!({FILE: id})
}

const FILE: &str = "$file";

/// What `Page` answers of most types.
fn answer(call: &Call<'_>, state: &mut State, place: &Place) -> Result<Answer, Refusal> {
    Ok(ok(&shown(call, state, place)))
}

/// Takes the file of a request for the page that it names, which has to be of one of these types. `put` puts it there once it is
/// processed.
pub(crate) fn take_file(
    call: &Call<'_>,
    types: &[&str],
    put: impl FnOnce(&mut Value, &Value) + Send + 'static,
) -> Result<Answer, Refusal> {
    uploads::file(call)?;
    let header = format!("{}Id", call.kind().name().to_ascii_lowercase());
    let parameter = |name: &str| call.parameter(name).unwrap_or_default();
    let place = Place::of(call, &call.shared.state(), parameter(&header), parameter("pageId"))?;
    uploads::take(
        call,
        Target::Page(place.only(types)?, Box::new(move |data: &mut Value, id: Uuid| put(data, &file(id)))),
    )
}

/// The item of a list that an upload is for. Whether the page has it shows when the file is processed.
pub(crate) fn list_item(call: &Call<'_>) -> Result<Uuid, Refusal> {
    call.guid("listItemId")?.ok_or_else(|| Refusal::validation("listItemId", "The field is required."))
}

/// A page in the form of an answer.
pub(crate) fn shown(call: &Call<'_>, state: &State, place: &Place) -> Value {
    const NEVER: &str = "0001-01-01T00:00:00";
    let nobody = json!({"id": null, "name": null});
    let page = state.pages.get(&place.key());
    let at = |time: fn(&Page) -> Millis| page.map_or_else(|| NEVER.to_owned(), |page| stamp(time(page)));
    let by = |who: fn(&Page) -> &Value| page.map_or(&nobody, who);
    json!({
        "id": place.app.id, "headerId": place.header, "name": place.app.of_type.title,
        "data": linked(data(state, place), state, &state.links(&call.shared.origin)),
        "createdBy": by(|page| &page.created_by), "createdAt": at(|page| page.created_at),
        "modifiedBy": by(|page| &page.modified_by), "modifiedAt": at(|page| page.modified_at),
    })
}

/// The same with links in the place of files.
pub(crate) fn linked(data: Value, state: &State, links: &Links) -> Value {
    match data {
        Value::Array(list) => list.into_iter().map(|one| linked(one, state, links)).collect(),
        Value::Object(members) => {
            let id = members.get(FILE).and_then(Value::as_str).and_then(|id| Uuid::parse_str(id).ok());
            match id.and_then(|id| state.files.get(&id)) {
                Some(file) => json!(links.to(&file.link)),
                None => {
                    let each = members.into_iter().map(|(name, one)| (name, linked(one, state, links)));
                    Value::Object(each.collect())
                }
            }
        }
        other => other,
    }
}

fn read(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = &mut *call.shared.state();
    let place = Place::of_query(call, state)?;
    (place.app.of_type.read)(call, state, &place)
}

/// An application of any folder, under the address of any master folder.
fn schema(call: &Call<'_>) -> Result<Answer, Refusal> {
    let app = call.guid("pageId")?.and_then(|id| apps::any(call, id)).ok_or_else(not_found)?;
    Ok(ok(&(app.of_type.schema)(&app)))
}

/// The page is there afterwards, and empty.
fn reset(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = &mut *call.shared.state();
    let place = Place::of(call, state, call.argument("header_id"), call.argument("app_id"))?;
    if !state.pages.contains_key(&place.key()) {
        return Err(not_found());
    }
    change(call, state, &place, |_, data| {
        *data = (place.app.of_type.empty)(&place.app);
        Ok(())
    })?;
    Ok(message("Page reset"))
}
