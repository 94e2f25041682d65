//! Lists in answers: where the rows lie in a body, and what identifies each (docs/service/answers.md, Answers).
//!
//! A body is read once, and nothing of it is copied: rows are ranges of its bytes. Of the readers that were measured,
//! `RawValue` is the fastest that refuses broken JSON (`benches/lists.rs`).

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::Range;

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{Error, Failure, Result};
use crate::own::{ErrorKind, Outcome};

/// One row of a list.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Its place in the body.
    pub(crate) range: Range<usize>,
    /// Hash of what identifies its record, where it says so.
    pub(crate) identity: Option<u64>,
}

/// A list, as ranges of the body that it came in.
#[derive(Debug, Clone)]
pub(crate) struct List {
    pub(crate) rows: Vec<Row>,
    /// Records of the whole list. Anything but a whole number from 0 is none.
    pub(crate) total: Option<u64>,
}

impl List {
    /// Reads `result`, else the array itself, else `data` beside a text `kind`. `identity` is the member that identifies
    /// a record; with an empty one no row has an identity.
    pub(crate) fn read(body: &[u8], identity: &str) -> Result<Self> {
        let text = std::str::from_utf8(body)
            .map_err(|error| unreadable(&format!("the answer is not valid UTF-8: {error}")))?;
        // A byte order mark is no part of the JSON.
        let json = text.strip_prefix('\u{feff}').unwrap_or(text);
        if json.trim().is_empty() {
            return Ok(Self { rows: Vec::new(), total: None });
        }
        let (found, total) = match parse(json).map_err(|error| unreadable(&format!("{NO_LIST}: {error}")))? {
            Body::Bare(found) => (found, None),
            Body::Envelope(envelope) => {
                let total = envelope.total.value.and_then(|total| total.get().parse().ok());
                let has_kind = envelope.kind.value.is_some_and(|kind| kind.get().starts_with('"'));
                // An application page has `data` too: without `kind` it is no list.
                match envelope.result.value.or(envelope.data.value.filter(|_| has_kind)) {
                    Some(found) => (found, total),
                    None if has_kind => (Found::Nothing, total),
                    None => {
                        return Err(unreadable(&format!(
                            "{NO_LIST}: it has neither result nor kind and data"
                        )));
                    }
                }
            }
        };
        let rows = match found {
            Found::Rows(rows) => rows,
            Found::Nothing => Vec::new(),
            Found::Other => return Err(unreadable(NO_LIST)),
        };
        let origin = body.as_ptr().addr();
        let rows = rows.into_iter().map(|row| {
            let start = row.as_ptr().addr() - origin;
            Row { range: start..start + row.len(), identity: identity_of(row, identity) }
        });
        Ok(Self { rows: rows.collect(), total })
    }

    /// The array that the rows are in, brackets included: a slice of the body.
    pub(crate) fn array(&self, body: &Bytes) -> Bytes {
        array(
            body,
            self.rows.first().zip(self.rows.last()).map(|(first, last)| first.range.start..last.range.end),
        )
    }
}

/// The array around these rows of the body.
pub(crate) fn array(body: &Bytes, rows: Option<Range<usize>>) -> Bytes {
    let brackets = rows.and_then(|rows| {
        // Nothing but white space is between the brackets and the rows: the body was read.
        let open = body[..rows.start].iter().rposition(|letter| *letter == b'[')?;
        let close = body[rows.end..].iter().position(|letter| *letter == b']')?;
        Some(open..rows.end + close + 1)
    });
    brackets.map_or(Bytes::from_static(b"[]"), |range| body.slice(range))
}

const NO_LIST: &str = "the answer is no list";

fn unreadable(text: &str) -> Error {
    Error::new(ErrorKind::Decode, text).with_outcome(Outcome::Refused).with_failure(Failure::Final)
}

/// A member under its own name, or under one that differs in case only.
struct Member<T> {
    value: Option<T>,
    exact: bool,
}

