//! Where edits come from: code, rows of any origin, or a file.

mod cell;
mod table;

use std::path::Path;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

pub(super) use self::cell::in_zone;
use super::edit::{self, Aim, Edit, Key, Kind, Of};
use super::masters::Master;
use crate::arguments::shown;
use crate::error::{Error, Result};
use crate::near;

type Arguments = Map<String, Value>;

/// The edits that the arguments name, checked as far as they can be without the service.
pub(super) fn read(arguments: &Arguments) -> Result<Vec<Edit>> {
    let get = |name: &str| arguments.get(name).filter(|value| !value.is_null());
    let edits = match (get("edits"), get("rows"), get("file")) {
        (Some(edits), None, None) => {
            const OF_ROWS: [&str; 8] =
                ["to", "key", "map", "folder_id", "clear_blanks", "zone", "delimiter", "encoding"];
            if let Some(name) = OF_ROWS.iter().find(|name| get(name).is_some()) {
                return Err(Error::config(format!(
                    "{name} is for rows and files: leave it out beside edits"
                )));
            }
            edit::all("edits", edits)?
        }
        (None, Some(rows), None) => {
            if let Some(name) = ["delimiter", "encoding"].iter().find(|name| get(name).is_some()) {
                return Err(Error::config(format!("{name} is for files: leave it out beside rows")));
            }
            let rows = rows.as_array().ok_or_else(|| {
                Error::config(format!("rows has to be a list of objects, not {}", shown(rows)))
            })?;
            let mapping = Mapping::read(arguments)?;
            let edits = rows.iter().enumerate().map(|(index, row)| {
                let name = format!("rows[{index}]");
                mapping.edit(&name, index, None, object(&name, row)?)
            });
            edits.collect::<Result<_>>()?
        }
        (None, None, Some(file)) => {
            let path = file
                .as_str()
                .filter(|path| !path.is_empty())
                .ok_or_else(|| Error::config(format!("file has to be a path, not {}", shown(file))))?;
            of_file(path, arguments)?
        }
        _ => return Err(Error::config("changes takes exactly one of edits, rows and file")),
    };
    Ok(edits)
}

fn of_file(path: &str, arguments: &Arguments) -> Result<Vec<Edit>> {
    let name = Path::new(path)
        .file_name()
        .map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned());
    let get = |name: &str| arguments.get(name).and_then(Value::as_str);
    let text = table::text(path, &name, get("encoding"))?;
    let ending = Path::new(path).extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("csv" | "tsv" | "txt") => {
            let mapping = Mapping::read(arguments)?;
            let rows = table::rows(&text, &name, get("delimiter"), ending.as_deref() == Some("tsv"))?;
            let mut edits = Vec::with_capacity(rows.lines.len());
            for (index, (line, cells)) in rows.lines.into_iter().enumerate() {
                let place = format!("{name}:{line}");
                let mut members = Map::new();
                for (column, text) in rows.header.iter().zip(cells) {
                    members.insert(column.clone(), cell::value(&place, column, text)?);
                }
                edits.push(mapping.edit(&place, index, Some(place.clone()), members)?);
            }
            Ok(edits)
        }
        Some("ndjson" | "jsonl") => {
            if get("delimiter").is_some() {
                return Err(Error::config("delimiter is for a CSV file: leave it out"));
            }
            let is_given = |name: &str| arguments.get(name).is_some_and(|value| !value.is_null());
            let mapping = match is_given("to") {
                true => Some(Mapping::read(arguments)?),
                false => {
                    if let Some(name) = ["key", "map", "folder_id", "clear_blanks", "zone"]
                        .into_iter()
                        .find(|name| is_given(name))
                    {
                        return Err(Error::config(format!(
                            "{name} is for rows: give to as well, or leave it out"
                        )));
                    }
                    None
                }
            };
            let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
            let mut edits = Vec::new();
            for (index, (line, text)) in lines.enumerate() {
                let place = format!("{name}:{}", line + 1);
                let value: Value = serde_json::from_str(text)
                    .map_err(|error| Error::config(format!("{place} is not JSON: {error}")))?;
                let origin = Some(place.clone());
                edits.push(match &mapping {
                    Some(mapping) => mapping.edit(&place, index, origin, object(&place, &value)?)?,
                    None => {
                        let edit = Edit::read(&place, index, &value)?;
                        Edit { origin: edit.origin.or(origin), ..edit }
                    }
                });
            }
            Ok(edits)
        }
        _ => Err(Error::config(format!(
            "{name}: its name does not say what it is: .csv, .tsv, .ndjson or .jsonl"
        ))),
    }
}

