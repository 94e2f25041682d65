//! The arguments of a case as the types of Rust.

use beproduct::models::DataTableRowChange;
use beproduct::{BodySource, Chunks, FileSource, Filter, Operator, SourceError};
use bytes::Bytes;
use futures_util::future::{BoxFuture, ready};
use futures_util::{StreamExt as _, stream};
use serde_json::{Map, Value};

/// Arguments that are taken one by one.
pub(crate) struct Arguments<'a> {
    given: &'a Map<String, Value>,
    taken: usize,
}

impl<'a> Arguments<'a> {
    pub(crate) fn new(given: &'a Map<String, Value>) -> Self {
        Self { given, taken: 0 }
    }

    pub(crate) fn required<T>(&mut self, name: &str, read: fn(&Value) -> Option<T>) -> Option<T> {
        self.optional(name, read)?
    }

    /// None when the value has another type, and none within when there is no value.
    pub(crate) fn optional<T>(&mut self, name: &str, read: fn(&Value) -> Option<T>) -> Option<Option<T>> {
        let Some(value) = self.given.get(name) else { return Some(None) };
        self.taken += 1;
        if value.is_null() { Some(None) } else { read(value).map(Some) }
    }

    /// None when there is an argument that nobody took.
    pub(crate) fn ended(self) -> Option<()> {
        (self.taken == self.given.len()).then_some(())
    }
}

pub(crate) fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

pub(crate) fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(text).collect()
}

/// A path, a URL, or a stream.
pub(crate) fn file(value: &Value) -> Option<FileSource> {
    if let Value::String(path) = value {
        return Some(path.as_str().into());
    }
    let members = value.as_object()?;
    let member = |name: &str| members.get(name);
    let name = match member("name") {
        None => None,
        Some(name) => Some(name.as_str()?),
    };
    let known = |names: &[&str]| members.keys().all(|name| names.contains(&name.as_str()));
    let file = match (member("path"), member("url"), member("chunks")) {
        (Some(Value::String(path)), None, None) if known(&["path", "name"]) => FileSource::path(path),
        (None, Some(Value::String(url)), None) if known(&["url", "name"]) => FileSource::url(url).ok()?,
        (None, None, Some(chunks)) => FileSource::source(
            name?,
            Streamed {
                chunks: texts(chunks)?,
                length: member("length").map(|length| length.as_u64().ok_or(())).transpose().ok()?,
                fails: member("fails").and_then(text),
                waits: member("waits").is_some(),
            },
        ),
        _ => return None,
    };
    Some(match name {
        Some(name) => file.named(name),
        None => file,
    })
}

/// A stream as cases describe it.
struct Streamed {
    chunks: Vec<String>,
    length: Option<u64>,
    fails: Option<String>,
    waits: bool,
}

impl BodySource for Streamed {
    fn length(&self) -> Option<u64> {
        self.length
    }

    fn replayable(&self) -> bool {
        false
    }

    fn open(&self) -> BoxFuture<'static, Result<Chunks, SourceError>> {
        let chunks: Vec<_> = self.chunks.iter().cloned().map(|chunk| Ok(Bytes::from(chunk))).collect();
        let failure = self.fails.clone().map(|text| Err(SourceError::from(text)));
        let chunks = stream::iter(chunks).chain(stream::iter(failure));
        Box::pin(ready(Ok(match self.waits {
            true => chunks.chain(stream::pending()).boxed(),
            false => chunks.boxed(),
        })))
    }
}

#[allow(dead_code)] // The present catalogue has no numbers.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    value.as_i64()
}

pub(crate) fn boolean(value: &Value) -> Option<bool> {
    value.as_bool()
}

pub(crate) fn any(value: &Value) -> Option<Value> {
    Some(value.clone())
}

pub(crate) fn records(value: &Value) -> Option<Vec<Value>> {
    value.as_array().cloned()
}

pub(crate) fn rows(value: &Value) -> Option<Vec<DataTableRowChange>> {
    value.as_array()?.iter().map(|row| serde_json::from_value(row.clone()).ok()).collect()
}

pub(crate) fn pairs(value: &Value) -> Option<Vec<(String, Value)>> {
    Some(value.as_object()?.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
}

pub(crate) fn filters(value: &Value) -> Option<Vec<Filter>> {
    let operators = [
        Operator::Eq,
        Operator::Neq,
        Operator::Gt,
        Operator::Gte,
        Operator::Lt,
        Operator::Lte,
        Operator::Contains,
    ];
    let filter = |filter: &Value| {
        let members = filter.as_object().filter(|members| members.len() == 3)?;
        let name = members.get("operator")?.as_str()?;
        let operator = operators.into_iter().find(|operator| operator.as_str() == name)?;
        Some(Filter::new(members.get("field")?.as_str()?, operator, members.get("value")?.clone()))
    };
    value.as_array()?.iter().map(filter).collect()
}
