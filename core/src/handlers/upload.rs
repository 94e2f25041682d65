//! Sends a file, and waits until the service has processed it (docs/service/uploads.md, Uploads).
//!
//! | file | what |
//! |---|---|
//! | `web.rs` | a file that is read from a URL |
//! | `processing.rs` | what becomes of a file that the service has taken |

mod processing;
mod web;

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::SemaphorePermit;

use self::processing::Processing;
pub(crate) use self::processing::{Stage, stage as upload_stage, upload_id};
use super::OnItsWay;
use crate::answer::Answer;
use crate::arguments::{
    self,
    files::{FileSource, Multipart},
};
use crate::catalog::Operation;
use crate::error::{Error, Result};
use crate::http::{Body, BodySource, Chunks, SourceError};
use crate::options::{Call, CallOptions};
use crate::own::{ErrorKind, Outcome};
use crate::record_lines::Place;
use crate::requester::Requester;

/// What goes with a call beside its arguments.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    /// Files that are no JSON. The arguments name them by their numbers.
    pub(crate) files: Vec<FileSource>,
    /// The place of an upload among those to its record.
    pub(crate) place: Option<Place>,
    /// Holds what the call takes until the program has the answer.
    pub(crate) on_its_way: Option<OnItsWay>,
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
    // What is wrong with it is said before anything is waited for.
    check_file(requester, &file, parameter.name).await.map_err(named)?;
    let _place = match beside.place {
        None => None,
        Some(place) => Some(turn(requester, place, &call.options).await.map_err(named)?),
    };
    let (content, source) = match file.address() {
        Some(url) => {
            // Its connection stays open while the request waits: as many as are sent at a time are enough.
            let source = source(requester, &call.options).await.map_err(named)?;
            (web::open(requester, url, parameter.name, &call.options).await, Some(source))
        }
        None => (file.open(parameter.name).await, None),
    };
    let content = content.map_err(named)?;
    let shown = Shown { content, operation, options: call.options.clone() };
    let multipart = Multipart::of(parameter.wire, &name, Body::from_source(shown), &requester.boundary());
    prepared.multipart = Some(multipart);
    // That of a path that the caller has written may be another.
    let sent = prepared.operation;
    let answer = requester.send(operation, prepared, &call.options).await?;
    drop(source);
    if call.options.wait_timeout == Some(Duration::ZERO) {
        return Ok(answer);
    }
    match Processing::of(requester, sent, call, &answer) {
        Some(processing) => processing.end(answer).await,
        // Some uploads are done when they are answered.
        None => Ok(answer),
    }
}

/// Refuses what cannot be sent, as far as that is seen without reading it.
pub(crate) async fn check_file(requester: &Requester, file: &FileSource, argument: &str) -> Result<()> {
    match file.address() {
        Some(url) => web::check(requester, url, argument),
        None => file.open(argument).await.map(drop),
    }
}

/// Waits for the turn to read a file from a URL.
async fn source<'a>(requester: &'a Requester, options: &CallOptions) -> Result<SemaphorePermit<'a>> {
    let cancel = options.cancel.clone().unwrap_or_default();
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(Error::cancelled(Outcome::NotSent)),
        turn = requester.source() => turn,
    }
}

/// Waits until the uploads before this one to the same record have ended, however they did.
async fn turn(requester: &Requester, place: Place, options: &CallOptions) -> Result<Place> {
    let cancel = options.cancel.clone().unwrap_or_default();
    let limit = requester.turn_timeout(options);
    let over = async {
        match limit {
            Some(limit) => requester.clock().alarm(requester.clock().elapsed().saturating_add(limit)).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(Error::cancelled(Outcome::NotSent)),
        place = place.turn() => Ok(place),
        () = over => {
            let seconds = limit.unwrap_or_default().as_secs_f64();
            Err(Error::new(ErrorKind::Timeout, format!(
                "uploads to this record before this one have not ended within {seconds} s; the option turn_timeout sets another limit"
            )))
        }
    }
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
