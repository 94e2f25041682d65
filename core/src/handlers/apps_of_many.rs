//! Pages of many records: their applications are listed once a folder, and each page is a request. A page is left out only on
//! the strength of an own earlier read and an unmoved time of its record (docs/service/lists.md, Reading what has changed).

mod given;
mod state;

use std::collections::{HashMap, HashSet};

use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use self::given::{Given, Selected};
use self::state::State;
use super::at_a_time::at_a_time;
use super::many;
use crate::answer::{self, Answer};
use crate::arguments;
use crate::catalog::{OfMany, Operation};
use crate::error::{Error, Result};
use crate::options::{Call, CallOptions};
use crate::own::{ErrorKind, Meta};
use crate::requester::Requester;
use crate::schemas;

/// Reading an application of this type may create a variation, unless variations are on.
const VARIATIONS: &str = "BOMVariations";

/// The pages of these records, with the outcome of each.
pub(crate) async fn get_apps_of_many(
    requester: &Requester,
    operation: &'static Operation,
    call: &Call,
) -> Result<Answer> {
    arguments::check_names(operation, &call.arguments)?;
    let of = |error: Error| error.with_operation(operation.id);
    let argument = |name: &str| call.arguments.get(name).unwrap_or(&Value::Null);
    let given = Given::all("records", argument("records")).map_err(of)?;
    let selected = Selected::read("apps", argument("apps")).map_err(of)?;
    let state = State::read("state", argument("state")).map_err(of)?;
    let pages = Pages::new(requester, operation, &call.options)?;
    let mut meta = Meta::default();
    let (records, missing) = pages.known(given, &mut meta).await?;
    let apps = pages.apps(&records, &mut meta).await?;
    selected.check(apps.values().flatten()).map_err(of)?;
    apps.values().try_for_each(|folder| selected.check_folder(folder)).map_err(of)?;
    let off = pages.off(apps.values().flatten().filter(|app| selected.names(app)), &mut meta).await?;
    let plan = plan(&records, &apps, &selected, &state, &off);
    let outcomes = pages.read(&plan, &mut meta).await?;
    let body = json(&plan, &outcomes, &missing, state.after(&records, &plan, &outcomes));
    Ok(Answer { raw: body.clone(), body, meta })
}

/// A record whose pages are read.
pub(super) struct Record {
    id: String,
    folder: String,
    /// When it was changed last, as the service writes it.
    stamp: Option<String>,
}

/// An application of a folder.
#[derive(Clone)]
pub(super) struct App {
    id: String,
    title: Option<String>,
    type_name: Option<String>,
    /// Whether edits of its pages move the time of the record.
    moves_stamp: bool,
}

impl App {
    fn of(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let type_name = text("type");
        let holds_requests = value.get("isSampleApp").and_then(Value::as_bool) == Some(true)
            || type_name.as_ref().is_some_and(|name| name.to_lowercase().starts_with("samplerequest"));
        Some(Self { id: text("id")?, title: text("title"), type_name, moves_stamp: !holds_requests })
    }

    fn has_variations(&self) -> bool {
        self.type_name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(VARIATIONS))
    }
}

/// One page, and what is to become of it.
pub(super) struct Step<'a> {
    record: &'a Record,
    app: &'a App,
    is: Due,
}

#[derive(Clone)]
enum Due {
    Read,
    Unchanged,
    /// Variations are off, so there is nothing to read.
    Off,
    /// Whether they are on could not be read.
    Unclear(Error),
}

pub(super) enum Outcome {
    Read(Bytes),
    Unchanged,
    Off,
    Failed(Error),
}

impl Outcome {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Read(_) => "read",
            Self::Unchanged => "unchanged",
            Self::Off => "off",
            Self::Failed(_) => "failed",
        }
    }
}

/// Applications by their folders.
type Apps = HashMap<String, Vec<App>>;

/// What is known of applications with variations: whether those are off.
type Off = HashMap<String, Result<bool>>;

