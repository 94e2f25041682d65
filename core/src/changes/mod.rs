//! Sets of changes: what they will do is seen before, sent within the quota, and proven after.
//!
//! `source` makes edits of what a program or a file gives, `judge` compares them with the present values, and `preview` tells what
//! will become of them. `run` carries the tasks of a preview out: `write` sends them, `verify` reads them back, and `journal` has
//! what was begun, so that `resume` goes on after any end.

mod edit;
mod find;
mod header;
mod image;
mod journal;
mod judge;
mod masters;
mod members;
mod outcome;
mod part;
mod partners;
mod present;
mod preview;
mod results;
mod run;
mod sheet;
mod source;
mod task;
mod verify;
mod write;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use self::edit::Kind;
use self::header::Header;
pub(crate) use self::journal::Room;
use self::journal::{FORM, Journal, Line};
use self::masters::Master;
use self::outcome::{Edited, Report};
use self::part::Sheet;
use self::preview::{Judged, Preview, Requests};
use self::run::{End, Run, State};
use self::task::Task;
use crate::answer::Answer;
use crate::arguments::filters::MOST_VALUES;
use crate::arguments::{self, shown};
use crate::cancel::Cancel;
use crate::catalog::Operation;
use crate::error::{Error, Result};
use crate::options::{Call, CallOptions};
use crate::own::{self, Meta};
use crate::private_file;
use crate::quota::Quota;
use crate::requester::Requester;
use crate::schemas::{FieldCheck, Kept};
use crate::tally::Tally;

/// What a set of changes works with.
pub(crate) struct Scene<'a> {
    pub(crate) operation: &'static Operation,
    pub(crate) requester: &'a Requester,
    pub(crate) quota: &'a Quota,
    /// Domain of the company.
    pub(crate) company: &'a str,
    /// Where journals lie that the caller has given no path for.
    pub(crate) folder: Option<PathBuf>,
    /// Of a journal, in a test.
    pub(crate) room: Option<Room>,
    pub(crate) options: &'a CallOptions,
    /// What ends the requests.
    pub(crate) cancel: Cancel,
    /// What counts them.
    pub(crate) tally: Tally,
    pub(crate) schemas: Kept<'a>,
}

/// How long requests on their way have to come to their end when a run is cancelled.
const GRACE: Duration = Duration::from_secs(5);

impl Scene<'_> {
    /// Those of the requests.
    fn options(&self) -> CallOptions {
        CallOptions {
            cancel: Some(self.cancel.clone()),
            tally: Some(self.tally.clone()),
            progress: None,
            page_size: None,
            from_page: None,
            // A list that ends early proves nothing of what it does not hold.
            allow_incomplete: None,
            ..self.options.clone()
        }
    }

    /// One request. What cannot be sent is refused, as by the service.
    async fn request(&self, operation: &'static Operation, arguments: Map<String, Value>) -> Result<Answer> {
        let prepared = arguments::prepare(operation, &arguments);
        let prepared = prepared.map_err(|error| error.with_outcome(own::Outcome::Refused))?;
        self.requester.send(operation, prepared, &self.options()).await
    }

    /// Lets a run end in order when its call is cancelled: no request begins, and those on their way are given up after a while.
    async fn in_order<T>(&self, run: impl Future<Output = T>) -> T {
        let given_up = async {
            if let Some(cancel) = &self.options.cancel {
                cancel.cancelled().await;
                self.requester.clock().pause(GRACE).await;
                self.cancel.cancel();
            }
            std::future::pending().await
        };
        tokio::select! {
            done = run => done,
            done = given_up => done,
        }
    }

    /// What compares the fields of a record.
    fn check(&self, master: &'static Master, header: &Header) -> FieldCheck {
        let folder = header.folder().unwrap_or_default();
        self.schemas.of_header(master.create, master.fields, folder)
    }

    /// The API and the company, which a journal is of.
    fn owner(&self) -> &str {
        &self.quota.owner
    }

    /// The file that says that a preview was applied. Beside the journal where the library has no folder.
    fn mark(&self, preview: &str, journal: &Path) -> PathBuf {
        let folder = self.folder.clone().or_else(|| journal.parent().map(Path::to_owned)).unwrap_or_default();
        folder.join(format!("{preview}.applied"))
    }
}

