//! The bytes of a file, in order and each once, however often the connection breaks.
//!
//! After a break the rest is asked for with `Range` and `If-Range`, where the storage has named the version of the file. If
//! another part comes, or the rest of another version, the whole file is asked for. That is read up to the place of the break
//! if it is the same version; else the file begins anew. A link that has expired, be it in the middle, is renewed from its
//! record where that is known.

use std::path::PathBuf;
use std::time::Duration;

use ::http::header::{IF_RANGE, RANGE};
use ::http::{HeaderMap, HeaderValue};
use bytes::{Buf as _, Bytes};

use super::renewal::Renewal;
use super::version::{Range, Version, length};
use crate::arguments::{self, Prepared};
use crate::cancel::Cancel;
use crate::catalog::Operation;
use crate::error::{Error, Failure, Result};
use crate::http::{AnswerBody, encoding_of};
use crate::limits::Limits;
use crate::options::{Call, CallOptions};
use crate::own::{Attempt, ErrorKind, Meta, Outcome, Wait, WaitReason};
use crate::requester::{Requester, Transfer};
use crate::trace::Trace;

/// An attempt that brought so many new bytes is not one of those that lead nowhere.
const WORTH: u64 = 1 << 20;

/// Bytes that are handed on at a time, at most, unless they came in one piece: a connection brings them in small ones, and each
/// costs its way to a disk or to another language.
const PIECE: usize = 256 * 1024;

/// First step of the backoff after a break; it doubles with every break.
const BACKOFF: Duration = Duration::from_millis(500);
const LONGEST_BACKOFF: Duration = Duration::from_secs(8);

/// A part of the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The next bytes.
    Bytes(Bytes),
    /// What came before does not count: the file comes from its beginning.
    Anew,
}

/// A file that is read.
pub(crate) struct Reading {
    requester: Requester,
    operation: &'static Operation,
    prepared: Prepared,
    options: CallOptions,
    renewal: Option<Renewal>,
    present: Option<Present>,
    /// Whether the first answer has come.
    begun: bool,
    /// Whether what was handed on is void.
    anew: bool,
    /// Bytes that were handed on.
    done: u64,
    /// Of the whole file, if the storage said it.
    total: Option<u64>,
    /// What names the version of the file.
    version: Option<Version>,
    /// Whether it makes sense to ask for the rest of the file.
    ranges: bool,
    /// Bytes that are to be passed over, because they were handed on before.
    skip: u64,
    /// Attempts in a row that led nowhere.
    breaks: u32,
    /// Bytes since the last break that had never come before.
    gained: u64,
    /// Bytes that an attempt has brought at most.
    furthest: u64,
    ended: bool,
    /// Why it ended before its end.
    failed: Option<Error>,
    /// When the first turn came, on the clock's own scale: the time limit is one for the whole file.
    turn: Option<Duration>,
    url: String,
    meta: Meta,
}

/// A body that is arriving.
struct Present {
    body: AnswerBody,
    limits: Limits,
    trace: Trace,
}

impl Reading {
    /// A file by the arguments of an operation. Nothing is asked for yet.
    ///
    /// # Errors
    /// `config` for a wrong argument.
    pub(crate) fn new(requester: &Requester, operation: &'static Operation, call: &Call) -> Result<Self> {
        let prepared = arguments::prepare(operation, &call.arguments)?;
        let renewal = Renewal::of(operation, call)?;
        Ok(Self::of(requester, operation, prepared, renewal, call.options.clone()))
    }

    /// What a link leads to.
    pub(crate) fn of_link(requester: &Requester, prepared: Prepared, options: CallOptions) -> Self {
        Self::of(requester, prepared.operation, prepared, None, options)
    }

