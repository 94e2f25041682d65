//! Settings, options, and the methods of the client itself.

use minijinja::{Environment, Value};

use super::{member, name_of, required};
use crate::client::{Input, Own};
use crate::names;

pub(super) fn register(environment: &mut Environment<'_>) {
    environment.add_filter("swift_configured", |settings: Vec<Value>| {
        settings.into_iter().filter(|setting| member(setting, "mobile") == "settings").collect::<Vec<_>>()
    });
    environment.add_function("swift_input", |input: Value| {
        let label = if is_unlabelled(&member(&input, "kind"), required(&input)) { "_ " } else { "" };
        format!("{label}{}", declared(&input))
    });
    environment.add_function("swift_declared", |input: Value| declared(&input));
    environment.add_function("swift_sent", |input: Value| sent(&input));
    environment.add_function("swift_given", |setting: Value| given(&setting));
    environment.add_function("swift_option", |option: Value| with_default(&option, unset(&option)));
    environment.add_function("swift_option_sent", |option: Value| match unset(&option) {
        "nil" => sent(&option),
        _ => format!("{}.nonEmpty", sent(&option)),
    });
    environment.add_function("swift_argument_type", |input: Value| type_of(&input));
    environment.add_function("swift_driver_input", |input: Value, take: &str| driver_input(&input, take));
    environment.add_function("swift_answer", |method: Value| answer(&method));
    environment.add_filter("swift_text", |value: Value| literal(&value));
}

/// Whether `Configuration` has the setting.
pub(super) fn is_configured(own: &Own, name: &str) -> bool {
    let setting = own.settings.iter().find(|setting| setting.name == name);
    setting.is_some_and(|setting| setting.mobile == crate::client::Home::Settings)
}

/// A method as documentation refers to it: `quota.report` -> ``Quota/report(days:)``.
pub(super) fn reference(own: &Own, id: &str) -> String {
    let methods = own.groups.iter().flat_map(|group| group.methods.iter().map(move |method| (group, method)));
    let found = methods.into_iter().find(|(_, method)| method.id == id);
    found.map_or_else(
        || format!("`{id}`"),
        |(group, method)| {
            let labels: String = method.parameters.iter().map(label).collect();
            format!("``{}/{}({labels})``", group.pascal, name_of(&method.name))
        },
    )
}

fn label(parameter: &Input) -> String {
    let kind = serde_json::to_value(parameter.kind).unwrap_or_default();
    if is_unlabelled(kind.as_str().unwrap_or_default(), parameter.required) {
        "_:".into()
    } else {
        format!("{}:", name_of(&parameter.name))
    }
}

/// Whether the type of a parameter says all that its label would.
fn is_unlabelled(kind: &str, required: bool) -> bool {
    required && matches!(kind, "plan" | "records")
}

fn type_of(input: &Value) -> String {
    match member(input, "kind").as_str() {
        "url" | "path" => "URL".into(),
        "integer" => "Int".into(),
        "boolean" => "Bool".into(),
        "seconds" => "Duration".into(),
        "choice" => names::pascal(&member(input, "name")),
        "headers" | "query" => "[String: String]".into(),
        "plan" => "Plan".into(),
        "progress" => "(@Sendable (Progress) -> Void)".into(),
        "records" => format!("[{}]", names::pascal(&member(input, "record"))),
        _ => "String".into(),
    }
}

/// The default in Swift's code; `nil` where the core decides.
fn default_of(input: &Value) -> String {
    let default = input.get_attr("default").unwrap_or_default();
    match member(input, "kind").as_str() {
        "headers" | "query" => "[:]".into(),
        _ if default.is_none() || default.is_undefined() => "nil".into(),
        "seconds" => format!(".seconds({default})"),
        "choice" => format!(".{}", names::camel(&default.to_string())),
        "integer" | "boolean" => literal(&default),
        _ => "nil".into(),
    }
}

