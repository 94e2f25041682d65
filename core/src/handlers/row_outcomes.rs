//! What the answer to an update of rows says of each row: ids, counts, or nothing (docs/service/data-tables.md, Data tables).

use std::collections::HashSet;

use serde_json::Value;

use crate::answer::{self, Members};
use crate::arguments::rows::{Change, Row};

/// Lists of ids, or counts.
const MEMBERS: [&str; 3] = ["updated", "added", "deleted"];

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    /// Whether it was applied; else that is unknown.
    pub(super) applied: bool,
    /// The id of an added row.
    pub(super) new_id: Option<String>,
}

/// What a successful answer says of the rows that its request carried, in their order. One that says nothing of rows means
/// all of them.
pub(super) fn of(rows: &[Row], body: &[u8]) -> Vec<Told> {
    let text = String::from_utf8_lossy(answer::text_of(body));
    let all = |applied| vec![Told { applied, new_id: None }; rows.len()];
    let Some(members) = Members::of(&text).filter(|members| members.whole) else { return all(true) };
    let has_errors = members.value("errors").is_some_and(|errors| !is_empty(&errors));
    let said = MEMBERS.map(|name| members.value(name).unwrap_or_default());
    if said.iter().any(Value::is_array) {
        by_ids(rows, &said, has_errors)
    } else if said.iter().any(Value::is_number) {
        // None for a count that is no number of rows.
        let count = |said: &Value| if said.is_null() { Some(0) } else { said.as_u64() };
        let sum = said.iter().try_fold(0_u64, |sum, said| sum.checked_add(count(said)?));
        all(!has_errors && sum == Some(rows.len() as u64))
    } else {
        all(!has_errors)
    }
}

fn by_ids(rows: &[Row], said: &[Value; 3], has_errors: bool) -> Vec<Told> {
    let listed: HashSet<_> = said
        .iter()
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(id_of)
        .map(|id| id.to_lowercase())
        .collect();
    let number = |change| rows.iter().filter(|row| row.change == change).count();
    // A member may hold a count all the same.
    let counted = |change: Change, said: &Value| !has_errors && said.as_u64() == Some(number(change) as u64);
    let [updated, added, deleted] = said;
    let new_ids = added.as_array().filter(|added| added.len() == number(Change::Add));
    let mut new_ids = new_ids.map(|added| added.iter());
    rows.iter()
        .map(|row| match (&row.id, row.change) {
            (None, _) | (_, Change::Add) => match &mut new_ids {
                Some(ids) => Told { applied: true, new_id: ids.next().and_then(id_of).map(str::to_owned) },
                None => Told { applied: counted(Change::Add, added), new_id: None },
            },
            (Some(id), change) => {
                let said = if change == Change::Delete { deleted } else { updated };
                Told { applied: listed.contains(&id.to_lowercase()) || counted(change, said), new_id: None }
            }
        })
        .collect()
}

fn id_of(item: &Value) -> Option<&str> {
    item.as_str().or_else(|| item["id"].as_str()).or_else(|| item["rowId"].as_str())
}

fn is_empty(errors: &Value) -> bool {
    match errors {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::String(text) => text.trim().is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Bool(true) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::rows::Rows;

    /// Two changes, an addition, a deletion: which of them were applied, as letters, and the new id.
    fn told(body: &str) -> (String, Option<String>) {
        let rows = serde_json::json!([
            {"rowId": "A-1", "rowFields": {"x": 1}},
            {"rowFields": {"x": 2}},
            {"rowId": "a-2", "rowFields": {"x": 3}},
            {"rowId": "a-3", "deleteRow": true},
        ]);
        let rows = futures_util::FutureExt::now_or_never(Rows::encode("rows", &rows, |_, _| Ok(())))
            .unwrap()
            .unwrap();
        let told = of(rows.list(), body.as_bytes());
        let letters = told.iter().map(|row| if row.applied { 'a' } else { '?' }).collect();
        (letters, told.into_iter().find_map(|row| row.new_id))
    }

    #[test]
    fn the_outcome_of_a_row_is_what_the_answer_says() {
        for (body, letters) in [
            // Nothing about rows.
            ("", "aaaa"),
            ("done", "aaaa"),
            ("null", "aaaa"),
            ("[]", "aaaa"),
            ("{}", "aaaa"),
            (r#"{"error": false, "message": "ok"}"#, "aaaa"),
            (r#"{"updated": null, "added": null}"#, "aaaa"),
            (r#"{"updated": 1"#, "aaaa"),
            // Ids.
            (r#"{"updated": ["a-1", "A-2"], "added": ["n"], "deleted": ["a-3"]}"#, "aaaa"),
            (r#"{"updated": ["a-1", "a-2", "a-3"], "added": ["n"]}"#, "aaaa"),
            (
                r#"{"Updated": [{"id": "a-1"}, {"rowId": "a-2"}], "Added": [{"id": "n"}], "Deleted": ["a-3"]}"#,
                "aaaa",
            ),
            ("\u{feff}{\"updated\": [\"a-2\"], \"added\": [\"n\"], \"deleted\": []}", "?aa?"),
            (r#"{"updated": ["a-1", "a-2"], "added": [], "deleted": ["a-3"]}"#, "a?aa"),
            (r#"{"updated": ["a-1", "a-2"], "added": ["n", "m"], "deleted": ["a-3"]}"#, "a?aa"),
            (r#"{"updated": []}"#, "????"),
            (r#"{"updated": ["a-1", null, 7, {}], "added": 1, "deleted": 0}"#, "aa??"),
            // Counts.
            (r#"{"updated": 2, "added": 1, "deleted": 1}"#, "aaaa"),
            (r#"{"updated": 4}"#, "aaaa"),
            (r#"{"updated": 2, "added": 1, "deleted": null}"#, "????"),
            (r#"{"updated": 2, "added": 1, "deleted": 2}"#, "????"),
            (r#"{"updated": 4, "added": -1, "deleted": 1}"#, "????"),
            (r#"{"updated": 18446744073709551615, "added": 5, "deleted": 0}"#, "????"),
            (r#"{"updated": "all", "added": "1"}"#, "aaaa"),
            // Errors.
            (r#"{"updated": ["a-1"], "added": ["n"], "errors": [{"rowId": "a-2"}]}"#, "aa??"),
            (r#"{"updated": 2, "added": 1, "deleted": 1, "errors": ["no"]}"#, "????"),
            (r#"{"Errors": {"rows": ["no"]}}"#, "????"),
            (r#"{"errors": [], "updated": 4}"#, "aaaa"),
        ] {
            assert_eq!(told(body).0, letters, "{body}");
        }
        assert_eq!(told(r#"{"updated": [], "added": ["n"]}"#).1, Some("n".into()));
        assert_eq!(told(r#"{"updated": [], "added": ["n", "m"]}"#).1, None);
    }
}
