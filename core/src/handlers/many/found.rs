//! What became of each id.

use std::collections::HashMap;

use bytes::{BufMut as _, Bytes, BytesMut};
use serde_json::{Value, json};

use crate::answer::list::member;
use crate::error::Error;
use crate::own::Meta;

/// The records that were asked for, in their order.
pub(crate) struct Found {
    ids: Vec<String>,
    /// Ids in lower case, and their places.
    places: HashMap<String, usize>,
    fates: Vec<Fate>,
    open: usize,
}

#[derive(Clone, PartialEq)]
enum Fate {
    Open,
    Found(Bytes),
    Missing,
}

impl Found {
    /// Nothing is known of these ids, which differ.
    pub(super) fn of(ids: Vec<String>) -> Self {
        let places = ids.iter().enumerate().map(|(place, id)| (id.to_lowercase(), place)).collect();
        Self { places, fates: vec![Fate::Open; ids.len()], open: ids.len(), ids }
    }

    /// Takes a record that was asked for. What comes again changes nothing.
    pub(super) fn put(&mut self, record: Bytes) {
        if let Some(place) = id_of(&record).and_then(|id| self.places.get(&id)) {
            self.settle(*place, Fate::Found(record));
        }
    }

    /// There is no record with this id.
    pub(super) fn miss(&mut self, id: &str) {
        if let Some(place) = self.places.get(&id.to_lowercase()) {
            self.settle(*place, Fate::Missing);
        }
    }

    /// All ids that are open are missing.
    pub(super) fn miss_all(&mut self) {
        (0..self.ids.len()).for_each(|place| self.settle(place, Fate::Missing));
    }

    fn settle(&mut self, place: usize, fate: Fate) {
        if self.fates[place] == Fate::Open {
            self.fates[place] = fate;
            self.open -= 1;
        }
    }

    /// Ids of which nothing is known.
    pub(super) fn open(&self) -> usize {
        self.open
    }

    pub(super) fn open_ids(&self) -> Vec<String> {
        self.with(|fate| *fate == Fate::Open).map(str::to_owned).collect()
    }

    /// Ids that were asked for.
    pub(crate) fn asked(&self) -> usize {
        self.ids.len()
    }

    /// Ids of which everything is known.
    pub(super) fn settled(&self) -> usize {
        self.ids.len() - self.open
    }

    /// The record with this id, if there is one.
    pub(crate) fn record(&self, id: &str) -> Option<&Bytes> {
        match &self.fates[*self.places.get(&id.to_lowercase())?] {
            Fate::Found(record) => Some(record),
            Fate::Open | Fate::Missing => None,
        }
    }

    fn with(&self, is: impl Fn(&Fate) -> bool) -> impl Iterator<Item = &str> {
        let fates = self.ids.iter().zip(&self.fates);
        fates.filter(move |(_, fate)| is(fate)).map(|(id, _)| id.as_str())
    }

    /// The records are put together as they came.
    pub(super) fn json(&self, way: Option<&str>) -> Bytes {
        let mut json = BytesMut::new();
        json.put_slice(br#"{"found":["#);
        let records = self.fates.iter().filter_map(|fate| match fate {
            Fate::Found(record) => Some(record),
            Fate::Open | Fate::Missing => None,
        });
        for (index, record) in records.enumerate() {
            if index > 0 {
                json.put_u8(b',');
            }
            json.put_slice(record);
        }
        json.put_slice(br#"],"missing":"#);
        let missing: Vec<_> = self.with(|fate| *fate == Fate::Missing).collect();
        json.put_slice(json!(missing).to_string().as_bytes());
        if let Some(way) = way {
            json.put_slice(br#","by":"#);
            json.put_slice(json!(way).to_string().as_bytes());
        }
        json.put_u8(b'}');
        json.freeze()
    }

    /// The error of a request, with what the others have found. What all of them have cost is in `meta`.
    pub(crate) fn into_error(self, error: Error, meta: Meta) -> Error {
        // A mistake of the caller, or a single read, has nothing to tell beside itself.
        if self.ids.len() <= 1 || (meta.attempts.is_empty() && error.attempts().is_empty()) {
            return error;
        }
        let attempts = [meta.attempts, error.attempts().to_vec()].concat();
        let waits = [meta.waits, error.waits().to_vec()].concat();
        let cost = meta.cost;
        let mut details: Value = serde_json::from_slice(&self.json(None)).unwrap_or_default();
        details["cost"] = cost.into();
        let (settled, all) = (self.settled(), self.ids.len());
        let text =
            format!("{settled} of {all} records were looked up before a request failed: {}", error.message());
        error.with_message(text).with_details(details).with_trace(attempts, waits, cost)
    }
}

/// The id of a record, in lower case.
pub(super) fn id_of(record: &[u8]) -> Option<String> {
    let value = member(std::str::from_utf8(record).ok()?, "id")?;
    serde_json::from_str::<String>(value).ok().map(|id| id.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_in_the_order_asked() {
        let mut found = Found::of(vec!["A".into(), "b".into(), "c".into(), "d".into()]);
        for record in
            [r#"{"id": "C"}"#, r#"{"id": "a", "x": 1}"#, r#"{"id": "other"}"#, r#"{"id": "A"}"#, "7"]
        {
            found.put(record.into());
        }
        found.miss("B");
        found.miss("a");
        assert_eq!((found.open(), found.settled(), found.open_ids()), (1, 3, vec!["d".to_owned()]));
        let expected = r#"{"found":[{"id": "a", "x": 1},{"id": "C"}],"missing":["b"],"by":"gets"}"#;
        assert_eq!(found.json(Some("gets")), expected);
        found.miss_all();
        assert_eq!(found.json(None), r#"{"found":[{"id": "a", "x": 1},{"id": "C"}],"missing":["b","d"]}"#);
    }
}
