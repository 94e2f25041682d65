//! Uploads of images: the record and the file are looked at once more, and the file is sent once.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{Picture, link};
use crate::answer::Answer;
use crate::catalog::Operation;
use crate::changes::header::Header;
use crate::changes::outcome::{Fate, Outcome, Stored};
use crate::changes::run::{Run, State};
use crate::changes::task::Task;
use crate::changes::write::not_read;
use crate::error::{Error, Result};
use crate::handlers::{Beside, upload};
use crate::options::{Call, CallOptions};
use crate::record_lines::Place;

impl Run<'_> {
    /// Uploads images, one a record. Returns the error that keeps the others from being sent.
    pub(in crate::changes) async fn send_images(&mut self, batch: &[usize]) -> Result<Option<Error>> {
        let master = self.master(batch[0])?;
        let before = self.present(master, batch).await?;
        let mut due = Vec::new();
        for place in batch {
            let mut outcome = self.image_says(*place, before.get(place)).await;
            if outcome.is_some() {
                // A list may lag behind.
                let id = self.record_of(*place).unwrap_or_default();
                outcome = match self.get(master, &id).await {
                    Ok(header) => self.image_says(*place, header.as_ref()).await,
                    Err(error) if error.is_of_one() => {
                        self.meta.absorb(error.spent());
                        Some(not_read(&error))
                    }
                    Err(error) => return Err(error),
                };
            }
            match outcome {
                None => due.push(*place),
                Some(outcome) => {
                    let outcome = Outcome { id: self.record_of(*place), ..outcome };
                    self.end(*place, outcome).await?;
                }
            }
        }
        self.send(master, &due, &HashMap::new()).await
    }

    /// Why an image is not sent.
    async fn image_says(&self, place: usize, header: Option<&Header>) -> Option<Outcome> {
        let stale = |reason: String| Outcome::new(Fate::Stale).because(reason);
        let Some(header) = header else { return Some(stale("the record is gone".into())) };
        let (picture, member, old) = self.tasks[place].picture()?;
        let present = link(header.field(member).0);
        if present.as_deref() != old {
            let reason = "somebody has changed it since the preview: preview it again";
            let stored =
                Stored { id: member.to_owned(), sent: picture.name.clone().into(), stored: present.into() };
            return Some(stale(reason.into()).with(vec![stored]));
        }
        match picture.hash(self.scene.requester.handle()).await {
            Ok(hash) if hash == picture.sha256 => None,
            Ok(_) => Some(stale(format!(
                "the file {} has changed since the preview: preview it again",
                picture.name
            ))),
            Err(reason) => Some(stale(reason)),
        }
    }

    /// One upload, without the wait for its processing.
    pub(in crate::changes) async fn upload(&self, place: usize, picture: &Picture) -> Result<Answer> {
        let task = &self.tasks[place];
        let operation = upload_of(task)?;
        let record = self.record_of(place).unwrap_or_default();
        let turn = Place::join(&format!("{} {}", self.scene.owner(), record.to_ascii_lowercase()));
        let mut arguments = Map::from_iter([("file".to_owned(), picture.argument())]);
        arguments.insert("header_id".into(), record.into());
        if let Some(position) = position(task) {
            arguments.insert("position".into(), position.into());
        }
        let options = CallOptions { wait_timeout: Some(Duration::ZERO), ..self.scene.options() };
        let beside = Beside { place: Some(turn), ..Beside::default() };
        upload(self.scene.requester, operation, &Call { arguments, options }, beside).await
    }

    /// Whether a record shows another image than before; the planned one, as far as its name says, where its upload may not have
    /// arrived.
    pub(in crate::changes) fn shows_image(&self, place: usize, header: &Header) -> bool {
        let Some((picture, member, old)) = self.tasks[place].picture() else { return false };
        let is_accepted = matches!(self.states[place], State::Accepted { .. });
        let now = link(header.field(member).0);
        now.is_some_and(|now| Some(&*now) != old && (is_accepted || picture.is_at(&now)))
    }

    /// Where the image of a task is. None for other tasks.
    pub(in crate::changes) fn link_of(&self, place: usize, header: &Header) -> Option<String> {
        let (_, member, _) = self.tasks[place].picture()?;
        link(header.field(member).0)
    }

    /// What is to be said of an image that was processed, and whose record does not show another one than before.
    pub(in crate::changes) fn other_image(&self, place: usize, header: &Header) -> Outcome {
        let Some((picture, member, _)) = self.tasks[place].picture() else {
            return Outcome::new(Fate::Unverified);
        };
        match link(header.field(member).0) {
            None => {
                let stored = Stored { id: member.to_owned(), sent: picture.name.into(), stored: Value::Null };
                Outcome::new(Fate::NotStored).with(vec![stored])
            }
            Some(_) => {
                let reason =
                    "the service says that it is processed, and the link of the image is the same as before";
                Outcome::new(Fate::Unverified).because(reason)
            }
        }
    }
}

fn position(task: &Task) -> Option<&str> {
    task.image()?.position.as_deref()
}

/// What uploads the image of a task.
pub(in crate::changes) fn upload_of(task: &Task) -> Result<&'static Operation> {
    let name = if position(task).is_some() { "attributes_upload_position" } else { "attributes_upload" };
    let id = format!("{}.{name}", task.resource);
    Operation::find(&id).ok_or_else(|| Error::internal(format!("there is no {id}")))
}
