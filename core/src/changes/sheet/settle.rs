//! Reading rows back: what was accepted is done when it is there, and what may have arrived is looked for.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;

use super::pass::is_of_read;
use super::read::Read;
use crate::changes::edit::Kind;
use crate::changes::journal::Line;
use crate::changes::outcome::{Fate, Outcome, Stored};
use crate::changes::part::{Row, Rows, Sheet, What};
use crate::changes::run::{Run, State};
use crate::changes::verify::{LOOKS, MOST_TRIES};
use crate::error::Result;
use crate::handlers::at_a_time;
use crate::schemas::FieldCheck;

/// What a read shows of a task.
pub(in crate::changes) enum Shown {
    /// It is as planned: the id of its row.
    Done(Option<String>),
    /// Its row is there, and is not as planned.
    Other(Box<Row>),
    /// Its row is not there.
    Gone,
    /// It is not there as planned, and there are new rows that are of no task.
    Perhaps,
}

/// New rows, by the tasks that have added them.
#[derive(Default)]
struct NewRows {
    by_task: HashMap<usize, String>,
    /// Whether there are some that no task is known to have added.
    has_others: bool,
}

/// One read of what has rows, and what it shows of each task, in their order.
type Looked = (Vec<usize>, Result<Vec<Shown>>);

