//! What will become of edits of parts: their pages and tables are read once each, and compared row by row.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::operation;
use super::pass::is_of_read;
use super::read::Read;
use crate::answer;
use crate::catalog::Operation;
use crate::changes::Scene;
use crate::changes::edit::{Aim, Edit, Key, Kind, Of};
use crate::changes::judge::{Judge, Working, begun, ended};
use crate::changes::masters::{Master, needed};
use crate::changes::part::{Part, Row, Rows, Sheet, What};
use crate::changes::present::Match;
use crate::changes::preview::{Action, FieldChange};
use crate::error::{Error, Result};
use crate::handlers::at_a_time;
use crate::near;
use crate::options::Call;
use crate::schemas::{self, FieldCheck};
use crate::value::{FieldType, Place, write};

/// What was found for the keys of each master.
pub(in crate::changes) type Matches = HashMap<&'static str, HashMap<Key, Match>>;

/// The record that a part belongs to.
pub(in crate::changes) struct Whole {
    pub(in crate::changes) id: Option<String>,
    number: Option<String>,
    folder: String,
    /// The edit that creates it.
    pub(in crate::changes) created_by: Option<usize>,
}

pub(in crate::changes) async fn judge(
    judge: &mut Judge<'_>,
    edits: &[Edit],
    matches: &Matches,
    working: &mut [Option<Working>],
) -> Result<()> {
    let mut wholes: Vec<(&Edit, Whole)> = Vec::new();
    let has_rows = |edit: &&Edit| !matches!(edit.aim, Aim::Header | Aim::Image { .. });
    let open: Vec<bool> = working.iter().map(Option::is_none).collect();
    let is_open = |edit: &&Edit| open[edit.index];
    let creations = creations(edits);
    for edit in edits.iter().filter(has_rows).filter(is_open) {
        match whole(edit, &creations, matches) {
            Ok(whole) => wholes.push((edit, whole)),
            Err((action, reason)) => working[edit.index] = Some(ended(edit, action, reason)),
        }
    }
    let mut parts = Parts {
        judge,
        apps: HashMap::new(),
        tags: HashMap::new(),
        variations: HashMap::new(),
        unread: HashMap::new(),
    };
    let mut sheets: BTreeMap<Sheet, Vec<(&Edit, Whole, Part)>> = BTreeMap::new();
    for (edit, whole) in wholes {
        match parts.part(edit, &whole).await? {
            Ok(part) => {
                let sheet = part.sheet(edit.of.resource(), whole.id.as_deref());
                sheets.entry(sheet).or_default().push((edit, whole, part));
            }
            Err(reason) => working[edit.index] = Some(of_whole(ended(edit, Action::Refused, reason), &whole)),
        }
    }
    let scene = parts.judge.scene;
    let mut work: Vec<BoxFuture<'_, Result<Read>>> = Vec::with_capacity(sheets.len());
    for (sheet, edits) in &sheets {
        let Some((_, whole, part)) = edits.first() else { continue };
        let id = whole.id.clone();
        work.push(Box::pin(async move {
            match id {
                Some(id) => scene.read_rows(&sheet.resource, &id, part).await,
                None => Ok(Read::default()),
            }
        }));
    }
    // One after the other, so that not all rows are held at once.
    let mut reads = at_a_time(scene.requester, work);
    let (mut is_read, mut failed) = (false, None);
    for edits in sheets.values() {
        let Some(read) = reads.next().await else { break };
        let read = match read {
            Ok(read) => read,
            Err(error) if error.is_of_one() || is_of_read(&error) => {
                judge.meta.absorb(error.spent());
                for (edit, whole, _) in edits {
                    let reason = format!("it cannot be read: {}", error.message());
                    working[edit.index] = Some(of_whole(ended(edit, Action::Refused, reason), whole));
                }
                is_read |= error.is_of_one();
                failed.get_or_insert(error);
                continue;
            }
            Err(error) => return Err(error),
        };
        is_read = true;
        judge.meta.absorb(read.meta);
        let named = edits.iter().filter_map(|(_, _, part)| Some(part.row_id.as_ref()?.to_lowercase()));
        let mut alike = Alike { taken: named.collect(), by_text: HashMap::new() };
        for (edit, whole, part) in edits {
            let part = Part { reads: read.requests.max(1), ..part.clone() };
            let record = whole.id.as_deref().unwrap_or_default();
            let check = scene.check_of_part(edit.of.resource(), record, &part)?;
            let judged = row(scene, edit, part, &read.rows, &check, &mut alike);
            working[edit.index] = Some(of_whole(judged, whole));
        }
    }
    match failed {
        // It is not the page.
        Some(error) if !is_read => Err(error),
        _ => Ok(()),
    }
}

