//! The folders of the headers that were read or written last.

use std::collections::HashMap;
use std::mem;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

/// Headers of one generation. Two generations are kept.
const GENERATION: usize = 10_000;

/// A bounded memory: the folder of each header.
#[derive(Debug, Default)]
pub(super) struct Folders {
    young: HashMap<String, String>,
    old: HashMap<String, String>,
}

impl Folders {
    pub(super) fn put(&mut self, header: String, folder: String) {
        if self.young.len() >= GENERATION && !self.young.contains_key(&header) {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(header, folder);
    }

    pub(super) fn forget(&mut self, header: &str) {
        let header = header.to_lowercase();
        self.young.remove(&header);
        self.old.remove(&header);
    }

    pub(super) fn of(&self, header: &str) -> Option<String> {
        let header = header.to_lowercase();
        self.young.get(&header).or_else(|| self.old.get(&header)).cloned()
    }
}

/// The id of a header and of its folder, both in lower case. Reads no further than needed.
pub(crate) fn folder_of(record: &[u8]) -> Option<(String, String)> {
    let mut found = Found::default();
    // The rest of the record is left unread, which is an error to the reader.
    let _ = (&mut found).deserialize(&mut serde_json::Deserializer::from_slice(record));
    Some((found.id?.to_lowercase(), found.folder?.to_lowercase()))
}

#[derive(Default)]
struct Found {
    id: Option<String>,
    folder: Option<String>,
}

impl<'de> DeserializeSeed<'de> for &mut Found {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Found {
    type Value = ();

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while self.id.is_none() || self.folder.is_none() {
            match members.next_key::<String>()?.as_deref() {
                None => break,
                Some("id") => self.id = members.next_value::<Value>()?.as_str().map(str::to_owned),
                Some("folder") => {
                    self.folder = members.next_value::<Value>()?["id"].as_str().map(str::to_owned)
                }
                Some(_) => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_record() {
        let is = |text: &str| folder_of(text.as_bytes()).map(|(id, folder)| format!("{id} {folder}"));
        assert_eq!(
            is(r#"{"id": "A", "headerNumber": "1", "folder": {"id": "F", "name": "x"}, "rest": ["#),
            Some("a f".into())
        );
        assert_eq!(is(r#"{"folder": {"id": "F"}, "x": {"id": "no"}, "id": "A"}"#), Some("a f".into()));
        for text in [
            r#"{"id": "A"}"#,
            r#"{"id": "A", "folder": null}"#,
            r#"{"id": 1, "folder": {"id": "F"}}"#,
            "[]",
            "",
            "oops",
        ] {
            assert_eq!(is(text), None, "{text}");
        }
    }

    #[test]
    fn the_last_headers_are_remembered() {
        let mut folders = Folders::default();
        for number in 0..GENERATION * 3 {
            folders.put(number.to_string(), "f".into());
        }
        let known = |number: usize| folders.of(&number.to_string()).is_some();
        assert!(known(GENERATION * 3 - 1) && known(GENERATION * 2 - 1) && !known(0));
        assert!(folders.young.len() + folders.old.len() <= GENERATION * 2);
        folders.put("a".into(), "g".into());
        assert_eq!(folders.of("A").as_deref(), Some("g"));
    }
}
