//! Names, types and arguments in Swift.

use minijinja::{Environment, Value};

use super::member;
use crate::emit::{Each, Output};
use crate::names;

/// Everything that is written for this language.
pub(crate) const OUTPUTS: &[Output] = &[
    Output {
        each: Each::Family,
        path: "bindings-swift/swift/Sources/BeProductClient/Generated/Records/{{ family.pascal }}Records.swift",
        template: include_str!("../../templates/swift/Records.swift.jinja"),
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
        each: Each::Resource,
        path: "tests/drivers/swift/package/Sources/Generated/{{ resource.pascal }}Calls.swift",
        template: include_str!("../../templates/swift/Driver.swift.jinja"),
    },
];

pub(crate) fn register(environment: &mut Environment<'_>) {
    environment.add_filter("swift_name", |name: String| name_of(&name));
    environment.add_filter("swift_doc", |text: String, first: String, rest: Option<String>| {
        wrapped(&doc(&text), &first, rest.as_deref().unwrap_or(&first))
    });
    environment.add_function("swift_type", |property: Value| property_type(&member(&property, "swift")));
    environment.add_function("swift_parameter", |parameter: Value| {
        let name = name_of(&member(&parameter, "name"));
        format!("{name}: {}", parameter_type(&parameter))
    });
    environment.add_function("swift_value", |parameter: Value| argument(&parameter));
    environment.add_function("swift_driver_argument", |parameter: Value| driver_argument(&parameter));
}

/// Keywords that the service has, or may well have, as the name of a member. The others are `names::RESERVED`.
const KEYWORDS: &[&str] =
    &["associatedtype", "default", "extension", "internal", "operator", "precedencegroup", "some"];

/// `folder_id` -> `folderID`, as Apple spells initialisms.
fn name_of(name: &str) -> String {
    let name = initialisms(&names::camel(name));
    if KEYWORDS.contains(&name.as_str()) || names::RESERVED.contains(&name.as_str()) {
        format!("`{name}`")
    } else {
        name
    }
}

fn initialisms(camel: &str) -> String {
    for (ending, spelled) in [("Id", "ID"), ("Ids", "IDs"), ("Url", "URL")] {
        if let Some(stem) = camel.strip_suffix(ending) {
            return format!("{stem}{spelled}");
        }
    }
    camel.to_owned()
}

fn property_type(swift: &str) -> String {
    match swift {
        // Prices: no binary fractions.
        "Double" => "Decimal".into(),
        // In the order of the wire.
        "[String: JSONValue]" => "JSONObject".into(),
        other => match other.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(item) => format!("[{}]", property_type(item)),
            None => other.to_owned(),
        },
    }
}

fn parameter_type(parameter: &Value) -> String {
    let kind = member(parameter, "kind");
    let record = || names::pascal(&member(parameter, "record"));
    let (name, empty) = match kind.as_str() {
        "id" | "text" | "relative_path" | "link" => ("String".into(), None),
        "texts" => ("[String]".into(), None),
        "integer" => ("Int".into(), None),
        "boolean" => ("Bool".into(), None),
        "file" | "target" => ("URL".into(), None),
        "filters" | "colorway_filters" => ("[Filter]".into(), Some("[]")),
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

/// What goes to the engine. An empty list of filters or fields is none, while an empty list of sizes removes them.
fn argument(parameter: &Value) -> String {
    let name = name_of(&member(parameter, "name"));
    match (member(parameter, "kind").as_str(), required(parameter)) {
        ("file" | "target", true) => format!("{name}.path"),
        ("file" | "target", false) => format!("{name}?.path"),
        ("fields", true) => format!("FieldValues({name})"),
        ("fields", false) => format!("{name}.nonEmpty.map(FieldValues.init)"),
        ("filters" | "colorway_filters" | "colorways" | "query_map", false) => format!("{name}.nonEmpty"),
        _ => name,
    }
}

/// An argument of a behaviour case, as the method takes it.
fn driver_argument(parameter: &Value) -> String {
    let (name, kind) = (member(parameter, "name"), member(parameter, "kind"));
    let reader = match kind.as_str() {
        "id" | "text" | "relative_path" | "link" => "text",
        "texts" => "texts",
        "integer" => "integer",
        "boolean" => "boolean",
        "file" | "target" => "file",
        "filters" | "colorway_filters" => "filters",
        "fields" | "query_map" => "object",
        "colorways" => "colorways",
        "table_rows" | "records" => "records",
        _ => "any",
    };
    let (take, rest) = match kind.as_str() {
        _ if required(parameter) => ("required", ""),
        "query_map" => ("optional", " ?? [:]"),
        "fields" => (driver_optional(parameter), " ?? [:]"),
        "filters" | "colorway_filters" | "colorways" => (driver_optional(parameter), " ?? []"),
        _ => ("optional", ""),
    };
    format!("{}: given.{take}({name:?}, {reader}){rest}", name_of(&name))
}

/// The method cannot tell an empty list from none, and not every parameter sends the same for both.
fn driver_optional(parameter: &Value) -> &'static str {
    if member(parameter, "absent") == "empty_array" { "optional" } else { "filled" }
}

fn required(parameter: &Value) -> bool {
    parameter.get_attr("required").is_ok_and(|required| required.is_true())
}

/// Field ids of the service and members of details, which stay as they are.
const FIELD_IDS: &[&str] = &["color_name", "color_number", "upload_id"];

/// A text of the catalogue with the names in it as Swift has them.
fn doc(text: &str) -> String {
    let text = text.replace(", as a map or as a list of `{id, value}`", "");
    let parts = text
        .split('`')
        .enumerate()
        .map(|(index, part)| if index % 2 == 1 { code(part) } else { part.to_owned() });
    parts.collect::<Vec<_>>().join("`")
}

fn code(text: &str) -> String {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    text.split_inclusive(|letter| !is_name(letter))
        .map(|part| {
            let (word, rest) = part.split_at(part.find(|letter| !is_name(letter)).unwrap_or(part.len()));
            let word = match word {
                word if FIELD_IDS.contains(&word) => word.to_owned(),
                word if word.contains('_') => initialisms(&names::camel(word)),
                word => initialisms(word),
            };
            word + rest
        })
        .collect()
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
        assert_eq!(name_of("operator"), "`operator`");
        assert_eq!(property_type("[Size]"), "[Size]");
        assert_eq!(property_type("[String: JSONValue]"), "JSONObject");
    }

    #[test]
    fn texts_name_what_swift_has() {
        assert_eq!(doc("`{rowId, row_fields}` of page_size"), "`{rowID, rowFields}` of page_size");
        assert_eq!(doc("needs `color_number`, see `Choices`"), "needs `color_number`, see `Choices`");
    }
}
