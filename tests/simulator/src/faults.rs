//! Faults on demand: rules that pick requests, and what happens to a picked one.

use std::convert::Infallible;
use std::io::Write as _;
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::watch;

use crate::answers::{Answer, empty, json_answer, plain};
use crate::connection::{Connection, Cut};
use crate::log::Base;
use crate::model::Lag;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    method: Option<String>,
    /// Text that the raw path and query contain, without regard to case.
    path: Option<String>,
    /// Text that the body contains.
    body: Option<String>,
    base: Option<Base>,
    /// How many matching requests pass before the first is taken.
    #[serde(default)]
    skip: u64,
    /// How many are taken; 0 means all.
    #[serde(default = "once")]
    times: u64,
    action: Action,
    #[serde(skip)]
    taken: u64,
}

fn once() -> u64 {
    1
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reset {
    Before,
    Within,
}

/// What happens to a request. `latency_ms` goes with each of the others.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Action {
    /// Answer with this status; by itself without doing the work.
    status: Option<u16>,
    body: Option<Value>,
    body_json: Option<Value>,
    /// Headers of the answer, be it this one or the real one; null takes one away.
    headers: Map<String, Value>,
    /// Do the work all the same.
    pub(crate) apply: bool,
    pub(crate) latency_ms: u64,
    pub(crate) reset: Option<Reset>,
    /// Announce the whole length, send so many bytes, close.
    pub(crate) truncate: Option<u64>,
    /// Hold the request until it is released.
    pub(crate) hang: bool,
    /// Send the head and one byte, and hold the rest until it is released.
    pub(crate) trickle: bool,
    /// Answer before the body was read; with `hang`, hold the request before that.
    early: bool,
    /// Fields whose values this write does not store.
    pub(crate) not_stored: Vec<String>,
    /// How long lists do not show this write.
    pub(crate) lag: Option<Lag>,
    /// What becomes of the file of this request.
    pub(crate) upload: UploadRule,
    /// Records in the form of 2021.
    pub(crate) old_form: bool,
    /// Whether the storage serves parts of a file.
    pub(crate) ranges: Option<bool>,
    /// Whether it serves the whole file when `If-Range` names another version of it.
    pub(crate) if_range: Option<bool>,
    /// How often the body is encoded with gzip.
    pub(crate) gzip: u32,
}

/// What becomes of an uploaded file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UploadRule {
    /// How many looks at its status find it working.
    pub(crate) looks: Option<u32>,
    /// It fails, for this reason.
    pub(crate) fail: Option<String>,
    /// It is said to be processed, and shows up nowhere.
    pub(crate) lost: bool,
    /// False: the answer has no id, and the file is processed at once.
    pub(crate) id: Option<bool>,
    /// Its status is not known below `Style`, which does not count as a look.
    pub(crate) unknown: bool,
}

impl Action {
    pub(crate) fn is_canned(&self) -> bool {
        self.status.is_some() || self.body.is_some() || self.body_json.is_some()
    }

    /// The answer that stands in for the real one.
    pub(crate) fn canned(&self) -> Answer {
        let status = StatusCode::from_u16(self.status.unwrap_or(200)).unwrap_or(StatusCode::OK);
        match (&self.body_json, &self.body) {
            (Some(value), _) => json_answer(status, value),
            (None, Some(Value::String(text))) => plain(status, text.clone()),
            (None, Some(value)) => json_answer(status, value),
            (None, None) => empty(status),
        }
    }

    /// The headers of the rule, which replace those of the answer.
    pub(crate) fn add_headers(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            if value.is_null() {
                headers.remove(name);
                continue;
            }
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value))
            {
                headers.insert(name, value);
            }
        }
    }

    pub(crate) fn spoils_body(&self) -> bool {
        self.reset == Some(Reset::Within) || self.truncate.is_some() || self.trickle
    }
}

#[derive(Default)]
pub(crate) struct Faults(Vec<Rule>);

