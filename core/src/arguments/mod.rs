//! From a caller's arguments to a request: checked against the catalogue, encoded, with the body written here and
//! nowhere else, so that all languages send the same bytes.

pub(crate) mod by_hand;
mod conditions;
pub(crate) mod encode;
pub(crate) mod fields;
pub(crate) mod files;
mod filter_map;
pub(crate) mod filters;
mod implied;
pub(crate) mod link;
mod plain;
mod records;
pub(crate) mod rows;
mod shown;

use std::ops::Range;
use std::path::PathBuf;

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::address::LinkOf;
use crate::catalog::{Absent, BodyKind, ClientValue, Kind, Operation, Parameter, Place};
use crate::error::{Error, Result};
use crate::near;

use self::files::{FileSource, Multipart};
use self::link::Link;
use self::rows::Rows;
pub(crate) use self::shown::{shown, shown_text};

/// A request without host, sign-in and paging.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    /// The operation that decides how the request is treated.
    pub(crate) operation: &'static Operation,
    /// Path below the base address, encoded.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    /// Values of the client that go behind the query, by the names that they have there.
    pub(crate) of_client: Vec<(&'static str, ClientValue)>,
    pub(crate) body: Option<Bytes>,
    /// A body that is read while it is sent, in place of the other.
    pub(crate) multipart: Option<Multipart>,
    /// The link that is the address, and where it comes from.
    pub(crate) link: Option<Link>,
    pub(crate) link_of: LinkOf,
    /// The path that the file of the answer is written to.
    pub(crate) target: Option<PathBuf>,
    /// The file that is to be sent: the parameter, and what the arguments say of it.
    file: Option<(&'static Parameter, FileSource)>,
    /// What the filters name, to be checked before the request is sent.
    pub(crate) filters: Vec<NamedFields>,
    /// Whether a repeat adds nothing: what the replay class `conditional` asks for.
    pub(crate) adds_nothing: bool,
}

/// The fields that the filters of one argument name.
#[derive(Debug, Clone)]
pub(crate) struct NamedFields {
    pub(crate) parameter: &'static Parameter,
    pub(crate) fields: Vec<String>,
    /// Where the fields are listed that they may name. None when the argument that says so was not given.
    pub(crate) schema: Option<Schema>,
}

/// A list of fields: an operation, and its argument.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    pub(crate) operation: &'static str,
    pub(crate) argument: &'static str,
    pub(crate) id: String,
}

impl Prepared {
    /// The same request with some of the rows as its body.
    pub(crate) fn carrying(&self, rows: &Rows, range: &Range<usize>) -> Self {
        let adds_nothing = rows.list()[range.clone()].iter().all(|row| row.id.is_some());
        Self { body: Some(rows.body(range)), adds_nothing, ..self.clone() }
    }

    /// The file that is to be sent, and its parameter. `attached` are those that go with the call and are no JSON.
    pub(crate) fn file(
        &mut self,
        attached: &[FileSource],
    ) -> Result<Option<(&'static Parameter, FileSource)>> {
        let Some((parameter, file)) = self.file.take() else { return Ok(None) };
        Ok(Some((parameter, file.among(attached, parameter.name)?)))
    }

    /// How many rows the body carries, as a whole or in a member, for a request that was written by hand too.
    pub(crate) fn rows_in_body(&self) -> usize {
        let carries_rows = self.operation.rows.is_some_and(|rows| rows.place == Place::Body);
        let rows = self.body.as_ref().filter(|_| carries_rows);
        match rows.and_then(|body| serde_json::from_slice(body).ok()) {
            Some(Value::Array(rows)) => rows.len(),
            // Beside other members.
            Some(Value::Object(members)) => {
                let rows = self.operation.rows_parameter().and_then(|rows| members.get(rows.wire));
                rows.and_then(Value::as_array).map_or(1, Vec::len)
            }
            _ => 1,
        }
    }
}

