//! Types, names and comments in TypeScript.

use std::collections::BTreeSet;

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, Value};

use super::member;
use crate::client::Own;
use crate::marks;
use crate::names::{camel, pascal};
use crate::output::{Each, Output, used};

/// Width of a line.
const WIDTH: usize = 110;

/// Everything that is written for this language.
pub(crate) const OUTPUTS: &[Output] = &[
    Output {
        each: Each::Once,
        path: "bindings-node/ts/records/index.ts",
        template: include_str!("../../templates/typescript/records-index.ts.jinja"),
    },
    Output {
        each: Each::Family,
        path: "bindings-node/ts/records/{{ family.name|kebab }}.ts",
        template: include_str!("../../templates/typescript/records.ts.jinja"),
    },
    Output {
        each: Each::OwnFamily,
        path: "bindings-node/ts/records/{{ family.name|kebab }}.ts",
        template: include_str!("../../templates/typescript/own-records.ts.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-node/ts/resources/index.ts",
        template: include_str!("../../templates/typescript/resources-index.ts.jinja"),
    },
    Output {
        each: Each::Resource,
        path: "bindings-node/ts/resources/{{ resource.name|kebab }}.ts",
        template: include_str!("../../templates/typescript/resource.ts.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-node/ts/client/index.ts",
        template: include_str!("../../templates/typescript/client-index.ts.jinja"),
    },
    Output {
        each: Each::Group,
        path: "bindings-node/ts/client/{{ group.name|kebab }}.ts",
        template: include_str!("../../templates/typescript/group.ts.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-node/ts/client/groups.ts",
        template: include_str!("../../templates/typescript/groups.ts.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-node/ts/client/errors.ts",
        template: include_str!("../../templates/typescript/errors.ts.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-node/ts/client/names.ts",
        template: include_str!("../../templates/typescript/names.ts.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-node/ts/client/options.ts",
        template: include_str!("../../templates/typescript/options.ts.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-node/ts/client/plan.ts",
        template: include_str!("../../templates/typescript/plan.ts.jinja"),
    },
    Output {
        each: Each::Once,
        path: "bindings-node/ts/client/settings.ts",
        template: include_str!("../../templates/typescript/settings.ts.jinja"),
    },
    Output {
        each: Each::Once,
        path: "tests/drivers/node/arguments.mjs",
        template: include_str!("../../templates/typescript/driver-arguments.mjs.jinja"),
    },
];

pub(crate) fn spell(own: &Own, kind: &str, name: &str) -> String {
    match (kind, name) {
        ("unit", name) => marks::unit(name),
        ("value", "null") => "undefined".into(),
        ("value", value) => format!("`{value}`"),
        ("error", kind) => format!("`{}Error`", own.class(kind)),
        ("outcome", name) => format!("`{name}`"),
        ("type", name) => format!("`{}`", pascal(name)),
        ("option", name) => format!("`options.{}`", camel(name)),
        ("setting", name) => format!("`settings.{}`", camel(name)),
        ("method", name) => {
            format!("`client.{}`", name.split('.').map(camel).collect::<Vec<_>>().join("."))
        }
        (_, name) => format!("`{}`", name.split('.').map(camel).collect::<Vec<_>>().join(".")),
    }
}

pub(crate) fn register(environment: &mut Environment<'_>) {
    environment.add_function("ts_argument", |parameter: Value| argument(&parameter));
    environment.add_function("ts_input", |input: Value, taker: &str| input_type(&input, taker));
    environment.add_function("ts_answer", |operation: Value| answer(&operation));
    environment.add_function("ts_leading", |operation: Value| leading(&operation));
    environment.add_filter("ts_import", |code: &str, module: &str, names: Vec<String>| {
        import(module, &used(code, names))
    });
    environment
        .add_filter("ts_list", |items: Vec<String>, before: &str, after: &str| list(before, &items, after));
    environment.add_filter("ts_union", |items: Vec<String>, before: &str| union(before, &items));
    environment.add_function("ts_names", |own: Value, resources: Value| given_names(&own, &resources));
    environment.add_function("ts_given", |resources: Value| given_records(&resources));
    environment.add_function("ts_data", |own: Value| data(&own));
    environment.add_function("ts_plan_members", |plan: Value| plan_members(&plan));
    environment.add_filter("ts_literal", |value: Value| literal(&value));
    environment.add_function("ts_open", |own: Value| open_records(&own));
    environment.add_filter("ts_item", |text: &str| item(text));
    environment.add_filter("ts_doc", |text: &str, indent: usize| doc(text, indent));
    environment
        .add_function("ts_property_doc", |property: Value, is_given: bool| property_doc(&property, is_given));
    environment.add_function("ts_filters", |resources: Value| filters(&resources).map(Value::from_iter));
}

/// An import of these types as Prettier lays it out; nothing without names.
fn import(module: &str, names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let mut names = names.to_vec();
    names.sort();
    let single = format!("import type {{ {} }} from '{module}';\n", names.join(", "));
    if single.len() <= WIDTH + 1 {
        single
    } else {
        lines("import type {", &names, &format!("}} from '{module}';"))
    }
}

/// A list as Prettier lays it out: on one line where it fits, or an element a line.
fn list(before: &str, items: &[String], after: &str) -> String {
    let single = format!("{before}{}{after}\n", items.join(", "));
    if single.len() <= WIDTH + 1 { single } else { lines(before, items, after) }
}

fn lines(before: &str, items: &[String], after: &str) -> String {
    let items: String = items.iter().map(|item| format!("  {item},\n")).collect();
    format!("{before}\n{items}{after}\n")
}

/// The same for a union.
fn union(before: &str, items: &[String]) -> String {
    let single = format!("{before} {};\n", items.join(" | "));
    if single.len() <= WIDTH + 1 {
        return single;
    }
    format!("{before}\n  | {};\n", items.join("\n  | "))
}

fn argument(parameter: &Value) -> String {
    match member(parameter, "kind").as_str() {
        "id" | "text" | "relative_path" | "link" | "target" => "string".into(),
        "file" => "FileInput".into(),
        "ids" | "texts" => "readonly string[]".into(),
        "choice" => {
            let choices = parameter.get_attr("choices").and_then(|choices| choices.try_iter());
            let choices = choices.into_iter().flatten().map(|choice| format!("'{choice}'"));
            choices.collect::<Vec<_>>().join(" | ")
        }
        "integer" => "number".into(),
        "boolean" => "boolean".into(),
        "filters" | "colorway_filters" => "FilterMap | readonly Filter[]".into(),
        "fields" => "Fields".into(),
        "colorways" => "readonly ColorwayChange[]".into(),
        "records" | "table_rows" => format!("readonly {}[]", pascal(&member(parameter, "record"))),
        "query_map" => "Query".into(),
        _ => "unknown".into(),
    }
}

/// The type of a setting, an option or an argument of the client's own methods.
fn input_type(input: &Value, taker: &str) -> Result<String, Error> {
    let kind = member(input, "kind");
    Ok(match kind.as_str() {
        "text" | "url" | "path" => "string".into(),
        "integer" | "seconds" => "number".into(),
        "boolean" => "boolean".into(),
        "choice" => {
            let choices = input.get_attr("choices")?;
            let names = choices.try_iter()?.map(|choice| format!("'{}'", member(&choice, "name")));
            names.collect::<Vec<_>>().join(" | ")
        }
        "headers" => "Readonly<Record<string, string>>".into(),
        "query" => "Readonly<Record<string, string | number | boolean>>".into(),
        "plan" => "Plan".into(),
        "progress" => "(progress: Progress) => void | PromiseLike<void>".into(),
        "ledger" => "Ledger".into(),
        // A sign-in with the browser keeps its tokens for other processes.
        "token_store" if taker == "login" => "TokenPlace".into(),
        "token_store" => "'memory' | TokenPlace | TokenStore".into(),
        "records" => format!("readonly {}[]", pascal(&member(input, "record"))),
        other => {
            return Err(Error::new(ErrorKind::InvalidOperation, format!("kind {other} has no type yet")));
        }
    })
}

/// What the call resolves to, or the record that its pages hold.
fn answer(operation: &Value) -> String {
    let is = |name: &str| operation.get_attr(name).is_ok_and(|value| value.is_true());
    let record = if is("record") { pascal(&member(operation, "record")) } else { "unknown".into() };
    if member(operation, "answer") == "list" && !is("paged") { format!("{record}[]") } else { record }
}

/// The argument that comes before the object of arguments: the one required id or text of an operation, the one required
/// argument of a method of the client.
pub(super) fn leading(method: &Value) -> Result<Value, Error> {
    let is_operation = method.get_attr("path").is_ok_and(|path| !path.is_undefined());
    let mut found = Vec::new();
    for parameter in method.get_attr("parameters")?.try_iter()? {
        let kind = member(&parameter, "kind");
        let is_text = ["id", "ids", "text", "texts", "relative_path"].contains(&kind.as_str());
        if parameter.get_attr("required")?.is_true() && (is_text || !is_operation) {
            found.push(parameter);
        }
    }
    // An empty object, in which templates may look.
    Ok(if found.len() == 1 { found.remove(0) } else { Value::from_iter([] as [(Value, Value); 0]) })
}

/// Arguments that hold filters.
fn filters(resources: &Value) -> Result<BTreeSet<String>, Error> {
    let mut found = BTreeSet::new();
    for resource in resources.try_iter()? {
        for operation in resource.get_attr("operations")?.try_iter()? {
            let parameters = operation.get_attr("parameters")?;
            let is_filter =
                |one: &Value| matches!(member(one, "kind").as_str(), "filters" | "colorway_filters");
            found.extend(parameters.try_iter()?.filter(is_filter).map(|one| member(&one, "name")));
        }
    }
    Ok(found)
}

/// Names of what a program gives that differ from the engine's: those of the engine.
fn given_names(own: &Value, resources: &Value) -> Result<Vec<String>, Error> {
    let mut found = BTreeSet::new();
    let mut take = |inputs: Value| -> Result<(), Error> {
        found.extend(inputs.try_iter()?.map(|input| (member(&input, "name"), member(&input, "camel"))));
        Ok(())
    };
    for inputs in ["settings", "options"] {
        take(own.get_attr(inputs)?)?;
    }
    for groups in [resources.clone(), own.get_attr("groups")?] {
        for group in groups.try_iter()? {
            let methods = ["operations", "methods"].map(|name| group.get_attr(name).unwrap_or_default());
            for method in methods.iter().filter(|methods| !methods.is_undefined()).map(Value::try_iter) {
                for method in method? {
                    take(method.get_attr("parameters")?)?;
                }
            }
        }
    }
    take(own.get_attr("plan")?.get_attr("options")?)?;
    found.extend(plan_members(&own.get_attr("plan")?)?.into_iter().map(|name| (name.clone(), camel(&name))));
    for property in own_properties(own, |shape| shape.get_attr("given").is_ok_and(|given| given.is_true()))? {
        found.insert((member(&property, "wire"), member(&property, "camel")));
    }
    Ok(found.into_iter().filter(|(name, camel)| name != camel).map(|(name, _)| name).collect())
}

/// Records of the service that a program gives.
fn given_records(resources: &Value) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for resource in resources.try_iter()? {
        for operation in resource.get_attr("operations")?.try_iter()? {
            let parameters = operation.get_attr("parameters")?;
            found.extend(parameters.try_iter()?.map(|parameter| member(&parameter, "record")));
        }
    }
    Ok(found)
}

/// Members, by the engine's names, in which names are data: headers, query parameters, measurements, what the service says.
fn data(own: &Value) -> Result<Vec<String>, Error> {
    let mut found = BTreeSet::new();
    for inputs in ["settings", "options"] {
        for input in own.get_attr(inputs)?.try_iter()? {
            if ["headers", "query"].contains(&member(&input, "kind").as_str()) {
                found.insert(member(&input, "name"));
            }
        }
    }
    for property in own_properties(own, |_| true)? {
        if ["unknown", "Record<string, unknown>"].contains(&member(&property, "typescript").as_str()) {
            found.insert(member(&property, "wire"));
        }
    }
    Ok(found.into_iter().collect())
}

/// The members of those of the client's own records.
fn own_properties(own: &Value, of: impl Fn(&Value) -> bool) -> Result<Vec<Value>, Error> {
    let mut found = Vec::new();
    for family in own.get_attr("families")?.try_iter()? {
        for shape in family.get_attr("shapes")?.try_iter()?.filter(|shape| of(shape)) {
            found.extend(shape.get_attr("properties")?.try_iter()?);
        }
    }
    Ok(found)
}

/// Records of the client that have members which they do not name.
fn open_records(own: &Value) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for family in own.get_attr("families")?.try_iter()? {
        let shapes = family.get_attr("shapes")?;
        let open = shapes.try_iter()?.filter(|shape| shape.get_attr("open").is_ok_and(|open| open.is_true()));
        found.extend(open.map(|shape| member(&shape, "name")));
    }
    Ok(found)
}

/// The members that tell plans apart, each once.
fn plan_members(plan: &Value) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for plan in plan.get_attr("plans")?.try_iter()? {
        let constants = plan.get_attr("sets")?;
        let names = constants.try_iter()?.map(|name| name.to_string());
        let parameters = plan.get_attr("parameters")?;
        let names = names.chain(parameters.try_iter()?.map(|parameter| member(&parameter, "sets")));
        for name in names {
            if !found.contains(&name) {
                found.push(name);
            }
        }
    }
    Ok(found)
}

/// A value of the catalogue.
fn literal(value: &Value) -> String {
    match (value.kind(), value.as_str()) {
        (ValueKind::Bool, _) => value.is_true().to_string(),
        (_, Some(text)) => format!("'{text}'"),
        _ => value.to_string(),
    }
}

/// The documentation of a member of an own record, with its default where a program may leave it out.
fn property_doc(property: &Value, is_given: bool) -> String {
    let doc = member(property, "doc");
    match property.get_attr("default") {
        Ok(default) if is_given && !default.is_none() && !default.is_undefined() => {
            format!("{doc} Default: `{}`.", literal(&default))
        }
        _ => doc,
    }
}

/// A comment of at most 110 columns, on one line where it fits.
fn doc(text: &str, indent: usize) -> String {
    let margin = " ".repeat(indent);
    if !text.contains('\n') && indent + "/**  */".len() + text.chars().count() <= WIDTH {
        return format!("{margin}/** {text} */");
    }
    let mut lines = vec![format!("{margin}/**")];
    lines.extend(text.lines().flat_map(|paragraph| wrapped(paragraph, &format!("{margin} *"), "")));
    lines.push(format!("{margin} */"));
    lines.join("\n")
}

/// An item of a list in a comment.
fn item(text: &str) -> String {
    wrapped(text, " *", "  ").join("\n")
}

/// The lines of a paragraph behind this margin; all but the first are indented.
fn wrapped(paragraph: &str, margin: &str, indent: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = margin.to_owned();
    for word in paragraph.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::replace(&mut line, format!("{margin}{indent}")));
        }
        line.push(' ');
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    #[test]
    fn what_is_too_wide_has_a_line_each() {
        let names = |count: usize| vec!["'not_found'".to_owned(); count];
        assert_eq!(union("type Kind =", &names(2)), "type Kind = 'not_found' | 'not_found';\n");
        let wide = union("type Kind =", &names(9));
        assert!(
            wide.starts_with("type Kind =\n  | 'not_found'\n") && wide.ends_with("'not_found';\n"),
            "{wide}"
        );
        assert_eq!(list("f([", &names(1), "]);"), "f(['not_found']);\n");
        assert!(list("f([", &names(9), "]);").starts_with("f([\n  'not_found',\n"));
    }

    #[test]
    fn the_required_text_comes_first() {
        let text = context! { name => "header_id", kind => "id", required => true };
        let fields = context! { name => "fields", kind => "fields", required => true };
        let folder = context! { name => "folder_id", kind => "id", required => false };
        let name = |parameters: Vec<Value>, path: Value| {
            let method = context! { parameters, path };
            member(&leading(&method).unwrap(), "name")
        };
        let (operation, own) = (Value::from("Header"), Value::UNDEFINED);
        assert_eq!(name(vec![text.clone(), fields.clone(), folder], operation.clone()), "header_id");
        assert_eq!(name(vec![text.clone(), text.clone()], operation.clone()), "");
        assert_eq!(name(vec![fields.clone()], operation), "");
        assert_eq!(name(vec![fields], own), "fields");
    }

    #[test]
    fn comments_are_wrapped() {
        assert_eq!(doc("Short.", 2), "  /** Short. */");
        assert_eq!(doc("One.\n\nTwo.", 0), "/**\n * One.\n *\n * Two.\n */");
        let long = doc(&"word ".repeat(60), 2);
        assert!(long.lines().all(|line| line.len() <= 110) && long.lines().count() == 5, "{long}");
    }
}