fn plan<'a>(
    records: &'a [Record],
    apps: &'a Apps,
    selected: &Selected,
    state: &State,
    off: &Off,
) -> Vec<Step<'a>> {
    let mut plan = Vec::new();
    for record in records {
        for app in apps[&record.folder].iter().filter(|app| selected.names(app)) {
            let is = match off.get(&app.id) {
                _ if state.covers(record, app) => Due::Unchanged,
                Some(Ok(true)) => Due::Off,
                Some(Err(error)) => Due::Unclear(error.clone()),
                Some(Ok(false)) | None => Due::Read,
            };
            plan.push(Step { record, app, is });
        }
    }
    plan
}

struct Pages<'a> {
    requester: &'a Requester,
    operation: &'static Operation,
    look: &'static Operation,
    of_many: OfMany,
    options: &'a CallOptions,
}

impl<'a> Pages<'a> {
    fn new(
        requester: &'a Requester,
        operation: &'static Operation,
        options: &'a CallOptions,
    ) -> Result<Self> {
        let missing = || Error::config(format!("the catalogue does not say how {} reads", operation.id));
        let look = operation.look.and_then(Operation::find).ok_or_else(missing)?;
        let of_many = operation.of_many.ok_or_else(missing)?;
        Ok(Self { requester, operation, look, of_many, options })
    }

    /// One request of another operation, which takes these ids in the order of its parameters.
    async fn request(&self, operation: &'static Operation, ids: &[&str]) -> Result<Answer> {
        let required = operation.parameters.iter().filter(|parameter| parameter.required);
        let arguments = required.zip(ids).map(|(parameter, id)| (parameter.name.to_owned(), (*id).into()));
        let call = Call { arguments: arguments.collect(), options: self.options() };
        self.requester.request(operation, &call).await
    }

    fn options(&self) -> CallOptions {
        CallOptions { page_size: None, from_page: None, progress: None, ..self.options.clone() }
    }

