//! The members of a JSON object, read without trust in the object: a name may come twice and in any case, the nesting may be
//! deep, and the text may break off in the middle.

use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// The members of one object, in their order.
pub(crate) struct Members<'a> {
    list: Vec<(Vec<u8>, &'a RawValue)>,
    /// Whether the object came to its end, and nothing comes behind it.
    pub(crate) whole: bool,
}

impl<'a> Members<'a> {
    /// Those of a text that begins like an object: as far as it can be read.
    pub(crate) fn of(text: &'a str) -> Option<Self> {
        if !text.trim_start().starts_with('{') {
            return None;
        }
        let mut list = Vec::new();
        let mut input = serde_json::Deserializer::from_str(text);
        let whole = Collect(&mut list).deserialize(&mut input).and_then(|()| input.end()).is_ok();
        Some(Self { list, whole })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The last member of this name that is not null, else the last one; spelled exactly so if there is one.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let last = |same: &dyn Fn(&[u8]) -> bool| {
            let mut all = self.list.iter().rev().filter(|(key, _)| same(key)).map(|(_, value)| *value);
            let last = all.next()?;
            if last.get() == "null" {
                all.find(|value| value.get() != "null").or(Some(last))
            } else {
                Some(last)
            }
        };
        last(&|key| key == name.as_bytes()).or_else(|| last(&|key| key.eq_ignore_ascii_case(name.as_bytes())))
    }

    /// The same as a value; null for one that is nested too deeply.
    pub(crate) fn value(&self, name: &str) -> Option<Value> {
        Some(serde_json::from_str(self.get(name)?.get()).unwrap_or_default())
    }

    /// The same as a text. No other type is turned into one.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let raw = self.get(name)?.get();
        let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
        // Half a surrogate pair is JSON, but no text.
        Some(serde_json::from_str(raw).unwrap_or_else(|_| inner.to_owned()))
    }

    /// Whether any member of this name, in any case, is true.
    pub(crate) fn any_true(&self, name: &str) -> bool {
        self.list
            .iter()
            .any(|(key, value)| key.eq_ignore_ascii_case(name.as_bytes()) && value.get() == "true")
    }
}

struct Collect<'l, 'a>(&'l mut Vec<(Vec<u8>, &'a RawValue)>);

impl<'de> DeserializeSeed<'de> for Collect<'_, 'de> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Collect<'_, 'de> {
    type Value = ();

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(Key)? {
            self.0.push((key, map.next_value()?));
        }
        Ok(())
    }
}

/// A name as bytes: one with half a surrogate pair is no text.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Vec<u8>;

    fn deserialize<D: serde::Deserializer<'de>>(self, input: D) -> Result<Vec<u8>, D::Error> {
        input.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Vec<u8>;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a name")
    }

    fn visit_bytes<E>(self, name: &[u8]) -> Result<Vec<u8>, E> {
        Ok(name.to_vec())
    }

    fn visit_str<E>(self, name: &str) -> Result<Vec<u8>, E> {
        Ok(name.as_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(text: &str, name: &str) -> Option<String> {
        Members::of(text).unwrap().get(name).map(|raw| raw.get().to_owned())
    }

    #[test]
    fn a_name_that_comes_twice() {
        assert_eq!(get(r#"{"id": 1, "id": 2}"#, "id"), Some("2".into()));
        assert_eq!(get(r#"{"id": 1, "id": null}"#, "id"), Some("1".into()));
        assert_eq!(get(r#"{"id": null, "id": null}"#, "id"), Some("null".into()));
        assert_eq!(get(r#"{"id": 1, "ID": 2}"#, "id"), Some("1".into()));
        assert_eq!(get(r#"{"ID": 2, "Id": 3}"#, "id"), Some("3".into()));
        assert_eq!(get(r#"{"\u0069d": 4}"#, "id"), Some("4".into()));
        assert_eq!(get("{}", "id"), None);
    }

    #[test]
    fn any_true_counts() {
        for text in [
            r#"{"error": true, "error": false}"#,
            r#"{"error": false, "ERROR": true}"#,
            r#"{"Error": true, "error": null, "error": "no"}"#,
            r#"{"\ud800": 1, "error": true}"#,
            r#"{"\u0065rror": true"#,
            r#"{"error": true, "message": "cut o"#,
            r#"{"error": true} and more"#,
        ] {
            assert!(Members::of(text).unwrap().any_true("error"), "{text}");
        }
        for text in [r#"{"error": "true"}"#, r#"{"x": {"error": true}}"#, r#"{"errors": true}"#, "{"] {
            assert!(!Members::of(text).unwrap().any_true("error"), "{text}");
        }
    }

    #[test]
    fn an_end_that_is_missing_is_noticed() {
        assert!(Members::of(r#" {"a": 1} "#).unwrap().whole);
        for text in ["{", r#"{"a": 1"#, r#"{"a": 1} x"#, r#"{"a" 1}"#, r#"{"a": nul}"#] {
            assert!(!Members::of(text).unwrap().whole, "{text}");
        }
        for text in ["", "null", "[1]", "7", "\"{\"", "<p>"] {
            assert!(Members::of(text).is_none(), "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_no_danger() {
        let deep = format!(r#"{{"a": {}{}, "error": true}}"#, "[".repeat(1_000_000), "]".repeat(1_000_000));
        let members = Members::of(&deep).unwrap();
        assert!(members.whole && members.any_true("error"));
        assert_eq!(members.value("a"), Some(Value::Null));
        let open = "{\"a\":".repeat(1_000_000);
        assert!(!Members::of(&open).unwrap().whole);
    }
}
