//! A file that the service has taken: its status is asked for until it is processed.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};
use url::Url;

use crate::answer::{self, Answer, Members, text_of};
use crate::arguments::files::last_segment;
use crate::catalog::{Operation, Poll};
use crate::error::{Error, Result};
use crate::options::{Call, CallOptions};
use crate::own::names::defaults;
use crate::own::{Attempt, ErrorKind, Meta, Outcome, Wait, WaitReason};
use crate::requester::Requester;
use crate::value::Written;

/// Before the first look. Each pause after it is half as long again.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// By which the clocks of the service's machines may differ from each other and from this one's.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);

/// A file that the service has taken and works on.
pub(super) struct Processing<'a> {
    requester: &'a Requester,
    operation: &'static Operation,
    poll: &'static Poll,
    status: &'static Operation,
    id: Value,
    /// The read of the record, where that shows the file.
    record: Option<(&'static Operation, Call)>,
    file_name: &'a str,
    /// When the service has taken the file, by its own clock where that is known.
    taken: SystemTime,
    options: &'a CallOptions,
    /// That of the upload, with all that came after it.
    meta: Meta,
}

impl<'a> Processing<'a> {
    /// None where the answer has no id that could be asked for. `begun` is when the file was about to be sent.
    pub(super) fn of(
        requester: &'a Requester,
        operation: &'static Operation,
        call: &'a Call,
        answer: &Answer,
        file_name: &'a str,
        begun: SystemTime,
    ) -> Option<Self> {
        let poll = operation.poll.as_ref()?;
        let id = id_of(&answer.body, poll.from)?;
        let date = answer.meta.headers.iter().find(|(name, _)| name == "date");
        let date = date.and_then(|(_, date)| httpdate::parse_http_date(date).ok());
        let meta = answer.meta.clone();
        Some(Self {
            requester,
            operation,
            poll,
            status: Operation::find(poll.operation)?,
            id,
            record: record_of(operation, call),
            file_name,
            taken: date.unwrap_or(begun),
            options: &call.options,
            meta,
        })
    }

    /// Waits until it is processed.
    pub(super) async fn end(mut self, answer: Answer) -> Result<Answer> {
        let clock = self.requester.clock();
        let limit = self.options.wait_timeout.unwrap_or(Duration::from_secs_f64(defaults::WAIT_TIMEOUT));
        let end = clock.elapsed().saturating_add(limit);
        let mut pause = FIRST_PAUSE;
        let arguments = Map::from_iter([(self.poll.argument.to_owned(), self.id.clone())]);
        let call = Call { arguments, options: without_query(self.options) };
        let mut unknown = None;
        loop {
            let left = end.saturating_sub(clock.elapsed());
            if left.is_zero() {
                return Err(self.late(limit, unknown));
            }
            self.pause(pause.min(left)).await?;
            pause = pause.mul_f64(1.5).min(LONGEST_PAUSE);
            let look = match self.requester.request(self.status, &call).await {
                Ok(look) => look,
                // Not yet, or not any more: the record may have the file.
                Err(error) if error.kind() == ErrorKind::NotFound && self.record.is_some() => {
                    self.add(error.attempts().to_vec(), error.waits().to_vec(), error.cost());
                    if self.is_in_record().await? {
                        return Ok(Answer { meta: self.meta, ..answer });
                    }
                    unknown = Some(error);
                    continue;
                }
                Err(error) => return Err(self.unseen(error)),
            };
            unknown = None;
            self.add(look.meta.attempts, look.meta.waits, look.meta.cost);
            let text = String::from_utf8_lossy(text_of(&look.body));
            let members = Members::of(&text);
            let says = |name| members.as_ref().is_some_and(|members| members.any_true(name));
            if says(self.poll.until) {
                return match says(self.poll.failed) {
                    true => Err(self.failed(members.and_then(|members| members.text(self.poll.message)))),
                    false => Ok(Answer { meta: self.meta, ..answer }),
                };
            }
        }
    }

    /// Whether the record shows the file.
    async fn is_in_record(&mut self) -> Result<bool> {
        let Some((read, call)) = &self.record else { return Ok(false) };
        match self.requester.request(read, call).await {
            Ok(record) => {
                self.add(record.meta.attempts, record.meta.waits, record.meta.cost);
                let since = self.taken.checked_sub(CLOCKS_DIFFER).unwrap_or(self.taken);
                Ok(shows(&answer::value(&record.body), self.file_name, since))
            }
            Err(error) => Err(self.unseen(error)),
        }
    }

    async fn pause(&mut self, pause: Duration) -> Result<()> {
        let cancel = self.options.cancel.clone().unwrap_or_default();
        let begun = self.requester.clock().elapsed();
        let cancelled = tokio::select! {
            biased;
            () = cancel.cancelled() => true,
            () = self.requester.clock().pause(pause) => false,
        };
        let waited = self.requester.clock().elapsed().saturating_sub(begun);
        self.meta.waits.push(Wait { reason: WaitReason::Processing, seconds: waited.as_secs_f64() });
        match cancelled {
            true => Err(self.complete(Error::cancelled(Outcome::Unknown))),
            false => Ok(()),
        }
    }

    fn add(&mut self, attempts: Vec<Attempt>, waits: Vec<Wait>, cost: u64) {
        self.meta.attempts.extend(attempts);
        self.meta.waits.extend(waits);
        self.meta.cost += cost;
    }

