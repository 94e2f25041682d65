//! One pass over what has rows: read once, compared with the preview, and written in order, a hundred rows a request.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;

use super::MOST_ROWS;
use super::read::Read;
use super::write::{Told, added, in_one, requests};
use crate::changes::edit::Kind;
use crate::changes::journal::Line;
use crate::changes::outcome::{Fate, Outcome, Stored};
use crate::changes::part::{Part, Row, Rows, Sheet, What};
use crate::changes::run::{Run, State};
use crate::changes::task::Task;
use crate::changes::write::{ends_all, not_read};
use crate::error::{Error, Result};
use crate::handlers::at_a_time;
use crate::own::{self, ErrorKind};
use crate::schemas::FieldCheck;

/// How a task has come out of a pass.
enum Step {
    Ended(Outcome),
    /// The service says that it was carried out. The id is that of a new row, where the answer tells.
    Accepted(Option<String>),
    /// It may have arrived.
    Sent,
    /// It may have arrived, with so many rows: this is what came back.
    Unclear(usize, Error),
    /// The service has refused a request with so many rows, and may have stored some. With a reason where it is the page that refuses.
    Split(usize, Option<String>),
    /// It was written down, and did not leave.
    Back,
}

#[derive(Default)]
struct Passed {
    steps: Vec<(usize, Step)>,
    /// What was read.
    rows: Rows,
    is_read: bool,
    /// Requests that it took to read all rows.
    reads: u64,
    /// Ids that were there before the first new row, where they were not known.
    ids: Option<Vec<String>>,
    meta: own::Meta,
    /// What keeps this page from being read.
    unread: Option<Error>,
    /// What keeps the others from being sent.
    stopped: Option<Error>,
    /// The journal cannot be written.
    failed: Option<Error>,
}

