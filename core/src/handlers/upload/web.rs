//! A file that is read from a URL while it is sent (docs/service/uploads.md, Uploads).

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream;
use serde_json::{Map, Value};
use url::Url;

use crate::address::LinkOf;
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

/// Time for the whole of it, however little comes at a time.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Opens the URL, so that its status and its length are known before anything is sent.
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
    let reading = source.reading().await.map_err(wrong)?;
    let length = reading.total();
    let first = Mutex::new(Some(reading));
    Ok(Body::from_source(OnTheWeb { source, length, first }))
}

#[derive(Clone)]
struct Source {
    requester: Requester,
    url: Url,
    options: CallOptions,
}

impl Source {
    /// The head of what is there.
    async fn reading(&self) -> Result<Reading> {
        let shown = address(&self.url);
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
        let mut reading = Reading::of_link(&self.requester, prepared, options);
        reading.begin().await.map_err(|error| unread(&shown, &error))?;
        let kind = reading.header("content-type").unwrap_or_default().to_ascii_lowercase();
        let path = self.url.path().to_ascii_lowercase();
        if kind.starts_with("text/html") && !path.ends_with(".html") && !path.ends_with(".htm") {
            return Err(Error::config(format!(
                "{shown} answers with a web page and not with a file; it may ask for a sign-in"
            )));
        }
        match reading.total() {
            Some(0) => Err(Error::config(format!("{shown} is empty"))),
            Some(total) if total > MOST_BYTES => Err(too_large(&shown)),
            _ => Ok(reading),
        }
    }
}

/// The operation that reads what a link leads to, and knows of no record.
fn reads_links() -> Result<&'static Operation> {
    operations()
        .find(|operation| operation.base == Base::Link && operation.look.is_none())
        .ok_or_else(|| Error::internal("the catalogue reads no links"))
}

fn too_large(shown: &str) -> Error {
    Error::config(format!(
        "{shown} has more than {} MB, the most that is read from a URL; download it and upload the file",
        MOST_BYTES / 1_000_000
    ))
}

/// The error for what could not be read, of which nothing was sent.
fn unread(shown: &str, error: &Error) -> Error {
    let text = match error.status() {
        Some(status) => format!("{shown} answers with status {status}"),
        None => format!("{shown} cannot be read: {}", error.message()),
    };
    let kind = match (error.kind(), error.status()) {
        (ErrorKind::Cancelled | ErrorKind::Closed, _) => return error.clone(),
        (_, Some(300..=499)) => ErrorKind::Config,
        (ErrorKind::Server, None) => ErrorKind::Config,
        (kind, _) => kind,
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
    first: Mutex<Option<Reading>>,
}

impl BodySource for OnTheWeb {
    fn length(&self) -> Option<u64> {
        self.length
    }

    fn replayable(&self) -> bool {
        true
    }

    fn open(&self) -> BoxFuture<'static, std::result::Result<Chunks, SourceError>> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (source, length) = (self.source.clone(), self.length);
        Box::pin(async move {
            let reading = match first {
                Some(reading) => reading,
                None => source.reading().await?,
            };
            let shown = address(&source.url);
            if reading.total() != length {
                return Err(Error::config(format!("{shown} has changed since the call began")).into());
            }
            let end = source.requester.clock().elapsed().saturating_add(LONGEST);
            let state = Some((reading, source.requester, shown));
            Ok(stream::unfold(state, move |state| next(state, end)).boxed())
        })
    }
}

type State = (Reading, Requester, String);

async fn next(
    state: Option<State>,
    end: Duration,
) -> Option<(std::result::Result<bytes::Bytes, SourceError>, Option<State>)> {
    let (mut reading, requester, shown) = state?;
    let piece = tokio::select! {
        biased;
        piece = reading.next() => piece.map_err(|error| unread(&shown, &error)),
        () = requester.clock().alarm(end) => Err(Error::new(
            ErrorKind::Timeout,
            format!("{shown} has not ended within {} s; download it and upload the file", LONGEST.as_secs()),
        )),
    };
    let bytes = match piece {
        Ok(None) => return None,
        Ok(Some(Piece::Bytes(_))) if reading.done() > MOST_BYTES => Err(too_large(&shown)),
        Ok(Some(Piece::Bytes(bytes))) => Ok(bytes),
        // Part of it has left already.
        Ok(Some(Piece::Anew)) => Err(Error::new(
            ErrorKind::Network,
            format!("the connection to {shown} broke, and its server sends the file from its beginning only"),
        )),
        Err(error) => Err(error),
    };
    match bytes {
        Ok(bytes) => Some((Ok(bytes), Some((reading, requester, shown)))),
        Err(error) => Some((Err(error.into()), None)),
    }
}
