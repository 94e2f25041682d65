//! Types, signatures and KDoc in Kotlin, laid out as its official code style asks for.

use minijinja::{Environment, Error, Value};

use super::member;
use crate::emit::{Each, Output};
use crate::names;

const WIDTH: usize = 120;

/// Texts of the catalogue that are spelled in the terms of all languages, and what Kotlin calls them.
const TERMS: &[(&str, &str)] = &[
    ("`page_size`", "`pageSize`"),
    ("`wait_timeout`", "`waitTimeout`"),
    ("`show_deleted`", "`showDeleted`"),
    ("`config`", "[ConfigException]"),
    ("`validation`", "[ValidationException]"),
    ("`outcome: applied`", "[Outcome.APPLIED]"),
    ("`not_found`", "[NotFoundException]"),
    ("`conflict`", "[ConflictException]"),
    ("`outcome: unknown`", "[Outcome.UNKNOWN]"),
    ("`per_minute`, `per_hour` and `per_day`", "`perMinute`, `perHour` and `perDay`"),
    (", as a map or as a list of `{id, value}`", ", in the order in which they are sent"),
    (
        "Rows as `{rowId, rowFields, deleteRow}`: no `rowId` adds a row, `deleteRow: true` removes it.",
        "Changes to make, in order.",
    ),
    ("Colorways as `{id, fields}`", "Colorways"),
];

