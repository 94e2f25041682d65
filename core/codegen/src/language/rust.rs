//! Arguments in Rust.

use minijinja::{Environment, Value};

use super::member;
use crate::emit::{Each, Output};

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

pub(crate) fn register(environment: &mut Environment<'_>) {
    environment.add_filter("rust_name", |name: &str| name_of(name));
    environment.add_filter("rust_doc", |text: String| doc(&text));
    environment.add_function("rust_argument", |parameter: Value| argument(&member(&parameter, "kind")));
    environment.add_function("rust_value", |parameter: Value| {
        value(&member(&parameter, "kind")).replace("NAME", &name_of(&member(&parameter, "name")))
    });
    environment.add_function("rust_driver_reader", |parameter: Value| {
        format!("arguments::{}", reader(&member(&parameter, "kind")))
    });
    environment.add_function("rust_driver_ids", |resource: Value, operation: Value| {
        let short = format!("{}.{}", member(&resource, "name"), member(&operation, "name"));
        let id = member(&operation, "id");
        if id == short { format!("{id:?}") } else { format!("{id:?} | {short:?}") }
    });
}

/// Words that are a name only behind `r#`.
const RESERVED: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait",
    "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Words that are no name at all.
const NO_NAMES: &[&str] = &["crate", "self", "super"];

/// `type` -> `r#type`.
fn name_of(name: &str) -> String {
    match name {
        _ if RESERVED.contains(&name) => format!("r#{name}"),
        _ if NO_NAMES.contains(&name) => format!("{name}_"),
        _ => name.to_owned(),
    }
}

/// A text of the catalogue without the forms that the types of Rust do not have.
fn doc(text: &str) -> String {
    text.replace(", as a map such as `{\"season\": \"Fall\"}` or as a list", "")
        .replace(", as a map or as a list of `{id, value}`", "")
}

/// What reads the argument of a behaviour case.
fn reader(kind: &str) -> &'static str {
    match kind {
        "id" | "text" | "relative_path" => "text",
        "texts" => "texts",
        "integer" => "integer",
        "boolean" => "boolean",
        "filters" | "colorway_filters" => "filters",
        "fields" | "query_map" => "pairs",
        "table_rows" => "rows",
        "colorways" | "records" => "records",
        _ => "any",
    }
}

fn argument(kind: &str) -> &'static str {
    match kind {
        "id" | "text" | "relative_path" => "impl Into<String>",
        "texts" => "impl IntoIterator<Item = impl Into<String>>",
        "integer" => "i64",
        "boolean" => "bool",
        "filters" | "colorway_filters" => "impl IntoIterator<Item = Filter>",
        "fields" | "query_map" => "impl IntoIterator<Item = (impl Into<String>, impl Into<Value>)>",
        "table_rows" => "impl IntoIterator<Item = DataTableRowChange>",
        "colorways" | "records" => "impl IntoIterator<Item = impl serde::Serialize>",
        _ => "impl Into<Value>",
    }
}

fn value(kind: &str) -> &'static str {
    match kind {
        "id" | "text" | "relative_path" => "NAME.into()",
        "texts" => "list_value(NAME.into_iter().map(Into::<String>::into))",
        "integer" | "boolean" => "NAME",
        "filters" | "colorway_filters" => "list_value(NAME)",
        "fields" => "fields_value(NAME)",
        "query_map" => "query_value(NAME)",
        "table_rows" | "colorways" | "records" => "records_value(NAME)",
        _ => "NAME.into()",
    }
}
