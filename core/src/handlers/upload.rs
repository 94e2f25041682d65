//! Sends a file, and waits until the service has processed it (docs/service/uploads.md, Uploads).

mod web;

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use crate::answer::{Answer, Members, text_of};
use crate::arguments::{
    self,
    files::{FileSource, Multipart},
};
use crate::catalog::{Operation, Poll};
use crate::error::{Error, Result};
use crate::http::{Body, BodySource, Chunks, SourceError};
use crate::options::{Call, CallOptions};
use crate::own::names::defaults;
use crate::own::{Attempt, ErrorKind, Meta, Outcome, Wait, WaitReason};
use crate::record_lines::Place;
use crate::requester::Requester;

/// Before the first look. Each pause after it is half as long again.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What goes with a call beside its arguments.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    /// Files that are no JSON. The arguments name them by their numbers.
    pub(crate) files: Vec<FileSource>,
    /// The place of an upload among those to its record.
    pub(crate) place: Option<Place>,
}

/// Sends the file of the call when those before it to the same record have ended.
pub(crate) async fn upload(
    requester: &Requester,
    operation: &'static Operation,
    call: &Call,
    beside: Beside,
) -> Result<Answer> {
    let mut prepared = arguments::prepare(operation, &call.arguments)?;
    let named = |error: Error| error.with_operation(operation.id);
    let Some((parameter, file)) = prepared.file(&beside.files).map_err(named)? else {
        return Err(Error::internal(format!("{} takes no file", operation.id)));
    };
    let name = file.file_name(parameter.name).map_err(named)?;
    if file.address().is_none() {
        // What is wrong with it is said before anything is waited for.
        file.open(parameter.name).await.map_err(named)?;
    }
    let cancel = call.options.cancel.clone().unwrap_or_default();
    let _place = match beside.place {
        None => None,
        Some(place) => Some(tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(named(Error::cancelled(Outcome::NotSent))),
            place = place.turn() => place,
        }),
    };
    let content = match file.address() {
        Some(url) => web::open(requester, url, parameter.name, &call.options).await,
        None => file.open(parameter.name).await,
    };
    let content = content.map_err(named)?;
    let shown = Shown { content, operation, options: call.options.clone() };
    let multipart = Multipart::of(parameter.wire, &name, Body::from_source(shown), &requester.boundary());
    prepared.multipart = Some(multipart);
    let answer = requester.send(operation, prepared, &call.options).await?;
    let Some(poll) = &operation.poll else { return Ok(answer) };
    let Some(status) = Operation::find(poll.operation) else { return Ok(answer) };
    // Some uploads are done when they are answered.
    let Some(id) = member(&answer.body, poll.from) else { return Ok(answer) };
    if call.options.wait_timeout == Some(Duration::ZERO) {
        return Ok(answer);
    }
    Processing { requester, operation, poll, status, id, options: &call.options, meta: answer.meta.clone() }
        .end(answer)
        .await
}

/// A file whose progress is reported while it is sent.
struct Shown {
    content: Body,
    operation: &'static Operation,
    options: CallOptions,
}

impl BodySource for Shown {
    fn length(&self) -> Option<u64> {
        self.content.length()
    }

    fn replayable(&self) -> bool {
        self.content.is_replayable()
    }

    fn open(&self) -> BoxFuture<'static, std::result::Result<Chunks, SourceError>> {
        let (content, operation, options) = (self.content.clone(), self.operation, self.options.clone());
        Box::pin(async move {
            let (total, mut done) = (content.length(), 0);
            let chunks = content.open().await?;
            let chunks = chunks.inspect(move |chunk| {
                if let Ok(chunk) = chunk {
                    done += chunk.len() as u64;
                    options.report(operation, done, total);
                }
            });
            Ok(chunks.boxed())
        })
    }
}

/// A file that the service has taken and works on.
struct Processing<'a> {
    requester: &'a Requester,
    operation: &'static Operation,
    poll: &'static Poll,
    status: &'static Operation,
    id: Value,
    options: &'a CallOptions,
    /// That of the upload, with all that came after it.
    meta: Meta,
}

impl Processing<'_> {
    async fn end(mut self, answer: Answer) -> Result<Answer> {
        let clock = self.requester.clock();
        let limit = self.options.wait_timeout.unwrap_or(Duration::from_secs_f64(defaults::WAIT_TIMEOUT));
        let end = clock.elapsed().saturating_add(limit);
        let mut pause = FIRST_PAUSE;
        let call = Call {
            arguments: [(self.poll.argument.to_owned(), self.id.clone())].into_iter().collect(),
            options: CallOptions { extra_query: Vec::new(), ..self.options.clone() },
        };
        loop {
            let left = end.saturating_sub(clock.elapsed());
            if left.is_zero() {
                return Err(self.late(limit));
            }
            self.pause(pause.min(left)).await?;
            pause = pause.mul_f64(1.5).min(LONGEST_PAUSE);
            let look = match self.requester.request(self.status, &call).await {
                Ok(look) => look,
                Err(error) => return Err(self.unseen(error)),
            };
            self.add(look.meta.attempts, look.meta.waits, look.meta.cost);
            let text = String::from_utf8_lossy(text_of(&look.body));
            let members = Members::of(&text);
            let says = |name| members.as_ref().is_some_and(|members| members.any_true(name));
            if says(self.poll.until) {
                return match says(self.poll.failed) {
                    true => Err(self.failed(members.and_then(|members| members.text(self.poll.message)))),
                    false => Ok(Answer { meta: self.meta, ..answer }),
                };
            }
        }
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
            true => Err(self.complete(Error::cancelled(Outcome::Applied))),
            false => Ok(()),
        }
    }

    fn add(&mut self, attempts: Vec<Attempt>, waits: Vec<Wait>, cost: u64) {
        self.meta.attempts.extend(attempts);
        self.meta.waits.extend(waits);
        self.meta.cost += cost;
    }

    fn late(&self, limit: Duration) -> Error {
        let text = format!(
            "the file was sent, and the service has not processed it within {} s; ask {} later whether it has. The option \
             wait_timeout sets another limit",
            limit.as_secs_f64(),
            self.status.id
        );
        self.complete(Error::new(ErrorKind::Timeout, text).with_outcome(Outcome::Applied))
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
            .with_outcome(Outcome::Applied)
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

/// A member of the answer that can be an id.
fn member(answer: &[u8], name: &str) -> Option<Value> {
    let text = String::from_utf8_lossy(text_of(answer));
    Members::of(&text)?.value(name).filter(|id| match id {
        Value::String(id) => !id.trim().is_empty(),
        _ => false,
    })
}
