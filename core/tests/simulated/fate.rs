//! What becomes of a request: how far it gets, and in what form its answer comes.

use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::records::Route;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fate {
    Answered,
    /// No connection, at once or after a while.
    Unreachable,
    /// A connection that does not come about.
    Hangs,
    /// It leaves and does not arrive.
    LostBefore,
    /// It arrives, and the answer does not.
    LostAfter,
    /// It leaves, and the server proves that it has not looked at it.
    Disproved,
    /// It arrives, and nothing comes.
    Silent,
    /// A status; whether it was done all the same.
    Status {
        status: u16,
        done: bool,
    },
    Throttled,
    /// 401, once.
    Unauthorized,
    /// The token is not accepted any more.
    Revoked,
    /// `error: true` in a 2xx.
    HiddenFailure,
    /// A page of a proxy with a 2xx; whether it was done.
    Html {
        done: bool,
    },
    /// A byte order mark before the answer.
    Marked,
    /// Done, without a body.
    Empty,
    /// The answer breaks off.
    Cut,
    /// The answer comes bit by bit, for minutes.
    Slow,
}

impl Fate {
    pub(crate) fn draw(chance: &Chance, faults: f64, route: &Route) -> Self {
        if !chance.hits(faults) {
            return Self::Answered;
        }
        if *route == Route::Token {
            return match chance.below(4) {
                0 => Self::Status { status: 500, done: false },
                1 => Self::LostBefore,
                2 => Self::Silent,
                _ => Self::Unreachable,
            };
        }
        let done = chance.hits(0.5);
        match chance.below(28) {
            0 => Self::Unreachable,
            1 => Self::Hangs,
            2 => Self::LostBefore,
            3 => Self::LostAfter,
            4 => Self::Disproved,
            5 => Self::Silent,
            6..=9 => Self::Status { status: *chance.one_of(&[500, 502, 503, 504, 408]), done },
            10 => Self::Status { status: 303, done },
            11..=12 => Self::Status { status: *chance.one_of(&[400, 403, 409, 422]), done: false },
            13..=17 => Self::Throttled,
            18 => Self::Unauthorized,
            19 => Self::Revoked,
            20..=21 => Self::HiddenFailure,
            22 => Self::Html { done },
            23 => Self::Marked,
            24 => Self::Cut,
            25 => Self::Slow,
            26 if route.changes() => Self::Empty,
            _ => Self::Cut,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Unreachable => "unreachable",
            Self::Hangs => "hangs",
            Self::LostBefore => "lost before it arrived",
            Self::LostAfter => "lost after it arrived",
            Self::Disproved => "proved not to be processed",
            Self::Silent => "silent",
            Self::Status { .. } => "a status",
            Self::Throttled => "429",
            Self::Unauthorized => "401",
            Self::Revoked => "401, token revoked",
            Self::HiddenFailure => "error: true",
            Self::Html { .. } => "html",
            Self::Marked => "byte order mark",
            Self::Empty => "empty",
            Self::Cut => "cut",
            Self::Slow => "slow",
        }
    }

    /// Whether what was asked for is done.
    pub(crate) fn is_done(&self) -> bool {
        match self {
            Self::Status { done, .. } | Self::Html { done } => *done,
            Self::Throttled | Self::Unauthorized | Self::Revoked | Self::HiddenFailure => false,
            _ => true,
        }
    }
}

/// An answer, before it is on its way.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Whether it says that the day is used up.
    pub(crate) raises: bool,
}

impl Said {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        let body = match body {
            // The service writes its own words without quotes.
            Value::String(text) => text.clone().into_bytes(),
            body => body.to_string().into_bytes(),
        };
        Self { status, headers: HeaderMap::new(), body, raises: false }
    }

    fn text(status: u16, body: &str) -> Self {
        Self { status, headers: HeaderMap::new(), body: body.into(), raises: false }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The answer that a fate gives, where it is not the right one.
    pub(crate) fn of(fate: &Fate, chance: &Chance, now: u64) -> Option<Self> {
        Some(match fate {
            Fate::Status { status: 303, .. } => {
                Self::text(303, "").with("location", "https://login.example.com/")
            }
            Fate::Status { status: 503, .. } => {
                let said = Self::text(503, "upstream host not found");
                let wait = *chance.one_of(&["1", "5", "30", "600"]);
                if chance.hits(0.5) { said.with("retry-after", wait) } else { said }
            }
            Fate::Status { status: status @ (400 | 409 | 422), .. } => {
                Self::json(*status, &json!({"error": true, "message": "this cannot be done"}))
            }
            Fate::Status { status: 403, .. } if chance.hits(0.1) => {
                Self { raises: true, ..Self::text(403, "Daily limit of API requests reached") }
            }
            Fate::Status { status, .. } => Self::text(*status, "<html><body>an error</body></html>"),
            Fate::Throttled => Self::throttled(chance, now),
            Fate::Unauthorized | Fate::Revoked => Self::text(401, ""),
            Fate::HiddenFailure => {
                let body = *chance.one_of(&[
                    r#"{"error": true, "message": "no"}"#,
                    r#"{"error":true,"Error":true,"message":"no"}"#,
                    r#"{"Error":true,"ERROR":true,"Message":"no","message":"no","id":"x"}"#,
                ]);
                Self::text(200, body)
            }
            Fate::Html { .. } => Self::text(200, "<!DOCTYPE html><html><body>maintenance</body></html>")
                .with("content-type", "text/html"),
            Fate::Empty => Self::text(*chance.one_of(&[200, 204]), ""),
            _ => return None,
        })
    }

    fn throttled(chance: &Chance, now: u64) -> Self {
        let seconds = chance.between(1, 100) as u64;
        let date = |second: u64| httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second));
        let window = *chance.one_of(&["", "", "1 minute", "1 minute", "1 hour", "1 day"]);
        let mut body = json!({"error": "too many requests"});
        if !window.is_empty() {
            body["window"] = window.into();
            body["limit"] = chance.between(1, 60).into();
        }
        let form = chance.below(6);
        if form == 2 {
            body["retryAfterSeconds"] = seconds.into();
        }
        let said = Self { raises: window == "1 day", ..Self::json(429, &body) };
        match form {
            0 => said.with("retry-after", &seconds.to_string()),
            1 => said.with("retry-after", &date(now + seconds)),
            2 | 3 => said,
            _ => {
                let absurd = ["43200", "-5", "soon", "99999999999999999999", "0", "1e9", "", "3.5"];
                let (past, far) = (date(now - 1_000_000), date(253_402_300_799));
                match chance.below(absurd.len() + 2) {
                    0 => said.with("retry-after", &past),
                    1 => said.with("retry-after", &far),
                    index => said.with("retry-after", absurd[index - 2]),
                }
            }
        }
    }
}
