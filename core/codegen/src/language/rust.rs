//! Arguments in Rust.

use minijinja::{Environment, Error, Value};

use super::member;
use crate::client::Own;
use crate::marks;
use crate::names;
use crate::output::{Each, Output};

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
        path: "core/src/own/mod.rs",
        template: include_str!("../../templates/rust/own-mod.rs.jinja"),
    },
    Output {
        each: Each::Once,
        path: "core/src/own/names.rs",
        template: include_str!("../../templates/rust/own-names.rs.jinja"),
    },
    Output {
        each: Each::Once,
        path: "core/src/settings.rs",
        template: include_str!("../../templates/rust/settings.rs.jinja"),
    },
    Output {
        each: Each::Once,
        path: "core/src/call_options.rs",
        template: include_str!("../../templates/rust/call-options.rs.jinja"),
    },
    Output {
        each: Each::OwnFamily,
        path: "core/src/own/{{ family.name }}.rs",
        template: include_str!("../../templates/rust/own-records.rs.jinja"),
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

pub(crate) fn spell(_: &Own, kind: &str, name: &str) -> String {
    match kind {
        "unit" => marks::unit(name),
        "value" if name == "null" => "`None`".into(),
        "type" => format!("`{}`", names::pascal(name)),
        "setting" => format!("`Config::{name}`"),
        _ => format!("`{name}`"),
    }
}

pub(crate) fn register(environment: &mut Environment<'_>) {
    environment.add_function("rust_own_shapes", |family: Value| own_shapes(&family));
    environment.add_function("rust_has_default", |shape: Value| has_default(&shape));
    environment.add_function("rust_default", |input: Value| default_of(&input));
    environment.add_function("rust_setting", |input: Value| setting(&input));
    environment.add_function("rust_option", |input: Value| option(&input));
    environment.add_function("rust_is_plain", |shape: Value| is_plain(&shape));
    environment.add_function("rust_plan_members", |plan: Value| plan_members(&plan));
    environment.add_filter("rust_name", |name: &str| name_of(name));
    environment.add_function("rust_argument", |parameter: Value| argument(&member(&parameter, "kind")));
    environment.add_function("rust_value", |parameter: Value| {
        value(&member(&parameter, "kind")).replace("NAME", &name_of(&member(&parameter, "name")))
    });
    environment.add_function("rust_source", |source: Value| source_of(&source));
    environment.add_function("rust_members", |members: Value| members_of(&members));
    environment.add_function("rust_driver_reader", |parameter: Value| {
        format!("arguments::{}", reader(&member(&parameter, "kind")))
    });
    environment.add_function("rust_driver_ids", |resource: Value, operation: Value| {
        let short = format!("{}.{}", member(&resource, "name"), member(&operation, "name"));
        let id = member(&operation, "id");
        if id == short { format!("{id:?}") } else { format!("{id:?} | {short:?}") }
    });
}

/// Records of the client that are more than their members in Rust, or that Rust takes in a wider type.
const BY_HAND: &[&str] =
    &["answer", "colorway_change", "error_fields", "log_level", "log_record", "tokens", "user_info"];

fn own_shapes(family: &Value) -> Result<Vec<Value>, Error> {
    let shapes = family.get_attr("shapes")?;
    Ok(shapes.try_iter()?.filter(|shape| !BY_HAND.contains(&member(shape, "name").as_str())).collect())
}

/// Whether every member has a value that stands for nothing.
fn has_default(shape: &Value) -> Result<bool, Error> {
    let properties = shape.get_attr("properties")?;
    let empty = |property: Value| {
        let kind = member(&property, "rust");
        let plain = ["bool", "f64", "String", "u16", "u64"].contains(&kind.as_str());
        plain
            || kind.starts_with("Vec<")
            || property.get_attr("nullable").is_ok_and(|nullable| nullable.is_true())
    };
    Ok(properties.try_iter()?.all(empty))
}

/// A default of a setting or an option, with its type.
fn default_of(input: &Value) -> String {
    let default = member(input, "default");
    match member(input, "kind").as_str() {
        "integer" => format!("u64 = {default}"),
        "seconds" => format!("f64 = {default}.0"),
        _ => format!("&str = {default:?}"),
    }
}

/// Type of a setting.
fn setting(input: &Value) -> String {
    let kind = member(input, "kind");
    let name = match kind.as_str() {
        "integer" => "u64",
        "boolean" => "bool",
        "seconds" => "f64",
        "path" => "PathBuf",
        "headers" => "Value",
        "plan" => "Plan",
        "ledger" => "LedgerConfig",
        "token_store" => "StoreConfig",
        _ => "String",
    };
    let always = ["integer", "boolean", "seconds"].contains(&kind.as_str())
        && input.get_attr("default").is_ok_and(|default| !default.is_none());
    if always { name.into() } else { format!("Option<{name}>") }
}

/// Type of an option of a call.
fn option(input: &Value) -> String {
    let name = match member(input, "kind").as_str() {
        "query" | "headers" => return "Vec<(String, String)>".into(),
        "seconds" => "Duration".into(),
        "integer" => "u64".into(),
        "boolean" => "bool".into(),
        "choice" => member(input, "pascal"),
        "progress" => "OnProgress".into(),
        _ => "String".to_owned(),
    };
    format!("Option<{name}>")
}

/// Whether all of its members are numbers.
fn is_plain(shape: &Value) -> Result<bool, Error> {
    let properties = shape.get_attr("properties")?;
    let plain = |property: Value| ["u16", "u64", "f64"].contains(&member(&property, "rust").as_str());
    Ok(properties.try_iter()?.all(plain))
}

/// What the settings of a plan may have.
fn plan_members(plan: &Value) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for one in plan.get_attr("plans")?.try_iter()? {
        names.extend(one.get_attr("sets")?.try_iter()?.map(|name| name.to_string()));
        names.extend(one.get_attr("parameters")?.try_iter()?.map(|parameter| member(&parameter, "sets")));
    }
    names.extend(plan.get_attr("options")?.try_iter()?.map(|option| member(&option, "name")));
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    Ok(names)
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
pub(super) fn name_of(name: &str) -> String {
    match name {
        _ if RESERVED.contains(&name) => format!("r#{name}"),
        _ if NO_NAMES.contains(&name) => format!("{name}_"),
        _ => name.to_owned(),
    }
}

/// What reads the argument of a behaviour case.
fn reader(kind: &str) -> &'static str {
    match kind {
        "id" | "text" | "choice" | "relative_path" | "link" | "target" => "text",
        "ids" | "texts" => "texts",
        "integer" => "integer",
        "boolean" => "boolean",
        "file" => "file",
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
        "client" => format!("ClientValue::{}", names::pascal(&value)),
        // The template engine writes `False`.
        _ => value.to_lowercase(),
    };
    format!("Source::{}({value})", names::pascal(&from))
}

