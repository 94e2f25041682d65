//! Arguments in Python, for the stubs.

mod own;

use minijinja::{Environment, Error, Value};

use super::member;
use crate::client::Own;
use crate::marks;
use crate::names;
use crate::output::{Each, Output, used};

/// Everything that is written for this language.
pub(crate) const OUTPUTS: &[Output] = &[
    Output {
        each: Each::Once,
        path: "bindings-python/python/beproduct_client/types.py",
        template: include_str!("../../templates/python/types.py.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-python/python/beproduct_client/records/__init__.py",
        template: include_str!("../../templates/python/records-init.py.jinja"),
    },
    Output {
        each: Each::Family,
        path: "bindings-python/python/beproduct_client/records/{{ family.name }}.py",
        template: include_str!("../../templates/python/records.py.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-python/python/beproduct_client/resources/__init__.py",
        template: include_str!("../../templates/python/resources-init.py.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-python/python/beproduct_client/resources/__init__.pyi",
        template: include_str!("../../templates/python/resources-init.pyi.jinja"),
    },
    Output {
        each: Each::Resource,
        path: "bindings-python/python/beproduct_client/resources/{{ resource.name }}.py",
        template: include_str!("../../templates/python/resource.py.jinja"),
    },
    Output {
        each: Each::Resource,
        path: "bindings-python/python/beproduct_client/resources/{{ resource.name }}.pyi",
        template: include_str!("../../templates/python/resource.pyi.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-python/python/beproduct_client/client/__init__.py",
        template: include_str!("../../templates/python/client/init.py.jinja"),
    },
    Output {
        each: Each::OwnFamily,
        path: "bindings-python/python/beproduct_client/client/{{ family.name }}.py",
        template: include_str!("../../templates/python/client/records.py.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-python/python/beproduct_client/client/errors.py",
        template: include_str!("../../templates/python/client/errors.py.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-python/python/beproduct_client/client/options.py",
        template: include_str!("../../templates/python/client/options.py.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-python/python/beproduct_client/client/plan.py",
        template: include_str!("../../templates/python/client/plan.py.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-python/python/beproduct_client/client/settings.py",
        template: include_str!("../../templates/python/client/settings.py.jinja"),
    },
    Output {
        each: Each::Group,
        path: "bindings-python/python/beproduct_client/resources/{{ group.name }}.py",
        template: include_str!("../../templates/python/client/group.py.jinja"),
    },
    Output {
        each: Each::Group,
        path: "bindings-python/python/beproduct_client/resources/{{ group.name }}.pyi",
        template: include_str!("../../templates/python/client/group.pyi.jinja"),
    },
];

pub(crate) fn spell(own: &Own, kind: &str, name: &str) -> String {
    match (kind, name) {
        ("unit", name) => marks::unit(name),
        ("setting", name) => format!("the client's `{name}`"),
        ("value", "true") => "True".into(),
        ("value", "false") => "False".into(),
        ("value", _) => "None".into(),
        ("error", kind) => format!("`{}Error`", own.class(kind)),
        ("type", name) => format!("`{}`", names::pascal(name)),
        (_, name) => format!("`{name}`"),
    }
}

pub(crate) fn register(environment: &mut Environment<'_>) {
    own::register(environment);
    environment.add_filter("python_name", |name: &str| name_of(name));
    environment.add_function("python_argument", |parameter: Value| argument(&parameter));
    environment.add_function("python_docstring", |operation: Value| docstring(&operation));
    environment.add_function("python_member", |property: Value| member_type(&property));
    environment.add_filter("python_import", |code: &str, module: &str, names: Vec<String>| {
        import(module, used(code, names))
    });
    environment.add_function("python_import_of", |module: &str, names: Vec<String>| import(module, names));
    environment.add_function("python_names", |families: Value| all_names(&families));
}

/// Words that are no name anywhere, not even behind a dot.
const RESERVED: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// `import` -> `import_`, as PEP 8 asks for.
pub(super) fn name_of(name: &str) -> String {
    if RESERVED.contains(&name) { format!("{name}_") } else { name.to_owned() }
}

/// Width of a line of code.
const LINE: usize = 120;

/// An import of these names as a line, or as several where it would be too long; nothing without names.
fn import(module: &str, mut names: Vec<String>) -> String {
    if names.is_empty() {
        return String::new();
    }
    names.sort_by_key(|name| name.to_lowercase());
    let single = format!("from {module} import {}\n", names.join(", "));
    if single.len() <= LINE {
        return single;
    }
    let lines: String = names.iter().map(|name| format!("    {name},\n")).collect();
    format!("from {module} import (\n{lines})\n")
}

/// What `types` offers.
fn all_names(families: &Value) -> Result<Vec<String>, Error> {
    let mut names: Vec<_> =
        ["FieldValue", "Filter", "FilterMap", "FilterOperators", "FilterValue", "Number", "Operator"]
            .map(str::to_owned)
            .into();
    let files = ["AsyncFileStream", "FileContent", "FileInput", "FileStream", "FileUrl"];
    names.extend(files.map(str::to_owned));
    for family in families.try_iter()? {
        for shape in family.get_attr("shapes")?.try_iter()? {
            names.push(member(&shape, "pascal"));
        }
    }
    names.sort();
    Ok(names)
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
        let text = format!(":param {}: {}", name_of(&member(&parameter, "name")), member(&parameter, "doc"));
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

/// One of the texts of a choice.
fn literal(parameter: &Value) -> String {
    let choices = parameter.get_attr("choices").and_then(|choices| choices.try_iter());
    let choices: Vec<_> = choices.into_iter().flatten().map(|choice| format!("\"{choice}\"")).collect();
    format!("Literal[{}]", choices.join(", "))
}

fn argument(parameter: &Value) -> String {
    let record = names::pascal(&member(parameter, "record"));
    match member(parameter, "kind").as_str() {
        "id" => "str | UUID".into(),
        "text" | "relative_path" | "link" => "str".into(),
        "ids" => "Iterable[str | UUID]".into(),
        "texts" => "Iterable[str]".into(),
        "choice" => literal(parameter),
        "integer" => "int".into(),
        "boolean" => "bool".into(),
        "file" => "FileInput".into(),
        "target" => "str | PathLike[str]".into(),
        "filters" | "colorway_filters" => "FilterMap | Sequence[Filter]".into(),
        "fields" => "Mapping[str, Any] | Iterable[FieldValue]".into(),
        "table_rows" | "records" => format!("Iterable[{record} | dict[str, Any]]"),
        "colorways" => "Iterable[ColorwayChange]".into(),
        "query_map" => "Mapping[str, Any]".into(),
        _ => "Any".into(),
    }
}
