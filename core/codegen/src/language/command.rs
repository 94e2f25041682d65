//! Flags of the command `beproduct`.

use minijinja::{Environment, Value};

use super::member;
use crate::client::Own;
use crate::marks;
use crate::output::{Each, Output};

pub(crate) const OUTPUTS: &[Output] = &[Output {
    each: Each::Once,
    path: "core/cli/src/generated.rs",
    template: include_str!("../../templates/command/flags.rs.jinja"),
}];

pub(crate) fn spell(_: &Own, kind: &str, name: &str) -> String {
    match kind {
        "setting" | "arg" => format!("--{}", name.replace('_', "-")),
        "unit" => marks::unit(name),
        _ => name.into(),
    }
}

pub(crate) fn register(environment: &mut Environment<'_>) {
    environment.add_function("command_attribute", |flag: Value| attribute(&flag));
    environment.add_function("command_type", |flag: Value| type_of(&flag));
    environment.add_function("command_value", |flag: Value| value(&flag));
    environment.add_function("command_choices", |commands: Value| choices(&commands));
    // `id_token token` -> `id-token-token`.
    environment.add_filter("command_word", |name: String| name.replace(['_', ' '], "-"));
}

/// What clap is told about a flag.
fn attribute(flag: &Value) -> String {
    let mut parts = vec!["long".to_owned()];
    let value_name = match member(flag, "value").as_str() {
        "url" => Some("URL"),
        "path" => Some("FILE"),
        "integer" => Some("NUMBER"),
        _ => None,
    };
    parts.extend(value_name.map(|name| format!("value_name = {name:?}")));
    if member(flag, "value") == "boolean" {
        parts.push("value_name = \"true|false\"".into());
        parts.push("hide_possible_values = true".into());
    }
    if let Some(range) = flag.get_attr("range").ok().filter(|range| !range.is_none()) {
        let bound = |index: usize| range.get_item(&index.into()).unwrap_or_default();
        parts.push(format!("value_parser = clap::value_parser!(u64).range({}..={})", bound(0), bound(1)));
    }
    parts.extend(names_in(flag, "excludes").iter().map(|name| format!("conflicts_with = {name:?}")));
    parts.extend(names_in(flag, "requires").iter().map(|name| format!("requires = {name:?}")));
    parts.push(format!("help = {:?}", member(flag, "help")));
    format!("#[arg({})]", parts.join(", "))
}

fn names_in(flag: &Value, list: &str) -> Vec<String> {
    let names = flag.get_attr(list).and_then(|names| names.try_iter());
    names.into_iter().flatten().map(|name| name.to_string()).collect()
}

fn type_of(flag: &Value) -> String {
    match member(flag, "value").as_str() {
        "switch" => "bool".into(),
        "path" => "Option<PathBuf>".into(),
        "integer" => "Option<u64>".into(),
        "boolean" => "Option<bool>".into(),
        "choice" => format!("Option<{}>", member(flag, "pascal")),
        _ => "Option<String>".into(),
    }
}

/// The same as the settings have it.
fn value(flag: &Value) -> String {
    let name = member(flag, "name");
    match member(flag, "value").as_str() {
        "switch" => format!("self.{name}.then_some(true)"),
        "path" => format!("path(\"--{}\", self.{name}.as_deref())?", name.replace('_', "-")),
        "integer" | "boolean" => format!("self.{name}"),
        "choice" => format!("self.{name}.map({}::name)", member(flag, "pascal")),
        _ => format!("self.{name}.as_deref()"),
    }
}

/// The flags that are choices, each once.
fn choices(commands: &Value) -> Result<Vec<Value>, minijinja::Error> {
    let mut found: Vec<Value> = Vec::new();
    for command in commands.try_iter()? {
        for flag in command.get_attr("flags")?.try_iter()? {
            let is_new = !found.iter().any(|known| member(known, "name") == member(&flag, "name"));
            if member(&flag, "value") == "choice" && is_new {
                found.push(flag);
            }
        }
    }
    Ok(found)
}
