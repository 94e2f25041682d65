//! A file that is read from a URL while it is sent (docs/service/uploads.md, Uploads). Whoever named the URL is not trusted: it
//! may come from anybody.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream;
use serde_json::{Map, Value};
use url::Url;

use crate::address::{Inside, LinkOf};
use crate::answer::text_of;
use crate::arguments;
use crate::catalog::{Base, Kind, Operation, operations};
use crate::error::{Error, Result};
use crate::handlers::download::{Piece, Reading};
use crate::http::{Body, BodySource, Chunks, SourceError};
use crate::options::CallOptions;
use crate::own::{ErrorKind, Outcome};
use crate::redact::address;
use crate::requester::Requester;

/// Bytes of a file from a URL, at most. Most companies have a lower limit, usually of 50 MB.
const MOST_BYTES: u64 = 200_000_000;

/// After so long a wait for its turn, a file is asked for anew: its server may have given the connection up.
const FRESH: Duration = Duration::from_secs(10);

/// Time for the whole of it, however little comes at a time.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Refuses a URL that is not fetched at all.
pub(super) fn check(requester: &Requester, url: &Url, argument: &str) -> Result<()> {
    match url.scheme() == "https" || requester.private_sources() {
        true => Ok(()),
        false => Err(Error::config(format!(
            "{argument}: {} is not an https URL; the setting allow_private_sources allows it",
            address(url)
        ))),
    }
}

/// Opens the URL, so that its status, its length and its first bytes are known before anything is sent.
pub(super) async fn open(
    requester: &Requester,
    url: &Url,
    argument: &str,
    options: &CallOptions,
) -> Result<Body> {
    let source = Source { requester: requester.clone(), url: url.clone(), options: options.clone() };
    let wrong = |error: Error| {
        let text = format!("{argument}: {}", error.message());
        error.with_message(text)
    };
    let opened = source.open().await.map_err(wrong)?;
    let length = opened.reading.total();
    Ok(Body::from_source(OnTheWeb { source, length, first: Mutex::new(Some(opened)) }))
}

#[derive(Clone)]
struct Source {
    requester: Requester,
    url: Url,
    options: CallOptions,
}

/// A file that has begun to arrive.
struct Opened {
    reading: Reading,
    /// Its first bytes.
    first: Bytes,
    /// When it was opened, and when it has to be there, on the clock's own scale.
    begun: Duration,
    end: Duration,
}

impl Source {
    /// Reads its head and its first bytes.
    async fn open(&self) -> Result<Opened> {
        let shown = address(&self.url);
        let begun = self.requester.clock().elapsed();
        let end = begun.saturating_add(LONGEST);
        let mut reading = self.reading()?;
        reading.begin().await.map_err(|error| unread(&shown, &error))?;
        let may_be_page = is_page_by_name(&self.url);
        check_head(&reading, &shown, may_be_page)?;
        let first = match arriving(&mut reading, &self.requester, &shown, end).await? {
            None => return Err(empty(&shown)),
            Some(first) if is_page(&first) && !may_be_page => return Err(page(&shown)),
            Some(first) => first,
        };
        Ok(Opened { reading, first, begun, end })
    }

    fn reading(&self) -> Result<Reading> {
        let operation = reads_links()?;
        let link = operation.parameters.iter().find(|parameter| parameter.kind == Kind::Link);
        let link = link.map(|parameter| (parameter.name.to_owned(), Value::from(self.url.as_str())));
        let mut prepared = arguments::prepare(operation, &Map::from_iter(link))?;
        prepared.link_of = LinkOf::Program { private: self.requester.private_sources() };
        // Those of the request to the service are not for others.
        let options = CallOptions {
            extra_query: Vec::new(),
            headers: Vec::new(),
            progress: None,
            ..self.options.clone()
        };
        Ok(Reading::of_link(&self.requester, prepared, options))
    }
}

/// Refuses what its head shows to be no file.
fn check_head(reading: &Reading, shown: &str, may_be_page: bool) -> Result<()> {
    let header = |name: &str| reading.header(name).unwrap_or_default().trim().to_ascii_lowercase();
    if header("content-type").starts_with("text/html") && !may_be_page {
        return Err(page(shown));
    }
    match reading.total() {
        Some(0) => Err(empty(shown)),
        Some(total) if total > MOST_BYTES => Err(too_large(shown)),
        _ => Ok(()),
    }
}

