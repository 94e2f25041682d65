//! Operations that are made of several requests, or of one and a look at what it did.

mod lookup;
mod rows;

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::call::{Answer, Call, Meta};
use crate::catalog::Operation;
use crate::client::{Client, is_unclear};
use crate::error::{ErrorKind, Result};

pub(crate) use lookup::{get_by_number, get_many_by_number};
pub(crate) use rows::update_rows;

/// Deletes a header. The service may do it and still answer 500, or the answer may be lost: then the header is read.
pub(crate) async fn delete_header(
    client: &Client,
    operation: &'static Operation,
    call: &Call,
) -> Result<Answer> {
    let error = match client.request(operation, call).await {
        Err(error) if is_unclear(&error) && error.kind() != ErrorKind::Cancelled => error,
        result => return result,
    };
    let get = Operation::find(&format!("{}.attributes_get", operation.resource));
    let (Some(get), Some(id)) = (get, call.arguments.get("header_id")) else { return Err(error) };
    let look = Call {
        arguments: Map::from_iter([("header_id".to_owned(), id.clone())]),
        options: call.options.clone(),
    };
    let deleted = match client.request(get, &look).await {
        Ok(answer) => {
            let header: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let deleted = ["isDeleted", "deleted"].iter().any(|name| header[*name] == true);
            deleted.then_some((answer.meta.status, answer.meta.attempts, answer.meta.waits))
        }
        Err(found) if found.kind() == ErrorKind::NotFound => {
            Some((found.status().unwrap_or_default(), found.attempts().to_vec(), found.waits().to_vec()))
        }
        Err(_) => None,
    };
    let Some((status, attempts, waits)) = deleted else { return Err(error) };
    let attempts: Vec<_> = error.attempts().iter().cloned().chain(attempts).collect();
    let meta = Meta {
        status,
        request_id: error.request_id().unwrap_or_default().to_owned(),
        cost: u32::try_from(attempts.len()).unwrap_or(u32::MAX),
        attempts,
        waits: error.waits().iter().cloned().chain(waits).collect(),
        ..Meta::default()
    };
    Ok(Answer { body: r#"{"message":null}"#.into(), raw: Bytes::new(), meta })
}
