//! The file of results: each edit with its place, its outcome and the record.

use std::path::Path;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::private_file;

const COLUMNS: [&str; 8] = ["index", "origin", "kind", "resource", "outcome", "id", "number", "reason"];

/// Writes a CSV file, or NDJSON by the ending of the name.
pub(super) fn write(path: &Path, report: &Value) -> Result<()> {
    let edits = report["edits"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let content = match ending.as_deref() {
        Some("ndjson" | "jsonl") => {
            edits.iter().map(|edit| format!("{edit}\n")).collect::<String>().into_bytes()
        }
        _ => {
            csv(edits).map_err(|error| Error::internal(format!("the results cannot be written: {error}")))?
        }
    };
    private_file::replace("the file of results", path, &content)
}

fn csv(edits: &[Value]) -> std::result::Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for edit in edits {
        writer.write_record(COLUMNS.map(|column| match &edit[column] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}