/// The operation that reads what a link leads to, and knows of no record.
fn reads_links() -> Result<&'static Operation> {
    operations()
        .find(|operation| operation.base == Base::Link && operation.look.is_none())
        .ok_or_else(|| Error::internal("the catalogue reads no links"))
}

fn is_page_by_name(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    path.ends_with(".html") || path.ends_with(".htm")
}

/// Whether a file begins as a web page, whatever its type says.
fn is_page(first: &[u8]) -> bool {
    let text = text_of(first);
    let begins = |with: &[u8]| text.get(..with.len()).is_some_and(|text| text.eq_ignore_ascii_case(with));
    begins(b"<!doctype html") || begins(b"<html")
}

fn page(shown: &str) -> Error {
    Error::config(format!(
        "{shown} answers with a web page and not with a file; it may ask for a sign-in, or have only a page about the file"
    ))
}

fn empty(shown: &str) -> Error {
    Error::config(format!("{shown} is empty, and the service would store it as it is"))
}

fn too_large(shown: &str) -> Error {
    Error::config(format!(
        "{shown} has more than {} MB, the most that is read from a URL; download it and upload the file",
        MOST_BYTES / 1_000_000
    ))
}

/// The error for what could not be read, of which nothing was sent to the service. What its server answers is about the URL
/// that was given, and not about the service.
fn unread(shown: &str, error: &Error) -> Error {
    let text = match error.status() {
        Some(status) if error.kind() != ErrorKind::Decode => format!("{shown} answers with status {status}"),
        _ => format!("{shown} cannot be read: {}", error.message()),
    };
    let kind = match (error.kind(), error.status()) {
        (ErrorKind::Cancelled | ErrorKind::Closed, _) => {
            return error.clone().with_outcome(Outcome::NotSent);
        }
        (_, Some(_)) | (ErrorKind::Server | ErrorKind::Decode, None) => ErrorKind::Config,
        _ if Inside::is_cause(error) => ErrorKind::Config,
        (kind, None) => kind,
    };
    Error::new(kind, text)
        .with_failure(error.failure())
        .with_outcome(Outcome::NotSent)
        .with_source(error.clone())
}

/// What a URL leads to. For a second attempt it is asked for again.
struct OnTheWeb {
    source: Source,
    length: Option<u64>,
    /// The one that was opened to find out its length.
    first: Mutex<Option<Opened>>,
}

impl BodySource for OnTheWeb {
    fn length(&self) -> Option<u64> {
        self.length
    }

    fn replayable(&self) -> bool {
        true
    }

    fn open(&self) -> BoxFuture<'static, std::result::Result<Chunks, SourceError>> {
        let stale = self.source.requester.clock().elapsed().saturating_sub(FRESH);
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        let first = first.filter(|opened| opened.begun >= stale);
        let (source, length) = (self.source.clone(), self.length);
        Box::pin(async move {
            let Opened { reading, first, end, .. } = match first {
                Some(opened) => opened,
                None => source.open().await?,
            };
            let shown = address(&source.url);
            if reading.total() != length {
                return Err(Error::config(format!("{shown} has changed since the call began")).into());
            }
            let rest = stream::unfold(Some((reading, source.requester, shown)), move |state| async move {
                let (mut reading, requester, shown) = state?;
                match arriving(&mut reading, &requester, &shown, end).await {
                    Ok(bytes) => Some((Ok(bytes?), Some((reading, requester, shown)))),
                    Err(error) => Some((Err(error.into()), None)),
                }
            });
            Ok(stream::iter([Ok(first)]).chain(rest).boxed())
        })
    }
}

/// The next bytes, within the limits, or none at the end.
async fn arriving(
    reading: &mut Reading,
    requester: &Requester,
    shown: &str,
    end: Duration,
) -> Result<Option<Bytes>> {
    let piece = tokio::select! {
        biased;
        piece = reading.next() => piece.map_err(|error| unread(shown, &error))?,
        () = requester.clock().alarm(end) => {
            return Err(Error::new(
                ErrorKind::Timeout,
                format!("{shown} has not ended within {} s; download it and upload the file", LONGEST.as_secs()),
            ));
        }
    };
    match piece {
        None => Ok(None),
        Some(Piece::Bytes(_)) if reading.done() > MOST_BYTES => Err(too_large(shown)),
        Some(Piece::Bytes(bytes)) => Ok(Some(bytes)),
        // Part of it has left already.
        Some(Piece::Anew) => Err(Error::new(
            ErrorKind::Network,
            format!("the connection to {shown} broke, and its server sends the file from its beginning only"),
        )),
    }
}
