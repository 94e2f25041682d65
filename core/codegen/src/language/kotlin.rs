//! Types, signatures and KDoc in Kotlin, laid out as its official code style asks for.

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, Value};

use super::member;
use crate::client::{Home, Own};
use crate::names;
use crate::output::{Each, Output};

mod inputs;
mod records;

const WIDTH: usize = 120;

/// Everything that is written for this language.
pub(crate) const OUTPUTS: &[Output] = &[
    Output {
        each: Each::Family,
        path: "bindings-swift/kotlin/src/main/kotlin/beproduct/client/generated/records/{{ family.pascal }}Records.kt",
        template: include_str!("../../templates/kotlin/Records.kt.jinja"),
    },
    Output {
        each: Each::OwnFamily,
        path: "bindings-swift/kotlin/src/main/kotlin/beproduct/client/generated/records/{{ family.pascal }}Records.kt",
        template: include_str!("../../templates/kotlin/Records.kt.jinja"),
    },
    Output {
        each: Each::Group,
        path: "bindings-swift/kotlin/src/main/kotlin/beproduct/client/generated/groups/{{ group.pascal }}.kt",
        template: include_str!("../../templates/kotlin/Group.kt.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-swift/kotlin/src/main/kotlin/beproduct/client/generated/CallOptions.kt",
        template: include_str!("../../templates/kotlin/CallOptions.kt.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-swift/kotlin/src/main/kotlin/beproduct/client/generated/Exceptions.kt",
        template: include_str!("../../templates/kotlin/Exceptions.kt.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-swift/kotlin/src/main/kotlin/beproduct/client/generated/Credentials.kt",
        template: include_str!("../../templates/kotlin/Credentials.kt.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-swift/kotlin/src/main/kotlin/beproduct/client/generated/Plan.kt",
        template: include_str!("../../templates/kotlin/Plan.kt.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-swift/kotlin/src/main/kotlin/beproduct/client/generated/Settings.kt",
        template: include_str!("../../templates/kotlin/Settings.kt.jinja"),
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

pub(crate) fn spell(own: &Own, kind: &str, name: &str) -> String {
    match (kind, name) {
        ("unit", _) => String::new(),
        ("arg", name) => format!("[{}]", names::camel(name)),
        ("error", kind) => format!("[{}Exception]", own.class(kind)),
        ("field", name) => format!("[BeProductException.{}]", names::camel(name)),
        ("outcome", name) => format!("[Outcome.{}]", name.to_uppercase()),
        ("type", name) => format!("[{}]", names::pascal(name)),
        ("option", name) => format!("`CallOptions.{}`", names::camel(name)),
        ("setting", name) if is_in_settings(own, name) => format!("`Settings.{}`", names::camel(name)),
        ("method", name) => {
            let (group, method) = name.split_once('.').unwrap_or(("", name));
            format!("[{}.{}]", names::pascal(group), names::camel(method))
        }
        (_, name) => format!("`{}`", names::camel(name)),
    }
}

fn is_in_settings(own: &Own, name: &str) -> bool {
    own.settings.iter().any(|setting| setting.name == name && setting.mobile == Home::Settings)
}

pub(crate) fn register(environment: &mut Environment<'_>) {
    environment.add_filter("kotlin_name", |name: &str| name_of(name));
    environment.add_filter("kdoc", |text: String, indent: usize| kdoc(&text, &[], indent));
    environment.add_function("kotlin_kdoc", |text: String, parameters: Value, indent: usize| {
        let tags = parameters.try_iter()?.map(|parameter| inputs::param_tag(&parameter)).collect::<Vec<_>>();
        Ok::<_, Error>(kdoc(&text, &tags, indent))
    });
    environment.add_function("kotlin_ordered", |operation: Value| ordered(&operation));
    environment.add_function("kotlin_method", |operation: Value| method(&operation));
    environment.add_function("kotlin_driver_call", |resource: Value, operation: Value| {
        driver_call(&resource, &operation)
    });
    records::register(environment);
    inputs::register(environment);
}

/// Hard keywords, which are a name only in backticks.
const RESERVED: &[&str] = &[
    "as",
    "break",
    "class",
    "continue",
    "do",
    "else",
    "false",
    "for",
    "fun",
    "if",
    "in",
    "interface",
    "is",
    "null",
    "object",
    "package",
    "return",
    "super",
    "this",
    "throw",
    "true",
    "try",
    "typealias",
    "typeof",
    "val",
    "var",
    "when",
    "while",
];

/// `object` -> `` `object` ``.
pub(super) fn name_of(camel: &str) -> String {
    if RESERVED.contains(&camel) { format!("`{camel}`") } else { camel.to_owned() }
}

/// A KDoc comment: on one line where it fits, else wrapped, with the tags below.
fn kdoc(text: &str, tags: &[String], indent: usize) -> String {
    let blank = " ".repeat(indent);
    let single = format!("{blank}/** {text} */");
    if tags.is_empty() && !text.contains('\n') && single.chars().count() <= WIDTH {
        return single;
    }
    let width = WIDTH - indent - " * ".len();
    let mut lines: Vec<_> = text.lines().flat_map(|line| wrapped(line, width)).collect();
    if !tags.is_empty() {
        lines.push(String::new());
        lines.extend(tags.iter().flat_map(|tag| wrapped(tag, width)));
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
            let (name, kind) = (name_of(&member(parameter, "camel")), kotlin_type(parameter));
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
        &format!("{modifier}fun {}", name_of(&member(operation, "camel"))),
        &parameters,
        4,
        ": ".len() + answer(operation).len() + " =".len(),
    );

    let pairs: Vec<_> = ordered(operation)
        .iter()
        .map(|parameter| {
            format!("{:?} to {}", member(parameter, "name"), name_of(&member(parameter, "camel")))
        })
        .collect();
    let function = if paged { "seam.list" } else { "seam.call" };
    let mut arguments = vec![
        format!("{:?}", member(operation, "id")),
        listed("arguments", &pairs, 12, ",".len()),
        "options".into(),
    ];
    let is_file = |parameter: &&Value| member(parameter, "kind") == "file";
    let file = ordered(operation).iter().find(is_file).map(|file| name_of(&member(file, "camel")));
    arguments.extend(file);
    let call = format!("    {head}: {} =\n        {}", answer(operation), listed(function, &arguments, 8, 0));
    let held = operation.get_attr("held").unwrap_or_default();
    match member(operation, "answer").as_str() {
        "file" => format!("{call}\n\n{}", stream(operation)),
        _ if held.is_true() => format!("{call}\n\n{}", with_held(operation, &held)),
        _ => call,
    }
}

/// The method that does some work while it holds what the operation takes.
fn with_held(operation: &Value, held: &Value) -> String {
    let parameters = ordered(operation);
    let declared = parameters.iter().map(|parameter| {
        let (name, kind) = (name_of(&member(parameter, "camel")), kotlin_type(parameter));
        let default = if flag(parameter, "required") { "" } else { "? = null" };
        format!("        {name}: {kind}{default},\n")
    });
    let needed: Vec<_> = parameters
        .iter()
        .filter(|parameter| flag(parameter, "required"))
        .map(|parameter| {
            format!("{:?} to {}", member(parameter, "name"), name_of(&member(parameter, "camel")))
        })
        .collect();
    let passed = parameters.iter().map(|parameter| name_of(&member(parameter, "camel")));
    let passed: Vec<_> = passed.chain(["options".into()]).collect();
    let mut tags: Vec<_> = parameters.iter().map(inputs::param_tag).collect();
    tags.push("@param work Is given the answer of the service. What it returns is returned.".into());
    format!(
        "{}\n    suspend fun <T> with{}(\n{}        options: CallOptions = CallOptions(),\n        \
         work: suspend ({}) -> T,\n    ): T {{\n        val taken = {}({})\n        \
         return seam.holding({:?}, arguments({}), options) {{ work(taken) }}\n    }}",
        kdoc(&member(held, "doc"), &tags, 4),
        names::pascal(&member(held, "name")),
        declared.collect::<String>(),
        answer(operation),
        name_of(&member(operation, "camel")),
        passed.join(", "),
        member(held, "release"),
        needed.join(", "),
    )
}

/// The method that gives a file as a flow.
fn stream(operation: &Value) -> String {
    let given: Vec<_> =
        ordered(operation).into_iter().filter(|parameter| member(parameter, "kind") != "target").collect();
    let named = |parameter: &Value| name_of(&member(parameter, "camel"));
    let mut parameters: Vec<_> =
        given.iter().map(|parameter| format!("{}: {}", named(parameter), kotlin_type(parameter))).collect();
    parameters.push("options: CallOptions = CallOptions()".into());
    let pairs: Vec<_> = given
        .iter()
        .map(|parameter| format!("{:?} to {}", member(parameter, "name"), named(parameter)))
        .collect();
    let name = format!("fun {}Stream", member(operation, "camel"));
    let head = listed(&name, &parameters, 4, ": Flow<ByteArray> =".len());
    let arguments = [
        format!("{:?}", member(operation, "id")),
        listed("arguments", &pairs, 12, ",".len()),
        "options".into(),
    ];
    let doc = "The same file as a flow of bytes, of which a part is in memory at a time. Nothing is fetched before it is collected.";
    format!(
        "{}\n    {head}: Flow<ByteArray> =\n        {}",
        kdoc(doc, &[], 4),
        listed("seam.bytes", &arguments, 8, 0)
    )
}

/// A call of the method with the arguments of a behaviour case.
fn driver_call(resource: &Value, operation: &Value) -> String {
    let mut arguments: Vec<_> = ordered(operation)
        .iter()
        .map(|parameter| {
            let take = if flag(parameter, "required") { "required" } else { "optional" };
            let (camel, name) = (name_of(&member(parameter, "camel")), member(parameter, "name"));
            format!("{camel} = given.{take}({name:?}, ::{})", driver_reader(&member(parameter, "kind")))
        })
        .collect();
    arguments.push("options = given.ended(options)".into());
    let method = format!("{}.{}", member(resource, "camel"), name_of(&member(operation, "camel")));
    let rest = if flag(operation, "paged") { ".taken(taking).json()" } else { ".json()" };
    format!("            {}{rest}", listed(&method, &arguments, 12, rest.len()))
}

/// What reads the argument of a behaviour case.
fn driver_reader(kind: &str) -> &'static str {
    match kind {
        "id" | "text" | "choice" | "relative_path" | "link" => "text",
        "ids" | "texts" => "texts",
        "integer" => "integer",
        "boolean" => "boolean",
        "file" => "source",
        "target" => "file",
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

/// A value of the catalogue.
fn literal(value: &Value) -> String {
    match value.kind() {
        ValueKind::Bool => value.is_true().to_string(),
        ValueKind::Seq => "emptyList()".into(),
        _ => value.as_str().map_or_else(|| value.to_string(), |text| format!("{text:?}")),
    }
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
        "id" | "text" | "choice" | "relative_path" | "link" => "String".into(),
        "ids" | "texts" => "List<String>".into(),
        "integer" => inputs::integer(parameter).into(),
        "boolean" => "Boolean".into(),
        "file" => "FileSource".into(),
        "target" => "Path".into(),
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