impl Run<'_> {
    /// Tasks by where their rows are, in their order.
    pub(in crate::changes) fn sheets(&self, places: &[usize]) -> Vec<(Arc<Sheet>, Vec<usize>)> {
        let mut sheets: Vec<(Arc<Sheet>, Vec<usize>)> = Vec::new();
        let mut known: HashMap<&Sheet, usize> = HashMap::new();
        for place in places {
            let Some(sheet) = &self.sheet_of[*place] else { continue };
            let at = *known.entry(sheet).or_insert_with(|| {
                sheets.push((Arc::clone(sheet), Vec::new()));
                sheets.len() - 1
            });
            sheets[at].1.push(*place);
        }
        sheets
    }

    /// Requests that reading all rows takes.
    fn reads(&self, place: usize) -> u64 {
        let grown = self.sheet_of[place].as_ref().and_then(|sheet| self.reads.get(sheet)).copied();
        self.tasks[place].part.as_ref().map_or(1, |part| part.reads.max(1)).max(grown.unwrap_or_default())
    }

    /// Requests that reading once more takes, of what is to be looked at again.
    pub(in crate::changes) fn reads_of(&self, places: &[usize]) -> u64 {
        self.sheets(places).iter().map(|(_, places)| self.reads(places[0])).sum()
    }

    /// Those of these tasks that can be paid for, with the reads before and after. What is too large does not keep others back.
    pub(in crate::changes) fn affordable_parts(&self, batch: &[usize], mut left: u64) -> Vec<usize> {
        let looks = 1 + u64::from(self.verifies);
        let mut affordable = Vec::new();
        for (_, places) in self.sheets(batch) {
            let mut spent = looks * self.reads(places[0]);
            let mut rest = &places[..];
            // A table that has more rows takes more pages to be read back.
            let (mut rows, mut pages) = (0, 0);
            while !rest.is_empty() {
                let tasks: Vec<&Task> = rest.iter().map(|place| &self.tasks[*place]).collect();
                let limit = self.limits.get(&rest[0]).copied().unwrap_or(MOST_ROWS);
                let (now, later) = rest.split_at(in_one(&tasks, limit));
                spent += requests(&tasks[..now.len()]);
                if self.verifies {
                    rows += added(tasks[..now.len()].iter().copied());
                    let grown = rows / self.scene.requester.page_size();
                    spent += (grown - std::mem::replace(&mut pages, grown)) as u64;
                }
                if spent > left {
                    break;
                }
                affordable.extend_from_slice(now);
                left -= std::mem::take(&mut spent);
                rest = later;
            }
        }
        affordable
    }

    /// Writes rows. Returns the error that keeps others from being sent.
    pub(in crate::changes) async fn write_parts(&mut self, batch: &[usize]) -> Result<Option<Error>> {
        let sheets = self.sheets(batch);
        let (has_stopped, began) = (AtomicBool::new(false), self.now());
        let mut fresh = std::mem::take(&mut self.fresh);
        let mut passes = Vec::with_capacity(sheets.len());
        {
            let (this, has_stopped) = (&*self, &has_stopped);
            let mut work: Vec<BoxFuture<'_, Passed>> = Vec::with_capacity(sheets.len());
            for (sheet, places) in &sheets {
                work.push(Box::pin(this.pass(sheet, places, fresh.remove(sheet), has_stopped)));
            }
            let mut work = at_a_time(self.scene.requester, work);
            while let Some(passed) = work.next().await {
                passes.push(passed);
            }
        }
        let (mut stopped, mut failed) = (None, None);
        let is_down = self.is_down(passes.iter().map(|passed| passed.unread.is_some()));
        for ((sheet, _), passed) in sheets.into_iter().zip(passes) {
            self.meta.absorb(passed.meta);
            match passed.unread {
                // It is not the page.
                Some(error) if is_down => drop(stopped.get_or_insert(error)),
                Some(error) => drop(self.aside.insert(Arc::clone(&sheet), error)),
                None => {}
            }
            if let Some(ids) = passed.ids {
                self.rows_before.insert(sheet.clone(), ids.into_iter().collect());
            }
            if passed.is_read {
                self.note_reads(&sheet, passed.reads, &passed.rows, &passed.steps);
                self.present.insert(sheet, passed.rows);
            }
            for (place, step) in passed.steps {
                if !matches!(step, Step::Ended(_)) {
                    self.sent_at[place].get_or_insert_with(|| began.clone());
                }
                match step {
                    Step::Ended(outcome) => self.end(place, outcome).await?,
                    Step::Accepted(id) => self.states[place] = State::Accepted { id, number: None },
                    Step::Sent => self.states[place] = State::Sent,
                    Step::Unclear(rows, error) => {
                        self.states[place] = State::Sent;
                        self.said.insert(place, error.message().to_owned());
                        // The service may break on one of the rows.
                        if error.kind() == ErrorKind::Server {
                            self.limits.insert(place, (rows / 2).max(1));
                        }
                    }
                    Step::Split(rows, reason) => {
                        self.states[place] = State::Sent;
                        self.limits.insert(place, (rows / 2).max(1));
                        self.refused.insert(place, reason);
                    }
                    Step::Back => self.states[place] = State::Due,
                }
            }
            stopped = stopped.or(passed.stopped);
            failed = failed.or(passed.failed);
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(stopped),
        }
    }

    /// Notes what reading all rows will take, with those that were sent.
    fn note_reads(&mut self, sheet: &Arc<Sheet>, reads: u64, rows: &Rows, steps: &[(usize, Step)]) {
        let sent = steps.iter().filter(|(_, step)| !matches!(step, Step::Ended(_)));
        let added = added(sent.map(|(place, _)| &self.tasks[*place]));
        let rows = if added > 0 { rows.len() + added } else { 0 };
        let pages = rows.div_ceil(self.scene.requester.page_size()) as u64;
        let known = self.reads.entry(Arc::clone(sheet)).or_default();
        *known = reads.max(pages).max(*known);
    }

    async fn pass(
        &self,
        sheet: &Sheet,
        places: &[usize],
        fresh: Option<Rows>,
        has_stopped: &AtomicBool,
    ) -> Passed {
        let mut passed = Passed::default();
        let stop = || has_stopped.load(Ordering::Relaxed) || self.check_cancelled().is_err();
        let first = &self.tasks[places[0]];
        let (Some(record), Some(part)) = (self.record_of(places[0]), &first.part) else { return passed };
        if stop() {
            return passed;
        }
        let read = match fresh {
            Some(rows) => Ok(Read { rows, ..Read::default() }),
            None => self.scene.read_rows(&first.resource, &record, part).await,
        };
        let read = match read {
            Ok(read) => read,
            Err(error) => {
                passed.meta.absorb(error.spent());
                if error.is_of_one() {
                    passed.steps.extend(places.iter().map(|place| (*place, Step::Ended(not_read(&error)))));
                } else if is_of_read(&error) {
                    passed.unread = Some(error);
                } else {
                    has_stopped.store(true, Ordering::Relaxed);
                    passed.stopped = Some(error);
                }
                return passed;
            }
        };
        passed.meta.absorb(read.meta);
        let check = match self.scene.check_of_part(&first.resource, &record, part) {
            Ok(check) => check,
            Err(error) => return Passed { failed: Some(error), ..passed },
        };
        let mut due = Vec::new();
        for place in places {
            match self.present_says(*place, &read.rows, &check) {
                Some(outcome) => passed.steps.push((*place, Step::Ended(outcome))),
                None => due.push(*place),
            }
        }
        passed.rows = read.rows;
        passed.is_read = true;
        passed.reads = read.requests;
        // The ids that are there now are written down before the first new row, which is known by not being among them.
        if due.iter().any(|place| self.adds_unnamed(*place)) && !self.rows_before.contains_key(sheet) {
            let ids: Vec<_> = passed.rows.iter().map(|row| row.id.to_lowercase()).collect();
            let line = Line::Rows { task: places[0], ids: ids.clone() };
            if let Err(error) = self.journal.write(line).await {
                has_stopped.store(true, Ordering::Relaxed);
                return Passed { failed: Some(error), ..passed };
            }
            passed.ids = Some(ids);
        }
        let mut rest = &due[..];
        while !rest.is_empty() && !stop() {
            let tasks: Vec<&Task> = rest.iter().map(|place| &self.tasks[*place]).collect();
            let limit = self.limits.get(&rest[0]).copied().unwrap_or(MOST_ROWS);
            let (now, later) = rest.split_at(in_one(&tasks, limit));
            rest = later;
            match self.write(&record, now, &mut passed).await {
                Ok(true) => {}
                // The order stays: what comes after waits until it is known what became of this.
                Ok(false) => break,
                Err(error) => {
                    has_stopped.store(true, Ordering::Relaxed);
                    passed.steps.extend(now.iter().map(|place| (*place, Step::Sent)));
                    passed.failed = Some(error);
                }
            }
            if passed.stopped.is_some() {
                has_stopped.store(true, Ordering::Relaxed);
            }
        }
        passed
    }

    /// One request, written down before it leaves and when its answer came. Returns whether the next may follow.
    async fn write(&self, record: &str, places: &[usize], passed: &mut Passed) -> Result<bool> {
        let sent = |place: &usize| Line::Sent { task: *place, at: self.now() };
        self.journal.write_all(places.iter().map(sent).collect()).await?;
        let tasks: Vec<&Task> = places.iter().map(|place| &self.tasks[*place]).collect();
        let mut step =
            |made: &dyn Fn() -> Step| passed.steps.extend(places.iter().map(|place| (*place, made())));
        let error = match self.scene.write_rows(record, &tasks, &passed.rows).await {
            Ok(told) => {
                let goes_on = !told.unclear.contains(&true);
                self.note_told(places, told, passed).await?;
                return Ok(goes_on);
            }
            Err(error) => error,
        };
        if error.outcome() == own::Outcome::Applied {
            let (ids, unclear) = (vec![None; places.len()], vec![false; places.len()]);
            self.note_told(places, Told { ids, unclear, meta: error.spent() }, passed).await?;
            return Ok(true);
        }
        passed.meta.absorb(error.spent());
        let is_refused = error.outcome() == own::Outcome::Refused;
        if error.outcome() == own::Outcome::NotSent || is_refused && ends_all(&error) {
            step(&|| Step::Back);
            let open = |place: &usize| Line::Open { task: *place, unclear: false };
            self.journal.write_all(places.iter().map(open).collect()).await?;
            passed.stopped = Some(error);
            return Ok(false);
        }
        let is_single = places.len() == 1;
        if is_refused && is_single {
            let refused = Outcome::new(Fate::Refused).because(error.message());
            step(&|| Step::Ended(refused.clone()));
        } else if is_refusal(&error) && !is_single {
            // The service has looked at the rows, and may have stored those before the one that it refused.
            let reason = is_of_page(&error).then(|| error.message().to_owned());
            step(&|| Step::Split(places.len(), reason.clone()));
        } else {
            step(&|| Step::Unclear(places.len(), error.clone()));
        }
        Ok(is_refused && is_single)
    }

    async fn note_told(&self, places: &[usize], told: Told, passed: &mut Passed) -> Result<()> {
        let mut lines = Vec::with_capacity(places.len());
        let rows = places.iter().zip(told.ids).zip(told.unclear);
        for ((place, id), is_unclear) in rows {
            if is_unclear {
                passed.steps.push((*place, Step::Sent));
            } else {
                lines.push(Line::Accepted { task: *place, id: id.clone(), number: None });
                passed.steps.push((*place, Step::Accepted(id)));
            }
        }
        passed.meta.absorb(told.meta);
        self.journal.write_all(lines).await
    }

    /// What is to be said of a task before it is written, unless it is to be written.
    fn present_says(&self, place: usize, rows: &Rows, check: &FieldCheck) -> Option<Outcome> {
        let task = &self.tasks[place];
        let part = task.part.as_ref()?;
        let row = part.find(rows, part.row_id.as_deref());
        let done = |reason: &str| self.of_part(place, Outcome::new(Fate::Done).because(reason), None);
        let stale = |reason: &str| Some(self.of_part(place, Outcome::new(Fate::Stale).because(reason), None));
        if task.kind == Kind::Delete {
            return row.is_none().then(|| done("it was gone already"));
        }
        if row.is_none() {
            return match task.kind {
                Kind::Update if !part.what.is_single() => stale("the row is gone"),
                _ => None,
            };
        }
        if part.what == What::Timeline && part.present(row, "id").0.is_null() {
            return stale("the row has no such milestone any more");
        }
        if self.has_planned(place, row, check) {
            return Some(done("it was there already"));
        }
        let strange: Vec<_> = task
            .fields
            .iter()
            .filter(|change| {
                !part.has(row, check, &change.id, &change.old)
                    && !part.has(row, check, &change.id, &change.new)
            })
            .map(|change| self.stored(part, row, change))
            .collect();
        // A new page may have values of its own.
        if strange.is_empty() || task.kind == Kind::Create || part.created_by.is_some() {
            return None;
        }
        let outcome = stale("somebody has changed it since the preview: preview it again")?;
        Some(outcome.with(strange))
    }

    /// Whether a task adds a row whose id the service makes.
    pub(in crate::changes) fn adds_unnamed(&self, place: usize) -> bool {
        let task = &self.tasks[place];
        task.kind == Kind::Create
            && task.part.as_ref().is_some_and(|part| part.row_id.is_none() && !part.what.is_single())
    }

    /// Whether a row has all that a task plans.
    pub(in crate::changes) fn has_planned(
        &self,
        place: usize,
        row: Option<&Row>,
        check: &FieldCheck,
    ) -> bool {
        let task = &self.tasks[place];
        task.part.as_ref().is_some_and(|part| {
            task.fields.iter().all(|change| part.has(row, check, &change.id, &change.new))
        })
    }

    pub(in crate::changes) fn stored(
        &self,
        part: &Part,
        row: Option<&Row>,
        change: &crate::changes::preview::FieldChange,
    ) -> Stored {
        let (stored, _) = part.present(row, &change.id);
        Stored { id: change.id.clone(), sent: change.new.clone(), stored: stored.clone() }
    }

    /// An outcome with the record and the row that it is about.
    pub(in crate::changes) fn of_part(&self, place: usize, outcome: Outcome, row: Option<&str>) -> Outcome {
        let task = &self.tasks[place];
        let known = match &self.states[place] {
            State::Accepted { id, .. } => id.clone(),
            _ => None,
        };
        let named = task.part.as_ref().and_then(|part| part.row_id.clone());
        Outcome {
            id: self.record_of(place),
            number: task.number.clone(),
            row_id: row.map(str::to_owned).or(known).or(named),
            ..outcome
        }
    }
}

/// Whether a request was read and not wanted, by the service, or before it left.
fn is_refusal(error: &Error) -> bool {
    let is_told = error.outcome() == own::Outcome::Refused
        || error.status().is_some_and(|status| (400..500).contains(&status));
    let kinds = [ErrorKind::Config, ErrorKind::Conflict, ErrorKind::Validation];
    is_told && (is_of_page(error) || kinds.contains(&error.kind()))
}

/// Whether there is no such page, or it may not be written: that holds for all of its rows.
fn is_of_page(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Permission)
}

/// Whether a read has failed in a way that may be that of one page.
pub(in crate::changes) fn is_of_read(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Incomplete | ErrorKind::Server | ErrorKind::Timeout)
}
