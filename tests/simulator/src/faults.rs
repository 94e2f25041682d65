//! Faults on demand: rules that pick requests, and what happens to a picked one.

use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::watch;

use crate::answers::{Answer, empty, json_answer, plain};
use crate::connection::{Connection, Cut};
use crate::log::Base;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    method: Option<String>,
    /// Text that the raw path and query contain, without regard to case.
    path: Option<String>,
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
    /// Headers of the answer, be it this one or the real one.
    headers: Map<String, Value>,
    /// Do the work all the same.
    pub(crate) apply: bool,
    pub(crate) latency_ms: u64,
    pub(crate) reset: Option<Reset>,
    /// Announce the whole length, send so many bytes, close.
    pub(crate) truncate: Option<usize>,
    /// Hold the request until it is released.
    pub(crate) hang: bool,
    /// Send the head and one byte, and hold the rest until it is released.
    pub(crate) trickle: bool,
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

    /// The action of the first live rule that matches; rules before it note that a match went by.
    pub(crate) fn take(&mut self, base: Base, method: &str, target: &str) -> Option<Action> {
        if self.0.is_empty() {
            return None;
        }
        let target = target.to_lowercase();
        for rule in &mut self.0 {
            let spent = rule.times != 0 && rule.taken >= rule.times;
            let matches = !spent
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

enum Step {
    Send(Bytes),
    Hold(watch::Receiver<u64>),
    Cut(Cut),
}

/// What was written has to leave the machine before the connection is cut, and nothing reports that; this
/// pause is long against a write on the loopback interface.
const FLUSH: Duration = Duration::from_millis(25);

/// Sends `answer` in the broken way that `action` asks for.
pub(crate) async fn spoil(
    action: &Action,
    answer: Answer,
    connection: Connection,
    released: watch::Receiver<u64>,
) -> Answer {
    let (mut head, body) = answer.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    let steps = if action.trickle {
        let first = body.len().min(1);
        vec![Step::Send(body.slice(..first)), Step::Hold(released), Step::Send(body.slice(first..))]
    } else if let Some(count) = action.truncate {
        vec![Step::Send(body.slice(..count.min(body.len()))), Step::Cut(Cut::Close)]
    } else {
        vec![Step::Send(body.slice(..body.len() / 2)), Step::Cut(Cut::Reset)]
    };
    let body = stream::unfold((steps.into_iter(), connection), |(mut steps, connection)| async {
        loop {
            match steps.next()? {
                Step::Send(bytes) if bytes.is_empty() => {}
                Step::Send(bytes) => {
                    return Some((Ok::<_, std::convert::Infallible>(bytes), (steps, connection)));
                }
                Step::Hold(mut released) => {
                    let _ = released.changed().await;
                }
                Step::Cut(how) => {
                    tokio::time::sleep(FLUSH).await;
                    connection.cut(how);
                    std::future::pending::<()>().await;
                }
            }
        }
    });
    Response::from_parts(head, Body::from_stream(body))
}