/// What a set of edits would do.
pub(crate) async fn preview(scene: &Scene<'_>, call: &Call) -> Result<Answer> {
    let of = |error: Error| error.with_operation(scene.operation.id);
    arguments::check_names(scene.operation, &call.arguments)?;
    let edits = source::read(&call.arguments).map_err(of)?;
    let judge::Verdict { edits, schemas, mut meta } = judge::judge(scene, edits).await?;
    meta.cost = scene.tally.spent();
    let requests = estimate(&edits, schemas.len() as u64, scene.requester.page_size());
    let remaining = scene.quota.status().await?.remaining;
    let now = Timestamp::try_from(scene.requester.clock().now()).unwrap_or_default();
    let mut preview = Preview {
        id: uuid::Uuid::new_v4().to_string(),
        company: scene.company.to_owned(),
        read_at: now.to_string(),
        counts: Preview::count(&edits),
        edits,
        requests,
        remaining,
        enough: remaining.is_none_or(|left| requests.total <= left),
        schemas,
        table: String::new(),
    };
    preview.draw();
    answer(&preview, meta)
}

fn answer(value: &impl serde::Serialize, meta: Meta) -> Result<Answer> {
    let body: bytes::Bytes = serde_json::to_vec(value).map_err(Error::internal)?.into();
    Ok(Answer { raw: body.clone(), body, meta })
}

/// Requests that carrying the edits out takes, where nothing goes wrong.
fn estimate(edits: &[Judged], schemas: u64, page_size: usize) -> Requests {
    let tasks = Task::all(edits);
    if tasks.is_empty() {
        return Requests::default();
    }
    let headers = tasks.iter().filter(|task| task.part.is_none());
    let lists = |kinds: &[Kind]| -> u64 {
        let mut of: BTreeMap<(&str, Kind), u64> = BTreeMap::new();
        for task in headers.clone().filter(|task| kinds.contains(&task.kind)) {
            *of.entry((&task.resource, task.kind)).or_default() += 1;
        }
        of.values().map(|count| count.div_ceil(MOST_VALUES as u64)).sum()
    };
    let (mut looks, mut requests, mut grown) = (0, 0, 0);
    let parts: Vec<&Task> = tasks.iter().filter(|task| task.rows().is_some()).collect();
    for rows in parts.chunk_by(|one, other| one.sheet() == other.sheet()) {
        looks += rows[0].part.as_ref().map_or(1, |part| part.reads.max(1));
        grown += (sheet::added(rows.iter().copied()) / page_size) as u64;
        let mut rest = rows;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(sheet::in_one(rest, usize::MAX));
            requests += sheet::requests(now);
            rest = later;
        }
    }
    // An image takes an upload and a look at its status. Those of a kind of records are read by lists.
    let mut images: BTreeMap<&str, u64> = BTreeMap::new();
    for task in tasks.iter().filter(|task| task.image().is_some()) {
        *images.entry(&task.resource).or_default() += 1;
    }
    let uploads: u64 = images.values().sum();
    looks += images.values().map(|count| count.div_ceil(MOST_VALUES as u64)).sum::<u64>();
    // New records without a number are known by their names, those of a folder by lists.
    let mut unnumbered: BTreeMap<(&str, Option<&str>), u64> = BTreeMap::new();
    for task in headers.clone().filter(|task| task.kind == Kind::Create && task.number.is_none()) {
        *unnumbered.entry((&task.resource, task.folder_id.as_deref())).or_default() += 1;
    }
    let names: u64 = unnumbered.values().map(|count| count.div_ceil(MOST_VALUES as u64)).sum();
    // The schemas are read again, too.
    let reads = schemas + lists(&[Kind::Update, Kind::Delete]) + looks + names;
    let writes = headers.clone().count() as u64 + requests + uploads;
    let verification = lists(&[Kind::Create, Kind::Update, Kind::Delete]) + looks + grown + uploads;
    Requests { reads, writes, verification, total: reads + writes + verification }
}

/// Carries a preview out.
pub(crate) async fn apply(scene: &Scene<'_>, call: &Call) -> Result<Answer> {
    scene.in_order(begin(scene, call)).await
}

