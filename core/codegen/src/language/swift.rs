//! Names, types and arguments in Swift.

use minijinja::{Environment, Value};

use super::member;
use crate::client::Own;
use crate::names;
use crate::output::{Each, Output};

mod inputs;

/// Everything that is written for this language.
pub(crate) const OUTPUTS: &[Output] = &[
    Output {
        each: Each::Family,
        path: "bindings-swift/swift/Sources/BeProductClient/Generated/Records/{{ family.pascal }}Records.swift",
        template: RECORDS,
    },
    Output {
        each: Each::OwnFamily,
        path: "bindings-swift/swift/Sources/BeProductClient/Generated/Client/{{ family.pascal }}Records.swift",
        template: RECORDS,
    },
    Output {
        each: Each::Group,
        path: "bindings-swift/swift/Sources/BeProductClient/Generated/Client/{{ group.pascal }}.swift",
        template: include_str!("../../templates/swift/Group.swift.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-swift/swift/Sources/BeProductClient/Generated/Client/BeProductError.swift",
        template: include_str!("../../templates/swift/BeProductError.swift.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-swift/swift/Sources/BeProductClient/Generated/Client/CallOptions.swift",
        template: include_str!("../../templates/swift/CallOptions.swift.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-swift/swift/Sources/BeProductClient/Generated/Client/Configuration.swift",
        template: include_str!("../../templates/swift/Configuration.swift.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-swift/swift/Sources/BeProductClient/Generated/Client/Credentials.swift",
        template: include_str!("../../templates/swift/Credentials.swift.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-swift/swift/Sources/BeProductClient/Generated/Client/Plan.swift",
        template: include_str!("../../templates/swift/Plan.swift.jinja"),
    },
    Output {
        each: Each::Resource,
        path: "bindings-swift/swift/Sources/BeProductClient/Generated/Resources/{{ resource.pascal }}Resource.swift",
        template: include_str!("../../templates/swift/Resource.swift.jinja"),
    },
    Output {
        each: Each::Once,
        path: "tests/drivers/swift/package/Sources/Generated/TypedCalls.swift",
        template: include_str!("../../templates/swift/Drivers.swift.jinja"),
    },
    Output {
        each: Each::Once,
        path: "tests/drivers/swift/package/Sources/Generated/Inputs.swift",
        template: include_str!("../../templates/swift/DriverInputs.swift.jinja"),
    },
    Output {
        each: Each::Resource,
        path: "tests/drivers/swift/package/Sources/Generated/{{ resource.pascal }}Calls.swift",
        template: include_str!("../../templates/swift/Driver.swift.jinja"),
    },
];

const RECORDS: &str = include_str!("../../templates/swift/Records.swift.jinja");

pub(crate) fn spell(own: &Own, kind: &str, name: &str) -> String {
    let code = |name: &str| format!("`{name}`");
    match (kind, name) {
        ("unit", _) => String::new(),
        ("value", "null") => code("nil"),
        ("value", value) => code(value),
        ("error", kind) => format!("``ErrorKind/{}``", names::camel(kind)),
        ("outcome", name) => format!("``Outcome/{}``", names::camel(name)),
        ("field", name) => format!("``BeProductError/{}``", name_of(name)),
        ("option", name) => format!("``CallOptions/{}``", name_of(name)),
        ("setting", name) if inputs::is_configured(own, name) => {
            format!("``Configuration/{}``", name_of(name))
        }
        ("method", name) => inputs::reference(own, name),
        ("type", name) => format!("``{}``", names::pascal(name)),
        (_, name) => code(&name.split('.').map(name_of).collect::<Vec<_>>().join(".")),
    }
}

pub(crate) fn register(environment: &mut Environment<'_>) {
    environment.add_filter("swift_name", |name: String| name_of(&name));
    environment.add_filter("swift_doc", |text: String, first: String, rest: Option<String>| {
        wrapped(&text, &first, rest.as_deref().unwrap_or(&first))
    });
    environment.add_function("swift_type", |property: Value| property_type(&member(&property, "swift")));
    environment.add_function("swift_property", |property: Value| property_name(&property));
    environment.add_function("swift_field_list", |shape: Value, families: Value| {
        field_list(&shape, &families).map_or(Value::UNDEFINED, Value::from)
    });
    environment.add_function("swift_parameter", |parameter: Value| {
        let name = name_of(&member(&parameter, "name"));
        format!("{name}: {}", parameter_type(&parameter))
    });
    environment.add_function("swift_value", |parameter: Value| argument(&parameter));
    environment.add_function("swift_driver_argument", |parameter: Value| driver_argument(&parameter));
    inputs::register(environment);
}

/// Keywords that Swift reserves as names of members, cases and parameters.
const KEYWORDS: &[&str] = &[
    "Any",
    "Self",
    "as",
    "associatedtype",
    "break",
    "case",
    "catch",
    "class",
    "continue",
    "default",
    "defer",
    "deinit",
    "do",
    "else",
    "enum",
    "extension",
    "fallthrough",
    "false",
    "fileprivate",
    "for",
    "func",
    "guard",
    "if",
    "import",
    "in",
    "init",
    "inout",
    "internal",
    "is",
    "let",
    "nil",
    "operator",
    "precedencegroup",
    "private",
    "protocol",
    "public",
    "repeat",
    "rethrows",
    "return",
    "self",
    "static",
    "struct",
    "subscript",
    "super",
    "switch",
    "throw",
    "throws",
    "true",
    "try",
    "typealias",
    "var",
    "where",
    "while",
];

/// `folder_id` -> `folderID`, as Apple spells initialisms.
pub(super) fn name_of(name: &str) -> String {
    let name = initialisms(&names::camel(name));
    if KEYWORDS.contains(&name.as_str()) { format!("`{name}`") } else { name }
}

fn initialisms(camel: &str) -> String {
    let endings = [("Id", "ID"), ("Ids", "IDs"), ("Url", "URL"), ("Uri", "URI"), ("Dir", "Directory")];
    for (ending, spelled) in endings {
        if let Some(stem) = camel.strip_suffix(ending) {
            return format!("{stem}{spelled}");
        }
    }
    camel.to_owned()
}

/// A `Duration` is not named after a unit.
fn property_name(property: &Value) -> String {
    match (member(property, "swift").as_str(), member(property, "camel").as_str()) {
        ("Duration", "seconds") => "duration".into(),
        (_, name) => name_of(name),
    }
}

fn property_type(swift: &str) -> String {
    match swift {
        // In the order of the wire.
        "[String: JSONValue]" => "JSONObject".into(),
        other => match other.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(item) => format!("[{}]", property_type(item)),
            None => other.to_owned(),
        },
    }
}

/// The expression for the list of fields that a record has, or that its data has.
fn field_list(shape: &Value, families: &Value) -> Option<String> {
    let list = |shape: &Value| {
        let own = properties(shape).find(|property| member(property, "swift") == "[Field]");
        own.map(|property| property_name(&property))
    };
    list(shape).or_else(|| {
        properties(shape).find_map(|property| {
            let data = families.try_iter().ok()?.find_map(|family| {
                let mut shapes = family.get_attr("shapes").ok()?.try_iter().ok()?;
                shapes.find(|shape| member(shape, "pascal") == member(&property, "swift"))
            })?;
            Some(format!("{}?.{}", property_name(&property), list(&data)?))
        })
    })
}

fn properties(shape: &Value) -> impl Iterator<Item = Value> {
    shape.get_attr("properties").and_then(|properties| properties.try_iter()).into_iter().flatten()
}

fn parameter_type(parameter: &Value) -> String {
    let kind = member(parameter, "kind");
    let record = || names::pascal(&member(parameter, "record"));
    let (name, empty) = match kind.as_str() {
        "id" | "text" | "choice" | "relative_path" | "link" => ("String".into(), None),
        "ids" | "texts" => ("[String]".into(), None),
        "integer" => ("Int".into(), None),
        "boolean" => ("Bool".into(), None),
        "file" => ("FileSource".into(), None),
        "target" => ("URL".into(), None),
        "filters" | "colorway_filters" => ("Filters".into(), Some("[:]")),
        "colorways" => ("[ColorwayChange]".into(), Some("[]")),
        "fields" | "query_map" => ("JSONObject".into(), Some("[:]")),
        "records" | "table_rows" => (format!("[{}]", record()), None),
        _ => ("JSONValue".into(), None),
    };
    match empty {
        _ if required(parameter) => name,
        Some(empty) => format!("{name} = {empty}"),
        None => format!("{name}? = nil"),
    }
}

/// What goes to the engine. An empty list of filters or fields is left out, while an empty list of sizes removes them.
fn argument(parameter: &Value) -> String {
    let name = name_of(&member(parameter, "name"));
    match (member(parameter, "kind").as_str(), required(parameter)) {
        ("target", true) => format!("{name}.path"),
        ("target", false) => format!("{name}?.path"),
        ("fields" | "filters" | "colorway_filters" | "colorways" | "query_map", false) => {
            format!("{name}.nonEmpty")
        }
        _ => name,
    }
}

/// An argument of a behaviour case, as the method takes it.
fn driver_argument(parameter: &Value) -> String {
    let (name, kind) = (member(parameter, "name"), member(parameter, "kind"));
    let reader = match kind.as_str() {
        "id" | "text" | "choice" | "relative_path" | "link" => "text",
        "ids" | "texts" => "texts",
        "integer" => "integer",
        "boolean" => "boolean",
        "file" => "source",
        "target" => "file",
        "filters" | "colorway_filters" => "filters",
        "fields" | "query_map" => "object",
        "colorways" => "colorways",
        "table_rows" | "records" => "records",
        _ => "any",
    };
    let (take, rest) = match kind.as_str() {
        _ if required(parameter) => ("required", ""),
        "query_map" => ("optional", " ?? [:]"),
        "fields" | "filters" | "colorway_filters" => (driver_optional(parameter), " ?? [:]"),
        "colorways" => (driver_optional(parameter), " ?? []"),
        _ => ("optional", ""),
    };
    format!("{}: given.{take}({name:?}, {reader}){rest}", name_of(&name))
}

/// The method leaves an empty list out, which not every parameter sends as the same.
fn driver_optional(parameter: &Value) -> &'static str {
    if member(parameter, "absent") == "empty_array" { "optional" } else { "filled" }
}

fn required(parameter: &Value) -> bool {
    parameter.get_attr("required").is_ok_and(|required| required.is_true())
}

/// A comment of lines that are no longer than the rest of the code: the first behind `first`, the others behind `rest`.
fn wrapped(text: &str, first: &str, rest: &str) -> String {
    const WIDTH: usize = 120;
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = if lines.is_empty() { first.to_owned() } else { rest.to_owned() };
        let mut empty = true;
        for word in paragraph.split(' ') {
            if !empty && line.len() + 1 + word.len() > WIDTH {
                lines.push(std::mem::replace(&mut line, rest.to_owned()));
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_swift() {
        assert_eq!(name_of("data_table_id"), "dataTableID");
        assert_eq!(name_of("redirect_uri"), "redirectURI");
        assert_eq!(name_of("state_dir"), "stateDirectory");
        assert_eq!(name_of("operator"), "`operator`");
        assert_eq!(name_of("from"), "from");
        assert_eq!(property_type("[Size]"), "[Size]");
        assert_eq!(property_type("[String: JSONValue]"), "JSONObject");
    }
}
