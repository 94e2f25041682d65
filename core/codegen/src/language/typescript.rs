//! Types, names and comments in TypeScript.

use std::collections::BTreeSet;

use minijinja::{Environment, Error, Value};

use super::member;
use crate::emit::{Each, Output, used};
use crate::names::{camel, pascal};

/// Width of a line.
const WIDTH: usize = 110;

/// Options that the catalogue's texts name.
const OPTIONS: &[&str] = &["page_size", "wait_timeout"];

/// Everything that is written for this language.
pub(crate) const OUTPUTS: &[Output] = &[
    Output {
        each: Each::Once,
        path: "bindings-node/ts/argument-names.ts",
        template: include_str!("../../templates/typescript/argument-names.ts.jinja"),
    },
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
        each: Each::Once,
        path: "bindings-node/ts/resources/index.ts",
        template: include_str!("../../templates/typescript/resources-index.ts.jinja"),
    },
    Output {
        each: Each::Resource,
        path: "bindings-node/ts/resources/{{ resource.name|kebab }}.ts",
        template: include_str!("../../templates/typescript/resource.ts.jinja"),
    },
];

pub(crate) fn register(environment: &mut Environment<'_>) {
    environment.add_function("ts_argument", |parameter: Value| {
        argument(&member(&parameter, "kind"), &member(&parameter, "record"))
    });
    environment.add_function("ts_answer", |operation: Value| answer(&operation));
    environment.add_filter("ts_import", |code: &str, module: &str, names: Vec<String>| {
        import(module, &used(code, names))
    });
    environment.add_function("ts_renamed", |resources: Value| renamed(&resources));
    environment.add_function("ts_changes", |resources: Value| changes(&resources));
    environment.add_filter("ts_doc", |text: &str, indent: usize, renamed: Value| {
        let arguments = renamed.try_iter()?.map(|name| name.to_string());
        let names = arguments.chain(OPTIONS.iter().map(ToString::to_string));
        let text = names.fold(text.to_owned(), |text, name| {
            text.replace(&format!("`{name}`"), &format!("`{}`", camel(&name)))
        });
        Ok::<_, Error>(doc(&text, indent))
    });
}

/// An import of these types as Prettier lays it out; nothing without names.
fn import(module: &str, names: &[String]) -> String {
    let single = format!("import type {{ {} }} from '{module}';\n", names.join(", "));
    match names {
        [] => String::new(),
        _ if single.len() <= WIDTH + 1 => single,
        _ => format!(
            "import type {{\n{}}} from '{module}';\n",
            names.iter().map(|name| format!("  {name},\n")).collect::<String>()
        ),
    }
}

fn argument(kind: &str, record: &str) -> String {
    match kind {
        "id" | "text" | "relative_path" | "link" | "file" | "target" => "string".into(),
        "texts" => "readonly string[]".into(),
        "integer" => "number".into(),
        "boolean" => "boolean".into(),
        "filters" | "colorway_filters" => "readonly Filter[]".into(),
        "fields" => "Fields".into(),
        "colorways" => "readonly ColorwayChange[]".into(),
        "records" | "table_rows" => format!("readonly {}[]", pascal(record)),
        "query_map" => "Query".into(),
        _ => "unknown".into(),
    }
}

/// What the call resolves to, or the record that its pages hold.
fn answer(operation: &Value) -> String {
    let is = |name: &str| operation.get_attr(name).is_ok_and(|value| value.is_true());
    if !is("record") {
        return "unknown".into();
    }
    let record = pascal(&member(operation, "record"));
    if member(operation, "answer") == "list" && !is("paged") { format!("{record}[]") } else { record }
}

/// Arguments whose name differs from the engine's, by the engine's name.
fn renamed(resources: &Value) -> Result<Vec<String>, Error> {
    of_parameters(resources, |parameter| {
        let name = member(parameter, "name");
        (name != member(parameter, "camel")).then_some(name)
    })
}

/// Records that are only given, and never come back: a member that they do not have is a mistake.
fn changes(resources: &Value) -> Result<Vec<String>, Error> {
    of_parameters(resources, |parameter| {
        (member(parameter, "kind") == "table_rows").then(|| pascal(&member(parameter, "record")))
    })
}

/// What is found in the parameters of all operations, each once and in order.
fn of_parameters(resources: &Value, find: impl Fn(&Value) -> Option<String>) -> Result<Vec<String>, Error> {
    let mut found = BTreeSet::new();
    for resource in resources.try_iter()? {
        for operation in resource.get_attr("operations")?.try_iter()? {
            for parameter in operation.get_attr("parameters")?.try_iter()? {
                found.extend(find(&parameter));
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// A comment of at most 110 columns, on one line where it fits.
fn doc(text: &str, indent: usize) -> String {
    let margin = " ".repeat(indent);
    if !text.contains('\n') && indent + "/**  */".len() + text.chars().count() <= WIDTH {
        return format!("{margin}/** {text} */");
    }
    let mut lines = vec![format!("{margin}/**")];
    for paragraph in text.lines() {
        let mut line = format!("{margin} *");
        for word in paragraph.split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > WIDTH {
                lines.push(std::mem::replace(&mut line, format!("{margin} *")));
            }
            line.push(' ');
            line.push_str(word);
        }
        lines.push(line);
    }
    lines.push(format!("{margin} */"));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_wrapped() {
        assert_eq!(doc("Short.", 2), "  /** Short. */");
        assert_eq!(doc("One.\n\nTwo.", 0), "/**\n * One.\n *\n * Two.\n */");
        let long = doc(&"word ".repeat(60), 2);
        assert!(long.lines().all(|line| line.len() <= 110) && long.lines().count() == 5, "{long}");
    }
}
