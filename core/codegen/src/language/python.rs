//! Arguments in Python, for the stubs.

use minijinja::{Environment, Value};

use super::member;
use crate::names;

pub(crate) fn register(environment: &mut Environment<'_>) {
    environment.add_function("python_argument", |parameter: Value| argument(&parameter));
    environment.add_function("python_docstring", |operation: Value| docstring(&operation));
    environment.add_function("python_member", |property: Value| member_type(&property));
}

/// Width of a docstring's text, behind its indentation.
const WIDTH: usize = 96;

/// The text between the quotes of a method's docstring.
fn docstring(operation: &Value) -> String {
    let mut lines = Vec::new();
    for paragraph in member(operation, "doc").split('\n') {
        lines.extend(wrap(paragraph, "", WIDTH - 3));
    }
    let parameters = operation.get_attr("parameters").and_then(|list| list.try_iter());
    for (index, parameter) in parameters.into_iter().flatten().enumerate() {
        if index == 0 {
            lines.push(String::new());
        }
        let text = format!(":param {}: {}", member(&parameter, "name"), member(&parameter, "doc"));
        lines.extend(wrap(&text, "    ", WIDTH));
    }
    if lines.len() > 1 {
        lines.push(String::new());
    }
    let indented: Vec<_> = lines
        .iter()
        .map(|line| if line.is_empty() { String::new() } else { format!("        {line}") })
        .collect();
    let text = indented.join("\n");
    if lines.len() > 1 { format!("{}        ", text.trim_start()) } else { text.trim_start().to_owned() }
}

fn wrap(text: &str, hanging: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.len() + 1 + word.len() > width {
            lines.push(std::mem::replace(&mut line, hanging.to_owned()));
        } else if !line.trim().is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// The type of a member of a `TypedDict`, in quotes as it may name one that comes later.
fn member_type(property: &Value) -> String {
    let is = |name: &str| property.get_attr(name).is_ok_and(|value| value.is_true());
    let quoted = format!("\"{}{}\"", member(property, "python"), if is("nullable") { " | None" } else { "" });
    if is("required") { format!("Required[{quoted}]") } else { quoted }
}

fn argument(parameter: &Value) -> String {
    let record = names::pascal(&member(parameter, "record"));
    match member(parameter, "kind").as_str() {
        "id" => "str | UUID".into(),
        "text" | "relative_path" => "str".into(),
        "texts" => "Iterable[str]".into(),
        "integer" => "int".into(),
        "boolean" => "bool".into(),
        "filters" | "colorway_filters" => "Iterable[Filter]".into(),
        "fields" => "Mapping[str, Any] | Iterable[FieldValue]".into(),
        "table_rows" | "records" => format!("Iterable[{record} | dict[str, Any]]"),
        "colorways" => "Iterable[dict[str, Any]]".into(),
        "query_map" => "Mapping[str, Any]".into(),
        _ => "Any".into(),
    }
}