/// Whether the arguments are there and nothing else is.
pub(crate) fn check_names(operation: &Operation, arguments: &Map<String, Value>) -> Result<()> {
    let wrong = |text: String| Err(Error::config(text).with_operation(operation.id));
    for name in arguments.keys() {
        if !operation.parameters.iter().any(|parameter| parameter.name == name) {
            let known: Vec<_> = operation.parameters.iter().map(|parameter| parameter.name).collect();
            let hint = near::hint_or_all(name, &known, "it takes");
            return wrong(format!("{} has no argument {name:?}{hint}", short_id(operation)));
        }
    }
    for parameter in operation.parameters.iter().filter(|parameter| parameter.required) {
        if arguments.get(parameter.name).is_none_or(Value::is_null) {
            return wrong(format!("{} needs {}", short_id(operation), parameter.name));
        }
    }
    let is_given = |name: &&&str| arguments.get(**name).is_some_and(|value| !value.is_null() && value != "");
    if !operation.one_of.is_empty() && operation.one_of.iter().filter(is_given).count() != 1 {
        return wrong(format!(
            "{} takes exactly one of {}",
            short_id(operation),
            operation.one_of.join(", ")
        ));
    }
    for parameter in operation.parameters {
        let needed = parameter.needs.filter(|_| arguments.get(parameter.name) == Some(&Value::Bool(true)));
        if let Some(needed) = needed.filter(|needed| !is_given(&needed)) {
            return wrong(format!("{}: {} needs {needed}", short_id(operation), parameter.name));
        }
    }
    Ok(())
}

pub(crate) fn short_id(operation: &Operation) -> String {
    format!("{}.{}", operation.resource, operation.name)
}

/// Checks and encodes the arguments of a single request. Rows of a table are left to [`Rows`], as one request may not carry all
/// of them.
pub(crate) fn prepare(operation: &'static Operation, arguments: &Map<String, Value>) -> Result<Prepared> {
    check_names(operation, arguments)?;
    build(operation, arguments).map_err(|error| error.with_operation(operation.id))
}

fn build(operation: &'static Operation, arguments: &Map<String, Value>) -> Result<Prepared> {
    let mut prepared = Prepared {
        operation,
        path: operation.path.to_owned(),
        query: Vec::new(),
        of_client: Vec::new(),
        body: None,
        multipart: None,
        link: None,
        link_of: LinkOf::Answer,
        target: None,
        file: None,
        filters: Vec::new(),
        adds_nothing: true,
    };
    let mut members = Map::new();
    let mut whole = None;
    for parameter in operation.parameters {
        // Null is a value of its own in JSON, but not in place of a record.
        let takes_null = parameter.kind == Kind::Json && parameter.members.is_empty();
        let given = arguments.get(parameter.name).filter(|value| !value.is_null() || takes_null);
        match parameter.place {
            Place::Path => {
                let segment = match parameter.kind {
                    Kind::RelativePath => relative_path(parameter.name, given.unwrap_or(&Value::Null))?,
                    Kind::Choice => encode::percent(&plain::text(parameter, given.unwrap_or(&Value::Null))?),
                    Kind::Text => {
                        encode::percent(encode::segment(parameter.name, given.unwrap_or(&Value::Null))?)
                    }
                    _ => encode::percent(encode::id(parameter.name, given.unwrap_or(&Value::Null))?),
                };
                prepared.path = prepared.path.replace(&format!("{{{}}}", parameter.name), &segment);
            }
            Place::Query => query(&mut prepared, parameter, given)?,
            Place::Body if parameter.kind == Kind::TableRows => {}
            Place::Body if parameter.kind == Kind::File => {
                let file = FileSource::from_json(parameter.name, given.unwrap_or(&Value::Null))?;
                prepared.file = Some((parameter, file));
            }
            Place::Body => {
                let value = match given {
                    Some(value) => Some(body_value(&mut prepared, parameter, value, arguments)?),
                    None => match parameter.absent {
                        Absent::Null => Some(Value::Null),
                        Absent::EmptyArray => Some(Value::Array(Vec::new())),
                        Absent::False => Some(Value::Bool(false)),
                        Absent::Omit | Absent::Empty => None,
                    },
                };
                match (operation.body, value) {
                    (BodyKind::Array | BodyKind::Json, value) => whole = value,
                    (_, Some(value)) => {
                        members.insert(parameter.wire.to_owned(), value);
                    }
                    (_, None) => {}
                }
            }
            Place::Handler => match parameter.kind {
                Kind::Link => {
                    prepared.link = given.map(|link| Link::read(parameter.name, link)).transpose()?
                }
                Kind::Target => {
                    let path = given.map(|path| text(parameter.name, path)).transpose()?;
                    prepared.target = path.map(PathBuf::from);
                }
                _ => {}
            },
        }
    }
    for value in operation.implied {
        implied::add(&mut prepared, &mut members, value, arguments);
    }
    let body = match operation.body {
        BodyKind::None | BodyKind::Multipart => None,
        BodyKind::Object | BodyKind::EmptyObject => Some(Value::Object(members)),
        BodyKind::Array | BodyKind::Json => whole,
    };
    prepared.body = body.map(|body| Bytes::from(body.to_string()));
    if operation.is_by_hand() {
        by_hand::settle(&mut prepared, arguments)?;
    }
    Ok(prepared)
}