fn object(name: &str, value: &Value) -> Result<Map<String, Value>> {
    let members = value.as_object().cloned();
    members.ok_or_else(|| Error::config(format!("{name} has to be an object, not {}", shown(value))))
}

/// Which column is which field, and which names the record.
struct Mapping {
    master: &'static Master,
    /// The field that names the record: its number, or `id`.
    key: String,
    folder: Option<String>,
    /// Fields by columns; a column without a field is left out.
    columns: Map<String, Value>,
    clears_blanks: bool,
    zone: Option<TimeZone>,
}

impl Mapping {
    fn read(arguments: &Arguments) -> Result<Self> {
        let get = |name: &str| arguments.get(name).filter(|value| !value.is_null());
        let text = |name: &str| match get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(Error::config(format!("{name} has to be a text, not {}", shown(other)))),
        };
        let known = Master::names();
        let to = text("to")?.ok_or_else(|| {
            Error::config(format!("to is missing: what the rows are about, one of {}", known.join(", ")))
        })?;
        let master = Master::find(&to).ok_or_else(|| {
            Error::config(format!("to: there is no {to:?}{}", near::hint_or_all(&to, &known, "there are")))
        })?;
        let keys = [master.number.field, "id"];
        let key = text("key")?.ok_or_else(|| {
            Error::config(format!(
                "key is missing: the column that names the {}, {} or id",
                master.noun, keys[0]
            ))
        })?;
        if !keys.contains(&key.as_str()) {
            return Err(Error::config(format!("key has to be {} or id, not {key:?}", keys[0])));
        }
        let columns = match get("map") {
            None => Map::new(),
            Some(Value::Object(columns))
                if columns.values().all(|field| field.is_string() || field.is_null()) =>
            {
                columns.clone()
            }
            Some(other) => {
                return Err(Error::config(format!(
                    "map has to be a map of fields by columns, not {}",
                    shown(other)
                )));
            }
        };
        let clears_blanks = match get("clear_blanks") {
            None => false,
            Some(flag) => flag.as_bool().ok_or_else(|| {
                Error::config(format!("clear_blanks has to be true or false, not {}", shown(flag)))
            })?,
        };
        let zone = match text("zone")? {
            None => None,
            Some(zone) => Some(TimeZone::get(&zone).map_err(|_| {
                Error::config(format!("zone: there is no time zone {zone:?}; one looks like Europe/Lisbon"))
            })?),
        };
        let folder = text("folder_id")?;
        Ok(Self { master, key, folder, columns, clears_blanks, zone })
    }

    /// The edit of a row. `name` is where it stands.
    fn edit(
        &self,
        name: &str,
        index: usize,
        origin: Option<String>,
        row: Map<String, Value>,
    ) -> Result<Edit> {
        for column in self.columns.keys() {
            if !row.contains_key(column) {
                let known: Vec<_> = row.keys().map(String::as_str).collect();
                let hint = near::hint_or_all(column, &known, "columns are");
                return Err(Error::config(format!("map: {name} has no column {column:?}{hint}")));
            }
        }
        let mut fields = Map::new();
        for (column, value) in row {
            let field = match self.columns.get(&column) {
                None => column.as_str(),
                Some(Value::String(field)) => field,
                Some(_) => continue,
            };
            if fields.insert(field.to_owned(), value).is_some() {
                return Err(Error::config(format!("{name}: two columns are the field {field:?}")));
            }
        }
        let key = fields.shift_remove(&self.key).ok_or_else(|| {
            let known: Vec<_> = fields.keys().map(String::as_str).collect();
            let hint = near::hint_or_all(&self.key, &known, "columns are");
            let noun = self.master.noun;
            Error::config(format!("{name} has no column {:?}, which names the {noun}{hint}", self.key))
        })?;
        let place = format!("{name}: {}", self.key);
        let key = match self.key.as_str() {
            "id" => Key::id(&place, &key)?,
            _ => Key::number(&place, &key, self.folder.as_deref())?,
        };
        if !self.clears_blanks {
            fields.retain(|_, value| !is_blank(value));
        }
        Ok(Edit {
            index,
            origin,
            kind: Kind::Update,
            of: Of::Master(self.master),
            aim: Aim::Header,
            key: Some(key),
            folder: None,
            fields: fields.into_iter().collect(),
            zone: self.zone.clone(),
        })
    }
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(edit: &Edit) -> Value {
        Value::Object(edit.fields.iter().cloned().collect())
    }

    fn of_rows(arguments: Value) -> Result<Vec<Edit>> {
        read(arguments.as_object().unwrap())
    }

    fn of_text(name: &str, content: &[u8], more: Value) -> Result<Vec<Edit>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let mut arguments = json!({"file": path, "to": "style", "key": "header_number"});
        for (name, value) in more.as_object().unwrap() {
            arguments[name] = value.clone();
        }
        of_rows(arguments)
    }

    #[test]
    fn a_row_is_an_edit_of_the_record_that_it_names() {
        let rows = json!([{"Number": "A-1", "season": "Fall", "note": "", "x": 1}]);
        let edits = of_rows(json!({
            "rows": rows, "to": "style", "key": "header_number", "map": {"Number": "header_number", "x": null},
        }))
        .unwrap();
        assert_eq!(edits[0].key, Some(Key::Number { number: "A-1".into(), folder: None }));
        assert_eq!(shown(&edits[0]), json!({"season": "Fall"}));
        let cleared = of_rows(json!({
            "rows": [{"id": "a", "note": ""}], "to": "style", "key": "id", "clear_blanks": true,
        }));
        assert_eq!(shown(&cleared.unwrap()[0]), json!({"note": ""}));
    }

    #[test]
    fn files_say_where_each_edit_comes_from() {
        let text = "\u{feff}header_number,season\nA-1,Fall\n\n\"A-2\",\"Win\nter\"\nA-3,\n";
        let edits = of_text("s.csv", text.as_bytes(), json!({})).unwrap();
        let origins: Vec<_> = edits.iter().map(|edit| edit.origin.clone().unwrap()).collect();
        assert_eq!(origins, ["s.csv:2", "s.csv:4", "s.csv:6"]);
        assert_eq!(edits[1].field("season").unwrap(), "Win\nter");
        assert!(edits[2].fields.is_empty());
        let text = "{\"kind\": \"delete\", \"resource\": \"style\", \"record\": {\"id\": \"a\"}}\n\n{\"kind\": \"delete\", \"resource\": \"style\", \"record\": {\"id\": \"b\"}, \"origin\": \"mine\"}\n";
        let edits = of_text("s.ndjson", text.as_bytes(), json!({"to": null, "key": null})).unwrap();
        let origins: Vec<_> = edits.iter().map(|edit| edit.origin.clone().unwrap()).collect();
        assert_eq!(origins, ["s.ndjson:1", "mine"]);
    }

    #[test]
    fn rows_of_nothing_are_none() {
        for text in ["header_number,season\n", "header_number,season\n,\n , \n"] {
            assert!(of_text("s.csv", text.as_bytes(), json!({})).unwrap().is_empty(), "{text:?}");
        }
    }

    #[test]
    fn encodings_and_delimiters() {
        let latin = b"header_number;season\nA-1;\xc9t\xe9\n";
        let edits = of_text("s.csv", latin, json!({"encoding": "windows-1252", "delimiter": ";"})).unwrap();
        assert_eq!(edits[0].field("season").unwrap(), "Été");
        let utf16: Vec<u8> =
            "\u{feff}header_number\tseason\nA-1\tÉté\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(of_text("s.tsv", &utf16, json!({})).unwrap()[0].field("season").unwrap(), "Été");
        let error = of_text("s.csv", latin, json!({"delimiter": ";"})).unwrap_err();
        assert_eq!(
            error.message(),
            "s.csv:2 is not valid UTF-8: give its encoding, such as windows-1252 for a file of Excel"
        );
        let error = of_text("s.csv", latin, json!({"encoding": "gb18030", "delimiter": ";"})).unwrap_err();
        assert_eq!(error.message(), "s.csv is not valid gb18030: give the encoding that it has");
    }

    #[test]
    fn wrong_files_are_refused_with_their_place() {
        for (name, text, more, says) in [
            ("s.csv", "header_number,season\nA-1\n", json!({}), "s.csv:2 has 1 cells, and the header has 2"),
            (
                "s.csv",
                "header_number,season,season\n",
                json!({}),
                "s.csv:1: the column \"season\" stands twice",
            ),
            ("s.csv", "header_number,\nA,b\n", json!({}), "s.csv:1: a column has no name"),
            ("s.csv", "", json!({}), "s.csv has no header line"),
            ("s.csv", "PK\u{3}\u{4}", json!({}), "s.csv is a workbook"),
            (
                "s.csv",
                "number,season\nA-1,Fall\n",
                json!({}),
                "s.csv:2 has no column \"header_number\", which names the style",
            ),
            ("s.csv", "header_number,season\n,Fall\n", json!({}), "s.csv:2: header_number is empty"),
            (
                "s.csv",
                "header_number,price\nA-1,=SUM(A1)\n",
                json!({}),
                "s.csv:2, column price: \"=SUM(A1)\" is a formula: save the file with its values",
            ),
            (
                "s.csv",
                "header_number,price\nA-1,4.00123E+12\n",
                json!({}),
                "s.csv:2, column price: \"4.00123E+12\" is a number that a spreadsheet has cut",
            ),
            ("s.csv", "header_number,x\nA-1,#REF!\n", json!({}), "s.csv:2, column x: \"#REF!\" is an error"),
            (
                "s.csv",
                "header_number;x\nA-1;1\n",
                json!({}),
                "s.csv:1: its cells seem to be separated by \";\": give that as delimiter",
            ),
            (
                "s.csv",
                "header_number\nA-1\n",
                json!({"map": {"Nr": "x"}}),
                "map: s.csv:2 has no column \"Nr\"",
            ),
            (
                "s.csv",
                "header_number,a\nA,b\n",
                json!({"delimiter": "||"}),
                "delimiter has to be one character",
            ),
            (
                "s.csv",
                "header_number,a\nA,b\n",
                json!({"encoding": "utf-9"}),
                "encoding: there is no \"utf-9\"",
            ),
            (
                "s.csv",
                "header_number,a\nA,b\n",
                json!({"zone": "Lisbon"}),
                "zone: there is no time zone \"Lisbon\"",
            ),
            (
                "s.csv",
                "header_number,a\nA,b\n",
                json!({"key": "season"}),
                "key has to be header_number or id",
            ),
            (
                "s.csv",
                "header_number,a\nA,b\n",
                json!({"to": "stile"}),
                "to: there is no \"stile\"; did you mean \"style\"?",
            ),
            ("s.csv", "header_number,\"a\nA,b\n", json!({}), "s.csv:1: a quote is not closed"),
            ("s.xlsx", "PK", json!({}), "s.xlsx: its name does not say what it is"),
            ("s.ndjson", "{\"a\": }\n", json!({"to": null, "key": null}), "s.ndjson:1 is not JSON"),
        ] {
            let error = of_text(name, text.as_bytes(), more).unwrap_err();
            assert!(error.message().contains(says), "{text:?}: {error}");
        }
        let both = of_rows(json!({"edits": [], "rows": []})).unwrap_err();
        assert_eq!(both.message(), "changes takes exactly one of edits, rows and file");
        let missing = of_rows(json!({"file": "/nowhere/s.csv", "to": "style", "key": "id"})).unwrap_err();
        assert!(missing.message().starts_with("s.csv cannot be read: "), "{missing}");
    }
}