    /// `unknown` is why the last look showed nothing.
    fn late(&self, limit: Duration, unknown: Option<Error>) -> Error {
        let id = self.id.as_str().unwrap_or_default();
        let why = unknown.as_ref().map(|error| format!(" ({})", error.message())).unwrap_or_default();
        let text = format!(
            "the file was sent, and the service has not processed it within {} s{why}. The upload goes on as {id}: ask {} later \
             what became of it. The option wait_timeout sets another limit",
            limit.as_secs_f64(),
            self.status.id
        );
        let late = Error::new(ErrorKind::Timeout, text).with_outcome(Outcome::Unknown);
        self.complete(match unknown {
            Some(error) => late.with_source(error),
            None => late,
        })
    }

    /// What became of the file could not be read.
    fn unseen(&mut self, error: Error) -> Error {
        self.add(error.attempts().to_vec(), error.waits().to_vec(), error.cost());
        let text = format!(
            "the file was sent, and whether the service has processed it could not be read: {}. Ask {} later",
            error.message(),
            self.status.id
        );
        let kind = match error.kind() {
            // Said of the status, and not of the record that the file belongs to.
            ErrorKind::NotFound | ErrorKind::Validation | ErrorKind::Conflict => ErrorKind::Server,
            kind => kind,
        };
        let unseen = Error::new(kind, text)
            .with_outcome(Outcome::Unknown)
            .with_retry_after(error.retry_after())
            .with_excerpt(error.body_excerpt().map(str::to_owned));
        let unseen = match error.status() {
            Some(status) => unseen.with_status(status),
            None => unseen,
        };
        self.complete(unseen.with_source(error))
    }

    fn failed(&self, message: Option<String>) -> Error {
        let why = message.filter(|text| !text.trim().is_empty());
        let why = why.unwrap_or_else(|| "it does not say why".into());
        let text = format!("the service could not process the file: {why}");
        self.complete(Error::new(ErrorKind::Validation, text).with_outcome(Outcome::Refused))
    }

    fn complete(&self, error: Error) -> Error {
        error
            .with_operation(self.operation.id)
            .with_request_id(Some(self.meta.request_id.clone()))
            .with_details(json!({ self.poll.argument: self.id }))
            .with_trace(self.meta.attempts.clone(), self.meta.waits.clone(), self.meta.cost)
    }
}

/// The read of the record that a file is uploaded to.
fn record_of(operation: &'static Operation, call: &Call) -> Option<(&'static Operation, Call)> {
    let read = Operation::find(operation.look?)?;
    let known = |name: &str| read.parameters.iter().any(|parameter| parameter.name == name);
    let arguments = call.arguments.iter().filter(|(name, _)| known(name));
    let arguments = arguments.map(|(name, value)| (name.clone(), value.clone())).collect();
    Some((read, Call { arguments, options: without_query(&call.options) }))
}

/// The options of the upload for a request after it.
fn without_query(options: &CallOptions) -> CallOptions {
    CallOptions { extra_query: Vec::new(), progress: None, ..options.clone() }
}

/// Whether a record that has changed since then has a link to a file of this name: the link keeps the name. An older record
/// may have an older file.
fn shows(record: &Value, file_name: &str, since: SystemTime) -> bool {
    let modified = answer::find(record, "modifiedAt").and_then(Value::as_str);
    let modified = modified.and_then(Written::of).and_then(Written::instant);
    // It has whole seconds.
    let modified =
        modified.and_then(|modified| u64::try_from(modified.as_second()).ok()).map(Duration::from_secs);
    let since = since.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    modified.is_some_and(|modified| modified >= since) && links_to(record, file_name)
}

fn links_to(value: &Value, file_name: &str) -> bool {
    match value {
        Value::String(text) if text.starts_with("http") => {
            let name = Url::parse(text).ok().and_then(|link| last_segment(&link));
            name.is_some_and(|name| name == file_name)
        }
        Value::Array(items) => items.iter().any(|item| links_to(item, file_name)),
        Value::Object(members) => members.values().any(|member| links_to(member, file_name)),
        _ => false,
    }
}

/// A member of the answer that can be an id.
fn id_of(answer: &[u8], name: &str) -> Option<Value> {
    let text = String::from_utf8_lossy(text_of(answer));
    Members::of(&text)?.value(name).filter(|id| match id {
        Value::String(id) => !id.trim().is_empty(),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_shows_a_file_by_its_name_and_only_after_a_change() {
        let time = |text: &str| httpdate::parse_http_date(text).unwrap();
        let record = json!({"modifiedAt": "2026-01-15T12:00:07Z", "headerData": {
            "frontImage": {"preview": "", "origin": "https://store.example/1/front%20%C3%BC.png?sig=a%2Fb"},
            "sideImage": null, "name": "side.png",
        }});
        let at_noon = time("Thu, 15 Jan 2026 12:00:00 GMT");
        assert!(shows(&record, "front ü.png", at_noon));
        assert!(!shows(&record, "side.png", at_noon));
        assert!(!shows(&record, "front ü.png", time("Thu, 15 Jan 2026 12:00:08 GMT")));
        for changed in [json!(null), json!("0001-01-01T00:00:00Z"), json!("yesterday")] {
            let mut record = record.clone();
            record["modifiedAt"] = changed;
            assert!(!shows(&record, "front ü.png", at_noon), "{record}");
        }
    }

    #[test]
    fn an_id_is_a_text() {
        assert_eq!(id_of(br#"{"imageId": "u-1"}"#, "imageId"), Some(json!("u-1")));
        for answer in [r#"{"imageId": " "}"#, r#"{"imageId": null}"#, r#"{"imageId": 7}"#, "stored", "[]", ""]
        {
            assert_eq!(id_of(answer.as_bytes(), "imageId"), None, "{answer}");
        }
    }
}