/// Everything that is written for this language.
pub(crate) const OUTPUTS: &[Output] = &[
    Output {
        each: Each::Family,
        path: "bindings-swift/kotlin/src/main/kotlin/beproduct/client/generated/records/{{ family.pascal }}Records.kt",
        template: include_str!("../../templates/kotlin/Records.kt.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-swift/kotlin/src/main/kotlin/beproduct/client/generated/resources/Resources.kt",
        template: include_str!("../../templates/kotlin/Resources.kt.jinja"),
    },
    Output {
        each: Each::Resource,
        path: "bindings-swift/kotlin/src/main/kotlin/beproduct/client/generated/resources/{{ resource.pascal }}Resource.kt",
        template: include_str!("../../templates/kotlin/Resource.kt.jinja"),
    },
    Output {
        each: Each::Once,
        path: "tests/drivers/kotlin/src/generated/TypedCalls.kt",
        template: include_str!("../../templates/kotlin/Drivers.kt.jinja"),
    },
    Output {
        each: Each::Resource,
        path: "tests/drivers/kotlin/src/generated/{{ resource.pascal }}Calls.kt",
        template: include_str!("../../templates/kotlin/Driver.kt.jinja"),
    },
];

pub(crate) fn register(environment: &mut Environment<'_>) {
    environment.add_filter("kdoc", |text: String, indent: usize| kdoc(&text, &[], indent));
    environment.add_function("kotlin_kdoc", |operation: Value| {
        let parameters: Vec<_> = ordered(&operation)
            .iter()
            .map(|parameter| format!("@param {} {}", member(parameter, "camel"), member(parameter, "doc")))
            .collect();
        kdoc(&member(&operation, "doc"), &parameters, 4)
    });
    environment
        .add_function("kotlin_records", |family: Value, resources: Value| records(&family, &resources));
    environment.add_function("kotlin_method", |operation: Value| method(&operation));
    environment.add_function("kotlin_driver_call", |resource: Value, operation: Value| {
        driver_call(&resource, &operation)
    });
}

/// The records of a family, without those that stand for rows of a table: Kotlin has `RowChange` for them.
fn records(family: &Value, resources: &Value) -> Result<Vec<Value>, Error> {
    let mut rows = Vec::new();
    for resource in resources.try_iter()? {
        for operation in resource.get_attr("operations")?.try_iter()? {
            for parameter in operation.get_attr("parameters")?.try_iter()? {
                if member(&parameter, "kind") == "table_rows" {
                    rows.push(member(&parameter, "record"));
                }
            }
        }
    }
    let shapes = family.get_attr("shapes")?;
    Ok(shapes.try_iter()?.filter(|shape| !rows.contains(&member(shape, "name"))).collect())
}

/// A KDoc comment: on one line where it fits, else wrapped, with the tags below.
fn kdoc(text: &str, tags: &[String], indent: usize) -> String {
    let in_terms = |text: &str| TERMS.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    let (text, blank) = (in_terms(text), " ".repeat(indent));
    let single = format!("{blank}/** {text} */");
    if tags.is_empty() && !text.contains('\n') && single.chars().count() <= WIDTH {
        return single;
    }
    let width = WIDTH - indent - " * ".len();
    let mut lines: Vec<_> = text.lines().flat_map(|line| wrapped(line, width)).collect();
    if !tags.is_empty() {
        lines.push(String::new());
        lines.extend(tags.iter().flat_map(|tag| wrapped(&in_terms(tag), width)));
    }
    let body: String =
        lines.iter().map(|line| format!("{}\n", format!("{blank} * {line}").trim_end())).collect();
    format!("{blank}/**\n{body}{blank} */")
}

fn wrapped(line: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        match lines.last_mut() {
            Some(last) if last.is_empty() => last.push_str(word),
            Some(last) if last.chars().count() + 1 + word.chars().count() <= width => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A method with its body.
fn method(operation: &Value) -> String {
    let paged = flag(operation, "paged");
    let mut parameters: Vec<_> = ordered(operation)
        .iter()
        .map(|parameter| {
            let (name, kind) = (member(parameter, "camel"), kotlin_type(parameter));
            if flag(parameter, "required") {
                format!("{name}: {kind}")
            } else {
                format!("{name}: {kind}? = null")
            }
        })
        .collect();
    parameters.push("options: CallOptions = CallOptions()".into());
    let modifier = if paged { "" } else { "suspend " };
    let head = listed(
        &format!("{modifier}fun {}", member(operation, "camel")),
        &parameters,
        4,
        ": ".len() + answer(operation).len() + " =".len(),
    );

    let pairs: Vec<_> = ordered(operation)
        .iter()
        .map(|parameter| format!("{:?} to {}", member(parameter, "name"), member(parameter, "camel")))
        .collect();
    let function = if paged { "seam.list" } else { "seam.call" };
    let arguments = [
        format!("{:?}", member(operation, "id")),
        listed("arguments", &pairs, 12, ",".len()),
        "options".into(),
    ];
    format!("    {head}: {} =\n        {}", answer(operation), listed(function, &arguments, 8, 0))
}

/// A call of the method with the arguments of a behaviour case.
fn driver_call(resource: &Value, operation: &Value) -> String {
    let mut arguments: Vec<_> = ordered(operation)
        .iter()
        .map(|parameter| {
            let take = if flag(parameter, "required") { "required" } else { "optional" };
            let (camel, name) = (member(parameter, "camel"), member(parameter, "name"));
            format!("{camel} = given.{take}({name:?}, ::{})", driver_reader(&member(parameter, "kind")))
        })
        .collect();
    arguments.push("options = given.ended(options)".into());
    let method = format!("{}.{}", member(resource, "camel"), member(operation, "camel"));
    let rest = if flag(operation, "paged") { ".taken(taking).json()" } else { ".json()" };
    format!("            {}{rest}", listed(&method, &arguments, 12, rest.len()))
}

/// What reads the argument of a behaviour case.
fn driver_reader(kind: &str) -> &'static str {
    match kind {
        "id" | "text" | "relative_path" | "link" => "text",
        "texts" => "texts",
        "integer" => "integer",
        "boolean" => "boolean",
        "file" | "target" => "file",
        "filters" | "colorway_filters" => "filters",
        "fields" => "fields",
        "colorways" => "colorways",
        "table_rows" => "rows",
        "records" => "records",
        "query_map" => "map",
        _ => "any",
    }
}

/// `name(item, item)`, or one item a line when that would be too long. `behind` is the room for what follows.
fn listed(name: &str, items: &[String], indent: usize, behind: usize) -> String {
    let single = format!("{name}({})", items.join(", "));
    if indent + single.len() + behind <= WIDTH && !single.contains('\n') {
        return single;
    }
    let blank = " ".repeat(indent);
    let lines: String = items.iter().map(|item| format!("{blank}    {item},\n")).collect();
    format!("{name}(\n{lines}{blank})")
}

fn flag(object: &Value, name: &str) -> bool {
    object.get_attr(name).is_ok_and(|value| value.is_true())
}

/// The parameters, those without a default first.
fn ordered(operation: &Value) -> Vec<Value> {
    let mut parameters: Vec<_> = operation
        .get_attr("parameters")
        .and_then(|parameters| parameters.try_iter())
        .map_or_else(|_| Vec::new(), Iterator::collect);
    parameters.sort_by_key(|parameter| !flag(parameter, "required"));
    parameters
}

fn kotlin_type(parameter: &Value) -> String {
    match member(parameter, "kind").as_str() {
        "id" | "text" | "relative_path" | "link" => "String".into(),
        "texts" => "List<String>".into(),
        "integer" => "Long".into(),
        "boolean" => "Boolean".into(),
        "file" | "target" => "Path".into(),
        "filters" | "colorway_filters" => "List<Filter>".into(),
        "fields" => "Fields".into(),
        "colorways" => "List<ColorwayChange>".into(),
        "table_rows" => "List<RowChange>".into(),
        "records" => format!("List<{}>", names::pascal(&member(parameter, "record"))),
        "query_map" => "Map<String, Any?>".into(),
        _ => "JsonElement".into(),
    }
}

fn answer(operation: &Value) -> String {
    let record = operation.get_attr("record").ok().and_then(|record| record.as_str().map(names::pascal));
    let record = record.unwrap_or_else(|| "JsonElement".into());
    match (member(operation, "answer").as_str(), flag(operation, "paged")) {
        ("list", true) => format!("Paged<{record}>"),
        ("list", false) => format!("List<{record}>"),
        _ => record,
    }
}