fn text(name: &str, value: &Value) -> Result<String> {
    let text = value.as_str().filter(|text| !text.is_empty());
    text.map(str::to_owned)
        .ok_or_else(|| Error::config(format!("{name} has to be a text, not {}", shown(value))))
}

fn query(prepared: &mut Prepared, parameter: &Parameter, given: Option<&Value>) -> Result<()> {
    let Some(value) = given else {
        match parameter.absent {
            Absent::Empty => prepared.query.push((parameter.wire.to_owned(), String::new())),
            Absent::False => prepared.query.push((parameter.wire.to_owned(), "false".into())),
            _ => {}
        }
        return Ok(());
    };
    if parameter.kind == Kind::QueryMap {
        return query_map(&mut prepared.query, parameter.name, value);
    }
    note_flag(prepared, parameter, value);
    prepared.query.push((parameter.wire.to_owned(), plain::text(parameter, value)?));
    Ok(())
}

/// Parameters by name; a list repeats its name.
fn query_map(query: &mut Vec<(String, String)>, name: &str, value: &Value) -> Result<()> {
    let wrong = || Error::config(format!("{name} has to be a map of texts, not {}", shown(value)));
    for (key, value) in value.as_object().ok_or_else(wrong)? {
        let values: Vec<_> = value.as_array().map_or_else(|| vec![value], |values| values.iter().collect());
        for value in values {
            match value {
                Value::Null => {}
                Value::String(text) => query.push((key.clone(), text.clone())),
                Value::Number(_) | Value::Bool(_) => {
                    query.push((key.clone(), encode::canonical(value).to_string()));
                }
                _ => return Err(wrong()),
            }
        }
    }
    Ok(())
}

/// Whether a request with this value leaves other data when it is sent again.
fn note_flag(prepared: &mut Prepared, parameter: &Parameter, value: &Value) {
    prepared.adds_nothing &= !(parameter.adds_if_true && value == &Value::Bool(true));
}

