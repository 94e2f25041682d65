//! The bytes of a file, in order and each once, however often the connection breaks.
//!
//! After a break the rest is asked for with `Range` and `If-Range`, where the storage has named the version of the file. A
//! storage that sends the whole file again is read up to the place of the break if it is the same version; else the file begins
//! anew. A link that has expired, be it in the middle, is renewed from its record where that is known.

use std::path::PathBuf;
use std::time::Duration;

use ::http::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_RANGE, LAST_MODIFIED, RANGE};
use ::http::{HeaderMap, HeaderValue};
use bytes::{Buf as _, Bytes};

use super::renewal::Renewal;
use crate::arguments::{self, Prepared};
use crate::catalog::{Base, Operation};
use crate::error::{Error, Failure, Result};
use crate::http::AnswerBody;
use crate::limits::Limits;
use crate::options::{Call, CallOptions};
use crate::own::{Attempt, ErrorKind, Meta, Outcome, Wait, WaitReason};
use crate::requester::{Requester, Transfer};
use crate::trace::Trace;

/// An attempt that brought so many bytes is not one of those that lead nowhere.
const WORTH: u64 = 1 << 20;

/// Bytes that are handed on at a time, at most, unless they came in one piece: a connection brings them in small ones, and each
/// costs its way to a disk or to another language.
const PIECE: usize = 64 * 1024;

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
    version: Option<HeaderValue>,
    /// Bytes that are to be passed over, because they were handed on before.
    skip: u64,
    /// Attempts in a row that led nowhere.
    breaks: u32,
    /// Bytes since the last break.
    gained: u64,
    ended: bool,
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
            skip: 0,
            breaks: 0,
            gained: 0,
            ended: false,
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

    /// The next part of the file, or none at its end.
    pub(crate) async fn next(&mut self) -> Result<Option<Piece>> {
        loop {
            if self.ended {
                return Ok(None);
            }
            if self.present.is_none() {
                self.connect().await?;
            }
            if std::mem::take(&mut self.anew) {
                return Ok(Some(Piece::Anew));
            }
            let Some(present) = &mut self.present else { continue };
            let cancel = self.options.cancel.clone().unwrap_or_default();
            let chunk = tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(Error::cancelled(Outcome::Unknown)),
                error = present.limits.passed(self.requester.clock(), &present.trace) => return Err(error),
                chunk = present.body.next() => chunk,
            };
            match chunk {
                Some(Ok(chunk)) => {
                    if let Some(bytes) = self.take(chunk)? {
                        return Ok(Some(Piece::Bytes(bytes)));
                    }
                }
                None if self.total.is_none_or(|total| self.done >= total) && self.skip == 0 => {
                    self.ended = true;
                    self.present = None;
                }
                None => {
                    let total = self.total.unwrap_or_default();
                    let text = format!("the storage sent {} of {total} bytes", self.done);
                    self.broken(text, None).await?;
                }
                Some(Err(error)) => self.broken(error.message.clone(), Some(error.into())).await?,
            }
        }
    }

    /// The part of a chunk that is new.
    fn take(&mut self, mut chunk: Bytes) -> Result<Option<Bytes>> {
        let passed = self.skip.min(chunk.len() as u64);
        self.skip -= passed;
        chunk.advance(usize::try_from(passed).unwrap_or(chunk.len()));
        self.gained += chunk.len() as u64;
        self.done += chunk.len() as u64;
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
        let cancel = self.options.cancel.clone().unwrap_or_default();
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
        Error::new(ErrorKind::Network, text)
            .with_failure(Failure::Unreadable)
            .with_outcome(Outcome::Refused)
            .with_request(
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
            let sent = self.requester.read_file(self.prepared.clone(), rest, &self.options).await;
            let error = match sent {
                Ok(transfer) => return self.receive(transfer, asks_for_rest),
                Err(error) => error,
            };
            self.add(error.attempts().to_vec(), error.waits().to_vec(), error.cost());
            match error.status() {
                Some(403) if self.renewal.is_some() && !renewed => {
                    renewed = true;
                    self.renew(error).await?;
                }
                // Nothing is behind what came: the file has become another one.
                Some(416) if asks_for_rest => self.version = None,
                _ => return Err(self.explained(error)),
            }
        }
    }

    /// What asks for the rest of the file, if it can be asked for.
    fn rest(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let (Some(version), 1..) = (&self.version, self.done)
            && let Ok(range) = HeaderValue::from_str(&format!("bytes={}-", self.done))
        {
            headers.insert(RANGE, range);
            headers.insert(IF_RANGE, version.clone());
        }
        headers
    }

    fn receive(&mut self, transfer: Transfer, asked_for_rest: bool) -> Result<()> {
        let Transfer { meta, headers, body, url, limits, trace } = transfer;
        let status = meta.status;
        self.add(meta.attempts.clone(), meta.waits.clone(), meta.cost);
        if !self.begun {
            let (attempts, waits) =
                (std::mem::take(&mut self.meta.attempts), std::mem::take(&mut self.meta.waits));
            self.meta = Meta { attempts, waits, cost: self.meta.cost, ..meta };
            self.begun = true;
        }
        self.url = url;
        self.present = Some(Present { body: body.gathered(PIECE), limits, trace });
        let range = headers.get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
        if status == 206 && asked_for_rest {
            return match range.and_then(range_of) {
                Some((begin, total))
                    if begin == self.done && total.is_none_or(|total| self.total == Some(total)) =>
                {
                    Ok(())
                }
                _ => Err(self.unreadable("the storage sent another part of the file than the rest".into())),
            };
        }
        let version = version_of(&headers);
        let is_same = version.is_some() && version == self.version;
        self.total = number(&headers);
        // Where the length is not known, what is counted is not what is sent: it was packed.
        self.version = version.filter(|_| self.total.is_some());
        if is_same {
            self.skip = self.done;
        } else if self.done > 0 {
            self.done = 0;
            self.anew = true;
        }
        Ok(())
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
        let found = Renewal::find(&record, link);
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

    fn explained(&self, error: Error) -> Error {
        match self.operation.base {
            Base::Link if error.kind() == ErrorKind::Permission => {
                let text = format!(
                    "{}; a link is valid for about twelve hours: read the record again for a new one",
                    error.message()
                );
                error.with_message(text)
            }
            _ => error,
        }
    }
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Reading({} of {:?} bytes)", self.done, self.total)
    }
}

