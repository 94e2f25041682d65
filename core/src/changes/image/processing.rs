//! The wait until images are processed.
//!
//! A list shows many records at once, so that the status is asked for only where the image has changed, which proves it, and where it
//! still has not changed after a while, as the service may have failed.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;

use super::send::upload_of;
use crate::arguments::filters::MOST_VALUES;
use crate::changes::outcome::{Fate, Outcome};
use crate::changes::run::{Run, State};
use crate::changes::sheet::is_of_read;
use crate::changes::verify::Later;
use crate::error::Result;
use crate::handlers::{Stage, at_a_time, upload_stage};
use crate::own::Meta;
use crate::own::names::defaults;

/// Before the first look. Each pause after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(16);

/// Looks at the record alone. After them the status is asked for as well.
pub(in crate::changes) const LISTS: u32 = 3;

/// An image that the service has taken.
#[derive(Debug, Clone)]
pub(in crate::changes) struct Processed {
    pub(in crate::changes) place: usize,
    /// By which its status is asked for. None for what is processed at once.
    upload: Option<String>,
    looks: u32,
    next: Duration,
    /// When it is given up.
    end: Duration,
}

impl Run<'_> {
    /// Notes images that the service has taken.
    pub(in crate::changes) fn note_images(&mut self, places: &[usize]) {
        let now = self.scene.requester.clock().elapsed();
        let end = now.saturating_add(self.longest_wait());
        for place in places {
            let State::Accepted { id, .. } = &self.states[*place] else { continue };
            let next = now + if id.is_some() { FIRST_PAUSE } else { Duration::ZERO };
            self.processing.push(Processed { place: *place, upload: id.clone(), looks: 0, next, end });
        }
    }

    fn longest_wait(&self) -> Duration {
        self.scene.options.wait_timeout.unwrap_or(Duration::from_secs_f64(defaults::WAIT_TIMEOUT))
    }

    /// Ends the images that are processed. `to_the_end` waits for all of them, as far as the budget goes.
    pub(in crate::changes) async fn look_at_images(&mut self, to_the_end: bool) -> Result<()> {
        loop {
            let now = self.scene.requester.clock().elapsed();
            let Some(next) = self.processing.iter().map(|image| image.next).min() else { return Ok(()) };
            if next > now {
                match to_the_end {
                    true => self.pause(next - now).await?,
                    false => return Ok(()),
                }
            }
            let now = self.scene.requester.clock().elapsed();
            let (mut due, mut others): (Vec<_>, Vec<_>) =
                std::mem::take(&mut self.processing).into_iter().partition(|image| image.next <= now);
            // Each may be asked for, and a list reads many.
            let cost = |count: usize| (count + count.div_ceil(MOST_VALUES)) as u64;
            let left = self.left().await?.unwrap_or(u64::MAX);
            let affordable = (0..=due.len()).rev().find(|count| cost(*count) <= left).unwrap_or_default();
            others.extend(due.drain(affordable..));
            self.processing = others;
            if due.is_empty() {
                return Ok(());
            }
            self.look_at_due(due, now).await?;
        }
    }

    async fn look_at_due(&mut self, due: Vec<Processed>, now: Duration) -> Result<()> {
        let places = due.iter().map(|image| image.place).collect();
        let mut seen = HashMap::new();
        for (master, batch) in self.batches(places)? {
            let headers = match self.present(master, &batch).await {
                Ok(headers) => headers,
                Err(error) => {
                    self.processing.extend(due);
                    return Err(error);
                }
            };
            let changed = headers.into_iter().filter(|(place, header)| self.is_done(master, *place, header));
            seen.extend(changed.map(|(place, header)| (place, (master, header))));
        }
        let (asked, mut others): (Vec<_>, Vec<_>) = due
            .into_iter()
            .partition(|image| image.looks >= LISTS || seen.contains_key(&image.place) || image.end <= now);
        let mut told = Vec::with_capacity(asked.len());
        {
            let this = &*self;
            let mut work: Vec<BoxFuture<'_, _>> = Vec::with_capacity(asked.len());
            for image in asked {
                work.push(Box::pin(async move {
                    let stage = this.stage(&image).await;
                    (image, stage)
                }));
            }
            let mut work = at_a_time(self.scene.requester, work);
            while let Some(one) = work.next().await {
                told.push(one);
            }
        }
        let mut failed = None;
        for (image, (stage, meta)) in told {
            let place = image.place;
            self.meta.absorb(meta);
            match stage {
                Ok(Stage::Done) => match seen.remove(&place) {
                    Some((master, header)) => self.done(master, place, &header).await?,
                    // The list is older than the answer.
                    None => self.later.push(Later::new(place, now)),
                },
                Ok(Stage::Failed(reason)) => {
                    let reason = reason.unwrap_or_else(|| "it does not say why".into());
                    let reason = format!("the service could not process the file: {reason}");
                    let outcome = Outcome::new(Fate::Refused).because(reason);
                    self.end(place, Outcome { id: self.record_of(place), ..outcome }).await?;
                }
                Ok(Stage::Working) if image.end <= now => {
                    let (upload, limit) =
                        (image.upload.unwrap_or_default(), self.longest_wait().as_secs_f64());
                    let reason = format!(
                        "it was not seen to be processed within {limit} s: ask for the upload_status of {upload}"
                    );
                    let outcome = Outcome::new(Fate::Unverified).because(reason);
                    self.end(place, Outcome { id: self.record_of(place), ..outcome }).await?;
                }
                Ok(Stage::Working) => others.push(image),
                Err(error) => {
                    failed.get_or_insert(error);
                    self.processing.push(image);
                }
            }
        }
        for image in &mut others {
            image.next = now + (FIRST_PAUSE * 2_u32.pow(image.looks.min(8) + 1)).min(LONGEST_PAUSE);
            image.looks += 1;
        }
        self.processing.extend(others);
        match failed {
            None => Ok(()),
            Some(error) => Err(error),
        }
    }

    /// How far an image is, by its status.
    async fn stage(&self, image: &Processed) -> (Result<Stage>, Meta) {
        let Some(upload) = &image.upload else { return (Ok(Stage::Done), Meta::default()) };
        let operation = match upload_of(&self.tasks[image.place]) {
            Ok(operation) => operation,
            Err(error) => return (Err(error), Meta::default()),
        };
        match upload_stage(self.scene.requester, operation, upload, &self.scene.options()).await {
            // The service does not know it any more: the record says what became of it.
            (Err(error), meta) if error.is_of_one() => (Ok(Stage::Done), meta),
            (Err(error), meta) if is_of_read(&error) => (Ok(Stage::Working), meta),
            told => told,
        }
    }
}
