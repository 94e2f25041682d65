//! Operations that are made of several requests, or of one and a look at what it did.

mod lookup;
mod rows;

use serde_json::{Map, Value};

use crate::call::{Answer, Call};
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
    match client.request(get, &look).await {
        Ok(answer) => {
            let header: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let deleted = ["isDeleted", "deleted"].iter().any(|name| header[*name] == true);
            if deleted { Ok(gone(answer)) } else { Err(error) }
        }
        Err(found) if found.kind() == ErrorKind::NotFound => {
            let meta = crate::call::Meta {
                attempts: found.attempts().to_vec(),
                waits: found.waits().to_vec(),
                status: found.status().unwrap_or_default(),
                ..Default::default()
            };
            Ok(gone(Answer { body: Default::default(), raw: Default::default(), meta }))
        }
        Err(_) => Err(error),
    }
}

fn gone(answer: Answer) -> Answer {
    Answer { body: r#"{"message":null}"#.into(), ..answer }
}
