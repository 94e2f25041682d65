//! Operations that are made of several requests, or of one and a look at what it did.

mod download;
mod lookup;
mod row_outcomes;
mod rows;
mod search;
mod upload;

use bytes::Bytes;

use crate::answer::{self, Answer, Members};
use crate::catalog::Operation;
use crate::error::{Error, Result};
use crate::options::Call;
use crate::own::{ErrorKind, Meta};
use crate::requester::{Requester, is_unclear};

pub(crate) use download::{Reading, download, download_many};
pub(crate) use lookup::{get_by_number, get_many_by_number};
pub(crate) use rows::{refused_in_part, update_rows};
pub(crate) use upload::{Beside, upload};

/// Deletes a header. The service may do it and still answer 500, or the answer may be lost: then the header is read.
pub(crate) async fn delete_header(
    requester: &Requester,
    operation: &'static Operation,
    call: &Call,
) -> Result<Answer> {
    let error = match requester.request(operation, call).await {
        Err(error) if is_unclear(&error) && error.kind() != ErrorKind::Cancelled => error,
        result => return result,
    };
    let Some(read) = operation.look.and_then(Operation::find) else { return Err(error) };
    let known = |name: &str| read.parameters.iter().any(|parameter| parameter.name == name);
    let arguments = call.arguments.iter().filter(|(name, _)| known(name));
    let look = Call {
        arguments: arguments.map(|(name, value)| (name.clone(), value.clone())).collect(),
        options: call.options.clone(),
    };
    let (status, attempts, waits, cost) = match requester.request(read, &look).await {
        Ok(answer) if marked_deleted(&answer.body) => {
            (answer.meta.status, answer.meta.attempts, answer.meta.waits, answer.meta.cost)
        }
        Err(found) if says_missing(&found) => (
            found.status().unwrap_or_default(),
            found.attempts().to_vec(),
            found.waits().to_vec(),
            found.cost(),
        ),
        _ => return Err(error),
    };
    let mut meta = Meta {
        status,
        request_id: error.request_id().unwrap_or_default().to_owned(),
        attempts: error.attempts().to_vec(),
        waits: error.waits().to_vec(),
        cost: error.cost() + cost,
        ..Meta::default()
    };
    meta.attempts.extend(attempts);
    meta.waits.extend(waits);
    Ok(Answer { body: r#"{"message":null}"#.into(), raw: Bytes::new(), meta })
}

/// Whether the service says that there is no such record. A 404 without a body comes for a wrong company too, and one with a page
/// from a gateway.
fn says_missing(error: &Error) -> bool {
    let body = error.body_excerpt().unwrap_or_default().as_bytes();
    error.kind() == ErrorKind::NotFound && !answer::text_of(body).is_empty() && !answer::is_page(body)
}

fn marked_deleted(header: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer::text_of(header));
    Members::of(&text).is_some_and(|members| members.any_true("isDeleted") || members.any_true("deleted"))
}
