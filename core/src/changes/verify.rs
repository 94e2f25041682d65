//! Reading back: what was accepted is done when it is there, and what may have arrived is looked for.

use std::time::Duration;

use jiff::SignedDuration;

use super::edit::Kind;
use super::header::Header;
use super::journal::Line;
use super::masters::Master;
use super::members;
use super::outcome::{Fate, Outcome, Stored};
use super::present;
use super::run::{Run, State};
use super::write::is_planned;
use crate::arguments::filters::MOST_VALUES;
use crate::error::Result;
use crate::value::Written;

/// When what a list does not show is read singly: lists lag behind, and so may the service.
pub(super) const LOOKS: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(20)];

/// How often what has not arrived is sent again.
pub(super) const MOST_TRIES: u8 = 3;

/// What the answer of a write has said of its record.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    /// Whether it had all planned values.
    pub(super) is_planned: bool,
    pub(super) modified_at: Option<String>,
}

/// A task whose record a list does not show as planned.
#[derive(Debug, Clone)]
pub(super) struct Later {
    place: usize,
    /// When the list was read.
    since: Duration,
    looks: usize,
}

impl Later {
    /// Not shown by a list of this time.
    pub(super) fn new(place: usize, since: Duration) -> Self {
        Self { place, since, looks: 0 }
    }

    pub(super) fn place(&self) -> usize {
        self.place
    }

    /// When the record is read next.
    fn due(&self) -> Duration {
        self.since + LOOKS[self.looks.min(LOOKS.len() - 1)]
    }
}

/// What a look has shown.
enum Look {
    Done(Header),
    Gone,
    Other(Box<Header>),
}

