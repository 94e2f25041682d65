//! Turns statuses into results (docs/service/answers.md, Errors by status).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ::http::HeaderMap;
use ::http::header::RETRY_AFTER;
use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::address::LinkOf;
use crate::answer::{self, Members, Said};
use crate::arguments::short_id;
use crate::catalog::{AnswerKind, Base, Effect, Operation, operations};
use crate::clock::ServerTime;
use crate::error::{Error, Failure, Result};
use crate::http::Extent;
use crate::options::LONGEST_SECONDS;
use crate::own::{ErrorKind, Outcome};
use crate::pipeline::{Exchange, Next, Policy, Reply};
use crate::rate_news::{self, RateNews, Refusal};
use crate::redact::Secrets;

/// What a 401 of the service means.
const NOT_ACCEPTED: &str = "the service does not accept the access token";

pub(crate) struct Classify {
    pub(crate) company: String,
    pub(crate) secrets: Secrets,
    pub(crate) time: ServerTime,
}

/// Who answers, which decides what a status means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Server {
    Api,
    Automation,
    /// What a signed link leads to.
    Storage,
    /// What a URL of the program leads to.
    Source,
}

impl Server {
    fn of(exchange: &Exchange) -> Self {
        match (exchange.base, exchange.link_of) {
            (Base::Api, _) => Self::Api,
            (Base::Automation, _) => Self::Automation,
            (Base::Link, LinkOf::Answer) => Self::Storage,
            (Base::Link, LinkOf::Program { .. }) => Self::Source,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Api | Self::Automation => "the service",
            Self::Storage => "the storage",
            Self::Source => "the server of the file",
        }
    }

    /// Whether it is one of the service, which has records, limits and a clock.
    fn is_of_service(self) -> bool {
        matches!(self, Self::Api | Self::Automation)
    }
}

