//! Deletes whose answer cannot be trusted: the service may do the work and still answer 500, or the answer may be lost. Then a
//! read shows what became of it (docs/service/answers.md, Errors by status; docs/service/apps.md, Attachments).

use bytes::Bytes;
use serde_json::Value;

use super::refused_in_part;
use crate::answer::{self, Answer, Members};
use crate::arguments;
use crate::catalog::{Kind, Operation};
use crate::error::{Error, Result};
use crate::options::Call;
use crate::own::{ErrorKind, Meta};
use crate::requester::{Requester, is_unclear};

/// Deletes a header, and reads it where the answer leaves open whether it is gone.
pub(crate) async fn delete_header(
    requester: &Requester,
    operation: &'static Operation,
    call: &Call,
) -> Result<Answer> {
    let error = match requester.request(operation, call).await {
        Err(error) if leaves_open(&error) => error,
        result => return result,
    };
    let seen = match look(requester, operation, call).await {
        Some(Ok(answer)) if marked_deleted(&answer.body) => answer.meta,
        Some(Err(found)) if says_missing(&found) => found.spent(),
        _ => return Err(error),
    };
    Ok(Answer { body: r#"{"message":null}"#.into(), raw: Bytes::new(), meta: after(&error, seen) })
}

/// Deletes files of a page by their names, and reads the page where the answer leaves open whether they are gone.
pub(crate) async fn delete_files(
    requester: &Requester,
    operation: &'static Operation,
    call: &Call,
) -> Result<Answer> {
    let prepared = arguments::prepare(operation, &call.arguments)?;
    let rows = prepared.rows_in_body();
    let error = match requester.send(operation, prepared, &call.options).await {
        Err(error) if leaves_open(&error) => error,
        result => return result.map_err(|error| refused_in_part(error, rows)),
    };
    let names = operation.parameters.iter().find(|parameter| parameter.kind == Kind::Texts);
    let names = names.and_then(|names| call.arguments.get(names.name)?.as_array());
    let is_gone = |page: &[u8]| {
        let page = answer::value(page);
        let files = page["data"]["files"].as_array()?;
        Some(
            !names?
                .iter()
                .filter_map(Value::as_str)
                .any(|name| files.iter().any(|file| is_named(file, name))),
        )
    };
    match look(requester, operation, call).await {
        Some(Ok(page)) if is_gone(&page.body) == Some(true) => {
            Ok(Answer { body: "null".into(), raw: Bytes::new(), meta: after(&error, page.meta) })
        }
        _ => Err(error),
    }
}

/// A page shows the name without what is behind its last point. Whether a removal takes whole names is disputed.
fn is_named(file: &Value, name: &str) -> bool {
    let text = |member: &str| file[member].as_str().unwrap_or_default();
    text("fileName") == name || format!("{}.{}", text("fileName"), text("fileType")) == name
}

fn leaves_open(error: &Error) -> bool {
    is_unclear(error) && error.kind() != ErrorKind::Cancelled
}

/// Reads what the delete was about.
async fn look(requester: &Requester, operation: &Operation, call: &Call) -> Option<Result<Answer>> {
    let read = operation.look.and_then(Operation::find)?;
    let known = |name: &str| read.parameters.iter().any(|parameter| parameter.name == name);
    let arguments = call.arguments.iter().filter(|(name, _)| known(name));
    let look = Call {
        arguments: arguments.map(|(name, value)| (name.clone(), value.clone())).collect(),
        options: call.options.clone(),
    };
    Some(requester.request(read, &look).await)
}

/// How a delete came about that failed, and that a read has shown to be done.
fn after(error: &Error, seen: Meta) -> Meta {
    let mut meta = error.spent();
    meta.status = seen.status;
    meta.attempts.extend(seen.attempts);
    meta.waits.extend(seen.waits);
    meta.cost += seen.cost;
    meta
}

/// Whether the service says that there is no such record. A 404 without a body comes for a wrong company too, and one with a page
/// from a gateway.
pub(super) fn says_missing(error: &Error) -> bool {
    let body = error.body_excerpt().unwrap_or_default().as_bytes();
    error.kind() == ErrorKind::NotFound && !answer::text_of(body).is_empty() && !answer::is_page(body)
}

pub(super) fn marked_deleted(header: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer::text_of(header));
    Members::of(&text).is_some_and(|members| members.any_true("isDeleted") || members.any_true("deleted"))
}
