//! Writing: the present values are read once more, each request is written down before it leaves, and its answer when it came.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::Map;

use super::header::Header;
use super::image::upload_of;
use super::journal::Line;
use super::masters::{Master, needed};
use super::members;
use super::outcome::{Fate, Outcome, Stored};
use super::present;
use super::run::{Run, State, folder_of};
use super::task::Task;
use super::verify::Answered;
use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::handlers::{at_a_time, delete_header, upload_id};
use crate::options::Call;
use crate::own;
use crate::schemas::FieldCheck;
use crate::tally;

/// What a request came to.
enum Came {
    /// With the id of the record, or of the upload of an image.
    Accepted(Option<Header>, Option<String>),
    /// Nothing of it was carried out.
    Refused(Error),
    /// It did not leave: those behind it would not, either.
    Stopped(Error),
    /// It may have arrived.
    Unclear(Error),
    /// Another has stopped the run, or the caller.
    NotBegun,
}

impl Run<'_> {
    /// Updates records. Returns the error that keeps the others from being sent.
    pub(super) async fn update(&mut self, batch: &[usize]) -> Result<Option<Error>> {
        let master = self.master(batch[0])?;
        let before = self.present(master, batch).await?;
        let mut due = Vec::new();
        for place in batch {
            // A list may lag behind: what it shows is no proof of anything but a value that is to be changed.
            let id = self.tasks[*place].id.clone().unwrap_or_default();
            let is_as_before = before.get(place).is_some_and(|header| {
                let check = self.scene.check(master, header);
                let task = &self.tasks[*place];
                !is_planned(task, header, &check) && strange(task, header, &check).is_empty()
            });
            if is_as_before && self.is_in_folder(*place, &before[place]) {
                due.push(*place);
                continue;
            }
            let header = match self.get(master, &id).await {
                Ok(Some(header)) => header,
                Ok(None) => {
                    self.end(*place, Outcome::new(Fate::Stale).because("the record is gone")).await?;
                    continue;
                }
                // One that cannot be read does not keep the others from going on.
                Err(error) if error.is_of_one() => {
                    self.meta.absorb(error.spent());
                    self.end(*place, not_read(&error)).await?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if !self.is_in_folder(*place, &header) {
                let reason = "it was moved to another folder since the preview: preview it again";
                self.end(*place, Outcome::new(Fate::Stale).because(reason)).await?;
                continue;
            }
            let check = self.scene.check(master, &header);
            if is_planned(&self.tasks[*place], &header, &check) {
                let outcome = Outcome::new(Fate::Done).because("it was there already");
                self.end(*place, outcome.of(Some(header.id()), header.number(master))).await?;
                continue;
            }
            let strange = strange(&self.tasks[*place], &header, &check);
            if strange.is_empty() {
                due.push(*place);
            } else {
                let reason = "somebody has changed it since the preview: preview it again";
                self.end(*place, Outcome::new(Fate::Stale).because(reason).with(strange)).await?;
            }
        }
        self.send(master, &due, &before).await
    }

    /// Deletes records.
    pub(super) async fn delete(&mut self, batch: &[usize]) -> Result<Option<Error>> {
        let master = self.master(batch[0])?;
        let before = self.present(master, batch).await?;
        let mut due = Vec::new();
        for place in batch {
            // A list may lag behind, and does not show what this user may not see.
            match before.contains_key(place) || self.is_there(master, *place).await? {
                true => due.push(*place),
                false => self.end(*place, Outcome::new(Fate::Done).because("it was gone already")).await?,
            }
        }
        self.send(master, &due, &before).await
    }

    /// Whether a record is there, read singly. One that cannot be read is, as far as is known.
    async fn is_there(&mut self, master: &'static Master, place: usize) -> Result<bool> {
        let id = self.id_of(place).unwrap_or_default();
        match self.get(master, &id).await {
            Ok(header) => Ok(header.is_some()),
            Err(error) if error.is_of_one() => {
                self.meta.absorb(error.spent());
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    /// Creates records. The first with a number in each folder goes alone: its answer shows whether the folder keeps numbers.
    pub(super) async fn create(&mut self, batch: &[usize]) -> Result<Option<Error>> {
        let master = self.master(batch[0])?;
        let (mut scouts, mut others, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
        for place in batch {
            let task = &self.tasks[*place];
            let folder = folder_of(task);
            let is_known = task.number.is_none()
                || self.may_number
                || self.keeping.contains(&folder)
                || unknown.contains(&folder);
            if is_known {
                others.push(*place);
            } else {
                unknown.push(folder);
                scouts.push(*place);
            }
        }
        let none = HashMap::new();
        if !scouts.is_empty() {
            let stopped = self.send(master, &scouts, &none).await?;
            if stopped.is_some() {
                return Ok(stopped);
            }
        }
        // Those whose folder has turned out to number its records wait, and those of a scout whose answer is not known.
        others.retain(|place| {
            let task = &self.tasks[*place];
            task.number.is_none() || self.may_number || self.keeping.contains(&folder_of(task))
        });
        if let Err(error) = self.note_names(master, &others).await {
            return Ok(Some(error));
        }
        self.send(master, &others, &none).await
    }

    /// The present records of these tasks, by a list.
    pub(super) async fn present(
        &mut self,
        master: &'static Master,
        batch: &[usize],
    ) -> Result<HashMap<usize, Header>> {
        let ids: Vec<_> = batch.iter().filter_map(|place| self.id_of(*place)).collect();
        let found = present::by_id(self.scene, master, &ids, &mut self.meta).await?;
        let records = batch.iter().filter_map(|place| {
            let header = Header::of(found.record(&self.id_of(*place)?)?)?;
            Some((*place, header))
        });
        Ok(records.collect())
    }

    /// Whether a record is where the preview has seen it.
    fn is_in_folder(&self, place: usize, header: &Header) -> bool {
        let before = self.tasks[place].folder_id.as_deref();
        before.is_none_or(|before| header.folder().is_some_and(|now| now.eq_ignore_ascii_case(before)))
    }

    /// One record, if it is there.
    pub(super) async fn get(&mut self, master: &'static Master, id: &str) -> Result<Option<Header>> {
        self.afford(1)?;
        let found = present::by_id(self.scene, master, &[id.to_owned()], &mut self.meta).await?;
        Ok(found.record(id).and_then(Header::of))
    }

    /// Sends the requests of these tasks, several at a time.
    pub(super) async fn send(
        &mut self,
        master: &'static Master,
        due: &[usize],
        before: &HashMap<usize, Header>,
    ) -> Result<Option<Error>> {
        // What was read before may have taken more than planned.
        let due = match self.affordable_writes(due) {
            0 if !due.is_empty() => return Ok(Some(tally::used_up())),
            count => &due[..count],
        };
        let (has_stopped, began) = (AtomicBool::new(false), self.now());
        let mut came = Vec::with_capacity(due.len());
        {
            let (this, has_stopped) = (&*self, &has_stopped);
            let mut work: Vec<BoxFuture<'_, _>> = Vec::with_capacity(due.len());
            for place in due {
                work.push(Box::pin(async move { (*place, this.one(master, *place, has_stopped).await) }));
            }
            let mut work = at_a_time(self.scene.requester, work);
            while let Some((place, result)) = work.next().await {
                came.push((place, result));
            }
        }
        let (mut stopped, mut failed) = (None, None);
        for (place, result) in came {
            if !matches!(&result, Ok((Came::NotBegun, _))) {
                self.sent_at[place].get_or_insert_with(|| began.clone());
            }
            let (is, meta) = match result {
                Ok(result) => result,
                // The journal cannot be written: nothing goes on without it.
                Err(error) => {
                    // It may have left.
                    self.states[place] = State::Sent;
                    failed.get_or_insert(error);
                    continue;
                }
            };
            self.meta.absorb(meta);
            match is {
                Came::Accepted(header, id) => {
                    let number = header.as_ref().and_then(|header| header.number(master)).map(str::to_owned);
                    self.note_number(place, number.as_deref());
                    if let Some(header) = &header {
                        self.note_answer(master, place, header);
                    }
                    self.states[place] = State::Accepted { id, number };
                    self.look_for_losses(place, before.get(&place), header.as_ref()).await?;
                }
                Came::Refused(error) => {
                    let outcome = Outcome::new(Fate::Refused).because(error.message());
                    self.end(place, Outcome { id: self.id_of(place), ..outcome }).await?;
                }
                Came::Stopped(error) => drop(stopped.get_or_insert(error)),
                Came::Unclear(error) => {
                    self.states[place] = State::Sent;
                    self.said.insert(place, error.message().to_owned());
                }
                Came::NotBegun => {}
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(stopped),
        }
    }

    async fn one(
        &self,
        master: &'static Master,
        place: usize,
        has_stopped: &AtomicBool,
    ) -> Result<(Came, own::Meta)> {
        if has_stopped.load(Ordering::Relaxed) || self.check_cancelled().is_err() {
            return Ok((Came::NotBegun, own::Meta::default()));
        }
        let task = &self.tasks[place];
        let sent = self.journal.write(Line::Sent { task: place, at: self.now() }).await;
        if sent.is_err() {
            has_stopped.store(true, Ordering::Relaxed);
        }
        sent?;
        let answer = match task.picture() {
            // A preview that was changed by hand.
            None if task.image().is_some() => {
                Err(Error::config("preview: its image is not as preview has made it"))
            }
            None => self.request(master, task).await,
            Some((picture, ..)) => self.upload(place, &picture).await,
        };
        let error = match answer {
            Ok(answer) => {
                let header = Header::of(&answer.body);
                let id = match (task.image(), &header) {
                    (Some(_), _) => {
                        upload_id(upload_of(task)?, &answer).and_then(|id| Some(id.as_str()?.to_owned()))
                    }
                    (None, Some(header)) => Some(header.id().to_owned()),
                    (None, None) => task.id.clone(),
                };
                let number = header.as_ref().and_then(|header| header.number(master)).map(str::to_owned);
                self.journal.write(Line::Accepted { task: place, id: id.clone(), number }).await?;
                return Ok((Came::Accepted(header, id), answer.meta));
            }
            Err(error) => error,
        };
        let meta = error.spent();
        let came = match error.outcome() {
            own::Outcome::Applied => {
                let id = task.id.clone().filter(|_| task.image().is_none());
                self.journal.write(Line::Accepted { task: place, id: id.clone(), number: None }).await?;
                Came::Accepted(None, id)
            }
            // Its file cannot be sent, and the others can.
            own::Outcome::NotSent if task.image().is_some() && error.kind() == own::ErrorKind::Config => {
                Came::Refused(error)
            }
            own::Outcome::Unknown => Came::Unclear(error),
            own::Outcome::NotSent => {
                has_stopped.store(true, Ordering::Relaxed);
                self.journal.write(Line::Open { task: place, unclear: false }).await?;
                Came::Stopped(error)
            }
            own::Outcome::Refused if ends_all(&error) => {
                has_stopped.store(true, Ordering::Relaxed);
                self.journal.write(Line::Open { task: place, unclear: false }).await?;
                Came::Stopped(error)
            }
            own::Outcome::Refused => Came::Refused(error),
        };
        Ok((came, meta))
    }

    async fn request(&self, master: &'static Master, task: &Task) -> Result<Answer> {
        let mut arguments = Map::new();
        let values = task.fields.iter().map(|change| (change.id.as_str(), &change.new));
        let operation = match task.kind {
            super::edit::Kind::Create => {
                arguments = members::arguments(master, values);
                arguments.insert("folder_id".into(), task.folder_id.clone().into());
                master.create
            }
            super::edit::Kind::Update => {
                arguments = members::arguments(master, values);
                arguments.insert(needed(master.update).to_owned(), task.id.clone().into());
                master.update
            }
            super::edit::Kind::Delete => {
                arguments.insert(needed(master.delete).to_owned(), task.id.clone().into());
                master.delete
            }
        };
        match task.kind {
            super::edit::Kind::Delete => {
                let call = Call { arguments, options: self.scene.options() };
                delete_header(self.scene.requester, operation, &call).await
            }
            _ => self.scene.request(operation, arguments).await,
        }
    }

    /// By the service's clock, as far as answers have shown it.
    pub(super) fn now(&self) -> String {
        Timestamp::try_from(self.scene.quota.server_time()).unwrap_or_default().to_string()
    }

    fn note_answer(&mut self, master: &'static Master, place: usize, header: &Header) {
        let by = match self.tasks[place].kind {
            super::edit::Kind::Create => header.created_by(),
            _ => header.modified_by(),
        };
        self.user = by.map(str::to_owned).or_else(|| self.user.take());
        let check = self.scene.check(master, header);
        let is_planned = is_planned(&self.tasks[place], header, &check);
        let modified_at = header.modified_at().map(str::to_owned);
        self.answered.insert(place, Answered { is_planned, modified_at });
    }

    /// Ends the task if a field that it does not set has lost its value.
    async fn look_for_losses(
        &mut self,
        place: usize,
        before: Option<&Header>,
        after: Option<&Header>,
    ) -> Result<()> {
        let (Some(before), Some(after)) = (before, after) else { return Ok(()) };
        let check = self.scene.check(self.master(place)?, before);
        let planned = |id: &str| self.tasks[place].fields.iter().any(|change| change.id == id);
        let lost: Vec<_> = before
            .lost_in(after, &check)
            .into_iter()
            .filter(|(id, _)| !planned(id))
            .map(|(id, value)| Stored {
                id: id.to_owned(),
                sent: value.clone(),
                stored: after.field(id).0.clone(),
            })
            .collect();
        match lost.is_empty() {
            true => Ok(()),
            false => {
                let reason =
                    "fields that nobody planned to change have lost their values: the set is stopped";
                self.end(place, Outcome::new(Fate::Lost).because(reason).with(lost)).await
            }
        }
    }
}

/// A record cannot be read just before it would be written.
pub(super) fn not_read(error: &Error) -> Outcome {
    Outcome::new(Fate::Stale).because(format!("it cannot be read any more: {}", error.message()))
}

/// Whether it is not the service that has refused this request, but something that would meet every other, too: also what has
/// ended a wait, or the next attempt, after an answer that asked for one.
pub(super) fn ends_all(error: &Error) -> bool {
    use own::ErrorKind;
    matches!(
        error.kind(),
        ErrorKind::Auth
            | ErrorKind::RateLimited
            | ErrorKind::QuotaExceeded
            | ErrorKind::Closed
            | ErrorKind::Cancelled
            | ErrorKind::Timeout
            | ErrorKind::Network
            | ErrorKind::Callback
            | ErrorKind::Internal
    )
}

/// Whether a record has all planned values.
pub(super) fn is_planned(task: &Task, header: &Header, check: &FieldCheck) -> bool {
    task.fields.iter().all(|change| header.has(check, &change.id, &change.new))
}

/// Planned fields whose present value is neither the preview's nor the planned one.
fn strange(task: &Task, header: &Header, check: &FieldCheck) -> Vec<Stored> {
    let is = |change: &&super::preview::FieldChange| {
        !header.has(check, &change.id, &change.old) && !header.has(check, &change.id, &change.new)
    };
    task.fields
        .iter()
        .filter(is)
        .map(|change| Stored {
            id: change.id.clone(),
            sent: change.new.clone(),
            stored: header.field(&change.id).0.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::own::ErrorKind;

    #[test]
    fn only_the_service_refuses_for_good() {
        // After a 429 all of them are `refused`, as nothing was carried out.
        for kind in [ErrorKind::Cancelled, ErrorKind::Timeout, ErrorKind::Network, ErrorKind::RateLimited] {
            assert!(ends_all(&Error::new(kind, "")), "{kind:?}");
        }
        for kind in [ErrorKind::Validation, ErrorKind::Permission, ErrorKind::NotFound, ErrorKind::Conflict] {
            assert!(!ends_all(&Error::new(kind, "")), "{kind:?}");
        }
    }
}
