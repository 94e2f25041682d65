//! Records by number, many in one request. What comes back is compared with what was asked for, by the exact text first
//! and by the trimmed one then.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::at_a_time::at_a_time;
use super::search::{Found, Search};
use crate::answer::Answer;
use crate::arguments::filters::{ANY_OF, MOST_VALUES};
use crate::arguments::{self, encode, shown};
use crate::catalog::Operation;
use crate::error::{Error, Result};
use crate::options::Call;
use crate::own::{ErrorKind, Meta, Outcome};
use crate::requester::Requester;

/// The one record with a number.
pub(crate) async fn get_by_number(
    requester: &Requester,
    operation: &'static Operation,
    call: &Call,
) -> Result<Answer> {
    let (name, value) = asked(operation, call)?;
    let number = number(name, value)?;
    let search = Search::new(requester, operation, call, name)?;
    let mut found = Found::default();
    let meta = search.find(std::slice::from_ref(&number), &mut found).await.1?;
    let record = operation.noun;
    match found.of(&number) {
        [one] => Ok(Answer { raw: one.clone(), body: one.clone(), meta }),
        [] => {
            let text = format!("no {record} has the number {number}");
            Err(answered(operation, ErrorKind::NotFound, text, meta))
        }
        several => {
            let text = format!("{} {record}s have the number {number}", several.len());
            Err(answered(operation, ErrorKind::Conflict, text, meta))
        }
    }
}

/// An error about an answer that is right in itself.
fn answered(operation: &'static Operation, kind: ErrorKind, text: String, meta: Meta) -> Error {
    Error::new(kind, text)
        .with_outcome(Outcome::Refused)
        .with_request_id(Some(meta.request_id))
        .with_trace(meta.attempts, meta.waits, meta.cost)
        .with_operation(operation.id)
}

/// The records with these numbers: found, missing and ambiguous ones. An error carries in its details what the requests
/// before it have found.
pub(crate) async fn get_many_by_number(
    requester: &Requester,
    operation: &'static Operation,
    call: &Call,
) -> Result<Answer> {
    let (name, value) = asked(operation, call)?;
    let wrong = || {
        let text = format!("{name} has to be a list of texts, not {}", shown(value));
        Error::config(text).with_operation(operation.id)
    };
    let list = value.as_array().ok_or_else(wrong)?;
    let mut known = HashSet::new();
    let mut numbers = Vec::with_capacity(list.len());
    for (index, value) in list.iter().enumerate() {
        let number =
            number(&format!("{name}[{index}]"), value).map_err(|error| error.with_operation(operation.id))?;
        if known.insert(number.clone()) {
            numbers.push(number);
        }
    }
    let search = Search::new(requester, operation, call, name)?;
    let mut found = Found::default();
    let mut meta = Meta::default();
    let mut answered = Vec::with_capacity(numbers.len());
    let mut failure: Option<Error> = None;
    let has_failed = AtomicBool::new(false);
    let mut work: Vec<BoxFuture<'_, _>> = Vec::new();
    for chunk in chunks(&numbers) {
        let (search, has_failed) = (&search, &has_failed);
        work.push(Box::pin(async move {
            // Those that are on their way are paid for: they are waited for. No other begins.
            if has_failed.load(Ordering::Relaxed) {
                return None;
            }
            let mut found = Found::default();
            let (spent, result) = search.find(&chunk, &mut found).await;
            if result.is_err() {
                has_failed.store(true, Ordering::Relaxed);
            }
            Some((chunk, found, spent, result))
        }));
    }
    let mut requests = at_a_time(requester, work);
    while let Some(outcome) = requests.next().await {
        let Some((chunk, part, spent, result)) = outcome else { continue };
        match result {
            Ok(whole) => {
                meta.absorb(whole);
                found.absorb(part);
                answered.extend(chunk);
                call.options.report(operation, answered.len() as u64, Some(numbers.len() as u64));
            }
            Err(error) => {
                meta.absorb(spent);
                failure.get_or_insert(error);
            }
        }
    }
    drop(requests);
    let lookup = Lookup::new(&answered, &found);
    match failure {
        None => {
            let body = lookup.json();
            Ok(Answer { raw: body.clone(), body, meta })
        }
        Some(error) => Err(lookup.into_error(error, &numbers, answered.len(), meta)),
    }
}

/// The argument that is looked up.
fn asked<'a>(operation: &'static Operation, call: &'a Call) -> Result<(&'static str, &'a Value)> {
    arguments::check_names(operation, &call.arguments)?;
    operation
        .parameters
        .iter()
        .filter(|parameter| parameter.required)
        .find_map(|parameter| Some((parameter.name, call.arguments.get(parameter.name)?)))
        .ok_or_else(|| Error::config("the number is missing").with_operation(operation.id))
}

