//! Records by number, many in one request. What comes back is compared with what was asked for.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::arguments::encode;
use crate::arguments::filters::{ANY_OF, MOST_VALUES};
use crate::catalog::Operation;
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::history::Meta;
use crate::options::{Call, CallOptions};
use crate::requester::Requester;
use crate::{arguments, paging};

/// The one record with a number.
pub(crate) async fn get_by_number(
    requester: &Requester,
    operation: &'static Operation,
    call: &Call,
) -> Result<Answer> {
    arguments::check_names(operation, &call.arguments)?;
    let number = number("header_number", &call.arguments["header_number"])?;
    let (mut found, meta) = fetch(requester, operation, call, vec![number.clone()]).await?;
    let mut records = found.remove(&number).unwrap_or_default();
    let record = operation.resource;
    match (records.pop(), records.len()) {
        (Some(one), 0) => {
            let body: bytes::Bytes = String::from(Box::<str>::from(one)).into();
            Ok(Answer { raw: body.clone(), body, meta })
        }
        (Some(_), others) => {
            let text = format!("{} {record}s carry the number {number}", others + 1);
            Err(answered(operation, ErrorKind::Conflict, text, meta))
        }
        (None, _) => {
            let text = format!("no {record} carries the number {number}");
            Err(answered(operation, ErrorKind::NotFound, text, meta))
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

/// The records with these numbers: found, missing and ambiguous ones.
pub(crate) async fn get_many_by_number(
    requester: &Requester,
    operation: &'static Operation,
    call: &Call,
) -> Result<Answer> {
    arguments::check_names(operation, &call.arguments)?;
    let wrong = || Error::config("numbers has to be a list of texts").with_operation(operation.id);
    let list = call.arguments["numbers"].as_array().ok_or_else(wrong)?;
    let mut asked = HashSet::new();
    let mut numbers = Vec::with_capacity(list.len());
    for (index, value) in list.iter().enumerate() {
        let number = number(&format!("numbers[{index}]"), value)
            .map_err(|error| error.with_operation(operation.id))?;
        if asked.insert(number.clone()) {
            numbers.push(number);
        }
    }
    let (by_number, meta) = fetch(requester, operation, call, numbers.clone()).await?;
    let (mut found, mut missing, mut ambiguous) = (Vec::new(), Vec::new(), Vec::new());
    for number in numbers {
        match by_number.get(&number).map(Vec::as_slice) {
            None | Some([]) => missing.push(number),
            Some([one]) => found.push(&**one),
            Some(several) => ambiguous.push(Ambiguity { number, records: several }),
        }
    }
    let body = serde_json::to_vec(&Lookup { found, missing, ambiguous }).map_err(|error| {
        Error::new(ErrorKind::Decode, format!("the result could not be put together: {error}"))
    })?;
    let body = bytes::Bytes::from(body);
    Ok(Answer { raw: body.clone(), body, meta })
}

#[derive(serde::Serialize)]
struct Lookup<'a> {
    found: Vec<&'a RawValue>,
    missing: Vec<String>,
    ambiguous: Vec<Ambiguity<'a>>,
}

#[derive(serde::Serialize)]
struct Ambiguity<'a> {
    number: String,
    records: &'a [Box<RawValue>],
}

type ByNumber = HashMap<String, Vec<Box<RawValue>>>;

/// All records that carry one of the numbers, 200 numbers a request.
async fn fetch(
    requester: &Requester,
    operation: &Operation,
    call: &Call,
    numbers: Vec<String>,
) -> Result<(ByNumber, Meta)> {
    use futures_util::{StreamExt as _, TryStreamExt as _, stream};
    let chunks: Vec<Vec<String>> = numbers.chunks(MOST_VALUES).map(<[String]>::to_vec).collect();
    let list = format!("{}.attributes_list", operation.resource);
    let list =
        Operation::find(&list).ok_or_else(|| Error::config(format!("there is no operation {list}")))?;
    let results: Vec<(Vec<paging::Page>, Meta, HashSet<String>)> = stream::iter(chunks)
        .map(|chunk| {
            let mut arguments = Map::new();
            if let Some(folder) = call.arguments.get("folder_id") {
                arguments.insert("folder_id".into(), folder.clone());
            }
            let value: Value = if chunk.len() == 1 { chunk[0].clone().into() } else { chunk.clone().into() };
            arguments.insert(
                "filters".into(),
                json!([{"field": "header_number", "operator": "Eq", "value": value}]),
            );
            let options = CallOptions { page_size: None, ..call.options.clone() };
            let pager = arguments::prepare(list, &arguments)
                .map(|prepared| paging::Pager::new(requester.clone(), None, prepared, options));
            async move {
                let asked = chunk.into_iter().collect();
                let pager = pager?;
                let pages = read(&pager, &asked).await?;
                Ok::<_, Error>((pages, pager.meta().await, asked))
            }
        })
        .buffered(paging::WINDOW)
        .try_collect()
        .await?;
    let mut by_number = ByNumber::new();
    let mut meta = Meta::default();
    for (pages, spent, asked) in results {
        meta.absorb(spent);
        for page in pages {
            for row in rows_of(&page) {
                // Records that nobody asked for are no answer.
                if let Some(number) = number_of(&row).filter(|number| asked.contains(number)) {
                    by_number.entry(number).or_default().push(row);
                }
            }
        }
    }
    Ok((by_number, meta))
}

/// The pages of one lookup: as many as equal numbers need.
async fn read(pager: &paging::Pager, asked: &HashSet<String>) -> Result<Vec<paging::Page>> {
    let mut pages = Vec::new();
    while let Some(page) = pager.next_page().await? {
        // A list that is far longer than what was asked for, and unrelated to it, is the whole folder.
        let too_many = page.total.is_some_and(|total| total > 2 * asked.len() as u64 + MOST_VALUES as u64);
        if too_many
            && !rows_of(&page).iter().filter_map(|row| number_of(row)).any(|number| asked.contains(&number))
        {
            return Err(Error::new(
                ErrorKind::Decode,
                "the service ignored the filter by number and returned other records",
            )
            .with_outcome(Outcome::Refused));
        }
        pages.push(page);
    }
    Ok(pages)
}

fn rows_of(page: &paging::Page) -> Vec<Box<RawValue>> {
    // The page was put together here: it is a list.
    serde_json::from_slice(&page.rows).unwrap_or_default()
}

fn number(name: &str, value: &Value) -> Result<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(_) => encode::canonical(value).to_string(),
        _ => return Err(Error::config(format!("{name} has to be a text, not {value}"))),
    };
    if text.is_empty() {
        return Err(Error::config(format!("{name} is empty")));
    }
    if text.contains(ANY_OF) {
        return Err(Error::config(format!("{name} holds U+25A0, which the service reads as a separator")));
    }
    Ok(text)
}

/// The number of a record, trimmed.
fn number_of(row: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Numbered {
        #[serde(rename = "headerNumber")]
        number: Option<Value>,
    }
    match serde_json::from_str::<Numbered>(row.get()).ok()?.number? {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
