//! The set on its way: which tasks are due, what was sent, and when it has to stop.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::Scene;
use super::edit::Kind;
use super::image::{self, Processed};
use super::journal::{Journal, Line};
use super::masters::Master;
use super::outcome::{Edited, Fate, Outcome, Report};
use super::part::{Rows, Sheet};
use super::task::Task;
use super::verify::{Answered, LOOKS, Later};
use crate::arguments::filters::MOST_VALUES;
use crate::error::{Error, Result};
use crate::id_filters::Proof;
use crate::own::{ErrorKind, Meta};
use crate::tally;

/// How far a task is.
#[derive(Debug, Clone)]
pub(super) enum State {
    /// It may be sent.
    Due,
    /// It may have arrived.
    Sent,
    /// The service says that it was carried out. The id is that of the record, or of a new row.
    Accepted {
        id: Option<String>,
        number: Option<String>,
    },
    Ended(Outcome),
}

/// Why a set has ended, where that is no failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Complete,
    /// Its share of the quota, or the quota itself, is used up.
    Budget,
    /// A field has lost its value though nobody planned it.
    Lost,
    /// A folder numbers its records, and the caller has not said that it may.
    Numbers,
}

impl End {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Budget => "budget",
            Self::Lost => "lost",
            Self::Numbers => "numbers",
        }
    }
}

/// Pages and tables whose rows are written at a time, at most.
const MOST_SHEETS: usize = 50;

/// Images that are sent at a time, at most.
const MOST_IMAGES: usize = 50;

pub(super) struct Run<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) journal: Journal,
    pub(super) tasks: Vec<Task>,
    pub(super) states: Vec<State>,
    /// Whether what was written is read back.
    pub(super) verifies: bool,
    /// Whether folders may number new records themselves.
    pub(super) may_number: bool,
    /// Folders that have given another number than was sent, and those that have kept one.
    pub(super) renumbering: HashSet<String>,
    pub(super) keeping: HashSet<String>,
    /// New records whose names were looked up before they were created, and the ids of all that had one of them.
    pub(super) named: HashSet<usize>,
    pub(super) older: HashSet<String>,
    /// Whether nothing was looked at yet of what an earlier process has sent.
    pub(super) is_resumed: bool,
    /// When each task was sent last.
    pub(super) sent_at: Vec<Option<String>>,
    /// How often each task was sent and has not arrived.
    pub(super) tries: Vec<u8>,
    /// What became of each task's last request where that is unclear, as long as this process lives.
    pub(super) said: HashMap<usize, String>,
    /// The user of this run, as answers to its writes have said.
    pub(super) user: Option<String>,
    /// What answers have said of their records, as long as this process lives.
    pub(super) answered: HashMap<usize, Answered>,
    /// What is read singly later.
    pub(super) later: Vec<Later>,
    /// Tasks that create records, by their edits.
    pub(super) creators: HashMap<usize, usize>,
    /// Where the rows of each task are, and the tasks of each such place.
    pub(super) sheet_of: Vec<Option<Arc<Sheet>>>,
    pub(super) of_sheet: HashMap<Arc<Sheet>, Vec<usize>>,
    /// Ids of the rows that there were before the first new one.
    pub(super) rows_before: HashMap<Arc<Sheet>, HashSet<String>>,
    /// Rows as they were read before they were written, as long as this process lives.
    pub(super) present: HashMap<Arc<Sheet>, Rows>,
    /// Requests that reading all rows takes, where that is more than at the preview.
    pub(super) reads: HashMap<Arc<Sheet>, u64>,
    /// Rows that were read just now, and are written next.
    pub(super) fresh: HashMap<Arc<Sheet>, Rows>,
    /// What this run cannot read. Its tasks stay as they are, and the others go on.
    pub(super) aside: HashMap<Arc<Sheet>, Error>,
    /// Whether none of the pages that were read last could be.
    pub(super) none_was_read: bool,
    /// Rows a request, where several in one were refused.
    pub(super) limits: HashMap<usize, usize>,
    /// Tasks whose request was refused with others in it, and why, where it is the page that refuses.
    pub(super) refused: HashMap<usize, Option<String>>,
    /// The image of the same record that is sent before that of a task.
    pub(super) image_before: Vec<Option<usize>>,
    /// Images that the service has taken.
    pub(super) processing: Vec<Processed>,
    /// Edits that nothing is sent for, as the report has them.
    pub(super) settled: Vec<Edited>,
    pub(super) preview: String,
    pub(super) meta: Meta,
}

