//! The file of results: each edit with its place, its outcome and the record.

use std::path::Path;

use super::outcome::{Edited, Report};
use crate::error::{Error, Result};
use crate::private_file;

const COLUMNS: [&str; 9] =
    ["index", "origin", "kind", "resource", "outcome", "id", "number", "row_id", "reason"];

/// Writes a CSV file, or NDJSON by the ending of the name.
pub(super) fn write(path: &Path, report: &Report) -> Result<()> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let content = match ending.as_deref() {
        Some("ndjson" | "jsonl") => ndjson(&report.edits).map_err(|error| error.to_string()),
        _ => csv(&report.edits).map_err(|error| error.to_string()),
    };
    let content =
        content.map_err(|error| Error::internal(format!("the results cannot be written: {error}")))?;
    private_file::replace("the file of results", path, &content)
}

fn ndjson(edits: &[Edited]) -> std::result::Result<Vec<u8>, serde_json::Error> {
    let mut content = Vec::new();
    for edit in edits {
        serde_json::to_writer(&mut content, edit)?;
        content.push(b'\n');
    }
    Ok(content)
}

fn csv(edits: &[Edited]) -> std::result::Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for edit in edits {
        let row_id = edit.part.as_ref().and_then(|part| part.row_id.as_deref());
        let optional = [&edit.id, &edit.number].map(|text| text.as_deref().unwrap_or_default());
        writer.write_record([
            &edit.index.to_string(),
            edit.origin.as_deref().unwrap_or_default(),
            edit.kind.as_str(),
            &edit.resource,
            &edit.outcome,
            optional[0],
            optional[1],
            row_id.unwrap_or_default(),
            edit.reason.as_deref().unwrap_or_default(),
        ])?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}