/// The record, or what there is to say where none is found.
pub(in crate::changes) fn whole(
    edit: &Edit,
    creations: &Creations<'_>,
    matches: &Matches,
) -> Result<Whole, (Action, String)> {
    let noun = edit.of.noun();
    let Some(key) = &edit.key else {
        return Err((Action::Unmatched, "it names no record".into()));
    };
    let found = matches.get(edit.of.resource()).and_then(|matches| matches.get(key));
    match (found, key) {
        (Some(Match::One(kept)), _) => Ok(Whole {
            id: Some(kept.id.clone()),
            number: kept.number.clone(),
            folder: kept.folder.clone(),
            created_by: None,
        }),
        (Some(Match::Several(ids)), Key::Number { number, .. }) => {
            let reason = format!("{} {noun}s have the number {number}: {}", ids.len(), ids.join(", "));
            Err((Action::Ambiguous, reason))
        }
        (Some(_), Key::Number { number, folder }) => {
            let is_there = |one: &&&Edit| {
                let is =
                    |folder: &String| one.folder.as_ref().is_some_and(|of| of.eq_ignore_ascii_case(folder));
                folder.as_ref().is_none_or(is)
            };
            let key = (edit.of.resource(), number.trim());
            let creations = creations.get(&key).into_iter().flatten().filter(is_there);
            match creations.collect::<Vec<_>>().as_slice() {
                [one] => Ok(Whole {
                    id: None,
                    number: Some(number.clone()),
                    folder: one.folder.clone().unwrap_or_default(),
                    created_by: Some(one.index),
                }),
                _ => Err((Action::Unmatched, format!("no {noun} has the number {number}"))),
            }
        }
        (Some(_), Key::Id(id)) => Err((Action::Unmatched, format!("no {noun} has the id {id}"))),
        // A table or a plan, which is read when its rows are.
        (None, Key::Id(id)) => {
            Ok(Whole { id: Some(id.clone()), number: None, folder: String::new(), created_by: None })
        }
        (None, Key::Number { .. }) => Err((Action::Unmatched, format!("no {noun} is named"))),
    }
}

/// Edits that create records, by resource and number.
pub(in crate::changes) type Creations<'a> = HashMap<(&'static str, &'a str), Vec<&'a Edit>>;

pub(in crate::changes) fn creations(edits: &[Edit]) -> Creations<'_> {
    let mut creations = Creations::new();
    for edit in edits.iter().filter(|edit| edit.kind == Kind::Create && edit.aim == Aim::Header) {
        if let Of::Master(master) = edit.of
            && let Some(number) = edit.field(master.number.field).and_then(Value::as_str)
        {
            creations.entry((master.resource, number.trim())).or_default().push(edit);
        }
    }
    creations
}

pub(in crate::changes) fn of_whole(mut working: Working, whole: &Whole) -> Working {
    let judged = &mut working.judged;
    judged.id = whole.id.clone().or_else(|| judged.id.take());
    judged.number = whole.number.clone().or_else(|| judged.number.take());
    judged.folder_id = Some(whole.folder.clone()).filter(|folder| !folder.is_empty());
    working
}

/// Applications of a folder: id, title and type.
type Apps = Vec<(String, String, String)>;