impl Run<'_> {
    /// Goes on until nothing is left to do, or it has to stop.
    pub(super) async fn go(&mut self) -> Result<End> {
        self.settle_what_was_sent().await?;
        self.verify_what_was_accepted(false).await?;
        loop {
            if self.has_lost() {
                self.verify_what_was_accepted(true).await?;
                return Ok(End::Lost);
            }
            self.check_cancelled()?;
            self.end_parts_of_what_is_not_created().await?;
            let Some(batch) = self.next_batch() else {
                self.verify_what_was_accepted(true).await?;
                if !self.processing.is_empty() {
                    return Ok(End::Budget);
                }
                // What has turned out not to have arrived is due again.
                if self.next_batch().is_some() {
                    continue;
                }
                if let Some(error) = self.of_aside() {
                    return Err(error);
                }
                let is_left = self.states.iter().any(|state| matches!(state, State::Due));
                return Ok(if is_left { End::Numbers } else { End::Complete });
            };
            let batch = &*self.affordable(&batch).await?;
            if batch.is_empty() {
                self.verify_what_was_accepted(true).await?;
                return Ok(End::Budget);
            }
            if self.tasks[batch[0]].part.is_none() {
                // It is not fresh any more when the headers are written.
                self.fresh.clear();
            }
            let stopped = match self.tasks[batch[0]].kind {
                _ if self.tasks[batch[0]].rows().is_some() => self.write_parts(batch).await?,
                _ if self.tasks[batch[0]].image().is_some() => self.send_images(batch).await?,
                Kind::Create => self.create(batch).await?,
                Kind::Update => self.update(batch).await?,
                Kind::Delete => self.delete(batch).await?,
            };
            // What was sent is seen to before the run ends.
            self.settle_what_was_sent().await?;
            self.verify_what_was_accepted(stopped.is_some()).await?;
            self.forget_pages();
            self.report_progress();
            match stopped {
                None => {}
                Some(error) if error.kind() == ErrorKind::QuotaExceeded => return Ok(End::Budget),
                Some(error) => return Err(error),
            }
        }
    }

    /// Tasks of one kind that are due, as many as one list reads; or the rows of some pages.
    fn next_batch(&self) -> Option<Vec<usize>> {
        let due = |place: &usize| matches!(self.states[*place], State::Due) && !self.waits(*place);
        let first = (0..self.tasks.len()).find(due)?;
        if self.tasks[first].rows().is_some() {
            let is_part = |place: &usize| self.tasks[*place].rows().is_some();
            let due: Vec<_> = (first..self.tasks.len()).filter(due).filter(is_part).collect();
            return Some(
                self.sheets(&due).into_iter().take(MOST_SHEETS).flat_map(|(_, places)| places).collect(),
            );
        }
        let like = |place: &usize| {
            let (one, other) = (&self.tasks[*place], &self.tasks[first]);
            one.kind == other.kind
                && one.resource == other.resource
                && one.rows().is_none()
                && one.image().is_some() == other.image().is_some()
        };
        let most = if self.tasks[first].image().is_some() { MOST_IMAGES } else { MOST_VALUES };
        Some((first..self.tasks.len()).filter(due).filter(like).take(most).collect())
    }

    /// Whether a new record waits until its folder may number it, or a part until its record is there.
    fn waits(&self, place: usize) -> bool {
        let task = &self.tasks[place];
        if task.part.is_some() {
            return self.record_of(place).is_none() || self.is_aside(place) || self.waits_for_image(place);
        }
        task.kind == Kind::Create
            && task.number.is_some()
            && !self.may_number
            && self.renumbering.contains(&folder_of(task))
    }

    /// Whether another image of its record comes first: they are sent one at a time (docs/service/uploads.md, Uploads).
    fn waits_for_image(&self, place: usize) -> bool {
        let before = self.image_before[place].map(|before| &self.states[before]);
        before.is_some_and(|state| !matches!(state, State::Ended(_)))
    }

    /// Whether the rows of a task cannot be read by this run.
    pub(super) fn is_aside(&self, place: usize) -> bool {
        self.sheet_of[place].as_ref().is_some_and(|sheet| self.aside.contains_key(sheet))
    }

    /// The error of what could not be read, with what that is.
    fn of_aside(&self) -> Option<Error> {
        let first = (0..self.tasks.len()).find(|place| self.is_aside(*place))?;
        let sheet = self.sheet_of[first].as_ref()?;
        let error = self.aside.get(sheet)?;
        let others = match self.aside.len() - 1 {
            0 => String::new(),
            count => format!(", and {count} more"),
        };
        let record = self.tasks[first].number.clone().or_else(|| self.record_of(first)).unwrap_or_default();
        let app = sheet.app_id.as_ref().map_or_else(String::new, |app| format!(", application {app}"));
        let place = format!("{} {record}{app}", sheet.resource);
        Some(error.clone().with_message(format!("{place} could not be read{others}: {}", error.message())))
    }

    /// Whether the service is down, by which of some pages could not be read: none of several, and none of those before. Pages
    /// that can never be read do not keep others from being written.
    pub(super) fn is_down(&mut self, unread: impl ExactSizeIterator<Item = bool>) -> bool {
        let count = unread.len();
        if count == 0 {
            return false;
        }
        let none_is_read = unread.filter(|is_unread| *is_unread).count() == count;
        std::mem::replace(&mut self.none_was_read, none_is_read) && none_is_read && count > 1
    }

    /// The task that creates the record of a part.
    fn creator(&self, place: usize) -> Option<usize> {
        self.creators.get(&self.tasks[place].part.as_ref()?.created_by?).copied()
    }

    /// The record of a part, which may have been created by this set.
    pub(super) fn record_of(&self, place: usize) -> Option<String> {
        self.tasks[place].id.clone().or_else(|| match &self.states[self.creator(place)?] {
            State::Ended(outcome) => outcome.id.clone(),
            State::Due | State::Sent | State::Accepted { .. } => None,
        })
    }

    async fn end_parts_of_what_is_not_created(&mut self) -> Result<()> {
        for place in self.places(|state| matches!(state, State::Due)) {
            let creator = self.creator(place).filter(|_| self.record_of(place).is_none());
            let Some(State::Ended(outcome)) = creator.map(|creator| &self.states[creator]) else { continue };
            let reason = format!("its record is not created: that is {}", outcome.outcome.as_str());
            self.end(place, Outcome::new(Fate::Left).because(reason)).await?;
        }
        Ok(())
    }

    /// Requests that the run may still take, by its budget and by the quota. None where nothing limits it.
    pub(super) async fn left(&self) -> Result<Option<u64>> {
        let left = self.scene.tally.left();
        let remaining = self.scene.quota.status().await?.remaining;
        Ok([left, remaining].into_iter().flatten().min())
    }

    /// Refuses requests that the budget does not have, as the quota does.
    pub(super) fn afford(&self, requests: u64) -> Result<()> {
        match self.scene.tally.left() {
            Some(left) if requests > left => Err(tally::used_up()),
            _ => Ok(()),
        }
    }

    /// The tasks that can be paid for, their reading before and after included.
    async fn affordable(&self, batch: &[usize]) -> Result<Vec<usize>> {
        let most = batch.len();
        let Some(left) = self.left().await? else { return Ok(batch.to_vec()) };
        let left = self.beside_later_looks(left);
        if self.tasks[batch[0]].rows().is_some() {
            return Ok(self.affordable_parts(batch, left));
        }
        // What is new has no present values.
        let is_read_before = batch
            .iter()
            .any(|place| self.tasks[*place].kind != Kind::Create || self.is_known_by_name(*place));
        let cost = |count: usize| self.cost(batch, count, is_read_before);
        let affordable = (1..=most).rev().find(|count| cost(*count) <= left).unwrap_or_default();
        Ok(batch[..affordable].to_vec())
    }

    /// How many of these headers or images the budget has, which are sent now and were read before.
    pub(super) fn affordable_writes(&self, due: &[usize]) -> usize {
        let Some(left) = self.scene.tally.left() else { return due.len() };
        let left = self.beside_later_looks(left);
        (1..=due.len()).rev().find(|count| self.cost(due, *count, false) <= left).unwrap_or_default()
    }

    /// Requests that so many headers or images of a batch take, with the lists that read them before and after.
    fn cost(&self, batch: &[usize], count: usize, is_read_before: bool) -> u64 {
        let is_image = batch.first().is_some_and(|place| self.tasks[*place].image().is_some());
        // The status of an image is asked for once at least, after some lists.
        let asks = u64::from(self.verifies && is_image);
        let lists = u64::from(is_read_before) + u64::from(self.verifies) + asks * u64::from(image::LISTS);
        let count = count as u64;
        (1 + asks) * count + lists * if self.scene.reads_by_filter() { 1 } else { count }
    }

    /// What is left when the looks that are due later are paid for.
    fn beside_later_looks(&self, left: u64) -> u64 {
        let (parts, headers): (Vec<_>, Vec<_>) =
            self.later.iter().map(Later::place).partition(|place| self.tasks[*place].rows().is_some());
        let later = headers.len() as u64 + self.reads_of(&parts);
        // An image that is processed is asked for, and then read.
        let processed = self.processing.len() as u64 * 2;
        left.saturating_sub(LOOKS.len() as u64 * later + processed)
    }

    /// Pages of which nothing more is to be written or read back are not held.
    fn forget_pages(&mut self) {
        let (of_sheet, states) = (&self.of_sheet, &self.states);
        let is_open = |place: &usize| !matches!(states[*place], State::Ended(_));
        self.present.retain(|sheet, _| of_sheet.get(sheet).is_some_and(|places| places.iter().any(is_open)));
    }

    fn has_lost(&self) -> bool {
        self.states
            .iter()
            .any(|state| matches!(state, State::Ended(outcome) if outcome.outcome == Fate::Lost))
    }

    pub(super) fn check_cancelled(&self) -> Result<()> {
        match &self.scene.options.cancel {
            Some(cancel) if cancel.is_cancelled() => Err(Error::cancelled(crate::own::Outcome::Unknown)),
            _ => Ok(()),
        }
    }

    pub(super) fn master(&self, place: usize) -> Result<&'static Master> {
        let resource = &self.tasks[place].resource;
        Master::find(resource).ok_or_else(|| Error::config(format!("there are no changes of {resource:?}")))
    }

    /// Whether something that is not ended has this schema.
    fn rests_on(&self, schema: &str) -> bool {
        let is_open = |state: &State| !matches!(state, State::Ended(_));
        let open = self.tasks.iter().zip(&self.states).filter(|(_, state)| is_open(state));
        open.into_iter().any(|(task, _)| task.schema_place().is_some_and(|place| place == schema))
    }

    /// Reads the schemas of open tasks, by which values are compared. A task whose schema has changed ends.
    pub(super) async fn look_at_schemas(&mut self, schemas: BTreeMap<String, String>) -> Result<()> {
        for (place, before) in schemas {
            if !self.rests_on(&place) {
                continue;
            }
            self.afford(1)?;
            let reason = match self.scene.read_schema(&place).await {
                Ok((print, _, spent)) => {
                    self.meta.absorb(spent);
                    (print != before)
                        .then(|| "its fields have changed since the preview: preview it again".to_owned())
                }
                // A folder, an application or a table that is gone does not keep the others from going on. What cannot be read
                // as a schema says nothing: it may be another the next time.
                Err(error) if error.is_of_one() && error.kind() != ErrorKind::Decode => {
                    self.meta.absorb(error.spent());
                    Some(format!("its fields cannot be read any more: {}", error.message()))
                }
                Err(error) => return Err(error),
            };
            if let Some(reason) = reason {
                self.give_up_schema(&place, &reason).await?;
            }
        }
        Ok(())
    }

    /// Tasks whose fields are others now: what would be sent was judged by the former ones.
    pub(super) async fn give_up_schema(&mut self, schema: &str, reason: &str) -> Result<()> {
        for place in self.places(|state| matches!(state, State::Due)) {
            let task = &self.tasks[place];
            let rests = task.part.is_some() || task.kind != Kind::Delete;
            if rests && task.schema_place().is_some_and(|place| place == schema) {
                self.end(place, Outcome::new(Fate::Stale).because(reason)).await?;
            }
        }
        Ok(())
    }

    /// Nothing more becomes of a task.
    pub(super) async fn end(&mut self, place: usize, outcome: Outcome) -> Result<()> {
        let line = Line::Ended { task: place, outcome: serde_json::to_value(&outcome).unwrap_or_default() };
        self.journal.write(line).await?;
        self.states[place] = State::Ended(outcome);
        Ok(())
    }

    pub(super) fn places(&self, is: impl Fn(&State) -> bool) -> Vec<usize> {
        (0..self.states.len()).filter(|place| is(&self.states[*place])).collect()
    }

    fn report_progress(&self) {
        let ended = self.places(|state| matches!(state, State::Ended(_))).len() as u64;
        self.scene.options.report(self.scene.operation, ended, Some(self.tasks.len() as u64));
    }

    /// Takes up what an earlier process has written down.
    pub(super) fn replay(&mut self, lines: &[Line]) -> Result<()> {
        for line in lines {
            match line {
                Line::Begun { .. } | Line::Task(_) => {}
                Line::Sent { task, at } => {
                    self.set(*task, State::Sent)?;
                    self.sent_at[*task] = Some(at.clone());
                }
                Line::Accepted { task, id, number } => {
                    self.note_number(*task, number.as_deref());
                    self.set(*task, State::Accepted { id: id.clone(), number: number.clone() })?;
                }
                Line::Open { task, unclear } => {
                    self.set(*task, State::Due)?;
                    // What was refused before it left costs no try; a request that did not arrive does.
                    self.tries[*task] += u8::from(*unclear);
                }
                Line::Ended { task, outcome } => {
                    let outcome: Outcome = serde_json::from_value(outcome.clone()).map_err(|error| {
                        Error::config(format!("the journal has an outcome that cannot be read: {error}"))
                    })?;
                    self.set(*task, State::Ended(outcome))?;
                }
                Line::Rows { task, ids } => {
                    if let Some(Some(sheet)) = self.sheet_of.get(*task) {
                        self.rows_before.insert(Arc::clone(sheet), ids.iter().cloned().collect());
                    }
                }
                Line::Names { tasks, ids } => self.take_names(tasks, ids.iter().cloned()),
                Line::Numbers => self.may_number = true,
            }
        }
        Ok(())
    }

    fn set(&mut self, place: usize, state: State) -> Result<()> {
        let known = self.states.get_mut(place);
        *known.ok_or_else(|| Error::config("the journal names a task that it does not have"))? = state;
        Ok(())
    }

    /// Notes whether a folder keeps the numbers that it is given.
    pub(super) fn note_number(&mut self, place: usize, given: Option<&str>) {
        let Some(task) = self.tasks.get(place).filter(|task| task.creates_record()) else { return };
        let (Some(sent), Some(given)) = (&task.number, given) else { return };
        let folder = folder_of(task);
        match sent.trim() == given.trim() {
            true => self.keeping.insert(folder),
            false => self.renumbering.insert(folder),
        };
    }

    /// What became of every edit.
    pub(super) fn report(&mut self, end: &'static str) -> Report {
        let mut edits = std::mem::take(&mut self.settled);
        for (place, (task, state)) in self.tasks.iter().zip(&self.states).enumerate() {
            let waits = task.creates_record() && self.renumbering.contains(&folder_of(task));
            let outcome = match state {
                State::Ended(outcome) => outcome.clone(),
                State::Due if waits => Outcome::new(Fate::Left)
                    .because("the folder numbers its records itself: go on with numbers=\"service\""),
                State::Due => match self.sheet_of[place].as_ref().and_then(|sheet| self.aside.get(sheet)) {
                    Some(error) => {
                        Outcome::new(Fate::Left).because(format!("it could not be read: {}", error.message()))
                    }
                    None => Outcome::new(Fate::Left),
                },
                State::Sent => Outcome::new(Fate::Unknown)
                    .because("the run ended before its answer came: resume finds out"),
                State::Accepted { id, number } => {
                    let outcome = Outcome::new(Fate::Unverified)
                        .because("the run ended before it was read back: resume does that");
                    match task.part {
                        None => outcome.of(id.as_deref(), number.as_deref()),
                        Some(_) if task.rows().is_some() => Outcome { row_id: id.clone(), ..outcome },
                        Some(_) => outcome,
                    }
                }
            };
            for (index, origin) in &task.edits {
                let mut part = task.part.clone();
                if let (Some(part), Some(row)) = (&mut part, &outcome.row_id) {
                    part.row_id = Some(row.clone());
                }
                edits.push(Edited {
                    index: *index,
                    origin: origin.clone(),
                    kind: task.kind,
                    resource: task.resource.clone(),
                    outcome: outcome.outcome.as_str().to_owned(),
                    reason: outcome.reason.clone(),
                    id: outcome.id.clone().or_else(|| task.id.clone()),
                    number: outcome.number.clone().or_else(|| task.number.clone()),
                    part,
                    renumbered: outcome.renumbered,
                    fields: outcome.fields.clone(),
                });
            }
        }
        edits.sort_by_key(|edit| edit.index);
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for edit in &edits {
            *counts.entry(edit.outcome.clone()).or_default() += 1;
        }
        let left = self.places(|state| !matches!(state, State::Ended(_))).len();
        Report {
            preview: self.preview.clone(),
            end,
            counts,
            edits,
            left,
            cost: self.scene.tally.spent(),
            journal: self.journal.path().to_owned(),
        }
    }
}

/// A name for the folder of a new record.
pub(super) fn folder_of(task: &Task) -> String {
    format!("{}/{}", task.resource, task.folder_id.as_deref().unwrap_or_default().to_lowercase())
}

impl Scene<'_> {
    /// Whether many records are read by their ids in one request.
    pub(super) fn reads_by_filter(&self) -> bool {
        let lists =
            Master::names().into_iter().filter_map(Master::find).filter_map(|master| master.by_id.lookup);
        let lists = lists.filter_map(|lookup| crate::catalog::Operation::find(lookup.list));
        let filters = self.requester.id_filters();
        !lists.into_iter().any(|list| filters.of(list) == Proof::Fails)
    }
}