    fn of(
        requester: &Requester,
        operation: &'static Operation,
        prepared: Prepared,
        renewal: Option<Renewal>,
        options: CallOptions,
    ) -> Self {
        Self {
            requester: requester.clone(),
            operation,
            prepared,
            options,
            renewal,
            present: None,
            begun: false,
            anew: false,
            done: 0,
            total: None,
            version: None,
            ranges: true,
            skip: 0,
            breaks: 0,
            gained: 0,
            furthest: 0,
            ended: false,
            failed: None,
            turn: None,
            url: String::new(),
            meta: Meta::default(),
        }
    }

    /// The path that the file is written to.
    pub(crate) fn target(&self) -> Option<PathBuf> {
        self.prepared.target.clone()
    }

    /// Bytes that were handed on.
    pub(crate) fn done(&self) -> u64 {
        self.done
    }

    /// Bytes of the whole file, if the storage said it.
    pub(crate) fn total(&self) -> Option<u64> {
        self.total
    }

    /// What cancels it.
    pub(crate) fn cancel(&self) -> Cancel {
        self.options.cancel.clone().unwrap_or_default()
    }

    /// How it came about, as far as it has.
    pub(crate) fn meta(&self) -> Meta {
        self.meta.clone()
    }

    /// The error of the call, with all that was done for it.
    pub(crate) fn complete(&self, error: Error) -> Error {
        let error = match error.status() {
            None if self.begun => error.with_status(self.meta.status),
            _ => error,
        };
        let id = (!self.meta.request_id.is_empty()).then(|| self.meta.request_id.clone());
        let error = match error.request_id() {
            Some(_) => error,
            None => error.with_request_id(id),
        };
        error.with_operation(self.operation.id).with_trace(
            self.meta.attempts.clone(),
            self.meta.waits.clone(),
            self.meta.cost,
        )
    }

    /// Waits for the head of the first answer.
    ///
    /// # Errors
    /// Those of the request.
    pub(crate) async fn begin(&mut self) -> Result<()> {
        match self.begun {
            true => Ok(()),
            false => self.connect().await,
        }
    }

    /// Headers of the first answer, by their names.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.meta.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The next bytes for somebody who cannot take back what was handed on, or none at the end of the file.
    pub(crate) async fn bytes(&mut self) -> Result<Option<Bytes>> {
        match self.next().await {
            Ok(Some(Piece::Bytes(bytes))) => Ok(Some(bytes)),
            Ok(None) => Ok(None),
            Ok(Some(Piece::Anew)) => {
                let text = "the connection broke, and the storage cannot send the rest of the same file; download it to a path";
                let error = self.unreadable(text.into());
                self.close();
                self.failed = Some(error.clone());
                Err(self.complete(error))
            }
            Err(error) => Err(self.complete(error)),
        }
    }

    /// Lets the connection go.
    pub(crate) fn close(&mut self) {
        self.present = None;
    }

