//! What reads a text without a client: the values of a record, and events.

use beproduct::seam;
use napi::bindgen_prelude::{Result, Uint8Array};
use napi_derive::napi;

use crate::promise::crossing;

/// The values of a record by field id, from JSON text, as the JSON text of an array of ids and values.
#[napi]
pub fn values_of(record: String) -> Result<String> {
    seam::values_of(&record).map_err(|error| crossing(&error))
}

/// An event that the service has sent to a webhook, as JSON text.
#[napi]
pub fn parse_event(body: Uint8Array) -> Result<String> {
    seam::parse_event(&body).map_err(|error| crossing(&error))
}
