//! A file as text, and a text as rows with their lines.

use std::collections::HashSet;

use encoding_rs::{Encoding, UTF_8};

use crate::error::{Error, Result};

/// The text of a file, without a byte order mark, which says the encoding.
pub(super) fn text(path: &str, name: &str, encoding: Option<&str>) -> Result<String> {
    let bytes =
        std::fs::read(path).map_err(|error| Error::config(format!("{name} cannot be read: {error}")))?;
    if bytes.starts_with(b"PK\x03\x04") {
        return Err(Error::config(format!(
            "{name} is a workbook, or another archive: save its sheet as a CSV file"
        )));
    }
    let given = match encoding {
        None => UTF_8,
        Some(label) => Encoding::for_label(label.as_bytes()).ok_or_else(|| {
            Error::config(format!(
                "encoding: there is no {label:?}; common ones are utf-8, windows-1252 and utf-16le"
            ))
        })?,
    };
    let (encoding, mark) = Encoding::for_bom(&bytes).unwrap_or((given, 0));
    let content = &bytes[mark..];
    encoding.decode_without_bom_handling_and_without_replacement(content).map(String::from).ok_or_else(|| {
        let valid = match std::str::from_utf8(content) {
            Err(error) if encoding == UTF_8 => error.valid_up_to(),
            _ => {
                return Error::config(format!(
                    "{name} is not valid {}: give the encoding that it has",
                    encoding.name()
                ));
            }
        };
        let line = content[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
        Error::config(format!(
            "{name}:{line} is not valid UTF-8: give its encoding, such as windows-1252 for a file of Excel"
        ))
    })
}

/// A table, with the line that each row begins in.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) header: Vec<String>,
    pub(super) lines: Vec<(u64, Vec<String>)>,
}

pub(super) fn rows(text: &str, name: &str, delimiter: Option<&str>, has_tabs: bool) -> Result<Rows> {
    let delimiter = match delimiter {
        None if has_tabs => b'\t',
        None => b',',
        Some("\\t") => b'\t',
        Some(given) => match given.as_bytes() {
            [one] => *one,
            _ => return Err(Error::config(format!("delimiter has to be one character, not {given:?}"))),
        },
    };
    if let Some(line) = open_quote(text, delimiter) {
        return Err(Error::config(format!("{name}:{line}: a quote is not closed")));
    }
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut records = reader.records();
    let unreadable = |error: csv::Error| Error::config(format!("{name} cannot be read: {error}"));
    let header = records.next().transpose().map_err(unreadable)?;
    let header = header.ok_or_else(|| Error::config(format!("{name} has no header line")))?;
    let header: Vec<String> = header.iter().map(|column| column.trim().to_owned()).collect();
    if let [one] = header.as_slice()
        && let Some(other) = [';', '\t', ','].into_iter().find(|other| one.contains(*other))
    {
        return Err(Error::config(format!(
            "{name}:1: its cells seem to be separated by {:?}: give that as delimiter",
            other.to_string()
        )));
    }
    let mut known = HashSet::new();
    for column in &header {
        if column.is_empty() {
            return Err(Error::config(format!("{name}:1: a column has no name")));
        }
        if !known.insert(column) {
            return Err(Error::config(format!("{name}:1: the column {column:?} stands twice")));
        }
    }
    let mut lines = Vec::new();
    let (mut line, mut counted) = (1, 0);
    for record in records {
        let record = record.map_err(unreadable)?;
        // A record begins behind the blank lines that its position is before.
        let begin = record.position().map_or(0, csv::Position::byte) as usize;
        let blanks = text.as_bytes()[begin..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        line += text.as_bytes()[counted..begin + blanks].iter().filter(|byte| **byte == b'\n').count() as u64;
        counted = begin + blanks;
        if record.len() != header.len() {
            return Err(Error::config(format!(
                "{name}:{line} has {} cells, and the header has {}",
                record.len(),
                header.len()
            )));
        }
        // Spreadsheets end a file with rows of nothing.
        if record.iter().any(|cell| !cell.trim().is_empty()) {
            lines.push((line, record.iter().map(str::to_owned).collect()));
        }
    }
    Ok(Rows { header, lines })
}

/// The line of a quote that begins a cell and is never closed: all behind it would be one cell.
fn open_quote(text: &str, delimiter: u8) -> Option<usize> {
    let (mut opened, mut line, mut begins) = (None, 1, true);
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match (opened, byte) {
            (Some(_), b'"') if bytes.peek() == Some(&b'"') => drop(bytes.next()),
            (Some(_), b'"') => opened = None,
            (None, b'"') if begins => opened = Some(line),
            _ => {}
        }
        line += usize::from(byte == b'\n');
        begins = opened.is_none() && (byte == delimiter || byte == b'\n' || byte == b'\r');
    }
    opened
}
