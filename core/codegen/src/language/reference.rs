//! The reference page, in the terms of all languages.

use minijinja::{Environment, Value};

use super::{examples, member, swift};
use crate::client::Own;
use crate::marks;
use crate::names::pascal;
use crate::output::{Each, Output};

pub(crate) const OUTPUTS: &[Output] = &[
    Output {
        each: Each::Once,
        path: "docs/reference.md",
        template: include_str!("../../templates/reference/reference.md.jinja"),
    },
    Output {
        each: Each::Resource,
        path: "docs/reference/{{ resource.name }}.md",
        template: include_str!("../../templates/reference/resource.md.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-python/tests/reference_examples.py",
        template: include_str!("../../templates/reference/examples.py.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-node/tests/reference.test-d.ts",
        template: include_str!("../../templates/reference/examples.ts.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-swift/kotlin/src/test/kotlin/beproduct/client/ReferenceExamples.kt",
        template: include_str!("../../templates/reference/Examples.kt.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-swift/swift/Tests/BeProductClientTests/ReferenceExamples.swift",
        template: include_str!("../../templates/reference/Examples.swift.jinja"),
    },
    Output {
        each: Each::Once,
        path: "tests/drivers/rust/src/generated/reference.rs",
        template: include_str!("../../templates/reference/examples.rs.jinja"),
    },
];

pub(crate) fn spell(_: &Own, kind: &str, name: &str) -> String {
    match kind {
        // The type says it.
        "unit" if name == "seconds" => String::new(),
        "unit" => marks::unit(name),
        "setting" => format!("the setting `{name}`"),
        "value" => name.into(),
        "type" => format!("[{}](#{})", pascal(name), pascal(name).to_lowercase()),
        _ => format!("`{name}`"),
    }
}

pub(crate) fn register(environment: &mut Environment<'_>) {
    examples::register(environment);
    environment.add_test("in_two_words", |name: &str| name.contains('_'));
    environment.add_filter("swift_name", |name: &str| swift::name_of(name));
    environment.add_filter("cell", |text: &str| text.replace('|', "\\|").replace('\n', " "));
    environment.add_function("argument", |parameter: Value| argument(&parameter));
    environment.add_function("answer", |operation: Value| answer(&operation));
    environment.add_function("kind", |input: Value| kind(&input));
    environment.add_function("type", |property: Value| type_of(&property));
    environment.add_function("link", |name: &str| link(&pascal(name)));
}

fn link(name: &str) -> String {
    format!("[{name}](#{})", name.to_lowercase())
}

/// What a program gives.
fn kind(input: &Value) -> String {
    match member(input, "kind").as_str() {
        "integer" => match input.get_attr("range").ok().filter(|range| !range.is_none()) {
            Some(range) => {
                let bound = |index: usize| range.get_item(&index.into()).unwrap_or_default();
                format!("whole number, {} to {}", bound(0), bound(1))
            }
            None => "whole number".into(),
        },
        "boolean" => "boolean".into(),
        "seconds" => "seconds".into(),
        "choice" => {
            let choices = input.get_attr("choices").and_then(|choices| choices.try_iter());
            let names: Vec<_> = choices.into_iter().flatten().map(|one| member(&one, "name")).collect();
            format!("`{}`", names.join("` or `"))
        }
        "headers" | "query" => "map of texts".into(),
        "plan" => "[plan](#plans)".into(),
        "ledger" => "`memory`, `{sqlite: path}` or `{redis: url}`".into(),
        "token_store" => "`memory`, `{file: path}`, `{keyring: name}` or code".into(),
        "progress" => format!("code that takes {}", link("Progress")),
        "records" => format!("list of {}", link(&pascal(&member(input, "record")))),
        other => other.into(),
    }
}

/// What an operation takes.
fn argument(parameter: &Value) -> String {
    let record =
        parameter.get_attr("record").ok().filter(Value::is_true).map(|name| pascal(&name.to_string()));
    let record = record.unwrap_or_default();
    match member(parameter, "kind").as_str() {
        "id" => "id".into(),
        "text" | "relative_path" | "link" => "text".into(),
        "ids" => "list of ids".into(),
        "texts" => "list of texts".into(),
        "choice" => {
            let choices = parameter.get_attr("choices").and_then(|choices| choices.try_iter());
            let choices: Vec<_> = choices.into_iter().flatten().map(|choice| format!("`{choice}`")).collect();
            choices.join(" or ")
        }
        "integer" => "whole number".into(),
        "boolean" => "boolean".into(),
        "file" => "file".into(),
        "target" => "path".into(),
        "filters" | "colorway_filters" => "filters".into(),
        "fields" => "map, or list of `{id, value}`".into(),
        "colorways" => "list of `ColorwayChange`".into(),
        "records" | "table_rows" => format!("list of `{record}`"),
        "query_map" => "map".into(),
        _ if record.is_empty() => "JSON".into(),
        _ => format!("`{record}`"),
    }
}

/// What it answers.
fn answer(operation: &Value) -> String {
    let has = |name: &str| operation.get_attr(name).is_ok_and(|value| value.is_true());
    let record =
        if has("record") { format!("`{}`", pascal(&member(operation, "record"))) } else { "JSON".into() };
    match member(operation, "answer").as_str() {
        "list" if has("paged") => format!("pages of {record}"),
        "list" => format!("list of {record}"),
        _ => record,
    }
}

/// What a member of a record is: Python's types are short and known.
fn type_of(property: &Value) -> String {
    let kind = member(property, "python");
    if property.get_attr("format").is_ok_and(|format| format.as_str() == Some("fields")) {
        return "map, or list of `{id, value}`".into();
    }
    let own = kind.trim_start_matches("list[").trim_end_matches(']');
    let shown = match own.starts_with(|letter: char| letter.is_ascii_uppercase()) && own != "Any" {
        true => kind.replace(own, &link(own)).replace("list[[", "list of [").replace(")]", ")"),
        false => format!("`{kind}`"),
    };
    let nullable = property.get_attr("nullable").is_ok_and(|nullable| nullable.is_true());
    if nullable && kind != "Any" { format!("{shown} or null") } else { shown }
}
