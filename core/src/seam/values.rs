//! What reads a text without a client, for languages whose records are JSON: the values of a record, and events.

use serde_json::Value;

use crate::error::{Error, Result};
use crate::value;

/// An event that the service has sent to a webhook, as JSON.
///
/// # Errors
/// As [`crate::parse_event`].
pub fn parse_event(body: &[u8]) -> Result<String> {
    serde_json::to_string(&crate::parse_event(body)?).map_err(Error::internal)
}

/// The values of a record by field id, from the record as JSON: read by the types of its fields, in their order, numbers with
/// their digits. They come as a JSON array of `[id, value]`, because not every language keeps the order of an object's members.
/// A record is a header, a list of fields, a colorway, or a row of a page or a data table.
///
/// # Errors
/// `config` for one without fields.
pub fn values_of(record: &str) -> Result<String> {
    let record = serde_json::from_str(record)
        .map_err(|error| Error::config(format!("the record: this is no JSON: {error}")))?;
    let pairs = value::values_of(&record)?.into_iter().map(|(id, value)| Value::from(vec![id.into(), value]));
    Ok(Value::from_iter(pairs).to_string())
}
