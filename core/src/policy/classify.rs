//! Turns statuses into results (docs/service.md, Errors by status).

use std::time::{Duration, SystemTime};

use ::http::HeaderMap;
use ::http::header::RETRY_AFTER;
use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::answer::{self, RateNews, Refusal};
use crate::catalog::AnswerKind;
use crate::clock::ServerTime;
use crate::error::{Error, ErrorKind, Failure, Outcome, Result};
use crate::pipeline::{Exchange, Next, Policy, Reply};
use crate::redact::Secrets;

pub(crate) struct Classify {
    pub(crate) company: String,
    pub(crate) secrets: Secrets,
    pub(crate) time: ServerTime,
}

impl Policy for Classify {
    fn run<'a>(&'a self, exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let (trace, operation) = (exchange.trace.clone(), exchange.operation);
            let reads = operation.is_read();
            trace.begin_attempt(self.time.clock().elapsed());
            let sent = next.run(exchange).await;
            let status = sent.as_ref().ok().map(|reply| reply.status);
            let result = sent.and_then(|reply| {
                self.time.observe(&reply.headers);
                trace.keep_news(self.news(&reply));
                let json_only = matches!(operation.answer, AnswerKind::List | AnswerKind::Object);
                self.judge(reply, reads, json_only)
            });
            let (error, outcome) = match &result {
                Ok(_) => (None, Outcome::Applied),
                Err(error) => (Some(error.kind()), error.outcome()),
            };
            trace.end_attempt(self.time.clock().elapsed(), status, error, outcome);
            // An attempt before this one may have had an effect.
            result.map_err(|error| error.with_outcome(trace.outcome()))
        })
    }
}

impl Classify {
    fn judge(&self, reply: Reply, reads: bool, json_only: bool) -> Result<Reply> {
        match reply.status {
            200..=299 if !reply.whole && reads => Err(self.error(
                &reply,
                ErrorKind::Network,
                Failure::Unreadable,
                reads,
                "the answer broke off",
            )),
            200..=299 => {
                if let Some(message) = answer::hidden_failure(&reply.body) {
                    let kind =
                        if names_no_record(&message) { ErrorKind::NotFound } else { ErrorKind::Validation };
                    return Err(self.error(&reply, kind, Failure::Final, reads, &message));
                }
                if reads && json_only && reply.status != 204 && !answer::is_json(&reply.body) {
                    let text = "the answer is not JSON; a proxy or a gateway may have written it";
                    return Err(self.error(&reply, ErrorKind::Decode, Failure::Unreadable, reads, text));
                }
                Ok(reply)
            }
            300..=399 => {
                let text = "the service points to another address, which is not followed; is the base address right?";
                Err(self.error(&reply, ErrorKind::Server, Failure::Final, reads, text))
            }
            429 => Err(self.throttled(&reply)),
            status => {
                let said = answer::error_text(&reply.body);
                let (kind, failure) = kind_of(status, said.as_deref());
                let text = said.unwrap_or_else(|| self.hint(status, reply.body.is_empty()));
                Err(self.error(&reply, kind, failure, reads, &text))
            }
        }
    }

    fn hint(&self, status: u16, empty: bool) -> String {
        match status {
            401 => "the service does not accept the access token".into(),
            403 => "the service refuses this".into(),
            404 if empty => format!(
                "404 with an empty body: is the company domain {:?} right? It may also be one that the user who is signed \
                 in does not belong to",
                self.company
            ),
            404 => "there is nothing at this address".into(),
            405 => "the service does not take this verb here".into(),
            500..=599 => format!("the service failed with status {status}"),
            _ => format!("the service answered with status {status}"),
        }
    }

    fn error(&self, reply: &Reply, kind: ErrorKind, failure: Failure, reads: bool, text: &str) -> Error {
        let outcome = match reply.status {
            408 | 500..=599 if !reads => Outcome::Unknown,
            _ => Outcome::Refused,
        };
        let error = Error::new(kind, text)
            .with_status(reply.status)
            .with_failure(failure)
            .with_outcome(outcome)
            .with_retry_after(retry_after(&reply.headers, self.time.time()))
            .with_excerpt(self.secrets.excerpt(&reply.body))
            .with_request_id(answer::request_id(&reply.headers));
        match code_of(&reply.body) {
            Some(code) => error.with_code(code),
            None => error,
        }
    }