struct Parts<'a, 'b> {
    judge: &'a mut Judge<'b>,
    /// By resource and folder.
    apps: HashMap<(&'static str, String), Apps>,
    /// Names of the tags that there are, by resource.
    tags: HashMap<&'static str, Vec<String>>,
    /// Whether variations are on, by application.
    variations: HashMap<String, bool>,
    /// Why a schema or the applications of a folder cannot be read.
    unread: HashMap<String, String>,
}

impl Parts<'_, '_> {
    /// What an edit is about, or why it cannot be carried out.
    async fn part(&mut self, edit: &Edit, whole: &Whole) -> Result<Result<Part, String>> {
        let part = |what: What| Part { created_by: whole.created_by, ..Part::of(what) };
        let part = match (&edit.aim, edit.of) {
            (Aim::Row { row, timeline }, Of::Other(other)) => {
                Part { row_id: row.clone(), timeline_id: timeline.clone(), ..part(other.what) }
            }
            (Aim::Shares { .. }, _) => return Ok(Ok(part(What::Shares))),
            (Aim::Tags, Of::Master(master)) => {
                let known = self.tags(master).await?;
                let added = edit.fields.iter().filter(|(_, is_added)| *is_added == true);
                for (name, _) in added {
                    if !known.iter().any(|tag| tag.eq_ignore_ascii_case(name)) {
                        let known: Vec<_> = known.iter().map(String::as_str).collect();
                        let hint = near::hint_or_all(name, &known, "tags are");
                        return Ok(Err(format!("there is no tag {name:?}{hint}")));
                    }
                }
                return Ok(Ok(part(What::Tags)));
            }
            (Aim::Page { app, variation, row, material }, Of::Master(master)) => {
                let has_row = row.is_some() || edit.kind != Kind::Update;
                let what = match self.what(master, whole, app, has_row).await? {
                    Ok(what) => what,
                    Err(reason) => return Ok(Err(reason)),
                };
                if let Err(reason) = fits(what, edit.kind, variation.as_deref(), material.as_deref(), edit) {
                    return Ok(Err(reason));
                }
                Part {
                    app_id: Some(app.clone()),
                    variation_id: variation.clone(),
                    row_id: row.clone(),
                    material_id: material.clone(),
                    ..part(what)
                }
            }
            _ => return Ok(Err("it names nothing that can be changed".into())),
        };
        if let Some(place) = part.schema_place(edit.of.resource(), whole.id.as_deref()) {
            if let Some(reason) = self.unread.get(&place) {
                return Ok(Err(reason.clone()));
            }
            if !self.judge.schemas.contains_key(&place) {
                let (print, schema, spent) = match self.judge.scene.read_schema(&place).await {
                    Ok(read) => read,
                    Err(error) => return self.not_read(place, "its fields cannot be read", error).map(Err),
                };
                self.judge.meta.absorb(spent);
                self.variations.insert(place.clone(), schemas::has_variations(&schema));
                self.judge.schemas.insert(place.clone(), print);
            }
            if part.what == What::BomVariation && self.variations.get(&place) != Some(&true) {
                return Ok(Err("variations are switched off in this application".into()));
            }
        }
        Ok(Ok(part))
    }

    async fn what(
        &mut self,
        master: &'static Master,
        whole: &Whole,
        app: &str,
        has_row: bool,
    ) -> Result<Result<What, String>> {
        let key = (master.resource, whole.folder.to_lowercase());
        let unread = format!("{}/apps of {}", key.0, key.1);
        if let Some(reason) = self.unread.get(&unread) {
            return Ok(Err(reason.clone()));
        }
        if !self.apps.contains_key(&key) {
            let (list, id) = match &whole.id {
                Some(id) => (format!("{}.app_list", master.resource), id),
                None => (format!("{}.folder_pages", master.resource), &whole.folder),
            };
            let Some(list) = Operation::find(&list) else {
                let reason = "the applications of its folder are not known before the record is there: \
                              write its pages by a set of their own";
                return Ok(Err(reason.into()));
            };
            let value = match self.request(list, id).await {
                Ok(value) => value,
                Err(error) => {
                    return self
                        .not_read(unread, "the applications of its folder cannot be read", error)
                        .map(Err);
                }
            };
            let text = |app: &Value, name: &str| app[name].as_str().unwrap_or_default().to_owned();
            let apps = value.as_array().into_iter().flatten();
            let apps = apps.map(|app| (text(app, "id"), text(app, "title"), text(app, "type"))).collect();
            self.apps.insert(key.clone(), apps);
        }
        let apps = &self.apps[&key];
        let Some((_, title, type_name)) = apps.iter().find(|(id, _, _)| id.eq_ignore_ascii_case(app)) else {
            let lists = format!("{}.app_list lists those that there are", master.resource);
            return Ok(Err(format!("its folder has no application {app}: {lists}")));
        };
        Ok(What::of_app(type_name, has_row).ok_or_else(|| {
            let wanted = if has_row { "rows" } else { "form" };
            format!("the application {title} is of the type {type_name}, which has no {wanted} that can be written here")
        }))
    }

    /// The reason why an edit is refused, unless the error is one of the whole preview.
    fn not_read(&mut self, place: String, what: &str, error: Error) -> Result<String> {
        if !error.is_of_one() {
            return Err(error);
        }
        self.judge.meta.absorb(error.spent());
        let reason = format!("{what}: {}", error.message());
        // Once is enough for all that need it.
        self.unread.insert(place, reason.clone());
        Ok(reason)
    }