impl Faults {
    pub(crate) fn append(&mut self, rules: Vec<Rule>) {
        self.0.extend(rules);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The action of the first live rule that matches; rules before it note that a match went by.
    pub(crate) fn take(&mut self, base: Base, method: &str, target: &str, body: &[u8]) -> Option<Action> {
        self.pick(false, base, method, target, body)
    }

    /// The same for rules that answer before the body was read.
    pub(crate) fn take_early(&mut self, base: Base, method: &str, target: &str) -> Option<Action> {
        self.pick(true, base, method, target, &[])
    }

    fn pick(&mut self, early: bool, base: Base, method: &str, target: &str, body: &[u8]) -> Option<Action> {
        if self.0.is_empty() {
            return None;
        }
        let (target, body) = (target.to_lowercase(), String::from_utf8_lossy(body));
        for rule in &mut self.0 {
            let spent = rule.times != 0 && rule.taken >= rule.times;
            let matches = !spent
                && rule.action.early == early
                && rule.body.as_ref().is_none_or(|wanted| body.contains(wanted))
                && rule.base.is_none_or(|wanted| wanted == base)
                && rule.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
                && rule.path.as_ref().is_none_or(|wanted| target.contains(&wanted.to_lowercase()));
            if !matches {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            rule.taken += 1;
            return Some(rule.action.clone());
        }
        None
    }
}

/// The same answer, encoded so often, as a gateway may do it.
pub(crate) async fn encoded(answer: Answer, times: u32) -> Answer {
    let (mut head, body) = answer.into_parts();
    let mut bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default().to_vec();
    for _ in 0..times {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        // Into memory, which cannot fail.
        let _ = encoder.write_all(&bytes);
        bytes = encoder.finish().unwrap_or_default();
    }
    let names = vec!["gzip"; times as usize].join(", ");
    head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    head.headers.extend(HeaderValue::try_from(names).map(|names| (header::CONTENT_ENCODING, names)));
    Response::from_parts(head, Body::from(bytes))
}

/// What was written has to leave the machine before the connection is cut, and nothing reports that; this
/// pause is long against a write on the loopback interface.
const FLUSH: Duration = Duration::from_millis(25);

/// A body that stops somewhere.
struct Spoiled {
    pieces: BodyDataStream,
    /// What was read and not sent.
    rest: Bytes,
    /// How many bytes are sent before the stop.
    left: u64,
    /// None once it is over.
    stop: Option<Stop>,
    connection: Connection,
}

enum Stop {
    Hold(watch::Receiver<u64>),
    Cut(Cut),
}

/// Sends `answer` in the broken way that `action` asks for.
pub(crate) async fn spoil(
    action: &Action,
    answer: Answer,
    connection: Connection,
    released: watch::Receiver<u64>,
) -> Answer {
    let (mut head, mut body) = answer.into_parts();
    let announced = head.headers.get(header::CONTENT_LENGTH).and_then(|n| n.to_str().ok()?.parse().ok());
    let length: u64 = match http_body::Body::size_hint(&body).exact().or(announced) {
        Some(length) => length,
        None => {
            let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
            body = Body::from(bytes.clone());
            bytes.len() as u64
        }
    };
    head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    let (left, stop) = if action.trickle {
        (1, Stop::Hold(released))
    } else if let Some(count) = action.truncate {
        (count, Stop::Cut(Cut::Close))
    } else {
        (length / 2, Stop::Cut(Cut::Reset))
    };
    let pieces = body.into_data_stream();
    let spoiled =
        Spoiled { pieces, rest: Bytes::new(), left: left.min(length), stop: Some(stop), connection };
    let body = stream::unfold(spoiled, |mut spoiled| async {
        Some((Ok::<_, Infallible>(spoiled.next().await?), spoiled))
    });
    Response::from_parts(head, Body::from_stream(body))
}

impl Spoiled {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.left == 0
                && let Some(stop) = self.stop.take()
            {
                self.halt(stop).await;
            }
            if self.rest.is_empty() {
                self.rest = self.pieces.next().await?.ok()?;
            }
            let now = match self.stop {
                Some(_) => usize::try_from(self.left).unwrap_or(usize::MAX).min(self.rest.len()),
                None => self.rest.len(),
            };
            self.left -= if self.stop.is_some() { now as u64 } else { 0 };
            let piece = self.rest.split_to(now);
            if !piece.is_empty() {
                return Some(piece);
            }
        }
    }

    async fn halt(&mut self, stop: Stop) {
        match stop {
            Stop::Hold(mut released) => {
                let _ = released.changed().await;
            }
            Stop::Cut(how) => {
                tokio::time::sleep(FLUSH).await;
                self.connection.cut(how);
                std::future::pending::<()>().await;
            }
        }
    }
}