impl Policy for Classify {
    fn run<'a>(&'a self, exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let (trace, operation, server) =
                (exchange.trace.clone(), exchange.operation, Server::of(&exchange));
            trace.begin_attempt(self.time.clock().elapsed(), exchange.wire.clone());
            let sent = next.run(exchange).await;
            let status = match &sent {
                Ok(reply) => Some(reply.status),
                Err(error) => error.status(),
            };
            let result = sent.and_then(|reply| {
                if server.is_of_service() {
                    self.time.observe(&reply.headers);
                    trace.keep_news(self.news(&reply));
                }
                self.judge(reply, operation, server)
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
    fn judge(&self, reply: Reply, operation: &Operation, server: Server) -> Result<Reply> {
        let reads = operation.is_read();
        if let (200..=299, Extent::Cut(cut), true) = (reply.status, &reply.extent, reads) {
            let error = self.error(&reply, ErrorKind::Network, Failure::Unreadable, reads, &cut.message);
            return Err(error.with_source(Arc::clone(cut)));
        }
        match reply.status {
            200..=299 if reply.stream.is_some() => Ok(reply),
            // Whatever it holds.
            200..=299 if operation.answer == AnswerKind::File => Ok(reply),
            200..=299 => self.judge_success(reply, operation),
            _ if !server.is_of_service() => Err(self.of_link(&reply, server)),
            300..=399 => {
                let text = "the service redirects to another address, and redirects are not followed; is the base address right?";
                Err(self.error(&reply, ErrorKind::Server, Failure::Final, reads, text))
            }
            429 => Err(self.throttled(&reply)),
            status => {
                let said = answer::said(&reply.body);
                let (kind, failure) = kind_of(status, said.as_ref());
                let says_no_page = said.as_ref().is_some_and(|said| names_no_record(said, &["page"]));
                let text = match (status, said) {
                    (_, Some(said)) if says_no_page && kind == ErrorKind::NotFound => {
                        no_page(&said.text, operation)
                    }
                    // In one wording, whatever the server adds to it.
                    (401, Some(said)) => format!("{NOT_ACCEPTED} ({})", said.text),
                    (_, Some(said)) => said.text,
                    (_, None) => self.hint(status, &reply.body, server, operation),
                };
                Err(self.error(&reply, kind, failure, reads, &text))
            }
        }
    }

    /// The error for a file that did not come. What such a server says goes no further than one word of it: it may quote the
    /// link with its signature.
    fn of_link(&self, reply: &Reply, server: Server) -> Error {
        let (name, status) = (server.name(), reply.status);
        let (kind, failure) = match status {
            401 => kind_of(403, None),
            429 => (ErrorKind::RateLimited, Failure::Throttled),
            status => kind_of(status, None),
        };
        let code = code_word(&reply.body);
        let told = code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
        let text = match (server, status) {
            (Server::Storage, 401 | 403) => format!(
                "the storage refuses the link{told}; a link is valid for about twelve hours: read the record again for a new one"
            ),
            (_, 401 | 403) => format!("{name} refuses access to it{told}"),
            (Server::Storage, 404 | 410) => {
                format!("there is no file behind the link{told}; read the record again for its present one")
            }
            (_, 404 | 410) => format!("there is no file at this address{told}"),
            (_, 429) => format!("{name} takes no more requests for the moment{told}"),
            (_, 300..=399) => format!("{name} redirects, and does not say where{told}"),
            (_, 500..=599) => format!("{name} failed with status {status}{told}"),
            _ => format!("{name} answered with status {status}{told}"),
        };
        let error = Error::new(kind, text)
            .with_status(status)
            .with_failure(failure)
            .with_outcome(Outcome::Refused)
            .with_retry_after(retry_after(&reply.headers, self.time.time()))
            .with_request_id(answer::request_id(&reply.headers));
        match code {
            Some(code) => error.with_code(code),
            None => error,
        }
    }

    fn judge_success(&self, reply: Reply, operation: &Operation) -> Result<Reply> {
        let reads = operation.is_read();
        let success = answer::Success::of(&reply.body);
        if let Some(said) = success.failure {
            let kind =
                if names_no_record(&said, NAMED) { ErrorKind::NotFound } else { ErrorKind::Validation };
            let text = match names_no_record(&said, &["page"]) {
                true => no_page(&said.text, operation),
                false => said.text,
            };
            return Err(self.error(&reply, kind, Failure::Final, reads, &text));
        }
        if answer::is_page(&reply.body) {
            let page = answer::page(&reply.body);
            return Err(if reads {
                let text =
                    format!("the answer is not JSON but {page}; a proxy or a gateway may have written it");
                self.error(&reply, ErrorKind::Decode, Failure::Unreadable, reads, &text)
            } else {
                let text = format!(
                    "the answer is {page}, which a proxy or a gateway may have written: whether the change was made is \
                     unknown. Read the record before you send it again"
                );
                self.error(&reply, ErrorKind::Decode, Failure::Final, reads, &text)
                    .with_outcome(Outcome::Unknown)
            });
        }
        let json_only = matches!(operation.answer, AnswerKind::List | AnswerKind::Object);
        if reads && json_only && reply.status != 204 && !success.is_json {
            let text = "the answer is not JSON; a proxy or a gateway may have written it";
            return Err(self.error(&reply, ErrorKind::Decode, Failure::Unreadable, reads, text));
        }
        Ok(reply)
    }

    /// What a status means that comes without a text.
    fn hint(&self, status: u16, body: &[u8], server: Server, operation: &Operation) -> String {
        match status {
            401 => NOT_ACCEPTED.into(),
            403 => "the service refuses this request".into(),
            404 if body.is_empty() && server == Server::Api && operation.is_by_hand() => {
                format!(
                    "404 with an empty body: are the path and the company domain {:?} right?",
                    self.company
                )
            }
            404 if body.is_empty() && server == Server::Api => format!(
                "404 with an empty body: is the company domain {:?} right? It may also be one that the user who is signed \
                 in does not belong to",
                self.company
            ),
            404 if answer::is_page(body) => {
                let page = answer::page(body);
                format!(
                    "404 with {page}, which a proxy or a gateway may have written; is the base address right?"
                )
            }
            404 => "there is nothing at this address".into(),
            405 => "the service does not allow this HTTP method here".into(),
            500..=599 => format!("the service failed with status {status}"),
            _ => format!("the service answered with status {status}"),
        }
    }

    fn error(&self, reply: &Reply, kind: ErrorKind, failure: Failure, reads: bool, text: &str) -> Error {
        // Whatever else came in place of an answer, the bytes had left.
        let outcome = match reply.status {
            408 if !reads => Outcome::Unknown,
            200..=299 | 400..=499 => Outcome::Refused,
            _ if reads => Outcome::Refused,
            _ => Outcome::Unknown,
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

    fn news(&self, reply: &Reply) -> RateNews {
        let refusal = (reply.status == 429).then(|| {
            let told = Throttling::of(&reply.body);
            Refusal {
                limit: told.limit,
                window: rate_news::window(&told.window),
                // A limit of the day is no reason for a pause, but for the end of the call.
                wait: self.wait_of(reply, &told).filter(|_| !told.is_of_the_day()),
            }
        });
        RateNews {
            figures: rate_news::rate_figures(&reply.headers),
            time: self.time.of_answer(&reply.headers),
            refusal,
        }
    }

    fn wait_of(&self, reply: &Reply, told: &Throttling) -> Option<Duration> {
        retry_after(&reply.headers, self.time.time()).or(told.wait)
    }

    fn throttled(&self, reply: &Reply) -> Error {
        let told = Throttling::of(&reply.body);
        let mut text = told.error.clone().unwrap_or_else(|| "too many requests".into());
        if let Some(limit) = told.limit.filter(|_| !told.window.is_empty()) {
            text = format!("{text}: {limit} requests in {}", told.window);
        }
        let (kind, failure) = if told.is_of_the_day() {
            (ErrorKind::QuotaExceeded, Failure::Final)
        } else {
            (ErrorKind::RateLimited, Failure::Throttled)
        };
        self.error(reply, kind, failure, true, &text).with_retry_after(self.wait_of(reply, &told))
    }
}

/// What the body of a 429 says.
#[derive(Default)]
struct Throttling {
    error: Option<String>,
    limit: Option<u64>,
    window: String,
    wait: Option<Duration>,
}

impl Throttling {
    fn of(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(answer::text_of(body));
        let Some(members) = Members::of(&text) else { return Self::default() };
        Self {
            error: members.text("error").map(|text| text.chars().take(300).collect()),
            limit: members.value("limit").and_then(|limit| limit.as_u64()),
            window: members.text("window").map(|text| text.chars().take(100).collect()).unwrap_or_default(),
            wait: members.value("retryAfterSeconds").and_then(|wait| crate::options::seconds(&wait)),
        }
    }

    fn is_of_the_day(&self) -> bool {
        self.window.contains("day")
    }
}

fn kind_of(status: u16, said: Option<&Said>) -> (ErrorKind, Failure) {
    let no_record = status <= 500 && said.is_some_and(|said| names_no_record(said, NAMED));
    match status {
        401 => (ErrorKind::Auth, Failure::TokenRejected),
        408 | 502 | 503 | 504 => (ErrorKind::Server, Failure::Interrupted),
        400..=599 if no_record => (ErrorKind::NotFound, Failure::Final),
        403 if said.is_some_and(|said| names_a_limit(&said.text)) => {
            (ErrorKind::QuotaExceeded, Failure::Final)
        }
        403 => (ErrorKind::Permission, Failure::Final),
        404 | 410 => (ErrorKind::NotFound, Failure::Final),
        409 => (ErrorKind::Conflict, Failure::Final),
        400..=499 => (ErrorKind::Validation, Failure::Final),
        500..=599 => (ErrorKind::Server, Failure::Fault),
        // No status that HTTP defines.
        _ => (ErrorKind::Server, Failure::Final),
    }
}

/// What the service's texts name when there is no such record.
const NAMED: &[&str] = &["style", "material", "image", "color", "block", "page"];

/// `Style not found`, `Page not found.`, and nothing else: the status that comes with these texts is not known.
fn names_no_record(said: &Said, named: &[&str]) -> bool {
    let text = said.text.trim().trim_end_matches('.').to_ascii_lowercase();
    said.alone && text.strip_suffix(" not found").is_some_and(|name| named.contains(&name))
}

/// What `Page not found.` may mean: the service says no more (docs/service/apps.md, Pages).
fn no_page(said: &str, operation: &Operation) -> String {
    if !operation.parameters.iter().any(|parameter| parameter.name == "app_id") {
        return said.to_owned();
    }
    let mut reasons = vec!["app_id is not an application of this record".to_owned()];
    if operation.effect == Effect::Delete {
        reasons.push("nothing was ever written to its page".to_owned());
    }
    if !operation.app_types.is_empty() {
        reasons.push(format!("it is of another type than {}", operation.app_types.join(", ")));
    }
    let list = list_of_apps(operation);
    let list = list.map(|list| format!("; {} lists applications with their types", short_id(list)));
    format!(
        "{}: {}{}",
        said.trim_end().trim_end_matches('.'),
        reasons.join(", or "),
        list.unwrap_or_default()
    )
}

/// The list that has the application: of `app_request_get` it is `app_request_list`, of `app_get` and all others `app_list`.
fn list_of_apps(operation: &Operation) -> Option<&'static Operation> {
    let lists = operations().filter(|list| list.lists_apps && list.resource == operation.resource);
    let prefix =
        |list: &Operation| list.name.strip_suffix("list").filter(|prefix| operation.name.starts_with(prefix));
    lists.filter(|list| prefix(list).is_some()).max_by_key(|list| list.name.len())
}

/// How the service refuses what is over the edition's limit is not known; 403 is one of the two guesses.
fn names_a_limit(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
    text.contains("limit") && any(&["request", "call", "api"]) && any(&["daily", "per day", "a day"])
}

/// The word by which a storage says what is wrong: the code of an XML body, or a body of one word.
fn code_word(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(answer::text_of(body));
    let in_tag = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    let word = in_tag.map_or(text.as_ref(), |(code, _)| code).trim();
    let is_word = (1..=LONGEST_WORD).contains(&word.len())
        && word.starts_with(|letter: char| letter.is_ascii_uppercase())
        && word.chars().all(|letter| letter.is_ascii_alphabetic());
    is_word.then(|| word.to_owned())
}

/// In letters: `ConditionHeadersNotSupported` is one of the longer ones.
const LONGEST_WORD: usize = 50;

fn code_of(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(answer::text_of(body));
    let members = Members::of(&text)?;
    let code = ["code", "errorCode"].iter().find_map(|name| match members.value(name)? {
        Value::String(code) => Some(code),
        Value::Number(code) => Some(code.to_string()),
        _ => None,
    })?;
    Some(code.chars().take(100).collect())
}

/// Seconds, or an HTTP date. Of several the longest, and none is longer than any time limit of this client.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let texts = headers.get_all(RETRY_AFTER).iter().filter_map(|value| value.to_str().ok().map(str::trim));
    // A gateway may have joined two of them by a comma, which a date has too.
    texts
        .filter_map(|text| {
            pause(text, now).or_else(|| text.split(',').filter_map(|part| pause(part.trim(), now)).max())
        })
        .max()
}

fn pause(text: &str, now: SystemTime) -> Option<Duration> {
    let longest = Duration::from_secs_f64(LONGEST_SECONDS);
    let is_number = text.starts_with(|letter: char| letter.is_ascii_digit())
        && text.chars().all(|letter| letter.is_ascii_digit() || letter == '.');
    let wait = if is_number {
        // One that is too large for a duration is as good as the longest.
        Duration::try_from_secs_f64(text.parse().ok()?).unwrap_or(longest)
    } else {
        httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default()
    };
    Some(wait.min(longest))
}

#[cfg(test)]
mod tests;