    async fn tags(&mut self, master: &'static Master) -> Result<&[String]> {
        if !self.tags.contains_key(master.resource) {
            let list = operation(&format!("{}.tag_list", master.resource))?;
            let call = Call { arguments: Map::new(), options: self.judge.scene.options() };
            let answer = self.judge.scene.requester.request(list, &call).await?;
            let value = answer::value(&answer.body);
            self.judge.meta.absorb(answer.meta);
            let names = value.as_array().into_iter().flatten().filter_map(|tag| tag["name"].as_str());
            self.tags.insert(master.resource, names.map(str::to_owned).collect());
        }
        Ok(&self.tags[master.resource])
    }

    async fn request(&mut self, operation: &'static Operation, id: &str) -> Result<Value> {
        let arguments = Map::from_iter([(needed(operation).to_owned(), Value::from(id))]);
        let call = Call { arguments, options: self.judge.scene.options() };
        let answer = self.judge.scene.requester.request(operation, &call).await?;
        let value = answer::value(&answer.body);
        self.judge.meta.absorb(answer.meta);
        Ok(value)
    }
}

/// Whether this can be done in such a place.
fn fits(
    what: What,
    kind: Kind,
    variation: Option<&str>,
    material: Option<&str>,
    edit: &Edit,
) -> Result<(), String> {
    let wrong = |text: &str| Err(text.to_owned());
    match (kind, what) {
        (Kind::Create, what) if !what.adds_rows() => {
            wrong("its rows are not added by a write: style.app_sku_generate makes them")
        }
        (Kind::Delete, what) if !what.removes_rows() => wrong("its rows cannot be removed"),
        (_, What::BomVariation) if variation.is_none() => {
            wrong("its application has variations: give the variation_id")
        }
        (_, what) if variation.is_some() && what != What::BomVariation => {
            wrong("its application has no variations: leave variation_id out")
        }
        (_, what) if material.is_some() && !matches!(what, What::Bom | What::BomVariation) => {
            wrong("its application has no materials: leave material_id out")
        }
        (Kind::Create, What::Bom) if material.is_some() && !edit.fields.is_empty() => wrong(
            "a row of a material is added without fields: change it by a set of its own, when it is there",
        ),
        (Kind::Create, what) if !what.keeps_ids() && matches!(&edit.aim, Aim::Page { row: Some(_), .. }) => {
            wrong("the service makes the ids of its new rows: leave row_id out")
        }
        _ => Ok(()),
    }
}

/// One edit against the rows that there are.
fn row(
    scene: &Scene<'_>,
    edit: &Edit,
    mut part: Part,
    rows: &Rows,
    check: &FieldCheck,
    alike: &mut Alike,
) -> Working {
    let noun = part.what.noun();
    let named = part.row_id.clone().unwrap_or_default();
    let mut present = part.find(rows, part.row_id.as_deref());
    let end = |action: Action, reason: String, part: Part| {
        let mut working = ended(edit, action, reason);
        working.judged.part = Some(Box::new(part));
        working
    };
    match (edit.kind, present) {
        (Kind::Delete, None) => {
            return end(Action::Unchanged, format!("no {noun} has the id {named}: it is gone already"), part);
        }
        (Kind::Update, None) if !part.what.is_single() => {
            return end(Action::Unmatched, format!("no {noun} has the id {named}"), part);
        }
        (Kind::Update, Some(row)) if part.what == What::Timeline => {
            let id = part.present(Some(row), "id").0;
            if id.is_null() {
                let timeline = part.timeline_id.clone().unwrap_or_default();
                return end(Action::Unmatched, format!("the row has no milestone {timeline}"), part);
            }
        }
        _ => {}
    }
    let mut working = Working { judged: begun(edit), planned: Vec::new() };
    if edit.kind == Kind::Delete {
        working.judged.part = Some(Box::new(part));
        return working;
    }
    let mut refusals = Vec::new();
    for (id, value) in &edit.fields {
        match put(part.what, check, id, value) {
            Ok(planned) => working.planned.push(planned),
            Err(refusal) => refusals.push(refusal),
        }
    }
    if !refusals.is_empty() {
        return end(Action::Refused, refusals.join("; "), part);
    }
    if edit.kind == Kind::Create && present.is_none() {
        let like = alike.find(&part, rows, check, &working.planned).filter(|_| part.row_id.is_none());
        if let Some(row) = like {
            alike.taken.insert(row.id.to_lowercase());
            part.row_id = Some(row.id.clone());
            let reason = format!("the {noun} {} has these values already", row.id);
            return end(Action::Unchanged, reason, part);
        }
        if part.what.keeps_ids() && part.row_id.is_none() {
            part.row_id = Some(scene.requester.row_id());
        }
        present = None;
    } else if edit.kind == Kind::Create {
        // Its id is there: what is meant is that it has these values.
        working.judged.kind = Kind::Update;
        working.judged.action = Action::Update;
    }
    for (id, new) in &working.planned {
        let (old, type_name) = part.present(present, id);
        let is_new = working.judged.kind == Kind::Create;
        if is_new || !part.is_equal(check, id, type_name, old, new) {
            let change = FieldChange { id: id.clone(), old: old.clone(), new: new.clone() };
            working.judged.fields.push(change);
        }
    }
    if working.judged.kind == Kind::Update && working.judged.fields.is_empty() {
        working.judged.action = Action::Unchanged;
    }
    working.judged.part = Some(Box::new(part));
    working
}

/// Rows that new ones may already be.
struct Alike {
    /// Rows that edits name, or that new ones were found to be.
    taken: HashSet<String>,
    /// Places of rows by the text that they have in a field.
    by_text: HashMap<String, HashMap<String, Vec<usize>>>,
}

impl Alike {
    /// A row that is not taken and has these values.
    fn find<'a>(
        &mut self,
        part: &Part,
        rows: &'a Rows,
        check: &FieldCheck,
        planned: &[(String, Value)],
    ) -> Option<&'a Row> {
        let is_text = |id: &str| check.field_type(id, None) == FieldType::Text;
        let text = planned.iter().find_map(|(id, value)| Some((id, value.as_str().filter(|_| is_text(id))?)));
        let all: Vec<&Row> = match text {
            // Texts are the same to the service when they are equal, so that a large table is looked through once.
            Some((id, text)) => {
                let places = self.by_text.entry(id.clone()).or_insert_with(|| by_text(rows, id));
                let places = places.get(text).map(Vec::as_slice).unwrap_or_default();
                places.iter().filter_map(|place| rows.get(*place)).collect()
            }
            None => rows.iter().collect(),
        };
        let values = || planned.iter().map(|(id, value)| (id.as_str(), value));
        all.into_iter()
            .filter(|row| !self.taken.contains(&row.id.to_lowercase()))
            .find(|row| part.is_like(row, check, values()))
    }
}

