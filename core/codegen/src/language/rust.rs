//! Arguments in Rust.

use minijinja::{Environment, Value};

use super::member;
use crate::emit::{Each, Output};
use crate::names::pascal;

/// Everything that is written for this language.
pub(crate) const OUTPUTS: &[Output] = &[
    Output {
        each: Each::Once,
        path: "core/src/catalog/generated/mod.rs",
        template: include_str!("../../templates/rust/catalog-mod.rs.jinja"),
    },
    Output {
        each: Each::Resource,
        path: "core/src/catalog/generated/{{ resource.name }}.rs",
        template: include_str!("../../templates/rust/catalog.rs.jinja"),
    },
    Output {
        each: Each::Once,
        path: "core/src/models/generated/mod.rs",
        template: include_str!("../../templates/rust/records-mod.rs.jinja"),
    },
    Output {
        each: Each::Family,
        path: "core/src/models/generated/{{ family.name }}.rs",
        template: include_str!("../../templates/rust/records.rs.jinja"),
    },
    Output {
        each: Each::Once,
        path: "core/src/api/generated/mod.rs",
        template: include_str!("../../templates/rust/resources-mod.rs.jinja"),
    },
    Output {
        each: Each::Resource,
        path: "core/src/api/generated/{{ resource.name }}.rs",
        template: include_str!("../../templates/rust/resource.rs.jinja"),
    },
    Output {
        each: Each::Once,
        path: "tests/drivers/rust/src/generated/mod.rs",
        template: include_str!("../../templates/rust/driver-mod.rs.jinja"),
    },
    Output {
        each: Each::Resource,
        path: "tests/drivers/rust/src/generated/{{ resource.name }}.rs",
        template: include_str!("../../templates/rust/driver.rs.jinja"),
    },
];

/// Keywords that the service has, or may well have, as the name of a member.
const KEYWORDS: &[&str] = &[
    "abstract", "box", "do", "final", "match", "move", "override", "ref", "use", "virtual", "where", "yield",
];

pub(crate) fn register(environment: &mut Environment<'_>) {
    environment.add_filter("rust_name", |name: &str| match KEYWORDS.contains(&name) {
        true => format!("r#{name}"),
        false => name.to_owned(),
    });
    environment.add_function("rust_argument", |parameter: Value| argument(&member(&parameter, "kind")));
    environment.add_function("rust_value", |parameter: Value| {
        value(&member(&parameter, "kind")).replace("NAME", &member(&parameter, "name"))
    });
    environment.add_function("rust_source", |source: Value| source_of(&source));
    environment.add_function("rust_driver_reader", |parameter: Value| {
        format!("arguments::{}", reader(&member(&parameter, "kind")))
    });
    environment.add_function("rust_driver_ids", |resource: Value, operation: Value| {
        let short = format!("{}.{}", member(&resource, "name"), member(&operation, "name"));
        let id = member(&operation, "id");
        if id == short { format!("{id:?}") } else { format!("{id:?} | {short:?}") }
    });
}

/// What reads the argument of a behaviour case.
fn reader(kind: &str) -> &'static str {
    match kind {
        "id" | "text" | "relative_path" | "link" | "target" => "text",
        "texts" => "texts",
        "integer" => "integer",
        "boolean" => "boolean",
        "file" => "text",
        "filters" | "colorway_filters" => "filters",
        "fields" | "query_map" => "pairs",
        "table_rows" => "rows",
        "colorways" | "records" => "records",
        _ => "any",
    }
}

/// Where an implied value comes from.
fn source_of(source: &Value) -> String {
    let (from, value) = (member(source, "from"), member(source, "value"));
    let value = match from.as_str() {
        "text" | "argument" => format!("{value:?}"),
        "client" => format!("ClientValue::{}", pascal(&value)),
        // The template engine writes `False`.
        _ => value.to_lowercase(),
    };
    format!("Source::{}({value})", pascal(&from))
}

fn argument(kind: &str) -> &'static str {
    match kind {
        "id" | "text" | "relative_path" | "link" => "impl Into<String>",
        "target" => "impl AsRef<Path>",
        "texts" => "impl IntoIterator<Item = impl Into<String>>",
        "integer" => "i64",
        "boolean" => "bool",
        "file" => "impl Into<FileSource>",
        "filters" | "colorway_filters" => "impl IntoIterator<Item = Filter>",
        "fields" | "query_map" => "impl IntoIterator<Item = (impl Into<String>, impl Into<Value>)>",
        "table_rows" => "impl IntoIterator<Item = DataTableRowChange>",
        "colorways" | "records" => "impl IntoIterator<Item = impl serde::Serialize>",
        _ => "impl Into<Value>",
    }
}

fn value(kind: &str) -> &'static str {
    match kind {
        "id" | "text" | "relative_path" | "link" => "NAME.into()",
        "target" => "path_value(NAME)",
        "texts" => "list_value(NAME.into_iter().map(Into::<String>::into))",
        "integer" | "boolean" => "NAME",
        "filters" | "colorway_filters" => "list_value(NAME)",
        "fields" => "fields_value(NAME)",
        "query_map" => "query_value(NAME)",
        "table_rows" | "colorways" | "records" => "records_value(NAME)",
        _ => "NAME.into()",
    }
}