impl<T> Default for Member<T> {
    fn default() -> Self {
        Self { value: None, exact: false }
    }
}

impl<T> Member<T> {
    fn put(&mut self, key: &str, name: &str, value: T) {
        let exact = key == name;
        if exact || !self.exact {
            *self = Self { value: Some(value), exact };
        }
    }
}

impl<'a> Member<Found<'a>> {
    /// As `put`, for what may hold the rows: a null takes no rows away.
    fn put_rows(&mut self, key: &str, name: &str, found: Found<'a>) {
        if !matches!((&self.value, &found), (Some(Found::Rows(_)), Found::Nothing)) {
            self.put(key, name, found);
        }
    }
}

#[derive(Default)]
struct Envelope<'a> {
    result: Member<Found<'a>>,
    data: Member<Found<'a>>,
    kind: Member<&'a RawValue>,
    total: Member<&'a RawValue>,
}

enum Body<'a> {
    Bare(Found<'a>),
    Envelope(Envelope<'a>),
}

enum Found<'a> {
    Rows(Vec<&'a str>),
    Nothing,
    Other,
}

fn parse(json: &str) -> serde_json::Result<Body<'_>> {
    let mut input = serde_json::Deserializer::from_str(json);
    let body = Top.deserialize(&mut input)?;
    input.end()?;
    Ok(body)
}

struct Top;

impl<'de> DeserializeSeed<'de> for Top {
    type Value = Body<'de>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> std::result::Result<Self::Value, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Top {
    type Value = Body<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, rows: A) -> std::result::Result<Self::Value, A::Error> {
        Rows.visit_seq(rows).map(Body::Bare)
    }

    fn visit_unit<E>(self) -> std::result::Result<Self::Value, E> {
        Ok(Body::Bare(Found::Nothing))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> std::result::Result<Self::Value, A::Error> {
        let mut envelope = Envelope::default();
        while let Some(key) = members.next_key::<String>()? {
            match key.to_ascii_lowercase().as_str() {
                "result" => envelope.result.put_rows(&key, "result", members.next_value_seed(Rows)?),
                "data" => envelope.data.put_rows(&key, "data", members.next_value_seed(Rows)?),
                "kind" => envelope.kind.put(&key, "kind", members.next_value()?),
                "total" => envelope.total.put(&key, "total", members.next_value()?),
                _ => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Body::Envelope(envelope))
    }
}

/// The rows of an array, or the news that it is none.
struct Rows;

impl<'de> DeserializeSeed<'de> for Rows {
    type Value = Found<'de>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> std::result::Result<Self::Value, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Rows {
    type Value = Found<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Self::Value, A::Error> {
        let mut rows = Vec::new();
        while let Some(row) = items.next_element::<&RawValue>()? {
            rows.push(row.get());
        }
        Ok(Found::Rows(rows))
    }

    fn visit_unit<E>(self) -> std::result::Result<Self::Value, E> {
        Ok(Found::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> std::result::Result<Self::Value, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Found::Other)
    }

    fn visit_bool<E>(self, _value: bool) -> std::result::Result<Self::Value, E> {
        Ok(Found::Other)
    }

    fn visit_i64<E>(self, _value: i64) -> std::result::Result<Self::Value, E> {
        Ok(Found::Other)
    }

    fn visit_u64<E>(self, _value: u64) -> std::result::Result<Self::Value, E> {
        Ok(Found::Other)
    }

    fn visit_f64<E>(self, _value: f64) -> std::result::Result<Self::Value, E> {
        Ok(Found::Other)
    }

    fn visit_str<E>(self, _value: &str) -> std::result::Result<Self::Value, E> {
        Ok(Found::Other)
    }
}

/// The text or the number under a name in a row.
pub(crate) fn member<'a>(row: &'a str, name: &str) -> Option<&'a str> {
    let mut found = Member::default();
    let seed = Finder { name, found: &mut found };
    // It ends at the name, mostly the first of the row, and so with an error about what follows. That was read before.
    let _ = seed.deserialize(&mut serde_json::Deserializer::from_str(row));
    found.value.map(|value: &RawValue| value.get())
}