/// Members of records in a request, with those of the records in them.
fn members_of(members: &Value) -> Result<String, Error> {
    let one = |one: Value| {
        let is = |word| one.get_attr(word).map(|value| value.is_true());
        let (required, nullable, is_day) = (is("required")?, is("nullable")?, is("is_day")?);
        let (name, members) = (member(&one, "name"), members_of(&one.get_attr("members")?)?);
        let needs = one.get_attr("needs")?;
        let needs = needs.as_str().map_or_else(|| "None".to_owned(), |needs| format!("Some({needs:?})"));
        Ok(format!(
            "Member {{ name: {name:?}, required: {required}, nullable: {nullable}, is_day: {is_day}, needs: {needs}, members: {members} }}"
        ))
    };
    let all = members.try_iter()?.map(one).collect::<Result<Vec<_>, Error>>()?;
    Ok(format!("&[{}]", all.join(", ")))
}

fn argument(kind: &str) -> &'static str {
    match kind {
        "id" | "text" | "choice" | "relative_path" | "link" => "impl Into<String>",
        "target" => "impl AsRef<Path>",
        "ids" | "texts" => "impl IntoIterator<Item = impl Into<String>>",
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
        "id" | "text" | "choice" | "relative_path" | "link" => "NAME.into()",
        "target" => "path_value(NAME)",
        "ids" | "texts" => "list_value(NAME.into_iter().map(Into::<String>::into))",
        "integer" | "boolean" => "NAME",
        "filters" | "colorway_filters" => "list_value(NAME)",
        "fields" => "fields_value(NAME)",
        "query_map" => "query_value(NAME)",
        "table_rows" | "colorways" | "records" => "records_value(NAME)",
        _ => "NAME.into()",
    }
}