async fn begin(scene: &Scene<'_>, call: &Call) -> Result<Answer> {
    let of = |error: Error| error.with_operation(scene.operation.id);
    arguments::check_names(scene.operation, &call.arguments)?;
    let get = |name: &str| call.arguments.get(name).filter(|value| !value.is_null());
    let preview = match get("preview") {
        Some(Value::String(text)) => serde_json::from_str(text),
        // As text, whose errors say the place.
        Some(value) => serde_json::from_str(&value.to_string()),
        None => serde_json::from_str(""),
    };
    let preview: Preview = preview.map_err(|error| {
        of(Error::config(format!("preview has to be what preview has returned: {error}")))
    })?;
    if !preview.company.eq_ignore_ascii_case(scene.company) {
        return Err(of(Error::config(format!(
            "the preview is of the company {:?}, and this client is of {:?}",
            preview.company, scene.company
        ))));
    }
    let wishes = Wishes::read(scene, call).await.map_err(of)?;
    wishes.limit(&scene.tally);
    let path = wishes
        .journal
        .clone()
        .or_else(|| Some(scene.folder.as_ref()?.join(format!("{}.journal", preview.id))));
    let path = path.ok_or_else(|| {
        of(Error::config("journal is missing: the path of a file that resume can go on with; this library has no folder of its own"))
    })?;
    if uuid::Uuid::try_parse(&preview.id).is_err() {
        return Err(of(Error::config(format!("preview has the id {:?}, which no preview has", preview.id))));
    }
    let names_none = |edit: &&Judged| match &edit.part {
        None => edit.kind != Kind::Create && edit.id.is_none(),
        Some(part) => edit.id.is_none() && part.created_by.is_none(),
    };
    if let Some(edit) = preview.edits.iter().filter(|edit| edit.action.sends()).find(names_none) {
        return Err(of(Error::config(format!("preview: the edit {} names no record", edit.index))));
    }
    let differs = |edit: &&Judged| {
        let has_fields = !edit.fields.is_empty();
        edit.action.as_str() != edit.kind.as_str() || edit.kind == Kind::Delete && has_fields
    };
    if let Some(edit) = preview.edits.iter().filter(|edit| edit.action.sends()).find(differs) {
        return Err(of(Error::config(format!(
            "preview: the edit {} says {}, and is to {}: it is not as preview has made it",
            edit.index,
            edit.action.as_str(),
            edit.kind.as_str()
        ))));
    }
    let mark = scene.mark(&preview.id, &path);
    if mark.exists() {
        return Err(of(was_applied(&preview.id, &mark)));
    }
    let mut meta = Meta::default();
    // What the budget does not have is left to the run that goes on.
    let is_affordable = wishes.budget.is_none_or(|budget| preview.schemas.len() as u64 <= budget)
        && match check_schemas(scene, &preview, &mut meta).await {
            Ok(()) => true,
            Err(error) if error.kind() == own::ErrorKind::QuotaExceeded => false,
            Err(error) => return Err(of(error)),
        };
    let tasks = Task::all(&preview.edits);
    let settled = preview.edits.iter().filter(|edit| !edit.action.sends()).map(Edited::settled).collect();
    let (id, schemas) = (preview.id, preview.schemas);
    // They are as large as the tasks.
    drop(preview.edits);
    let first = Line::Begun {
        journal: FORM,
        preview: id.clone(),
        owner: scene.owner().to_owned(),
        verify: wishes.verifies,
        tasks: tasks.len() as u64,
        settled,
        schemas,
    };
    // Before the journal, so that no other is begun for it.
    leave(&id, &mark, &path).map_err(of)?;
    let begun = Journal::begin(&path, &first, &tasks, scene.requester.handle(), scene.room.clone()).await;
    let journal = match begun {
        Ok(journal) => journal,
        Err(error) => {
            let _ = std::fs::remove_file(&mark);
            return Err(of(error));
        }
    };
    let Line::Begun { settled, schemas, .. } = first else {
        return Err(of(Error::internal("no journal")));
    };
    let schemas = if is_affordable { BTreeMap::new() } else { schemas };
    finish(Run::new(scene, journal, tasks, settled, id, meta), wishes, schemas).await
}

/// Goes on with what was begun.
pub(crate) async fn resume(scene: &Scene<'_>, call: &Call) -> Result<Answer> {
    scene.in_order(go_on(scene, call)).await
}

async fn go_on(scene: &Scene<'_>, call: &Call) -> Result<Answer> {
    let of = |error: Error| error.with_operation(scene.operation.id);
    arguments::check_names(scene.operation, &call.arguments)?;
    let mut wishes = Wishes::read(scene, call).await.map_err(of)?;
    wishes.limit(&scene.tally);
    let path = wishes.journal.clone().unwrap_or_default();
    let (journal, lines) = Journal::open(&path, scene.requester.handle(), scene.room.clone()).map_err(of)?;
    let Some(Line::Begun { preview, owner, verify, tasks: count, settled, schemas, .. }) =
        lines.first().cloned()
    else {
        return Err(of(Error::internal("the journal does not begin")));
    };
    if owner != scene.owner() {
        return Err(of(Error::config(format!(
            "the journal is of {owner}, and this client is of {}",
            scene.owner()
        ))));
    }
    let tasks: Vec<Task> = lines
        .iter()
        .filter_map(|line| match line {
            Line::Task(task) => Some((**task).clone()),
            _ => None,
        })
        .collect();
    if tasks.len() as u64 != count {
        return Err(of(Error::config(format!(
            "the journal {} was cut off before anything was sent: preview the changes again",
            path.display()
        ))));
    }
    wishes.verifies = verify;
    let mut run = Run::new(scene, journal, tasks, settled, preview, Meta::default());
    run.replay(&lines).map_err(of)?;
    run.is_resumed = true;
    finish(run, wishes, schemas).await
}