fn body_value(
    prepared: &mut Prepared,
    parameter: &'static Parameter,
    value: &Value,
    arguments: &Map<String, Value>,
) -> Result<Value> {
    let name = parameter.name;
    Ok(match parameter.kind {
        Kind::Filters | Kind::ColorwayFilters => {
            let (sent, fields) = filters::prepare(name, value)?;
            let schema = parameter.schema.as_ref().and_then(|schema| {
                let id = arguments.get(schema.argument)?.as_str()?.to_owned();
                Some(Schema { operation: schema.operation, argument: schema.argument, id })
            });
            prepared.filters.push(NamedFields { parameter, fields, schema });
            sent
        }
        Kind::Fields => {
            let keeps_version =
                arguments.get("preserve_version").is_some_and(|keep| keep == &Value::Bool(true));
            let read_only: &[&str] = if keeps_version {
                &["created_by", "modified_by"]
            } else {
                &["created_by", "modified_by", "version"]
            };
            let sent = fields::fields(name, value, read_only)?;
            if parameter.on_page && sent == Value::Array(Vec::new()) {
                return Err(Error::config(format!("{name} is empty: give at least one")));
            }
            sent
        }
        Kind::Colorways => {
            let sent = fields::colorways(name, value, parameter.new_needs)?;
            let adds =
                sent.as_array().is_some_and(|list| list.iter().any(|colorway| colorway["id"].is_null()));
            prepared.adds_nothing &= !adds;
            sent
        }
        Kind::Records => {
            let (sent, adds) = records::prepare(parameter, value)?;
            // A list that may be empty has members that are not known.
            if parameter.required && !parameter.members.is_empty() && sent == Value::Array(Vec::new()) {
                return Err(Error::config(format!("{name} is empty: give at least one")));
            }
            prepared.adds_nothing &= !adds;
            within_limit(prepared.operation, parameter, &sent)?;
            sent
        }
        Kind::Json if !parameter.members.is_empty() => records::one(parameter, value)?,
        Kind::Id | Kind::Ids | Kind::Text | Kind::Texts | Kind::Boolean | Kind::Integer => {
            note_flag(prepared, parameter, value);
            let sent = plain::json(parameter, value)?;
            within_limit(prepared.operation, parameter, &sent)?;
            sent
        }
        _ => encode::canonical(value),
    })
}

/// Refuses rows without one, and more than one request may carry.
fn within_limit(operation: &Operation, parameter: &Parameter, sent: &Value) -> Result<()> {
    let name = parameter.name;
    let are_rows = operation.rows_parameter().is_some_and(|rows| rows.name == name);
    match (operation.rows.filter(|_| are_rows).map(|rows| rows.limit), sent.as_array().map_or(0, Vec::len)) {
        (Some(_), 0) if sent.is_array() => Err(Error::config(format!("{name} is empty: give at least one"))),
        (Some(limit), given) if given > limit => Err(Error::config(format!(
            "{name} has {given} entries; one request may carry {limit}: make several calls"
        ))),
        _ => Ok(()),
    }
}