    /// The next part of the file, or none at its end. After an error the same one again: nothing comes behind it.
    pub(crate) async fn next(&mut self) -> Result<Option<Piece>> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let piece = self.piece().await;
        if let Err(error) = &piece {
            self.failed = Some(error.clone());
            self.close();
        }
        piece
    }

    async fn piece(&mut self) -> Result<Option<Piece>> {
        let cancel = self.cancel();
        loop {
            if self.ended {
                return Ok(None);
            }
            if self.begun && cancel.is_cancelled() {
                return Err(Error::cancelled(Outcome::Unknown));
            }
            if self.present.is_none() {
                self.connect().await?;
            }
            if std::mem::take(&mut self.anew) {
                return Ok(Some(Piece::Anew));
            }
            let Some(present) = &mut self.present else { continue };
            let chunk = tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(Error::cancelled(Outcome::Unknown)),
                error = present.limits.passed(self.requester.clock(), &present.trace) => return Err(error),
                chunk = present.body.next() => chunk,
            };
            let is_whole = self.skip == 0 && self.total == Some(self.done);
            match chunk {
                Some(Ok(chunk)) => {
                    if let Some(bytes) = self.take(chunk)? {
                        return Ok(Some(Piece::Bytes(bytes)));
                    }
                }
                // What becomes of the connection behind the last byte does not matter.
                Some(Err(_)) | None if is_whole => self.end(),
                None if self.skip == 0 && self.total.is_none() => self.end(),
                None => {
                    let (done, total) = (self.done - self.skip, self.total.unwrap_or_default());
                    let text = format!("the storage sent {done} of {total} bytes");
                    self.broken(text, None).await?;
                }
                Some(Err(error)) => self.broken(error.message.clone(), Some(error.into())).await?,
            }
        }
    }

    fn end(&mut self) {
        self.ended = true;
        self.close();
    }

    /// The part of a chunk that is new.
    fn take(&mut self, mut chunk: Bytes) -> Result<Option<Bytes>> {
        let passed = self.skip.min(chunk.len() as u64);
        self.skip -= passed;
        chunk.advance(usize::try_from(passed).unwrap_or(chunk.len()));
        self.done += chunk.len() as u64;
        self.gained += self.done.saturating_sub(self.furthest);
        self.furthest = self.furthest.max(self.done);
        if self.total.is_some_and(|total| self.done > total) {
            let text = format!(
                "the storage sent more than the {} bytes that it had announced",
                self.total.unwrap_or_default()
            );
            return Err(self.unreadable(text));
        }
        if chunk.is_empty() {
            return Ok(None);
        }
        self.options.report(self.operation, self.done, self.total);
        Ok(Some(chunk))
    }

    /// After a break: waits for a while, or fails where enough was tried.
    async fn broken(&mut self, text: String, source: Option<Box<crate::http::TransportError>>) -> Result<()> {
        self.present = None;
        self.breaks = if self.gained >= WORTH { 1 } else { self.breaks + 1 };
        self.gained = 0;
        if u64::from(self.breaks) >= self.requester.attempts(&self.options) {
            let error = self.unreadable(text);
            return Err(match source {
                Some(source) => error.with_source(*source),
                None => error,
            });
        }
        let step = BACKOFF.saturating_mul(1 << (self.breaks - 1).min(8)).min(LONGEST_BACKOFF);
        let pause = step.mul_f64(self.requester.fraction());
        let begun = self.requester.clock().elapsed();
        let cancel = self.cancel();
        let cancelled = tokio::select! {
            biased;
            () = cancel.cancelled() => true,
            () = self.requester.clock().pause(pause) => false,
        };
        let waited = self.requester.clock().elapsed().saturating_sub(begun);
        match cancelled {
            true => Err(Error::cancelled(Outcome::Unknown)),
            false => {
                self.meta.waits.push(Wait { reason: WaitReason::Backoff, seconds: waited.as_secs_f64() });
                Ok(())
            }
        }
    }

    fn unreadable(&self, text: String) -> Error {
        self.error(ErrorKind::Network, text).with_failure(Failure::Unreadable)
    }

    fn error(&self, kind: ErrorKind, text: String) -> Error {
        Error::new(kind, text).with_outcome(Outcome::Refused).with_request(
            self.operation,
            self.operation.method.as_str(),
            self.url.clone(),
            self.meta.request_id.clone(),
        )
    }

    /// Asks for the file, or for the rest of it.
    async fn connect(&mut self) -> Result<()> {
        let mut renewed = false;
        loop {
            let rest = self.rest();
            let asks_for_rest = !rest.is_empty();
            let sent = self.requester.read_file(self.prepared.clone(), rest, &self.options, self.turn).await;
            let error = match sent {
                Ok(transfer) => match self.receive(transfer, asks_for_rest)? {
                    true => return Ok(()),
                    false => continue,
                },
                Err(error) => error,
            };
            self.add(error.attempts().to_vec(), error.waits().to_vec(), error.cost());
            match error.status() {
                Some(401 | 403) if self.renewal.is_some() && !renewed => {
                    renewed = true;
                    self.renew(error).await?;
                }
                // There is no such rest: the file has become another one, or the storage cannot count.
                Some(416) if asks_for_rest => self.ranges = false,
                _ => return Err(error),
            }
        }
    }

    /// What asks for the rest of the file, if it can be asked for.
    fn rest(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let validator = self.version.as_ref().and_then(Version::validator);
        if let (true, Some(validator), 1..) = (self.ranges, validator, self.done)
            && let Ok(range) = HeaderValue::from_str(&format!("bytes={}-", self.done))
        {
            headers.insert(RANGE, range);
            headers.insert(IF_RANGE, validator.clone());
        }
        headers
    }

    /// Takes an answer. False for one that brings another part than the rest, or that of another file: then the whole of it is
    /// to be asked for.
    fn receive(&mut self, transfer: Transfer, asked_for_rest: bool) -> Result<bool> {
        let Transfer { meta, headers, body, url, limits, trace } = transfer;
        let status = meta.status;
        self.add(meta.attempts.clone(), meta.waits.clone(), meta.cost);
        self.turn = self.turn.or_else(|| trace.turn());
        if !self.begun {
            let (attempts, waits) =
                (std::mem::take(&mut self.meta.attempts), std::mem::take(&mut self.meta.waits));
            self.meta = Meta { attempts, waits, cost: self.meta.cost, ..meta };
            self.begun = true;
        }
        self.url = url;
        self.skip = 0;
        match status {
            206 if asked_for_rest => {
                let is_rest = self.is_the_rest(&headers);
                self.ranges = is_rest;
                if is_rest {
                    self.present = Some(Present { body: body.gathered(PIECE), limits, trace });
                }
                return Ok(is_rest);
            }
            200 | 203 => {}
            _ => {
                let text = format!("the storage answered with status {status}, which brings no whole file");
                return Err(self.error(ErrorKind::Server, text).with_failure(Failure::Final));
            }
        }
        self.present = Some(Present { body: body.gathered(PIECE), limits, trace });
        // Where the length is not known, what is counted is not what is sent: it was packed.
        self.total = length(&headers);
        let version = Version::of(&headers, self.total);
        let is_same = version.as_ref().zip(self.version.as_ref()).is_some_and(|(one, two)| one.is(two));
        self.version = version;
        if is_same {
            self.skip = self.done;
        } else if self.done > 0 {
            self.done = 0;
            self.anew = true;
            self.ranges = true;
        }
        Ok(true)
    }

    /// Whether a part is the rest of this file. A storage may pass over `If-Range`, and a packed part is none of the file.
    fn is_the_rest(&self, headers: &HeaderMap) -> bool {
        let Some(range) = Range::of(headers).filter(|range| range.begin == self.done) else { return false };
        let version = Version::of(headers, range.total.or(self.total));
        let is_same = version.zip(self.version.as_ref()).is_some_and(|(one, two)| one.is(two));
        is_same && encoding_of(headers).is_none()
    }

    async fn renew(&mut self, expired: Error) -> Result<()> {
        let (Some(renewal), Some(link)) = (&self.renewal, &self.prepared.link) else { return Err(expired) };
        let record = renewal.read(&self.requester).await;
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                self.add(error.attempts().to_vec(), error.waits().to_vec(), error.cost());
                return Err(error);
            }
        };
        let found = Renewal::find(&record, link.text());
        self.add(record.meta.attempts, record.meta.waits, record.meta.cost);
        match found {
            Ok(link) => {
                self.prepared.link = Some(link);
                Ok(())
            }
            Err(error) => Err(expired.with_message(error.message())),
        }
    }

    fn add(&mut self, attempts: Vec<Attempt>, waits: Vec<Wait>, cost: u64) {
        self.meta.attempts.extend(attempts);
        self.meta.waits.extend(waits);
        self.meta.cost += cost;
    }
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Reading({} of {:?} bytes)", self.done, self.total)
    }
}