/// Lets a run go on, and tells what became of it. The schemas are those that are to be looked at before.
async fn finish(mut run: Run<'_>, wishes: Wishes, schemas: BTreeMap<String, String>) -> Result<Answer> {
    let operation = run.scene.operation;
    run.verifies = wishes.verifies;
    if wishes.may_number && !run.may_number {
        run.may_number = true;
        run.journal.write(Line::Numbers).await?;
    }
    let end = match run.look_at_schemas(schemas).await {
        Ok(()) => run.go().await,
        Err(error) => Err(error),
    };
    let (end, error) = match end {
        Ok(end) => (end.as_str(), None),
        Err(error) if error.kind() == crate::own::ErrorKind::QuotaExceeded => (End::Budget.as_str(), None),
        Err(error) if error.kind() == crate::own::ErrorKind::Cancelled => ("cancelled", Some(error)),
        Err(error) => ("failed", Some(error)),
    };
    run.meta.cost = run.scene.tally.spent();
    let report = run.report(end);
    let details = |report: &Report| serde_json::to_value(report).unwrap_or_default();
    if let Some(path) = &wishes.results {
        results::write(path, &report).map_err(|error| error.with_details(details(&report)))?;
    }
    match error {
        None => answer(&report, run.meta),
        Some(error) => {
            let path = run.journal.path().display();
            // What a request says of itself is not so of the run.
            let message = match error.kind() {
                own::ErrorKind::Cancelled => "the run was cancelled",
                _ => error.message(),
            };
            let text = format!("{message}; resume goes on with the journal {path}");
            let cost = run.meta.cost;
            let has_begun = run.states.iter().any(|state| !matches!(state, State::Due));
            Err(error
                .with_message(text)
                .with_outcome(if has_begun { own::Outcome::Unknown } else { own::Outcome::NotSent })
                .with_details(details(&report))
                .with_trace(run.meta.attempts, run.meta.waits, cost)
                .with_operation(operation.id))
        }
    }
}

/// Refuses a preview that rests on other schemas than there are now, by which its values would be refused or read otherwise.
async fn check_schemas(scene: &Scene<'_>, preview: &Preview, meta: &mut Meta) -> Result<()> {
    for (place, print) in &preview.schemas {
        let (now, _, spent) = scene.read_schema(place).await?;
        meta.absorb(spent);
        if now != *print {
            return Err(Error::config(format!(
                "the fields of {place} have changed since the preview: preview the edits again"
            )));
        }
    }
    Ok(())
}

/// Leaves word that a preview was applied, and where its journal is. Of two who come at once, one is first.
fn leave(preview: &str, mark: &Path, journal: &Path) -> Result<()> {
    let failed =
        |error: std::io::Error| Error::config(format!("{} cannot be written: {error}", mark.display()));
    if let Some(folder) = mark.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        private_file::make_folder(folder).map_err(failed)?;
    }
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(mark);
    let mut file = file.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => was_applied(preview, mark),
        _ => failed(error),
    })?;
    let journal = std::path::absolute(journal).map_err(failed)?;
    std::io::Write::write_all(&mut file, journal.display().to_string().as_bytes()).map_err(failed)
}

fn was_applied(preview: &str, mark: &Path) -> Error {
    let journal = std::fs::read_to_string(mark).unwrap_or_default();
    Error::config(format!(
        "the preview {preview} was applied before: resume goes on with its journal {journal}, and the same edits can be previewed \
         again"
    ))
}

/// What a caller wants of a run.
struct Wishes {
    journal: Option<PathBuf>,
    budget: Option<u64>,
    verifies: bool,
    may_number: bool,
    results: Option<PathBuf>,
}

impl Wishes {
    fn limit(&self, tally: &Tally) {
        if let Some(budget) = self.budget {
            tally.limit(budget);
        }
    }