    fn wait_of(&self, reply: &Reply, body: &Value) -> Option<Duration> {
        retry_after(&reply.headers, self.time.time())
            .or_else(|| crate::call::seconds(&body["retryAfterSeconds"]))
    }

    fn news(&self, reply: &Reply) -> RateNews {
        let refusal = (reply.status == 429).then(|| {
            let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            let window = body["window"].as_str().unwrap_or_default();
            // A limit of the day is no reason for a pause, but for the end of the call.
            let wait = self.wait_of(reply, &body).filter(|_| !window.contains("day"));
            Refusal { limit: body["limit"].as_u64(), window: answer::window(window), wait }
        });
        RateNews {
            figures: answer::rate_figures(&reply.headers),
            time: self.time.of_answer(&reply.headers),
            refusal,
        }
    }

    fn throttled(&self, reply: &Reply) -> Error {
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let window = body["window"].as_str().unwrap_or_default();
        let wait = self.wait_of(reply, &body);
        let mut text = body["error"].as_str().unwrap_or("too many requests").to_owned();
        if let Some(limit) = body["limit"].as_u64() {
            text = format!("{text}: {limit} requests in {window}");
        }
        let (kind, failure) = if window.contains("day") {
            (ErrorKind::QuotaExceeded, Failure::Final)
        } else {
            (ErrorKind::RateLimited, Failure::Throttled)
        };
        self.error(reply, kind, failure, true, &text).with_retry_after(wait)
    }
}

fn kind_of(status: u16, said: Option<&str>) -> (ErrorKind, Failure) {
    if status != 401 && said.is_some_and(names_no_record) {
        return (ErrorKind::NotFound, Failure::Final);
    }
    match status {
        401 => (ErrorKind::Auth, Failure::TokenRejected),
        403 if said.is_some_and(names_a_limit) => (ErrorKind::QuotaExceeded, Failure::Final),
        403 => (ErrorKind::Permission, Failure::Final),
        404 => (ErrorKind::NotFound, Failure::Final),
        408 | 502 | 503 | 504 => (ErrorKind::Server, Failure::Interrupted),
        409 => (ErrorKind::Conflict, Failure::Final),
        500..=599 => (ErrorKind::Server, Failure::Fault),
        _ => (ErrorKind::Validation, Failure::Final),
    }
}

/// `Style not found`, `Page not found.`: the status that comes with these texts is not known.
fn names_no_record(text: &str) -> bool {
    let text = text.trim().trim_end_matches('.').to_ascii_lowercase();
    text.len() < 80 && text.ends_with(" not found")
}

/// How the service refuses what is over the edition's limit is not known; 403 is one of the two guesses.
fn names_a_limit(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
    text.contains("limit") && any(&["request", "call", "api"]) && any(&["daily", "per day", "a day"])
}

fn code_of(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    ["code", "errorCode"].iter().find_map(|name| match &body[*name] {
        Value::String(code) => Some(code.clone()),
        Value::Number(code) => Some(code.to_string()),
        _ => None,
    })
}

/// Seconds, or an HTTP date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_in_seconds_and_as_dates() {
        let mut headers = HeaderMap::new();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(retry_after(&headers, now), None);
        headers.insert(RETRY_AFTER, "21".parse().unwrap());
        assert_eq!(retry_after(&headers, now), Some(Duration::from_secs(21)));
        headers.insert(RETRY_AFTER, "Sun, 06 Nov 1994 08:49:47 GMT".parse().unwrap());
        assert_eq!(retry_after(&headers, now), Some(Duration::from_secs(10)));
        headers.insert(RETRY_AFTER, "Sun, 06 Nov 1994 08:49:07 GMT".parse().unwrap());
        assert_eq!(retry_after(&headers, now), Some(Duration::ZERO));
    }

    #[test]
    fn texts_that_name_no_record() {
        assert!(names_no_record("Style not found") && names_no_record("Page not found."));
        assert!(!names_no_record(
            "the column Foo was not found in the sheet that you sent with this request to the service, today"
        ));
        assert_eq!(kind_of(500, Some("Style not found")).0, ErrorKind::NotFound);
        assert_eq!(kind_of(403, Some("Daily limit of requests reached")).0, ErrorKind::QuotaExceeded);
        let link = "The share link is past its limit of 30 days";
        assert_eq!(kind_of(403, Some(link)).0, ErrorKind::Permission);
    }
}
