//! Changes to the rows of a data table, as many a request as the service takes, with the fate of each row.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::arguments::{self, fields};
use crate::catalog::Operation;
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::history::Meta;
use crate::options::Call;
use crate::requester::Requester;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fate {
    index: usize,
    row_id: Option<String>,
    outcome: &'static str,
}

/// Sends the rows in order. When a request fails, those after it are not sent, and the error tells of every row.
pub(crate) async fn update_rows(
    requester: &Requester,
    operation: &'static Operation,
    call: &Call,
) -> Result<Answer> {
    // Everything is checked before the first request leaves.
    arguments::prepare(operation, &call.arguments)?;
    let rows = fields::table_rows("rows", &call.arguments["rows"])?;
    let limit = operation.rows.map_or(usize::MAX, |rows| rows.limit);
    let given = call.arguments["rows"].as_array().cloned().unwrap_or_default();
    let mut fates: Vec<_> = rows
        .iter()
        .enumerate()
        .map(|(index, row)| Fate { index, row_id: row.id.clone(), outcome: Outcome::NotSent.as_str() })
        .collect();
    let mut meta = Meta::default();
    let mut requests = 0;
    let mut raw = bytes::Bytes::new();
    for (number, chunk) in given.chunks(limit).enumerate() {
        let mut arguments: Map<String, Value> = call.arguments.clone();
        arguments.insert("rows".into(), chunk.into());
        let first = number * limit;
        let fates_of_chunk = &mut fates[first..first + chunk.len()];
        match requester.request(operation, &Call { arguments, options: call.options.clone() }).await {
            Ok(answer) => {
                requests += 1;
                fill_new_ids(fates_of_chunk, &answer.body);
                fates_of_chunk.iter_mut().for_each(|fate| fate.outcome = Outcome::Applied.as_str());
                meta.absorb(answer.meta);
                raw = answer.raw;
            }
            Err(error) => {
                let error = refused_in_part(error, chunk.len());
                fates_of_chunk.iter_mut().for_each(|fate| fate.outcome = error.outcome().as_str());
                return Err(report(error, &fates, requests));
            }
        }
    }
    let applied = fates.len();
    let body = json!({"rows": fates, "applied": applied, "requests": requests}).to_string();
    Ok(Answer { body: body.into(), raw, meta })
}

/// The ids of added rows, where the service lists them and their number fits.
fn fill_new_ids(fates: &mut [Fate], body: &[u8]) {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(added) = answer["added"].as_array() else { return };
    let mut new: Vec<_> = fates.iter_mut().filter(|fate| fate.row_id.is_none()).collect();
    if new.len() == added.len() {
        for (fate, id) in new.iter_mut().zip(added) {
            fate.row_id = id.as_str().map(str::to_owned);
        }
    }
}

/// The service may have stored some rows of a list that it refused (docs/service.md, Data tables).
fn refused_in_part(error: Error, rows: usize) -> Error {
    let looked_at = matches!(error.kind(), ErrorKind::Validation | ErrorKind::NotFound | ErrorKind::Conflict);
    if rows > 1 && looked_at && error.outcome() == Outcome::Refused {
        return error.with_outcome(Outcome::Unknown);
    }
    error
}

fn report(error: Error, fates: &[Fate], requests: usize) -> Error {
    let applied = fates.iter().filter(|fate| fate.outcome == Outcome::Applied.as_str()).count();
    if fates.len() == 1 {
        return error;
    }
    // Sending all of it again would repeat what was applied.
    let error = if applied > 0 { error.with_outcome(Outcome::Unknown) } else { error };
    let text = format!("{applied} of {} rows were applied, then: {}", fates.len(), error.message());
    error.with_message(text).with_details(json!({"rows": fates, "applied": applied, "requests": requests}))
}