    fn other(&self, id: &str) -> Result<&'static Operation> {
        Operation::find(id).ok_or_else(|| Error::internal(format!("there is no operation {id}")))
    }

    /// Reads the records of which only the ids are given. Returns those that there are, in their order, and the ids of others.
    async fn known(&self, given: Vec<Given>, meta: &mut Meta) -> Result<(Vec<Record>, Vec<String>)> {
        let unread: Vec<Value> =
            given.iter().filter(|one| one.folder.is_none()).map(|one| one.id.clone().into()).collect();
        let mut found = None;
        if !unread.is_empty() {
            let operation = self.other(self.of_many.records)?;
            let parameter = operation.parameters.iter().find(|parameter| parameter.required);
            let name = parameter.map_or("ids", |parameter| parameter.name);
            let arguments = Map::from_iter([(name.to_owned(), Value::from(unread))]);
            let call = Call { arguments, options: self.options() };
            let read = many::read(self.requester, operation, &call).await?;
            if let Err(error) = read.end {
                return Err(read.found.into_error(error, read.meta));
            }
            meta.absorb(read.meta);
            found = Some(read.found);
        }
        let (mut records, mut missing, mut taken) = (Vec::new(), Vec::new(), HashSet::new());
        for one in given {
            if !taken.insert(one.id.to_lowercase()) {
                continue;
            }
            let read = found.as_ref().and_then(|found| found.record(&one.id));
            let whole = match (one.folder.is_some(), read) {
                (true, _) => Some(one),
                (false, Some(record)) => Given::of_record("record", &answer::value(record)).ok(),
                (false, None) => {
                    missing.push(one.id);
                    continue;
                }
            };
            let Some(Given { id, folder: Some(folder), stamp }) = whole else {
                return Err(Error::new(ErrorKind::Decode, "a record of the answer names no folder")
                    .with_operation(self.operation.id));
            };
            records.push(Record { id, folder, stamp });
        }
        Ok((records, missing))
    }

    /// The applications of the folders of these records.
    async fn apps(&self, records: &[Record], meta: &mut Meta) -> Result<Apps> {
        let operation = self.other(self.of_many.apps)?;
        let mut firsts: Vec<&Record> = Vec::new();
        for record in records {
            if !firsts.iter().any(|first| first.folder == record.folder) {
                firsts.push(record);
            }
        }
        let mut work: Vec<BoxFuture<'_, _>> = Vec::with_capacity(firsts.len());
        for first in firsts {
            work.push(Box::pin(async move {
                (first.folder.clone(), self.request(operation, &[&first.id]).await)
            }));
        }
        let mut requests = at_a_time(self.requester, work);
        let mut apps = Apps::new();
        while let Some((folder, answer)) = requests.next().await {
            let answer = answer?;
            let list = answer::value(&answer.body);
            let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
            apps.insert(folder, list.iter().filter_map(App::of).collect());
            meta.absorb(answer.meta);
        }
        Ok(apps)
    }

    /// Whether variations are off in each of these applications that may have some.
    async fn off(&self, apps: impl Iterator<Item = &App>, meta: &mut Meta) -> Result<Off> {
        let operation = self.other(self.of_many.schema)?;
        let mut off = Off::new();
        for app in apps.filter(|app| app.has_variations()) {
            if off.contains_key(&app.id) {
                continue;
            }
            let read = match self.request(operation, &[&app.id]).await {
                Ok(answer) => {
                    meta.absorb(answer.meta);
                    Ok(!schemas::has_variations(&answer::value(&answer.body)))
                }
                Err(error) if ends_all(&error) => return Err(error),
                Err(error) => Err(error),
            };
            off.insert(app.id.clone(), read);
        }
        Ok(off)
    }

    async fn step(&self, step: &Step<'_>) -> (Outcome, Option<Meta>) {
        match &step.is {
            Due::Read => match self.request(self.look, &[&step.record.id, &step.app.id]).await {
                Ok(answer) => (Outcome::Read(answer.body), Some(answer.meta)),
                Err(error) => (Outcome::Failed(error), None),
            },
            Due::Unchanged => (Outcome::Unchanged, None),
            Due::Off => (Outcome::Off, None),
            Due::Unclear(error) => (Outcome::Failed(error.clone()), None),
        }
    }

    async fn read(&self, plan: &[Step<'_>], meta: &mut Meta) -> Result<Vec<Outcome>> {
        let total = plan.len() as u64;
        let mut work: Vec<BoxFuture<'_, _>> = Vec::with_capacity(plan.len());
        for step in plan {
            work.push(Box::pin(self.step(step)));
        }
        let mut requests = at_a_time(self.requester, work);
        let mut outcomes = Vec::with_capacity(plan.len());
        while let Some((outcome, spent)) = requests.next().await {
            match (&outcome, spent) {
                (Outcome::Failed(error), _) if ends_all(error) => return Err(error.clone()),
                (Outcome::Failed(error), None) => {
                    meta.absorb(error.spent());
                }
                (_, Some(spent)) => meta.absorb(spent),
                _ => {}
            }
            outcomes.push(outcome);
            self.options.report(self.operation, outcomes.len() as u64, Some(total));
        }
        Ok(outcomes)
    }
}

/// Whether an error is one of the whole call and not of a page.
fn ends_all(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Auth | ErrorKind::Cancelled | ErrorKind::Closed | ErrorKind::Internal)
}

/// Pages are put together as they came.
fn json(plan: &[Step<'_>], outcomes: &[Outcome], missing: &[String], state: Value) -> Bytes {
    let mut json = BytesMut::new();
    json.put_slice(br#"{"pages":["#);
    for (index, (step, outcome)) in plan.iter().zip(outcomes).enumerate() {
        if index > 0 {
            json.put_u8(b',');
        }
        let error = match outcome {
            Outcome::Failed(error) => json!({
                "kind": error.kind().as_str(), "message": error.message(), "status": error.status(),
            }),
            _ => Value::Null,
        };
        let text = json!({
            "headerId": step.record.id, "appId": step.app.id, "title": step.app.title, "type": step.app.type_name,
            "outcome": outcome.as_str(), "error": error,
        });
        let text = text.to_string();
        json.put_slice(&text.as_bytes()[..text.len() - 1]);
        json.put_slice(br#","page":"#);
        match outcome {
            Outcome::Read(page) => json.put_slice(page),
            _ => json.put_slice(b"null"),
        }
        json.put_u8(b'}');
    }
    let failed = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Failed(_))).count();
    let rest = json!({"failed": failed, "missing": missing, "state": state}).to_string();
    json.put_slice(b"],");
    json.put_slice(&rest.as_bytes()[1..]);
    json.freeze()
}