fn by_text(rows: &Rows, id: &str) -> HashMap<String, Vec<usize>> {
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, row) in rows.iter().enumerate() {
        let text = match row.field(id).0 {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        places.entry(text).or_default().push(place);
    }
    places
}

/// A value and its field as they are sent, or why it is refused.
fn put(what: What, check: &FieldCheck, id: &str, value: &Value) -> Result<(String, Value), String> {
    match what {
        What::Tags | What::Shares => Ok((id.to_owned(), value.clone())),
        What::Timeline => milestone(id, value),
        // Its values are texts.
        What::Bom => check.put(id, value).map(|value| match value {
            Value::Number(number) => (id.to_owned(), number.to_string().into()),
            other => (id.to_owned(), other),
        }),
        _ => check.put(id, value).map(|value| (id.to_owned(), value)),
    }
}

/// A value of a milestone, under the name that the service has for it.
fn milestone(id: &str, value: &Value) -> Result<(String, Value), String> {
    const KNOWN: [&str; 5] = ["status", "rev", "final", "assigned_to", "share_with"];
    let wire = match id {
        "status" | "rev" | "final" => id,
        "assigned_to" | "assignedTo" => "assignedTo",
        "share_with" | "shareWith" => "shareWith",
        _ => {
            let hint = near::hint_or_all(id, &KNOWN, "it has");
            return Err(format!("a milestone has no {id:?} that can be written{hint}"));
        }
    };
    let shown = crate::value::shown(value);
    let value = match (wire, value) {
        ("rev" | "final", value) => {
            write(FieldType::Date, Place::Grid, value).map_err(|refusal| format!("{id} {refusal}"))?
        }
        ("status", Value::String(_) | Value::Null) => value.clone(),
        ("assignedTo" | "shareWith", Value::Null) => Value::Array(Vec::new()),
        ("assignedTo" | "shareWith", Value::Array(list)) if list.iter().all(Value::is_string) => {
            value.clone()
        }
        ("status", _) => return Err(format!("status has to be a text, not {shown}")),
        _ => return Err(format!("{id} has to be a list of ids, not {shown}")),
    };
    Ok((wire.to_owned(), value))
}

impl Error {
    /// Whether it is about one record or page, and not the connection, the sign-in or the quota.
    pub(in crate::changes) fn is_of_one(&self) -> bool {
        use crate::own::ErrorKind;
        matches!(
            self.kind(),
            ErrorKind::NotFound
                | ErrorKind::Permission
                | ErrorKind::Validation
                | ErrorKind::Decode
                | ErrorKind::Conflict
        )
    }
}