/// A path written by hand: relative, without a query, and not out of the company's part of the service.
fn relative_path(name: &str, value: &Value) -> Result<String> {
    let path = value
        .as_str()
        .ok_or_else(|| Error::config(format!("{name} has to be a text, not {}", shown(value))))?;
    let trimmed = path.trim_start_matches('/');
    let lower = trimmed.to_ascii_lowercase();
    let problem = if trimmed.is_empty() {
        "is empty"
    } else if trimmed.contains("://") || path.starts_with("//") {
        "is a full address; give the part below /api/COMPANY/"
    } else if trimmed.contains(['?', '#']) {
        "contains ? or #; give query parameters as query"
    } else if ["%2f", "%5c", "%00"].iter().any(|encoded| lower.contains(encoded)) {
        // Servers and proxies may read it as the plain one, and so find another address.
        "contains an encoded separator"
    } else if lower.trim_end_matches('/').split('/').any(str::is_empty) {
        "contains an empty segment"
    } else if lower.split('/').any(|segment| matches!(&*segment.replace("%2e", "."), "." | "..")) {
        "leaves its folder"
    } else if trimmed.contains(|letter: char| letter.is_control() || letter.is_whitespace() || letter == '\\')
    {
        "contains a blank, a backslash or a control character; percent-encode it"
    } else {
        return Ok(trimmed.to_owned());
    };
    Err(Error::config(format!("{name} {problem}: {:?}", shown_text(path))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(id: &str, arguments: Value) -> Result<Prepared> {
        prepare(Operation::find(id).unwrap(), arguments.as_object().unwrap())
    }

    #[test]
    fn a_list_sends_an_empty_folder() {
        let prepared = run("style.list", json!({})).unwrap();
        assert_eq!(prepared.path, "Style/Headers");
        assert_eq!(encode::query(&prepared.query), "folderId=");
        assert_eq!(prepared.body.unwrap(), r#"{"filters":[],"colorwayFilters":null}"#);
    }

    #[test]
    fn an_update_keeps_the_caller_s_order() {
        let prepared = run(
            "material.attributes_update",
            json!({"header_id": "m-1", "suppliers": [{"id": "s"}], "fields": {"b": 1, "a": 2}}),
        )
        .unwrap();
        assert_eq!(
            prepared.body.unwrap(),
            r#"{"fields":[{"id":"b","value":1},{"id":"a","value":2}],"colorways":[],"sizes":null,"suppliers":[{"id":"s"}]}"#
        );
    }

    #[test]
    fn unknown_and_missing_arguments_are_named() {
        let error = run("style.list", json!({"folderId": "x"})).unwrap_err();
        assert!(error.message().contains("\"folderId\"") && error.message().contains("folder_id"), "{error}");
        let error = run("style.get", json!({})).unwrap_err();
        assert_eq!(error.message(), "style.get needs header_id");
    }

    #[test]
    fn filters_say_where_their_fields_are_listed() {
        let filters = json!([{"field": "x", "value": 1}]);
        let schema = |id: &str, mut arguments: Value| {
            arguments["filters"] = filters.clone();
            let named = run(id, arguments).unwrap().filters.remove(0);
            assert_eq!(named.fields, ["x"]);
            named.schema.map(|schema| (schema.operation, schema.argument, schema.id))
        };
        let style = Some(("style.folder_search_schema", "folder_id", "f-1".to_owned()));
        assert_eq!(schema("style.list", json!({"folder_id": "f-1"})), style);
        assert_eq!(schema("style.list", json!({})), None);
        assert_eq!(schema("style.list", json!({"folder_id": null})), None);
        let table = Some(("data_tables.schema", "data_table_id", "joe+x".to_owned()));
        assert_eq!(schema("data_tables.data", json!({"data_table_id": "joe+x"})), table);
        assert_eq!(schema("data_tables.list", json!({})), None);
    }

    #[test]
    fn a_limit_of_rows_is_for_the_rows() {
        let update = |more: Value| {
            let mut arguments = json!({"header_id": "s-1", "app_id": "a-1", "variation_id": "v-1"});
            arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            run("style.app_bom_variation_update", arguments)
        };
        let colorways: Vec<_> = (0..101).map(|number| format!("c-{number}")).collect();
        assert!(update(json!({"selected_variation_colorways": []})).is_ok());
        assert!(update(json!({"selected_variation_colorways": colorways})).is_ok());
        assert!(update(json!({"rows": []})).unwrap_err().message().starts_with("rows is empty"));
        let rows = vec![json!({"materialId": "m-1"}); 101];
        assert!(update(json!({"rows": rows})).unwrap_err().message().starts_with("rows has 101 entries"));
    }

    #[test]
    fn rows_of_a_body_are_counted() {
        let rows = |id: &str, arguments: Value| run(id, arguments).unwrap().rows_in_body();
        let ids = json!(["a", "b"]);
        assert_eq!(rows("style.colorways_delete", json!({"header_id": "s-1", "colorway_ids": ids})), 2);
        assert_eq!(rows("tracking.style_add", json!({"plan_id": "p-1", "style_ids": ids})), 2);
        assert_eq!(rows("style.create", json!({"folder_id": "f-1", "fields": {"season": "Fall"}})), 1);
        let bom = |more: Value| {
            let mut arguments = json!({"header_id": "s-1", "app_id": "a-1", "variation_id": "v-1"});
            arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            rows("style.app_bom_variation_update", arguments)
        };
        assert_eq!(bom(json!({"variation_name": "x"})), 1);
        assert_eq!(
            bom(json!({"rows": [{"materialId": "m-1"}, {"materialId": "m-2"}, {"materialId": "m-3"}]})),
            3
        );
    }

    #[test]
    fn a_path_by_hand_stays_in_its_part_of_the_service() {
        let prepared =
            run("raw.get", json!({"path": "Style/Unknown", "query": {"a": [1, "b c"], "n": null}})).unwrap();
        assert_eq!(encode::query(&prepared.query), "a=1&a=b%20c");
        for bad in ["", "//host/x", "https://host/x", "a/../b", "a/%2e%2E/b", "a?b=1", "a b"] {
            assert!(run("raw.get", json!({"path": bad})).is_err(), "{bad}");
        }
    }
}