fn identity_of(row: &str, name: &str) -> Option<u64> {
    if name.is_empty() {
        return None;
    }
    let value = member(row, name)?;
    let mut hasher = DefaultHasher::new();
    match value.as_bytes().first()? {
        b'"' => {
            let text = &value[1..value.len() - 1];
            if text.is_empty() {
                return None;
            }
            match text.contains('\\') {
                true => serde_json::from_str::<String>(value).ok()?.hash(&mut hasher),
                false => text.hash(&mut hasher),
            }
        }
        b'-' | b'0'..=b'9' => value.hash(&mut hasher),
        _ => return None,
    }
    Some(hasher.finish())
}

struct Finder<'a, 'de> {
    name: &'a str,
    found: &'a mut Member<&'de RawValue>,
}

impl<'de> DeserializeSeed<'de> for Finder<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> std::result::Result<(), D::Error> {
        input.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Finder<'_, 'de> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> std::result::Result<(), A::Error> {
        while let Some(matches) = members.next_key_seed(Key(self.name))? {
            match matches {
                Match::No => drop(members.next_value::<IgnoredAny>()?),
                Match::ButCase => self.found.value = self.found.value.or(Some(members.next_value()?)),
                Match::Exact => {
                    *self.found = Member { value: Some(members.next_value()?), exact: true };
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Compares a key with a name.
struct Key<'a>(&'a str);

enum Match {
    Exact,
    ButCase,
    No,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Match;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> std::result::Result<Match, D::Error> {
        input.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Match;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a name")
    }

    fn visit_str<E>(self, key: &str) -> std::result::Result<Match, E> {
        Ok(if key == self.0 {
            Match::Exact
        } else if key.eq_ignore_ascii_case(self.0) {
            Match::ButCase
        } else {
            Match::No
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn read(body: &'static str) -> (Vec<&'static str>, String, Option<u64>) {
        let list = List::read(body.as_bytes(), "id").unwrap();
        let array = list.array(&Bytes::from_static(body.as_bytes()));
        let rows = list.rows.iter().map(|row| &body[row.range.clone()]).collect();
        (rows, String::from_utf8(array.to_vec()).unwrap(), list.total)
    }

    #[test]
    fn lists_in_every_form() {
        for (body, rows, array, total) in [
            (r#"{"result": [1, 2], "total": 9}"#, vec!["1", "2"], "[1, 2]", Some(9)),
            (r#"{"total": 0, "result": null}"#, vec![], "[]", Some(0)),
            (" [ {\"a\": []} ] ", vec![r#"{"a": []}"#], r#"[ {"a": []} ]"#, None),
            ("null", vec![], "[]", None),
            ("", vec![], "[]", None),
            (" \n", vec![], "[]", None),
            ("\u{feff}[1]", vec!["1"], "[1]", None),
            ("\u{feff}", vec![], "[]", None),
            (r#"{"kind": "style", "data": [3], "state": "echo"}"#, vec!["3"], "[3]", None),
            (r#"{"kind": "style", "data": null}"#, vec![], "[]", None),
            (r#"{"kind": "style"}"#, vec![], "[]", None),
            // Names exactly first, then without regard to case; of equal ones the last.
            (r#"{"Result": [1], "Total": 7}"#, vec!["1"], "[1]", Some(7)),
            (r#"{"result": [1], "RESULT": [2]}"#, vec!["1"], "[1]", None),
            (r#"{"Result": [2], "result": [1]}"#, vec!["1"], "[1]", None),
            (r#"{"result": [1], "result": [2], "total": 1, "total": 5}"#, vec!["2"], "[2]", Some(5)),
        ] {
            assert_eq!(read(body), (rows, array.to_owned(), total), "{body}");
        }
    }

    #[test]
    fn what_is_no_list() {
        for body in [
            r#"{"data": [1]}"#,
            r#"{"kind": 3, "data": [1]}"#,
            r#"{"result": {"id": "1"}}"#,
            r#"{"result": "1"}"#,
            r#"{"result": 1}"#,
            r#"{"result": -1}"#,
            r#"{"result": 1.5}"#,
            r#"{"result": true}"#,
            "{}",
            "3",
            "\"text\"",
            "[1, 2,]",
            "[1, 2",
            "[1 2]",
            "[1] [2]",
            r#"{"result": [1], "total": 1"#,
            r#"{"result": [{"a": 01}]}"#,
            r#"{"result": [{"a": "\x"}]}"#,
            r#"{"result": [{"a": tru}]}"#,
            r#"{"result": [{"a" 1}]}"#,
            r#"{"result": [1]}}"#,
            "<html></html>",
        ] {
            let error = List::read(body.as_bytes(), "id").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        }
        assert!(List::read(b"[\"\xff\"]", "id").unwrap_err().message().contains("UTF-8"));
        assert!(List::read(b"{\"other\": \"\xff\", \"result\": []}", "id").is_err());
    }

    #[test]
    fn totals_that_are_none() {
        for total in ["-1", "\"12\"", "1.5", "null", "{}", "1e3", "99999999999999999999"] {
            let body = format!(r#"{{"result": [], "total": {total}}}"#);
            assert_eq!(List::read(body.as_bytes(), "id").unwrap().total, None, "{total}");
        }
    }

    #[test]
    fn identities() {
        let of = |row: &str| identity_of(row, "id");
        assert_eq!(of(r#"{"id": "a"}"#), of(r#"{"x": {"id": "b"}, "id": "\u0061"}"#));
        assert_eq!(of(r#"{"Id": "a"}"#), of(r#"{"id": "a"}"#));
        assert_eq!(of(r#"{"ID": "b", "id": "a"}"#), of(r#"{"id": "a"}"#));
        assert_ne!(of(r#"{"id": 1}"#), of(r#"{"id": "a"}"#));
        for row in [
            "{}",
            r#"{"id": null}"#,
            r#"{"id": ""}"#,
            r#"{"id": {}}"#,
            r#"{"id": []}"#,
            r#"{"id": true}"#,
            "1",
            "[]",
        ] {
            assert_eq!(of(row), None, "{row}");
        }
        assert_eq!(identity_of(r#"{"id": "a", "": "b"}"#, ""), None);
        assert!(identity_of(r#"{"rowId": "a"}"#, "rowId").is_some());
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[\\PC\"\\\\\n\u{e9}\u{1f600}]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z\"]{0,3}", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

        #[test]
        fn rows_are_those_of_a_parser(rows in prop::collection::vec(json(), 0..6), pretty: bool, cut: prop::sample::Index) {
            let whole = serde_json::json!({"total": rows.len(), "result": rows});
            let text = if pretty { serde_json::to_string_pretty(&whole).unwrap() } else { whole.to_string() };
            let body = Bytes::from(text.clone());
            let list = List::read(&body, "id").unwrap();
            let found: Vec<Value> =
                list.rows.iter().map(|row| serde_json::from_slice(&body[row.range.clone()]).unwrap()).collect();
            prop_assert_eq!(&found, &rows);
            prop_assert_eq!(serde_json::from_slice::<Vec<Value>>(&list.array(&body)).unwrap(), rows);
            prop_assert_eq!(list.total, Some(found.len() as u64));
            // A body that was cut is never a list, but for the empty one.
            let cut = cut.index(text.len());
            prop_assert!(cut == 0 || List::read(&text.as_bytes()[..cut], "id").is_err());
        }
    }
}
