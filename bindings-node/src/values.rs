//! The values of a record.

use beproduct::seam;
use napi::bindgen_prelude::Result;
use napi_derive::napi;

use crate::promise::crossing;

/// The values of a record by field id, from JSON text, as the JSON text of an array of ids and values.
#[napi]
pub fn values_of(record: String) -> Result<String> {
    seam::values_of(&record).map_err(|error| crossing(&error))
}
