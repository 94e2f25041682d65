//! Changes to the rows of a data table, as many a request as the service takes, with the outcome of each row.

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use super::row_outcomes;
use crate::answer::Answer;
use crate::arguments;
use crate::arguments::rows::Rows;
use crate::catalog::{Kind, Operation};
use crate::error::{Error, Result};
use crate::options::Call;
use crate::own::{ErrorKind, Meta, Outcome};
use crate::requester::Requester;

/// What became of one row.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RowOutcome {
    index: usize,
    row_id: Option<String>,
    outcome: &'static str,
}

#[derive(Serialize)]
struct Done<'a> {
    rows: &'a [RowOutcome],
    applied: usize,
    requests: usize,
}

/// Sends the rows in order. When a request fails, those after it are not sent, and the error tells of every row.
pub(crate) async fn update_rows(
    requester: &Requester,
    operation: &'static Operation,
    call: &Call,
) -> Result<Answer> {
    // Everything is checked before the first request leaves.
    let prepared = arguments::prepare(operation, &call.arguments)?;
    let parameter = operation.parameters.iter().find(|parameter| parameter.kind == Kind::TableRows);
    let parameter = parameter
        .ok_or_else(|| Error::config(format!("the catalogue names no rows for {}", operation.id)))?;
    let check = requester.schemas().of_rows(operation, parameter, &call.arguments);
    let rows = Rows::encode(parameter.name, &call.arguments[parameter.name], |name, values| {
        check.fields(name, values)
    })
    .await
    .map_err(|error| error.with_operation(operation.id))?;
    let limit = operation.rows.map_or(usize::MAX, |rows| rows.limit);
    let mut outcomes: Vec<_> = rows
        .list()
        .iter()
        .enumerate()
        .map(|(index, row)| RowOutcome { index, row_id: row.id.clone(), outcome: Outcome::NotSent.as_str() })
        .collect();
    let mut meta = Meta::default();
    let mut requests = 0;
    let mut raw = Bytes::new();
    for first in (0..outcomes.len()).step_by(limit) {
        let range = first..outcomes.len().min(first.saturating_add(limit));
        let in_request = &mut outcomes[range.clone()];
        match requester.send(operation, prepared.carrying(&rows, &range), &call.options).await {
            Ok(answer) => {
                requests += 1;
                let told = row_outcomes::of(&rows.list()[range.clone()], &answer.raw);
                for (row, told) in in_request.iter_mut().zip(told) {
                    let outcome = if told.applied { Outcome::Applied } else { Outcome::Unknown };
                    row.outcome = outcome.as_str();
                    row.row_id = row.row_id.take().or(told.new_id);
                }
                meta.absorb(answer.meta);
                raw = answer.raw;
                call.options.report(operation, range.end as u64, Some(outcomes.len() as u64));
            }
            Err(error) => {
                let error = refused_in_part(error, range.len());
                in_request.iter_mut().for_each(|row| row.outcome = error.outcome().as_str());
                return Err(report(error, &outcomes, requests, meta));
            }
        }
    }
    let body = serde_json::to_vec(&Done { rows: &outcomes, applied: applied(&outcomes), requests });
    let body = body.map_err(|error| {
        Error::new(ErrorKind::Internal, format!("the outcome of the rows cannot be written as JSON: {error}"))
            .with_outcome(Outcome::Applied)
    })?;
    Ok(Answer { body: body.into(), raw, meta })
}

fn applied(outcomes: &[RowOutcome]) -> usize {
    outcomes.iter().filter(|row| row.outcome == Outcome::Applied.as_str()).count()
}

/// The service may have stored some rows of a list that it refused after a look at them (docs/service/data-tables.md, Data tables).
pub(crate) fn refused_in_part(error: Error, rows: usize) -> Error {
    let unread = matches!(error.kind(), ErrorKind::Auth | ErrorKind::RateLimited | ErrorKind::QuotaExceeded);
    if rows > 1 && !unread && error.outcome() == Outcome::Refused {
        return error.with_outcome(Outcome::Unknown);
    }
    error
}

/// The error of a request, with what became of all rows and what all requests took.
fn report(error: Error, outcomes: &[RowOutcome], requests: usize, mut meta: Meta) -> Error {
    if outcomes.len() == 1 {
        return error;
    }
    let applied = applied(outcomes);
    // Sending all of it again would repeat what was applied.
    let error = if requests > 0 { error.with_outcome(Outcome::Unknown) } else { error };
    meta.attempts.extend_from_slice(error.attempts());
    meta.waits.extend_from_slice(error.waits());
    let cost = meta.cost + error.cost();
    let text = format!("{applied} of {} rows were applied, then: {}", outcomes.len(), error.message());
    error.with_message(text).with_trace(meta.attempts, meta.waits, cost).with_details(json!(Done {
        rows: outcomes,
        applied,
        requests
    }))
}