impl Run<'_> {
    /// Ends the tasks that were accepted, by what is read back. What a list does not show is read singly later; `to_the_end` waits
    /// for that, and else the run goes on meanwhile.
    pub(super) async fn verify_what_was_accepted(&mut self, to_the_end: bool) -> Result<()> {
        let is_later = |places: &[Later], place: usize| places.iter().any(|later| later.place == place);
        let mut places = self.places(|state| matches!(state, State::Accepted { .. }));
        let is_processed = |place: usize| self.processing.iter().any(|image| image.place == place);
        places.retain(|place| {
            !is_later(&self.later, *place) && !is_processed(*place) && !self.is_aside(*place)
        });
        if !self.verifies {
            for place in places {
                let State::Accepted { id, number } = self.states[place].clone() else { continue };
                let outcome = Outcome::new(Fate::Unverified).because("it was not read back, as asked");
                if self.tasks[place].rows().is_some() {
                    let outcome = self.of_part(place, outcome, None);
                    self.end(place, outcome).await?;
                    continue;
                }
                let id = id.filter(|_| self.tasks[place].part.is_none()).or_else(|| self.record_of(place));
                let outcome = self.named(place, outcome, number.as_deref());
                self.end(place, Outcome { id, ..outcome }).await?;
            }
            return Ok(());
        }
        let (parts, places): (Vec<_>, Vec<_>) =
            places.into_iter().partition(|place| self.tasks[*place].rows().is_some());
        let (images, places): (Vec<_>, Vec<_>) =
            places.into_iter().partition(|place| self.tasks[*place].image().is_some());
        self.note_images(&images);
        let since = self.scene.requester.clock().elapsed();
        for place in self.read_parts_back(&parts, false).await? {
            self.later.push(Later::new(place, since));
        }
        for (master, batch) in self.batches(places)? {
            let mut known = Vec::new();
            for place in batch {
                match self.id_of(place) {
                    Some(_) => known.push(place),
                    // Created, and its answer did not say as what.
                    None => self.states[place] = State::Sent,
                }
            }
            let since = self.scene.requester.clock().elapsed();
            for place in self.look_at_list(master, known).await? {
                self.later.push(Later::new(place, since));
            }
        }
        // Those whose id was not told.
        self.settle_what_was_sent().await?;
        self.look_at_images(to_the_end).await?;
        self.look_again(to_the_end).await
    }

    /// Reads singly what is due, or waits until all is.
    async fn look_again(&mut self, to_the_end: bool) -> Result<()> {
        loop {
            let now = self.scene.requester.clock().elapsed();
            let next = self.later.iter().map(Later::due).min();
            let Some(next) = next else { return Ok(()) };
            if next > now {
                match to_the_end {
                    true => self.pause(next - now).await?,
                    false => return Ok(()),
                }
            }
            let now = self.scene.requester.clock().elapsed();
            let due: Vec<_> =
                self.later.iter().filter(|later| later.due() <= now).map(|later| later.place).collect();
            let (parts, headers): (Vec<_>, Vec<_>) =
                due.into_iter().partition(|place| self.tasks[*place].rows().is_some());
            for place in headers {
                self.look_at(place).await?;
            }
            self.look_at_parts_again(&parts).await?;
        }
    }

    /// Reads rows that were not as planned.
    async fn look_at_parts_again(&mut self, places: &[usize]) -> Result<()> {
        let mut last = Vec::new();
        for later in self.later.iter_mut().filter(|later| places.contains(&later.place)) {
            later.looks += 1;
            if later.looks >= LOOKS.len() {
                last.push(later.place);
            }
        }
        let others: Vec<_> = places.iter().copied().filter(|place| !last.contains(place)).collect();
        self.read_parts_back(&others, false).await?;
        self.read_parts_back(&last, true).await?;
        let mut later = std::mem::take(&mut self.later);
        later.retain(|later| {
            !matches!(self.states[later.place], State::Ended(_)) && !self.is_aside(later.place)
        });
        self.later = later;
        Ok(())
    }

    /// Reads one record that a list did not show as planned.
    async fn look_at(&mut self, place: usize) -> Result<()> {
        let master = self.master(place)?;
        let look = match self.look(master, place).await {
            Ok(look) => look,
            // One that cannot be read does not keep the others from going on.
            Err(error) if error.is_of_one() => {
                self.meta.absorb(error.spent());
                let reason = format!("it was accepted, and cannot be read back: {}", error.message());
                let outcome = Outcome::new(Fate::Unverified).because(reason);
                let outcome = self.named(place, Outcome { id: self.id_of(place), ..outcome }, None);
                self.end(place, outcome).await?;
                self.later.retain(|later| later.place != place);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let later = self.later.iter_mut().find(|later| later.place == place);
        let looks = later.map_or(LOOKS.len(), |later| {
            later.looks += 1;
            later.looks
        });
        let outcome = match look {
            Look::Done(header) => self.done_as(master, place, &header),
            Look::Gone if self.tasks[place].kind == Kind::Delete => {
                self.named(place, Outcome::new(Fate::Done), None)
            }
            _ if looks < LOOKS.len() => return Ok(()),
            Look::Gone => {
                let outcome = Outcome::new(Fate::Unverified).because("it was accepted, and is not found");
                self.named(place, Outcome { id: self.id_of(place), ..outcome }, None)
            }
            Look::Other(header) => self.differs(master, place, &header),
        };
        self.end(place, outcome).await?;
        self.later.retain(|later| later.place != place);
        Ok(())
    }

    /// Ends what a list shows to be done. Returns the others.
    async fn look_at_list(&mut self, master: &'static Master, places: Vec<usize>) -> Result<Vec<usize>> {
        let ids: Vec<_> = places.iter().filter_map(|place| self.id_of(*place)).collect();
        if ids.is_empty() {
            return Ok(places);
        }
        let works = self.scene.reads_by_filter();
        self.afford(if works { ids.len().div_ceil(MOST_VALUES) } else { ids.len() } as u64)?;
        let found = present::by_id(self.scene, master, &ids, &mut self.meta).await?;
        let mut open = Vec::new();
        for place in places {
            let header = self.id_of(place).and_then(|id| found.record(&id).and_then(Header::of));
            match (self.tasks[place].kind, header) {
                // A list does not show what this user may not see, and is no proof where the answer was lost.
                (Kind::Delete, None) if matches!(self.states[place], State::Accepted { .. }) => {
                    self.gone(place).await?;
                }
                (Kind::Create | Kind::Update, Some(header)) if self.is_done(master, place, &header) => {
                    self.done(master, place, &header).await?;
                }
                _ => open.push(place),
            }
        }
        Ok(open)
    }

    /// Reads one record.
    async fn look(&mut self, master: &'static Master, place: usize) -> Result<Look> {
        let id = self.id_of(place).unwrap_or_default();
        Ok(match self.get(master, &id).await? {
            None => Look::Gone,
            Some(header) if self.is_done(master, place, &header) => Look::Done(header),
            Some(header) => Look::Other(Box::new(header)),
        })
    }

    /// Whether a record is as it was planned.
    pub(super) fn is_done(&self, master: &'static Master, place: usize, header: &Header) -> bool {
        let task = &self.tasks[place];
        if task.image().is_some() {
            return self.shows_image(place, header);
        }
        let check = self.scene.check(master, header);
        match task.kind {
            Kind::Update => is_planned(task, header, &check),
            Kind::Delete => false,
            // The number may be the folder's own, and has to be one.
            Kind::Create => {
                let is_numbered = task.number.is_none() || header.number(master).is_some();
                let planned = task.fields.iter().filter(|change| change.id != master.number.field);
                is_numbered && planned.into_iter().all(|change| header.has(&check, &change.id, &change.new))
            }
        }
    }

    pub(super) async fn done(
        &mut self,
        master: &'static Master,
        place: usize,
        header: &Header,
    ) -> Result<()> {
        let outcome = self.done_as(master, place, header);
        self.end(place, outcome).await
    }

    fn done_as(&mut self, master: &'static Master, place: usize, header: &Header) -> Outcome {
        let outcome = Outcome { link: self.link_of(place, header), ..Outcome::new(Fate::Done) };
        let outcome = outcome.of(Some(header.id()), None);
        self.note_number(place, header.number(master));
        let outcome = self.named(place, outcome, header.number(master));
        match &self.tasks[place].number {
            Some(sent) if outcome.renumbered => {
                let reason = format!("its folder numbers its records itself: {sent} was sent");
                outcome.because(reason)
            }
            _ => outcome,
        }
    }

    async fn gone(&mut self, place: usize) -> Result<()> {
        let outcome = self.named(place, Outcome::new(Fate::Done), None);
        self.end(place, outcome).await
    }

    /// An outcome with what the record is called.
    fn named(&self, place: usize, outcome: Outcome, number: Option<&str>) -> Outcome {
        let task = &self.tasks[place];
        let renumbered = task.kind == Kind::Create
            && task.number.as_deref().zip(number).is_some_and(|(sent, given)| sent.trim() != given.trim());
        let id = outcome.id.clone().or_else(|| task.id.clone());
        let number = number.map(str::to_owned).or_else(|| task.number.clone());
        Outcome { id, number, renumbered, ..outcome }
    }

    /// What is to be said of a record that was accepted and is not as planned.
    fn differs(&self, master: &'static Master, place: usize, header: &Header) -> Outcome {
        let task = &self.tasks[place];
        if task.image().is_some() {
            return self.named(place, self.other_image(place, header), header.number(master));
        }
        if task.kind == Kind::Delete {
            return self.named(
                place,
                Outcome::new(Fate::NotStored).because("it is still there"),
                header.number(master),
            );
        }
        let check = self.scene.check(master, header);
        let differing = task.fields.iter().filter(|change| !header.has(&check, &change.id, &change.new));
        let fields = differing.map(|change| Stored {
            id: change.id.clone(),
            sent: change.new.clone(),
            stored: header.field(&change.id).0.clone(),
        });
        let outcome = match self.answered.get(&place) {
            // It was there, and the record was changed since.
            Some(answered) if answered.is_planned && is_later(header, answered) => Fate::ChangedAfter,
            _ => Fate::NotStored,
        };
        let outcome = Outcome::new(outcome).of(Some(header.id()), None).with(fields.collect());
        self.named(place, outcome, header.number(master))
    }

    /// Whether each planned field has its old value or the new one.
    fn is_as_before(&self, master: &'static Master, place: usize, header: &Header) -> bool {
        let check = self.scene.check(master, header);
        self.tasks[place].fields.iter().all(|change| {
            header.has(&check, &change.id, &change.old) || header.has(&check, &change.id, &change.new)
        })
    }

    /// Finds out what became of requests that may have arrived.
    pub(super) async fn settle_what_was_sent(&mut self) -> Result<()> {
        self.settle_parts().await?;
        let mut places = self.places(|state| matches!(state, State::Sent));
        places.retain(|place| self.tasks[*place].rows().is_none());
        let mut open = Vec::new();
        for (master, batch) in self.batches(places)? {
            let (new, known): (Vec<_>, Vec<_>) =
                batch.into_iter().partition(|place| self.tasks[*place].kind == Kind::Create);
            for place in self.look_at_list(master, known).await? {
                open.push((master, place));
            }
            open.extend(self.find_new(master, new).await?.into_iter().map(|place| (master, place)));
        }
        // What an earlier process has sent has had its time.
        let (over, mut open): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|(_, place)| self.had_its_time(*place));
        let since = self.scene.requester.clock().elapsed();
        for due in LOOKS {
            if open.is_empty() {
                break;
            }
            self.pause((since + due).saturating_sub(self.scene.requester.clock().elapsed())).await?;
            let (new, known): (Vec<_>, Vec<_>) =
                open.into_iter().partition(|(_, place)| self.tasks[*place].kind == Kind::Create);
            let mut still = Vec::new();
            for (master, batch) in self.batches(new.into_iter().map(|(_, place)| place).collect())? {
                still.extend(self.find_new(master, batch).await?.into_iter().map(|place| (master, place)));
            }
            for (master, place) in known {
                match self.look(master, place).await {
                    Ok(Look::Done(header)) => self.done(master, place, &header).await?,
                    Ok(Look::Gone) if self.tasks[place].kind == Kind::Delete => self.gone(place).await?,
                    Ok(_) => still.push((master, place)),
                    Err(error) if error.is_of_one() => {
                        self.meta.absorb(error.spent());
                        still.push((master, place));
                    }
                    Err(error) => return Err(error),
                }
            }
            open = still;
        }
        for (master, place) in over.into_iter().chain(open) {
            self.give_up_or_repeat(master, place).await?;
        }
        self.is_resumed = false;
        Ok(())
    }

    /// Whether an earlier process has sent a request, and so long ago that no later look is worth a request.
    pub(super) fn had_its_time(&self, place: usize) -> bool {
        let time = |text: &str| Written::of(text)?.instant();
        let (sent, now) = (self.sent_at[place].as_deref().and_then(time), time(&self.now()));
        let last = LOOKS.last().and_then(|last| SignedDuration::try_from(*last).ok()).unwrap_or_default();
        self.is_resumed && sent.zip(now).is_some_and(|(sent, now)| now.duration_since(sent) >= last)
    }

    /// What has not arrived is sent once more. Not a new record: it may still come, and would be there twice.
    async fn give_up_or_repeat(&mut self, master: &'static Master, place: usize) -> Result<()> {
        if self.tasks[place].kind == Kind::Create {
            let reason = self.not_found(master, place).await?;
            let reason = self.with_last_error(place, &reason);
            return self.end(place, Outcome::new(Fate::Unknown).because(reason)).await;
        }
        let look = match self.look(master, place).await {
            Ok(look) => look,
            Err(error) if error.is_of_one() => {
                self.meta.absorb(error.spent());
                let reason = format!("its answer was lost, and it cannot be read: {}", error.message());
                let outcome = Outcome::new(Fate::Unknown).because(reason);
                return self.end(place, Outcome { id: self.id_of(place), ..outcome }).await;
            }
            Err(error) => return Err(error),
        };
        let outcome = match look {
            Look::Done(header) => return self.done(master, place, &header).await,
            Look::Gone if self.tasks[place].kind == Kind::Delete => return self.gone(place).await,
            Look::Gone => Outcome::new(Fate::Stale).because("the record is gone"),
            // It may still be processed, and would be there twice.
            Look::Other(_) if self.tasks[place].image().is_some() => {
                let reason = "its answer was lost, and the record does not show it: it is not sent again";
                Outcome { id: self.id_of(place), ..Outcome::new(Fate::Unknown).because(reason) }
            }
            Look::Other(header) if !self.is_as_before(master, place, &header) => {
                let reason =
                    "its answer was lost, and the record has other values than before and than planned";
                Outcome {
                    reason: Some(reason.into()),
                    outcome: Fate::Unknown,
                    ..self.differs(master, place, &header)
                }
            }
            Look::Other(header) => self.differs(master, place, &header),
        };
        let adds = self.tasks[place]
            .fields
            .iter()
            .any(|change| change.id == "/colorways" && members::adds_colorways(&change.new));
        if outcome.outcome == Fate::NotStored && adds {
            let reason =
                "its answer was lost, and a colorway that it adds is not there: it is not sent again";
            return self.end(place, Outcome { outcome: Fate::Unknown, ..outcome }.because(reason)).await;
        }
        if outcome.outcome == Fate::NotStored && self.tries[place] < MOST_TRIES {
            self.tries[place] += 1;
            self.journal.write(Line::Open { task: place, unclear: true }).await?;
            self.states[place] = State::Due;
            return Ok(());
        }
        let outcome = self.not_arrived(place, outcome);
        self.end(place, outcome).await
    }

    /// What there is to say of what was sent as often as may be, and is not there.
    pub(super) fn not_arrived(&self, place: usize, outcome: Outcome) -> Outcome {
        match self.said.get(&place) {
            Some(said) if outcome.outcome == Fate::NotStored => {
                let times = usize::from(self.tries[place]) + 1;
                let reason = format!("it was sent {times} times, and is not there; the last error: {said}");
                outcome.because(reason)
            }
            _ => outcome,
        }
    }

    pub(super) fn with_last_error(&self, place: usize, reason: &str) -> String {
        match self.said.get(&place) {
            Some(said) => format!("{reason}; the last error: {said}"),
            None => reason.to_owned(),
        }
    }

    /// The id of a task's record, as far as it is known.
    pub(super) fn id_of(&self, place: usize) -> Option<String> {
        match &self.states[place] {
            _ if self.tasks[place].part.is_some() => self.record_of(place),
            State::Accepted { id: Some(id), .. } => Some(id.clone()),
            _ => self.tasks[place].id.clone(),
        }
    }

    /// Tasks by the kind of their records, as many as one list reads.
    pub(super) fn batches(&self, places: Vec<usize>) -> Result<Vec<(&'static Master, Vec<usize>)>> {
        let mut batches: Vec<(&'static Master, Vec<usize>)> = Vec::new();
        for place in places {
            let master = self.master(place)?;
            let open = batches
                .iter_mut()
                .find(|(of, batch)| of.resource == master.resource && batch.len() < MOST_VALUES);
            match open {
                Some((_, batch)) => batch.push(place),
                None => batches.push((master, vec![place])),
            }
        }
        Ok(batches)
    }

    /// A pause that ends when the call is cancelled.
    pub(super) async fn pause(&self, length: Duration) -> Result<()> {
        let pause = self.scene.requester.clock().pause(length);
        match &self.scene.options.cancel {
            None => pause.await,
            Some(cancel) => tokio::select! {
                biased;
                () = cancel.cancelled() => {}
                () = pause => {}
            },
        }
        self.check_cancelled()
    }
}

/// Whether a record was changed after the answer of a write.
fn is_later(header: &Header, answered: &Answered) -> bool {
    let time = |text: Option<&str>| Written::of(text?)?.instant();
    match (time(header.modified_at()), time(answered.modified_at.as_deref())) {
        (Some(now), Some(then)) => now > then,
        _ => false,
    }
}
