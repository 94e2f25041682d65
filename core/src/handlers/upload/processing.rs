//! A file that the service has taken: its status is asked for until it is processed.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::answer::{Answer, Members, text_of};
use crate::catalog::{Operation, Poll};
use crate::error::{Error, Result};
use crate::options::{Call, CallOptions};
use crate::own::names::defaults;
use crate::own::{Attempt, ErrorKind, Meta, Outcome, Wait, WaitReason};
use crate::requester::Requester;

/// Before the first look. Each pause after it is half as long again.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How far a file is.
#[derive(Debug)]
pub(crate) enum Stage {
    Working,
    Done,
    /// With the service's reason.
    Failed(Option<String>),
}

/// The id by which the service tells how far a file is. None where the answer of its upload has none.
pub(crate) fn upload_id(operation: &Operation, answer: &Answer) -> Option<Value> {
    id_of(&answer.body, operation.poll.as_ref()?.from)
}

/// Asks once how far an upload is, and tells what that has cost.
pub(crate) async fn stage(
    requester: &Requester,
    operation: &'static Operation,
    upload: &str,
    options: &CallOptions,
) -> (Result<Stage>, Meta) {
    let id = Value::from(upload);
    let Some(mut processing) = Processing::new(requester, operation, id, options, Meta::default()) else {
        return (Ok(Stage::Done), Meta::default());
    };
    let call = processing.call();
    let stage = match processing.ask(&call).await {
        Ok(stage) => Ok(stage),
        Err(error) => {
            processing.add(error.attempts().to_vec(), error.waits().to_vec(), error.cost());
            Err(error)
        }
    };
    (stage, processing.meta)
}

/// A file that the service has taken and works on.
pub(super) struct Processing<'a> {
    requester: &'a Requester,
    operation: &'static Operation,
    poll: &'static Poll,
    status: &'static Operation,
    /// Another read that says it, for when the first does not know the file.
    fallback: Option<&'static Operation>,
    id: Value,
    options: &'a CallOptions,
    /// That of the upload, with all that came after it.
    meta: Meta,
}

impl<'a> Processing<'a> {
    /// None where the answer has no id that could be asked for.
    pub(super) fn of(
        requester: &'a Requester,
        operation: &'static Operation,
        call: &'a Call,
        answer: &Answer,
    ) -> Option<Self> {
        let id = upload_id(operation, answer)?;
        Self::new(requester, operation, id, &call.options, answer.meta.clone())
    }

    fn new(
        requester: &'a Requester,
        operation: &'static Operation,
        id: Value,
        options: &'a CallOptions,
        meta: Meta,
    ) -> Option<Self> {
        let poll = operation.poll.as_ref()?;
        let status = Operation::find(poll.operation)?;
        let fallback = poll.fallback.and_then(Operation::find);
        Some(Self { requester, operation, poll, status, fallback, id, options, meta })
    }

    /// What asks for the status.
    fn call(&self) -> Call {
        let arguments = Map::from_iter([(self.poll.argument.to_owned(), self.id.clone())]);
        Call { arguments, options: without_query(self.options) }
    }

    /// Waits until it is processed.
    pub(super) async fn end(mut self, answer: Answer) -> Result<Answer> {
        let clock = self.requester.clock();
        let limit = self.options.wait_timeout.unwrap_or(Duration::from_secs_f64(defaults::WAIT_TIMEOUT));
        let end = clock.elapsed().saturating_add(limit);
        let mut pause = FIRST_PAUSE;
        let call = self.call();
        loop {
            let left = end.saturating_sub(clock.elapsed());
            if left.is_zero() {
                return Err(self.late(limit));
            }
            self.pause(pause.min(left)).await?;
            pause = pause.mul_f64(1.5).min(LONGEST_PAUSE);
            match self.ask(&call).await.map_err(|error| self.unseen(error))? {
                Stage::Working => {}
                Stage::Done => return Ok(Answer { meta: self.meta, ..answer }),
                Stage::Failed(message) => return Err(self.failed(message)),
            }
        }
    }

    /// Asks once how far the file is.
    async fn ask(&mut self, call: &Call) -> Result<Stage> {
        let look = self.look(call).await?;
        self.add(look.meta.attempts, look.meta.waits, look.meta.cost);
        let text = String::from_utf8_lossy(text_of(&look.body));
        let members = Members::of(&text);
        let says = |name| members.as_ref().is_some_and(|members| members.any_true(name));
        Ok(match (says(self.poll.until), says(self.poll.failed)) {
            (false, _) => Stage::Working,
            (true, false) => Stage::Done,
            (true, true) => Stage::Failed(members.and_then(|members| members.text(self.poll.message))),
        })
    }

