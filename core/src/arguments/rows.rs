//! Changes to the rows of a data table. Each is checked and encoded once; requests carry slices of the encoded text.

use std::ops::Range;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::encode::id;
use super::fields::fields;
use super::shown::shown;
use crate::error::{Error, Result};

/// Rows that are encoded before others have a turn.
const AT_ONCE: usize = 100;

/// What a change does to its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Add,
    Update,
    Delete,
}

/// A change to one row.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) id: Option<String>,
    pub(crate) change: Change,
    /// Where its text ends.
    end: usize,
}

/// Changes to rows, encoded.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    /// The rows, with a comma between them.
    text: Vec<u8>,
    list: Vec<Row>,
}

impl Rows {
    /// Checks and encodes rows. Lets others have a turn meanwhile, however many there are. `put` puts the values of a row into
    /// the form of the service.
    pub(crate) async fn encode(
        name: &str,
        value: &Value,
        put: impl Fn(&str, &mut Value) -> Result<()>,
    ) -> Result<Self> {
        let given = value
            .as_array()
            .ok_or_else(|| Error::config(format!("{name} has to be a list of rows, not {}", shown(value))))?;
        if given.is_empty() {
            return Err(Error::config(format!("{name} is empty: there is nothing to do")));
        }
        let mut rows = Self::default();
        for (index, item) in given.iter().enumerate() {
            if index > 0 && index % AT_ONCE == 0 {
                tokio::task::yield_now().await;
            }
            rows.push(&format!("{name}[{index}]"), item, &put)?;
        }
        Ok(rows)
    }

    fn push(&mut self, name: &str, item: &Value, put: impl Fn(&str, &mut Value) -> Result<()>) -> Result<()> {
        let (id, change, mut sent) = row(name, item)?;
        put(&format!("{name}.rowFields"), &mut sent["rowFields"])?;
        if !self.list.is_empty() {
            self.text.push(b',');
        }
        serde_json::to_writer(&mut self.text, &sent)
            .map_err(|error| Error::config(format!("{name} cannot be encoded: {error}")))?;
        self.list.push(Row { id, change, end: self.text.len() });
        Ok(())
    }

    /// All of them, in the order given.
    pub(crate) fn list(&self) -> &[Row] {
        &self.list
    }

    /// The body of a request that carries these.
    pub(crate) fn body(&self, range: &Range<usize>) -> Bytes {
        let begin = |index: usize| if index == 0 { 0 } else { self.list[index - 1].end + 1 };
        let text =
            if range.is_empty() { &[] } else { &self.text[begin(range.start)..self.list[range.end - 1].end] };
        [b"[", text, b"]"].concat().into()
    }
}

fn row(name: &str, item: &Value) -> Result<(Option<String>, Change, Value)> {
    let members = item
        .as_object()
        .ok_or_else(|| Error::config(format!("{name} has to be an object, not {}", shown(item))))?;
    let (mut row_id, mut values, mut delete) = (None, None, false);
    for (key, value) in members {
        match key.as_str() {
            "rowId" | "row_id" if value.is_null() => {}
            "rowId" | "row_id" => row_id = Some(id(&format!("{name}.rowId"), value)?.to_owned()),
            "rowFields" | "row_fields" | "fields" if value.is_null() => {}
            "rowFields" | "row_fields" | "fields" if values.is_some() => {
                return Err(Error::config(format!(
                    "{name} has its values twice; give them as rowFields only"
                )));
            }
            "rowFields" | "row_fields" | "fields" => {
                values = Some(fields(&format!("{name}.rowFields"), value, &[])?);
            }
            "deleteRow" | "delete_row" if value.is_null() => {}
            "deleteRow" | "delete_row" => {
                delete = value.as_bool().ok_or_else(|| {
                    Error::config(format!("{name}.deleteRow has to be true or false, not {}", shown(value)))
                })?;
            }
            _ => {
                return Err(Error::config(format!(
                    "{name} has an unknown member {key:?}; members are rowId, rowFields and deleteRow"
                )));
            }
        }
    }
    if delete && row_id.is_none() {
        return Err(Error::config(format!("{name} is to be deleted but has no rowId")));
    }
    if !delete && values.as_ref().and_then(Value::as_array).is_none_or(Vec::is_empty) {
        return Err(Error::config(format!("{name} has no rowFields: it would change nothing")));
    }
    let change = match (&row_id, delete) {
        (_, true) => Change::Delete,
        (Some(_), false) => Change::Update,
        (None, false) => Change::Add,
    };
    let mut sent = Map::new();
    sent.insert("rowId".into(), row_id.clone().into());
    sent.insert("rowFields".into(), values.unwrap_or_else(|| json!([])));
    if delete {
        sent.insert("deleteRow".into(), true.into());
    }
    Ok((row_id, change, sent.into()))
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// Encodes rows, and counts the turns that it takes.
    fn encode(value: &Value) -> (Result<Rows>, usize) {
        let mut encoding = pin!(Rows::encode("rows", value, |_, _| Ok(())));
        let mut context = Context::from_waker(Waker::noop());
        for turns in 1.. {
            if let Poll::Ready(rows) = encoding.as_mut().poll(&mut context) {
                return (rows, turns);
            }
        }
        unreachable!()
    }

    #[test]
    fn rows_say_what_they_do() {
        for (rows, says) in [
            (json!([{"deleteRow": true}]), "has no rowId"),
            (json!([{"rowId": "a"}]), "would change nothing"),
            (json!([{"rowID": "a", "rowFields": {"x": 1}}]), "unknown member"),
            (json!([{"rowId": "a", "rowFields": {"x": 1}}, 7]), "rows[1] has to be an object"),
            (json!([{"rowId": "a", "deleteRow": 1}]), "true or false"),
            (
                json!([{"rowFields": {"x": 1}, "fields": {"x": 2}}]),
                "rows[0] has its values twice; give them as rowFields only",
            ),
            (json!([]), "is empty"),
            (json!({}), "a list of rows"),
        ] {
            let error = encode(&rows).0.unwrap_err();
            assert!(error.message().contains(says), "{error}");
        }
    }

    #[test]
    fn requests_carry_slices() {
        let rows = json!([
            {"rowFields": {"x": 1.0}},
            {"row_id": "a", "fields": {"x": "é,"}},
            {"rowId": "b", "deleteRow": true},
        ]);
        let rows = encode(&rows).0.unwrap();
        let texts = [
            r#"{"rowId":null,"rowFields":[{"id":"x","value":1}]}"#,
            r#"{"rowId":"a","rowFields":[{"id":"x","value":"é,"}]}"#,
            r#"{"rowId":"b","rowFields":[],"deleteRow":true}"#,
        ];
        for (range, text) in [
            (0..3, texts.join(",")),
            (0..1, texts[0].into()),
            (1..3, texts[1..].join(",")),
            (2..3, texts[2].into()),
            (1..1, String::new()),
        ] {
            assert_eq!(rows.body(&range), format!("[{text}]"), "{range:?}");
        }
        let changes: Vec<_> = rows.list().iter().map(|row| row.change).collect();
        assert_eq!(changes, [Change::Add, Change::Update, Change::Delete]);
    }

    #[test]
    fn many_rows_leave_others_their_turns() {
        let rows: Vec<_> = (0..1_000).map(|number| json!({"rowFields": {"x": number}})).collect();
        let (rows, turns) = encode(&rows.into());
        assert_eq!((rows.unwrap().list().len(), turns), (1_000, 10));
    }
}