impl Run<'_> {
    /// Reads what has rows once each, and tells what that shows of the tasks.
    async fn look_at_parts(&mut self, places: &[usize]) -> Result<Vec<Looked>> {
        let sheets = self.sheets(places);
        self.afford(self.reads_of(places))?;
        let mut reads: Vec<Result<Read>> = Vec::with_capacity(sheets.len());
        {
            let this = &*self;
            let mut work: Vec<BoxFuture<'_, _>> = Vec::with_capacity(sheets.len());
            for (_, places) in &sheets {
                let place = places[0];
                work.push(Box::pin(async move {
                    let task = &this.tasks[place];
                    match (this.record_of(place), &task.part) {
                        (Some(record), Some(part)) => {
                            this.scene.read_rows(&task.resource, &record, part).await
                        }
                        _ => Ok(Read::default()),
                    }
                }));
            }
            let mut work = at_a_time(self.scene.requester, work);
            while let Some(read) = work.next().await {
                reads.push(read);
            }
        }
        let is_down =
            self.is_down(reads.iter().map(|read| read.as_ref().is_err_and(|error| !error.is_of_one())));
        let mut looked = Vec::with_capacity(sheets.len());
        for ((sheet, places), read) in sheets.into_iter().zip(reads) {
            let read = match read {
                Ok(read) => read,
                Err(error) => {
                    self.meta.absorb(error.spent());
                    if error.is_of_one() {
                        looked.push((places, Err(error)));
                    } else if is_of_read(&error) && !is_down {
                        self.aside.insert(sheet, error);
                    } else {
                        return Err(error);
                    }
                    continue;
                }
            };
            self.meta.absorb(read.meta);
            self.reads.insert(Arc::clone(&sheet), read.requests);
            let shown = self.shown(&sheet, &places, &read.rows)?;
            for (place, shown) in places.iter().zip(&shown) {
                self.look_for_lost_values(&sheet, *place, shown, &read.rows).await?;
            }
            self.fresh.insert(sheet, read.rows);
            looked.push((places, Ok(shown)));
        }
        Ok(looked)
    }

    fn check_of_place(&self, place: usize) -> Result<Option<FieldCheck>> {
        let task = &self.tasks[place];
        let Some(part) = &task.part else { return Ok(None) };
        let record = self.record_of(place).unwrap_or_default();
        self.scene.check_of_part(&task.resource, &record, part).map(Some)
    }

    fn shown(&self, sheet: &Sheet, places: &[usize], rows: &Rows) -> Result<Vec<Shown>> {
        let Some(check) = self.check_of_place(places[0])? else { return Ok(Vec::new()) };
        let found = self.new_rows(sheet, rows, &check);
        Ok(places.iter().map(|place| self.shown_of(*place, rows, &check, &found)).collect())
    }

    /// The new rows of all tasks that may have added one. A new row is one that was not there before and is not known to be of another
    /// task; those of which most is planned choose first.
    fn new_rows(&self, sheet: &Sheet, rows: &Rows, check: &FieldCheck) -> NewRows {
        let Some(before) = self.rows_before.get(sheet) else { return NewRows::default() };
        let taken = self.taken(sheet);
        let is_new = |row: &&Row| {
            let id = row.id.to_lowercase();
            !before.contains(&id) && !taken.contains(&id)
        };
        let mut new: Vec<&Row> = rows.iter().filter(is_new).collect();
        let may_have_added = |place: &usize| match &self.states[*place] {
            State::Sent => true,
            State::Accepted { id, .. } => id.is_none(),
            State::Ended(outcome) => outcome.outcome == Fate::Unverified && outcome.row_id.is_none(),
            State::Due => false,
        };
        let mut own: Vec<usize> = self.of_sheet.get(sheet).cloned().unwrap_or_default();
        own.retain(|place| self.adds_unnamed(*place) && may_have_added(place));
        own.sort_by_key(|place| std::cmp::Reverse(self.tasks[*place].fields.len()));
        let mut found = NewRows::default();
        for place in own {
            let task = &self.tasks[place];
            let Some(part) = &task.part else { continue };
            let values = || task.fields.iter().map(|change| (change.id.as_str(), &change.new));
            if let Some(at) = new.iter().position(|row| part.is_like(row, check, values())) {
                found.by_task.insert(place, new.remove(at).id.clone());
            }
        }
        found.has_others = !new.is_empty();
        found
    }

    fn shown_of(&self, place: usize, rows: &Rows, check: &FieldCheck, found: &NewRows) -> Shown {
        let task = &self.tasks[place];
        let Some(part) = &task.part else { return Shown::Gone };
        let told = match &self.states[place] {
            State::Accepted { id, .. } => id.as_deref(),
            _ => None,
        };
        let id = part.row_id.as_deref().or(told);
        if id.is_some() || part.what.is_single() {
            let row = part.find(rows, id);
            return match (task.kind, row) {
                (Kind::Delete, None) => Shown::Done(None),
                (Kind::Create | Kind::Update, Some(row)) if self.has_planned(place, Some(row), check) => {
                    Shown::Done(Some(row.id.clone()).filter(|id| !id.is_empty()))
                }
                (_, Some(row)) => Shown::Other(Box::new(row.clone())),
                (_, None) => Shown::Gone,
            };
        }
        match found.by_task.get(&place) {
            Some(id) => Shown::Done(Some(id.clone())),
            None if found.has_others => Shown::Perhaps,
            None => Shown::Gone,
        }
    }

    /// Rows that tasks are known to be about.
    fn taken(&self, sheet: &Sheet) -> HashSet<String> {
        let own = self.of_sheet.get(sheet).into_iter().flatten();
        let ids = own.filter_map(|place| {
            let named = self.tasks[*place].part.as_ref().and_then(|part| part.row_id.clone());
            named.or_else(|| match &self.states[*place] {
                State::Accepted { id, .. } => id.clone(),
                State::Ended(outcome) => outcome.row_id.clone(),
                State::Due | State::Sent => None,
            })
        });
        ids.map(|id| id.to_lowercase()).collect()
    }

    /// Ends a task if a value that it does not set has been lost: a form may be replaced as a whole.
    async fn look_for_lost_values(
        &mut self,
        sheet: &Sheet,
        place: usize,
        shown: &Shown,
        rows: &Rows,
    ) -> Result<()> {
        let task = &self.tasks[place];
        let Some(part) =
            task.part.clone().filter(|part| !matches!(part.what, What::Timeline | What::Tags | What::Shares))
        else {
            return Ok(());
        };
        let known = self.present.get(sheet).and_then(|rows| part.find(rows, part.row_id.as_deref()));
        let (Some(before), Kind::Update, Some(check)) = (known, task.kind, self.check_of_place(place)?)
        else {
            return Ok(());
        };
        if matches!(shown, Shown::Gone) {
            return Ok(());
        }
        let after = part.find(rows, part.row_id.as_deref());
        let empty = serde_json::Value::Null;
        let lost: Vec<_> = before
            .fields
            .iter()
            .filter(|(id, value, type_name)| {
                let is_planned = task.fields.iter().any(|change| change.id == *id);
                !is_planned
                    && !check.is_set_by_service(id, type_name.as_deref())
                    && !check.is_equal(id, type_name.as_deref(), value, &empty)
                    && part.has(after, &check, id, &empty)
            })
            .map(|(id, value, _)| Stored { id: id.clone(), sent: value.clone(), stored: empty.clone() })
            .collect();
        if lost.is_empty() {
            return Ok(());
        }
        let reason = "fields that nobody planned to change have lost their values: the set is stopped";
        let outcome = Outcome::new(Fate::Lost).because(reason).with(lost);
        let outcome = self.of_part(place, outcome, None);
        self.end(place, outcome).await
    }

    fn is_open(&self, place: usize) -> bool {
        !matches!(self.states[place], State::Ended(_))
    }

    /// Ends what a read shows to be done. Returns the others, and with the last look says what became of those.
    pub(in crate::changes) async fn read_parts_back(
        &mut self,
        places: &[usize],
        is_last: bool,
    ) -> Result<Vec<usize>> {
        let mut open = Vec::new();
        for (places, shown) in self.look_at_parts(places).await? {
            match shown {
                Ok(shown) => {
                    for (place, shown) in places.into_iter().zip(shown) {
                        if !self.is_open(place) {
                            continue;
                        }
                        match shown {
                            Shown::Done(row) => {
                                let outcome = self.of_part(place, Outcome::new(Fate::Done), row.as_deref());
                                self.end(place, outcome).await?;
                            }
                            shown if is_last => {
                                let outcome = self.not_as_planned(place, &shown)?;
                                self.end(place, outcome).await?;
                            }
                            _ => open.push(place),
                        }
                    }
                }
                Err(error) if is_last => {
                    let reason = format!("it was accepted, and cannot be read back: {}", error.message());
                    for place in places {
                        let outcome = Outcome::new(Fate::Unverified).because(reason.clone());
                        let outcome = self.of_part(place, outcome, None);
                        self.end(place, outcome).await?;
                    }
                }
                Err(_) => open.extend(places),
            }
        }
        for (sheet, _) in self.sheets(places) {
            self.fresh.remove(&sheet);
        }
        Ok(open)
    }

    /// What is to be said of a row that was accepted and is not as planned.
    fn not_as_planned(&self, place: usize, shown: &Shown) -> Result<Outcome> {
        let task = &self.tasks[place];
        let (row, reason) = match shown {
            Shown::Other(_) if task.kind == Kind::Delete => (None, Some("it is still there")),
            Shown::Other(row) => (Some(&**row), None),
            _ if self.adds_unnamed(place) => (None, Some("it was accepted, and no new row has its values")),
            _ => (None, Some("it was accepted, and its row is not there")),
        };
        let mut fields = Vec::new();
        if let (Some(part), Some(check), true) =
            (&task.part, self.check_of_place(place)?, task.kind != Kind::Delete)
        {
            let differing =
                task.fields.iter().filter(|change| !part.has(row, &check, &change.id, &change.new));
            fields = differing.map(|change| self.stored(part, row, change)).collect();
        }
        let outcome = Outcome { reason: reason.map(str::to_owned), ..Outcome::new(Fate::NotStored) };
        Ok(self.of_part(place, outcome.with(fields), None))
    }

    /// Finds out what became of rows that may have arrived.
    pub(in crate::changes) async fn settle_parts(&mut self) -> Result<()> {
        let is_sent = |state: &State| matches!(state, State::Sent);
        let mut open = self.places(is_sent);
        open.retain(|place| self.tasks[*place].rows().is_some() && !self.is_aside(*place));
        let since = self.scene.requester.clock().elapsed();
        let mut looks = std::iter::once(std::time::Duration::ZERO).chain(LOOKS).peekable();
        while let Some(due) = looks.next().filter(|_| !open.is_empty()) {
            self.pause((since + due).saturating_sub(self.scene.requester.clock().elapsed())).await?;
            let is_last = looks.peek().is_none() || open.iter().all(|place| self.had_its_time(*place));
            let mut still = Vec::new();
            for (places, shown) in self.look_at_parts(&open).await? {
                let Ok(shown) = shown else {
                    if !is_last {
                        still.extend(places);
                        continue;
                    }
                    let reason = "its answer was lost, and it cannot be read";
                    for place in places {
                        let outcome = self.of_part(place, Outcome::new(Fate::Unknown).because(reason), None);
                        self.end(place, outcome).await?;
                    }
                    continue;
                };
                for (place, shown) in places.into_iter().zip(shown) {
                    match shown {
                        _ if !self.is_open(place) => {}
                        Shown::Done(row) => {
                            let outcome = self.of_part(place, Outcome::new(Fate::Done), row.as_deref());
                            self.end(place, outcome).await?;
                        }
                        // What was refused does not come later; a new row of it may show later.
                        shown
                            if is_last || self.refused.contains_key(&place) && !self.adds_unnamed(place) =>
                        {
                            let refused = self.refused.remove(&place);
                            self.repeat_part(place, &shown, refused).await?;
                        }
                        _ => still.push(place),
                    }
                }
            }
            open = still;
        }
        // What is sent again need not be read again before.
        let due = self.places(|state| matches!(state, State::Due));
        let due: HashSet<_> = due.into_iter().filter_map(|place| self.sheet_of[place].as_ref()).collect();
        self.fresh.retain(|sheet, _| due.contains(sheet));
        Ok(())
    }

    /// What has not arrived is sent once more. Not a new row whose id the service makes, unless it was refused: it may still come.
    async fn repeat_part(
        &mut self,
        place: usize,
        shown: &Shown,
        refused: Option<Option<String>>,
    ) -> Result<()> {
        let was_lost = refused.is_none();
        let of_page = refused.flatten();
        let task = &self.tasks[place];
        let outcome = match (task.kind, shown) {
            (Kind::Create, _) if self.adds_unnamed(place) && was_lost => {
                let reason = "its answer was lost, and no new row has its values: it is not sent again";
                Some(Outcome::new(Fate::Unknown).because(self.with_last_error(place, reason)))
            }
            (Kind::Create, Shown::Perhaps) => {
                let reason = "a new row may be it, and has other values than planned: it is not sent again";
                Some(Outcome::new(Fate::Unknown).because(reason))
            }
            // The page refuses all of its rows.
            _ if of_page.is_some() => Some(Outcome::new(Fate::Refused).because(of_page.unwrap_or_default())),
            (Kind::Update, Shown::Gone) => Some(Outcome::new(Fate::Stale).because("the row is gone")),
            (Kind::Update, Shown::Other(row)) => {
                let check = self.check_of_place(place)?;
                let is_as_before = |part: &crate::changes::part::Part, check: &FieldCheck| {
                    part.created_by.is_some()
                        || task.fields.iter().all(|change| {
                            part.has(Some(row), check, &change.id, &change.old)
                                || part.has(Some(row), check, &change.id, &change.new)
                        })
                };
                match (&task.part, check) {
                    (Some(part), Some(check)) if !is_as_before(part, &check) => {
                        let reason =
                            "its answer was lost, and the row has other values than before and than planned";
                        let outcome = self.not_as_planned(place, shown)?;
                        Some(Outcome { outcome: Fate::Unknown, reason: Some(reason.into()), ..outcome })
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        if let Some(outcome) = outcome {
            let outcome = self.of_part(place, outcome, None);
            return self.end(place, outcome).await;
        }
        if was_lost && self.tries[place] >= MOST_TRIES {
            let outcome = self.not_as_planned(place, shown)?;
            let outcome = self.not_arrived(place, outcome);
            return self.end(place, outcome).await;
        }
        self.tries[place] += u8::from(was_lost);
        self.journal.write(Line::Open { task: place, unclear: was_lost }).await?;
        self.states[place] = State::Due;
        Ok(())
    }
}
