//! Reads many files to paths, several at a time. What becomes of one does not matter to the others.

use std::path::PathBuf;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, stream};
use serde_json::{Map, Value, json};

use super::download;
use super::place::check_apart;
use super::reading::Reading;
use crate::answer::Answer;
use crate::arguments::{check_names, encode};
use crate::catalog::{Kind, Operation};
use crate::error::{Error, Result};
use crate::near;
use crate::options::{Call, CallOptions};
use crate::own::{ErrorKind, Meta, Outcome};
use crate::requester::Requester;

/// Members of a file in the list.
const MEMBERS: [&str; 3] = ["link", "file", RECORD];

/// The record that has the link.
const RECORD: &str = "record";

/// Reads the files of the call. The answer has what became of each, in the order of the call.
pub(crate) async fn download_many(
    requester: &Requester,
    operation: &'static Operation,
    call: &Call,
) -> Result<Answer> {
    let singles = checked(requester, operation, call).await;
    let singles = singles.map_err(|error| error.with_operation(operation.id))?;
    let cancel = call.options.cancel.clone().unwrap_or_default();
    let total = Some(singles.len() as u64);
    let mut done = 0;
    let reads: Vec<_> = singles
        .into_iter()
        .enumerate()
        .map(|(index, single)| read(requester.clone(), index, single))
        .collect();
    let mut results = stream::iter(reads).buffer_unordered(requester.concurrency());
    let mut outcomes = Vec::new();
    let mut meta = Meta { status: 200, ..Meta::default() };
    while let Some((index, path, result)) = results.next().await {
        // Of all, and not of one file.
        if cancel.is_cancelled() {
            return Err(Error::cancelled(Outcome::Unknown).with_operation(operation.id));
        }
        let (outcome, cost) = match &result {
            Ok(answer) => (json!({"file": path, "size": size_of(answer)}), answer.meta.cost),
            Err(error) if error.kind() == ErrorKind::Closed => return Err(error.clone()),
            Err(error) => (json!({"file": path, "error": shown(error)}), error.cost()),
        };
        meta.cost += cost;
        outcomes.push((index, outcome));
        done += 1;
        call.options.report(operation, done, total);
    }
    outcomes.sort_by_key(|(index, _)| *index);
    let outcomes: Vec<_> = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
    Ok(Answer { body: Value::from(outcomes).to_string().into(), raw: Bytes::new(), meta })
}

/// One of the files: its number, its path, and what became of it.
fn read(
    requester: Requester,
    index: usize,
    single: Single,
) -> BoxFuture<'static, (usize, Value, Result<Answer>)> {
    Box::pin(async move {
        let result = download(&requester, single.operation, &single.call).await;
        (index, single.call.arguments.get("file").cloned().unwrap_or_default(), result)
    })
}

/// The call for one of the files.
struct Single {
    operation: &'static Operation,
    call: Call,
}

fn size_of(answer: &Answer) -> Value {
    serde_json::from_slice::<Value>(&answer.body).map_or(Value::Null, |mut body| body["size"].take())
}

/// What a user needs to know of the failure of one file.
fn shown(error: &Error) -> Value {
    let mut shown = json!({
        "kind": error.kind().as_str(),
        "message": error.message(),
        "retryable": error.retryable(),
    });
    if let Some(status) = error.status() {
        shown["status"] = status.into();
    }
    shown
}

/// The calls for the files one by one. All of them are checked before the first is made.
async fn checked(requester: &Requester, operation: &'static Operation, call: &Call) -> Result<Vec<Single>> {
    let (name, singles, paths) = singles(requester, operation, call)?;
    let apart = tokio::task::spawn_blocking(move || check_apart(&paths)).await.map_err(Error::internal)?;
    match apart {
        Ok(()) => Ok(singles),
        Err((index, error)) => Err(Error::config(format!("{name}[{index}]: {}", error.message()))),
    }
}

/// The name of the list, the calls for its files, and their paths.
fn singles(
    requester: &Requester,
    operation: &'static Operation,
    call: &Call,
) -> Result<(&'static str, Vec<Single>, Vec<PathBuf>)> {
    check_names(operation, &call.arguments)?;
    let single = operation.look.and_then(Operation::find);
    let single = single.ok_or_else(|| Error::internal(format!("{} reads no files", operation.id)))?;
    let list = operation.parameters.iter().find(|parameter| parameter.kind == Kind::Records);
    let name = list.map_or("files", |parameter| parameter.name);
    let given = call.arguments.get(name).and_then(Value::as_array);
    let given = given.ok_or_else(|| Error::config(format!("{name} has to be a list of files")))?;
    let record = single.parameters.iter().find(|parameter| parameter.kind == Kind::Id);
    let mut paths = Vec::new();
    let mut calls = Vec::new();
    for (index, file) in given.iter().enumerate() {
        let place = format!("{name}[{index}]");
        // What was given may be a signed link.
        let file = file.as_object();
        let file =
            file.ok_or_else(|| Error::config(format!("{place} has to be an object with link and file")))?;
        near::check(file.keys(), &MEMBERS, &format!("{place} has an unknown member"), "its members are")?;
        let given = |member: &str| file.get(member).filter(|value| !value.is_null());
        let needed = |member: &str| {
            given(member).cloned().ok_or_else(|| Error::config(format!("{place} needs {member}")))
        };
        let mut arguments = Map::new();
        for parameter in single.parameters {
            let member = if parameter.kind == Kind::Id { RECORD } else { parameter.name };
            arguments.insert(parameter.name.to_owned(), needed(member)?);
        }
        match (record, given(RECORD)) {
            (None, Some(_)) => {
                let text = format!("{place} names a record, which {} does not know", single.id);
                return Err(Error::config(text));
            }
            (Some(_), Some(id)) => {
                encode::id(RECORD, id)
                    .map_err(|error| Error::config(format!("{place}: {}", error.message())))?;
            }
            _ => {}
        }
        let options = CallOptions { progress: None, ..call.options.clone() };
        let call = Call { arguments, options };
        let reading = Reading::new(requester, single, &call);
        let reading = reading.map_err(|error| Error::config(format!("{place}: {}", error.message())))?;
        paths.extend(reading.target());
        calls.push(Single { operation: single, call });
    }
    Ok((name, calls, paths))
}