    /// Each master folder has an address of its own beside the one that serves all of them.
    async fn look(&mut self, call: &Call) -> Result<Answer> {
        let error = match self.requester.request(self.status, call).await {
            Ok(look) => return Ok(look),
            Err(error) => error,
        };
        let Some(fallback) = self.fallback.take().filter(|_| error.kind() == ErrorKind::NotFound) else {
            return Err(error);
        };
        self.add(error.attempts().to_vec(), error.waits().to_vec(), error.cost());
        self.status = fallback;
        self.requester.request(fallback, call).await
    }

    async fn pause(&mut self, pause: Duration) -> Result<()> {
        let cancel = self.options.cancel.clone().unwrap_or_default();
        let begun = self.requester.clock().elapsed();
        let cancelled = tokio::select! {
            biased;
            () = cancel.cancelled() => true,
            () = self.requester.clock().pause(pause) => false,
        };
        let waited = self.requester.clock().elapsed().saturating_sub(begun);
        self.meta.waits.push(Wait { reason: WaitReason::Processing, seconds: waited.as_secs_f64() });
        match cancelled {
            true => Err(self.complete(Error::cancelled(Outcome::Unknown))),
            false => Ok(()),
        }
    }

    fn add(&mut self, attempts: Vec<Attempt>, waits: Vec<Wait>, cost: u64) {
        self.meta.attempts.extend(attempts);
        self.meta.waits.extend(waits);
        self.meta.cost += cost;
    }

    fn late(&self, limit: Duration) -> Error {
        let id = self.id.as_str().unwrap_or_default();
        let text = format!(
            "the file was sent, and the service has not processed it within {} s. The upload goes on as {id}: ask {} later what \
             became of it. The option wait_timeout sets another limit",
            limit.as_secs_f64(),
            self.status.id
        );
        self.complete(Error::new(ErrorKind::Timeout, text).with_outcome(Outcome::Unknown))
    }

    /// What became of the file could not be read.
    fn unseen(&mut self, error: Error) -> Error {
        self.add(error.attempts().to_vec(), error.waits().to_vec(), error.cost());
        let text = format!(
            "the file was sent, and whether the service has processed it could not be read: {}. Ask {} later",
            error.message(),
            self.status.id
        );
        let kind = match error.kind() {
            // Said of the status, and not of the record that the file belongs to.
            ErrorKind::NotFound | ErrorKind::Validation | ErrorKind::Conflict => ErrorKind::Server,
            kind => kind,
        };
        let unseen = Error::new(kind, text)
            .with_outcome(Outcome::Unknown)
            .with_retry_after(error.retry_after())
            .with_excerpt(error.body_excerpt().map(str::to_owned));
        let unseen = match error.status() {
            Some(status) => unseen.with_status(status),
            None => unseen,
        };
        self.complete(unseen.with_source(error))
    }

    fn failed(&self, message: Option<String>) -> Error {
        let why = message.filter(|text| !text.trim().is_empty());
        let why = why.unwrap_or_else(|| "it does not say why".into());
        let text = format!("the service could not process the file: {why}");
        self.complete(Error::new(ErrorKind::Validation, text).with_outcome(Outcome::Refused))
    }

    fn complete(&self, error: Error) -> Error {
        error
            .with_operation(self.operation.id)
            .with_request_id(Some(self.meta.request_id.clone()))
            .with_details(json!({ self.poll.argument: self.id }))
            .with_trace(self.meta.attempts.clone(), self.meta.waits.clone(), self.meta.cost)
    }
}

/// The options of the upload for a request after it.
fn without_query(options: &CallOptions) -> CallOptions {
    CallOptions { extra_query: Vec::new(), progress: None, ..options.clone() }
}

/// A member of the answer that can be an id.
fn id_of(answer: &[u8], name: &str) -> Option<Value> {
    let text = String::from_utf8_lossy(text_of(answer));
    Members::of(&text)?.value(name).filter(|id| match id {
        Value::String(id) => !id.trim().is_empty(),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_text() {
        assert_eq!(id_of(br#"{"imageId": "u-1"}"#, "imageId"), Some(json!("u-1")));
        for answer in [r#"{"imageId": " "}"#, r#"{"imageId": null}"#, r#"{"imageId": 7}"#, "stored", "[]", ""]
        {
            assert_eq!(id_of(answer.as_bytes(), "imageId"), None, "{answer}");
        }
    }
}