/// What names one version of a file: an ETag, unless it is a weak one, or the time of its last change.
fn version_of(headers: &HeaderMap) -> Option<HeaderValue> {
    let tag = headers.get(ETAG).filter(|tag| !tag.as_bytes().starts_with(b"W/"));
    tag.or_else(|| headers.get(LAST_MODIFIED)).cloned()
}

fn number(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Begin and length of the whole: `bytes 3-6/7`, whose length may be `*`.
fn range_of(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let begin = range.split_once('-')?.0.parse().ok()?;
    match total {
        "*" => Some((begin, None)),
        total => Some((begin, Some(total.parse().ok()?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        assert_eq!(range_of("bytes 3-6/7"), Some((3, Some(7))));
        assert_eq!(range_of("bytes 3-6/*"), Some((3, None)));
        for bad in ["", "bytes */7", "items 3-6/7", "bytes 3-6", "bytes 3-6/x"] {
            assert_eq!(range_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_weak_tag_names_no_version() {
        let mut headers = HeaderMap::new();
        assert_eq!(version_of(&headers), None);
        headers.insert(ETAG, HeaderValue::from_static("W/\"a\""));
        assert_eq!(version_of(&headers), None);
        headers.insert(LAST_MODIFIED, HeaderValue::from_static("Wed, 21 May 2025 02:15:00 GMT"));
        assert_eq!(version_of(&headers).unwrap(), "Wed, 21 May 2025 02:15:00 GMT");
        headers.insert(ETAG, HeaderValue::from_static("\"b\""));
        assert_eq!(version_of(&headers).unwrap(), "\"b\"");
    }
}