/// What an option is that is not set, so that the client's value applies, also where that has a fixed default.
fn unset(option: &Value) -> &'static str {
    match member(option, "kind").as_str() {
        "headers" | "query" => "[:]",
        _ => "nil",
    }
}

/// `timeout: Duration = .seconds(60)`.
fn declared(input: &Value) -> String {
    if required(input) {
        return format!("{}: {}", name_of(&member(input, "name")), type_of(input));
    }
    with_default(input, &default_of(input))
}

fn with_default(input: &Value, default: &str) -> String {
    let optional = if default == "nil" { "?" } else { "" };
    format!("{}: {}{optional} = {default}", name_of(&member(input, "name")), type_of(input))
}

/// What goes to the engine.
fn sent(input: &Value) -> String {
    let name = name_of(&member(input, "name"));
    let optional = if default_of(input) == "nil" && !required(input) { "?" } else { "" };
    match member(input, "kind").as_str() {
        "path" => format!("{name}{optional}.path"),
        _ => name,
    }
}

/// What goes to the engine, if it is not the default: a sign-in does not take every setting.
fn given(setting: &Value) -> String {
    let name = sent(setting);
    match default_of(setting).as_str() {
        "nil" => name,
        "[:]" => format!("{name}.nonEmpty"),
        "false" => format!("{name} ? true : nil"),
        default => format!("{name} == {default} ? nil : {name}"),
    }
}

/// An option or an argument of a plan from a behaviour case.
fn driver_input(input: &Value, take: &str) -> String {
    let name = member(input, "name");
    let wire = input.get_attr("sets").ok().filter(|sets| !sets.is_undefined());
    let wire = wire.map_or_else(|| name.clone(), |sets| sets.to_string());
    let reader = match member(input, "kind").as_str() {
        "integer" => "integer",
        "boolean" => "boolean",
        "seconds" => "duration",
        "choice" => "choice",
        "headers" | "query" => "textsByName",
        _ => "text",
    };
    let rest = if take == "required" || unset(input) == "nil" { "" } else { " ?? [:]" };
    format!("try given.{take}({wire:?}, {reader}){rest}")
}

/// What a method returns, empty for nothing. A text that is called a URL is one.
fn answer(method: &Value) -> String {
    match member(method, "answer").as_str() {
        "nothing" => String::new(),
        "boolean" => "Bool".into(),
        "object" => "JSONObject".into(),
        "record" => names::pascal(&member(method, "record")),
        _ if member(method, "name").ends_with("_url") => "URL".into(),
        _ => "String".into(),
    }
}

/// A value of the catalogue in Swift's code: `256_000_000`.
fn literal(value: &Value) -> String {
    if value.as_str().is_some() {
        return format!("{:?}", value.to_string());
    }
    let text = value.to_string().to_lowercase();
    if !value.is_number() || text.len() < 6 {
        return text;
    }
    let mut out = String::new();
    for (index, digit) in text.chars().enumerate() {
        if index > 0 && (text.len() - index).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_have_their_defaults() {
        let input = |kind: &str, default: Value| {
            Value::from_iter([("name", Value::from("max_wait")), ("kind", kind.into()), ("default", default)])
        };
        assert_eq!(declared(&input("seconds", 60.into())), "maxWait: Duration = .seconds(60)");
        assert_eq!(declared(&input("integer", 256_000_000.into())), "maxWait: Int = 256_000_000");
        assert_eq!(declared(&input("url", "https://example.com".into())), "maxWait: URL? = nil");
        assert_eq!(declared(&input("choice", "bulk".into())), "maxWait: MaxWait = .bulk");
        assert_eq!(given(&input("boolean", false.into())), "maxWait ? true : nil");
        assert_eq!(given(&input("integer", 0.into())), "maxWait == 0 ? nil : maxWait");
        assert_eq!(given(&input("headers", ().into())), "maxWait.nonEmpty");
        let option = input("choice", "bulk".into());
        assert_eq!(with_default(&option, unset(&option)), "maxWait: MaxWait? = nil");
    }
}