/// Numbers for one request each: both spellings of a number are values of its filter.
fn chunks(numbers: &[String]) -> Vec<Vec<String>> {
    let mut chunks = Vec::new();
    let (mut start, mut values) = (0, 0);
    for (index, number) in numbers.iter().enumerate() {
        let spellings = if number.trim() == number { 1 } else { 2 };
        if values + spellings > MOST_VALUES {
            chunks.push(numbers[start..index].to_vec());
            (start, values) = (index, 0);
        }
        values += spellings;
    }
    if start < numbers.len() {
        chunks.push(numbers[start..].to_vec());
    }
    chunks
}

/// What became of each number.
struct Lookup<'a> {
    found: Vec<&'a Bytes>,
    missing: Vec<&'a str>,
    ambiguous: Vec<(&'a str, &'a [Bytes])>,
}

impl<'a> Lookup<'a> {
    fn new(numbers: &'a [String], all: &'a Found) -> Self {
        let mut lookup = Self { found: Vec::new(), missing: Vec::new(), ambiguous: Vec::new() };
        let mut given = HashSet::new();
        for number in numbers {
            match all.of(number) {
                [] => lookup.missing.push(number),
                // Two spellings may lead to one record.
                [one] if given.insert(one.as_ptr()) => lookup.found.push(one),
                [_] => {}
                several => lookup.ambiguous.push((number, several)),
            }
        }
        lookup
    }

    /// The records are put together as they came.
    fn json(&self) -> Bytes {
        let mut json = BytesMut::new();
        json.put_slice(br#"{"found":"#);
        put_list(&mut json, self.found.iter().copied());
        json.put_slice(br#","missing":"#);
        json.put_slice(json!(self.missing).to_string().as_bytes());
        json.put_slice(br#","ambiguous":["#);
        for (index, (number, records)) in self.ambiguous.iter().enumerate() {
            json.put_slice(if index > 0 { b",{\"number\":" } else { b"{\"number\":" });
            json.put_slice(json!(number).to_string().as_bytes());
            json.put_slice(br#","records":"#);
            put_list(&mut json, records.iter());
            json.put_u8(b'}');
        }
        json.put_slice(b"]}");
        json.freeze()
    }

    /// The error of a request, with what the others have found.
    fn into_error(self, error: Error, numbers: &[String], answered: usize, meta: Meta) -> Error {
        let attempts = [meta.attempts, error.attempts().to_vec()].concat();
        let waits = [meta.waits, error.waits().to_vec()].concat();
        let cost = meta.cost + error.cost();
        let mut details: Value = serde_json::from_slice(&self.json()).unwrap_or_default();
        details["cost"] = cost.into();
        let text = format!(
            "{answered} of {} numbers were looked up before a request failed: {}",
            numbers.len(),
            error.message()
        );
        error.with_message(text).with_details(details).with_trace(attempts, waits, cost)
    }
}

fn put_list<'a>(json: &mut BytesMut, records: impl Iterator<Item = &'a Bytes>) {
    json.put_u8(b'[');
    for (index, record) in records.enumerate() {
        if index > 0 {
            json.put_u8(b',');
        }
        json.put_slice(record);
    }
    json.put_u8(b']');
}

fn number(name: &str, value: &Value) -> Result<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) => encode::canonical(value).to_string(),
        _ => return Err(Error::config(format!("{name} has to be a text, not {}", shown(value)))),
    };
    if text.trim().is_empty() {
        return Err(Error::config(format!("{name} is empty")));
    }
    if text.contains(ANY_OF) {
        return Err(Error::config(format!("{name} contains U+25A0, which the service reads as a separator")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_count_and_stay_together() {
        let plain: Vec<String> = (0..201).map(|number| number.to_string()).collect();
        assert_eq!(chunks(&plain).iter().map(|chunk| chunk.len()).collect::<Vec<_>>(), [200, 1]);
        let padded: Vec<String> = (0..201).map(|number| format!(" {number}")).collect();
        assert_eq!(chunks(&padded).iter().map(|chunk| chunk.len()).collect::<Vec<_>>(), [100, 100, 1]);
        assert!(chunks(&[]).is_empty());
        let mixed = [plain[..199].to_vec(), padded[..2].to_vec()].concat();
        assert_eq!(chunks(&mixed).iter().map(|chunk| chunk.len()).collect::<Vec<_>>(), [199, 2]);
    }
}