    async fn read(scene: &Scene<'_>, call: &Call) -> Result<Self> {
        let get = |name: &str| call.arguments.get(name).filter(|value| !value.is_null());
        let text = |name: &str| match get(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
            Some(other) => Err(Error::config(format!("{name} has to be a text, not {}", shown(other)))),
        };
        let one_of = |name: &str, known: &[&str]| -> Result<Option<String>> {
            let value = text(name)?;
            match value.as_deref().filter(|value| !known.contains(value)) {
                Some(value) => {
                    Err(Error::config(format!("{name} has to be {}, not {value:?}", known.join(" or "))))
                }
                None => Ok(value),
            }
        };
        Ok(Self {
            journal: text("journal")?.map(PathBuf::from),
            budget: match get("budget") {
                None => None,
                Some(budget) => Some(requests(scene, budget).await?),
            },
            verifies: one_of("verify", &["full", "none"])?.as_deref() != Some("none"),
            may_number: one_of("numbers", &["service"])?.is_some(),
            results: match text("results")?.map(PathBuf::from) {
                Some(path) if Some(&path) == text("journal")?.map(PathBuf::from).as_ref() => {
                    return Err(Error::config("results and journal are the same file: give two"));
                }
                Some(path) => {
                    private_file::check("the file of results", &path)?;
                    Some(path)
                }
                None => None,
            },
        })
    }
}

/// A share of the day's requests, or their number.
async fn requests(scene: &Scene<'_>, budget: &Value) -> Result<u64> {
    let wrong = || {
        let text = shown(budget);
        Error::config(format!(
            "budget has to be a number of requests such as 500, or a share of the day such as \"40%\", not {text}"
        ))
    };
    if let Some(number) = budget.as_u64() {
        return Ok(number);
    }
    let text = budget.as_str().ok_or_else(wrong)?.trim();
    let Some(share) = text.strip_suffix('%') else { return text.parse().map_err(|_| wrong()) };
    let share: f64 = share.trim().parse().map_err(|_| wrong())?;
    if !(0.0..=100.0).contains(&share) {
        return Err(wrong());
    }
    let limit = scene.quota.status().await?.limit.ok_or_else(|| {
        Error::config(format!("budget: {text} of the day needs a limit of the day: give the client a plan, or a number of requests"))
    })?;
    Ok((limit as f64 * share / 100.0).floor() as u64)
}

impl<'a> Run<'a> {
    fn new(
        scene: &'a Scene<'a>,
        journal: Journal,
        tasks: Vec<Task>,
        settled: Vec<Edited>,
        preview: String,
        meta: Meta,
    ) -> Self {
        let mut sheet_of = Vec::with_capacity(tasks.len());
        let mut of_sheet: HashMap<Arc<Sheet>, Vec<usize>> = HashMap::new();
        for (place, task) in tasks.iter().enumerate() {
            let sheet = task.sheet().map(|sheet| match of_sheet.get_key_value(&sheet) {
                Some((known, _)) => Arc::clone(known),
                None => Arc::new(sheet),
            });
            if let Some(sheet) = &sheet {
                of_sheet.entry(Arc::clone(sheet)).or_default().push(place);
            }
            sheet_of.push(sheet);
        }
        let mut last_image: HashMap<Sheet, usize> = HashMap::new();
        let image_before = tasks.iter().enumerate().map(|(place, task)| {
            let record = task.image()?.sheet(&task.resource, task.id.as_deref());
            last_image.insert(record, place)
        });
        let image_before = image_before.collect();
        let new = tasks.iter().enumerate().filter(|(_, task)| task.creates_record());
        let creators = new.flat_map(|(place, task)| task.edits.iter().map(move |(index, _)| (*index, place)));
        Self {
            scene,
            journal,
            creators: creators.collect(),
            states: vec![State::Due; tasks.len()],
            tries: vec![0; tasks.len()],
            sent_at: vec![None; tasks.len()],
            tasks,
            verifies: true,
            may_number: false,
            renumbering: HashSet::new(),
            keeping: HashSet::new(),
            named: HashSet::new(),
            older: HashSet::new(),
            said: HashMap::new(),
            user: None,
            is_resumed: false,
            reads: HashMap::new(),
            answered: HashMap::new(),
            later: Vec::new(),
            rows_before: HashMap::new(),
            present: HashMap::new(),
            fresh: HashMap::new(),
            aside: HashMap::new(),
            none_was_read: false,
            limits: HashMap::new(),
            refused: HashMap::new(),
            sheet_of,
            of_sheet,
            image_before,
            processing: Vec::new(),
            settled,
            preview,
            meta,
        }
    }
}
