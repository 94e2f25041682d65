//! Types, signatures and docstrings of what is the client's own.

use std::collections::BTreeMap;

use minijinja::{Environment, Error, Value, context};

use super::{LINE, wrap};
use crate::language::member;
use crate::names;

/// Settings that are no members of a `TypedDict`, because the function that takes them has them in its signature.
const BY_NAME: &[(&str, &[&str])] = &[
    (
        "client",
        &[
            "client_id",
            "client_secret",
            "refresh_token",
            "company_domain",
            "token_endpoint",
            "api_url",
            "automation_url",
            "access_token",
            "additional_headers",
            "plan",
            "token_store",
        ],
    ),
    ("sign_in", &["client_id", "redirect_uri", "client_secret"]),
    ("login", &["profile"]),
];

/// Names that cannot stand for members of a class.
const KEYWORDS: &[&str] = &["from", "global", "import", "in", "is", "class", "pass"];

pub(super) fn register(environment: &mut Environment<'_>) {
    environment.add_function("python_text", |text: &str, indent: usize| text_below(text, indent));
    environment.add_function("python_item", |head: &str, text: &str, indent: usize| {
        indented(&wrap(&format!("{head}{text}"), "  ", LINE - indent), indent)
    });
    environment.add_function("python_paragraphs", |text: &str, indent: Option<usize>| {
        let indent = indent.unwrap_or(4);
        let lines: Vec<_> = text.lines().flat_map(|line| wrap(line, "", LINE - indent - 6)).collect();
        indented(&lines, indent).trim_start().to_owned()
    });
    environment.add_function("python_has_keyword", |shape: Value| {
        let properties = shape.get_attr("properties")?;
        Ok::<_, Error>(
            properties.try_iter()?.any(|property| KEYWORDS.contains(&member(&property, "wire").as_str())),
        )
    });
    environment.add_function("python_own_member", |property: Value, with_absent: bool| {
        own_member(&property, with_absent)
    });
    environment.add_function("python_quoted_member", |property: Value| {
        format!("{:?}", own_member(&property, false))
    });
    environment.add_function("python_input", |input: Value| input_type(&input));
    environment.add_function("python_setting", |taker: &str, setting: Value| {
        match (taker, member(&setting, "kind").as_str()) {
            // A sign-in keeps its tokens where the command finds them.
            ("login", "token_store") => "FileTokens | KeyringTokens".into(),
            _ => input_type(&setting),
        }
    });
    environment.add_function("python_by_name", |taker: &str, name: &str| {
        BY_NAME.iter().any(|(other, names)| *other == taker && names.contains(&name))
    });
    environment.add_function("python_literal", |value: Value| literal(&value));
    environment.add_function("python_error_names", |errors: Value| {
        let classes = errors.try_iter()?.map(|error| format!("{}Error", member(&error, "class")));
        let mut names: Vec<_> =
            classes.chain(["BeProductError", "BeProductException"].map(Into::into)).collect();
        names.sort();
        names.insert(0, "CLASSES".into());
        Ok::<_, Error>(names)
    });
    environment.add_function("python_own_modules", |own: Value| {
        let modules = modules(&own)?.into_iter();
        Ok::<_, Error>(modules.map(|(name, names)| context! { name, names }).collect::<Vec<_>>())
    });
    environment.add_function("python_own_exports", |own: Value| {
        let mut names: Vec<_> = modules(&own)?.into_values().flatten().collect();
        names.sort();
        Ok::<_, Error>(names)
    });
    environment
        .add_function("python_own_parameters", |method: Value, typed: bool| parameters(&method, typed));
    environment.add_function("python_own_answer", |method: Value| answer(&method));
    environment.add_function("python_own_docstring", |method: Value| docstring(&method));
    environment.add_function("python_plan_docstring", |plan: Value| docstring(&plan));
}

/// What programs use of each generated module. What their tests use has a place of its own.
fn modules(own: &Value) -> Result<BTreeMap<String, Vec<String>>, Error> {
    let mut found = BTreeMap::new();
    for family in own.get_attr("families")?.try_iter()?.filter(|family| member(family, "name") != "testing") {
        let shapes = family.get_attr("shapes")?;
        found.insert(member(&family, "name"), shapes.try_iter()?.map(|one| member(&one, "pascal")).collect());
    }
    let errors = own.get_attr("errors")?;
    let classes = errors.try_iter()?.map(|error| format!("{}Error", member(&error, "class")));
    let classes = classes.chain(["BeProductError", "BeProductException"].map(Into::into)).collect();
    found.insert("errors".into(), classes);
    found.insert("options".into(), vec!["CallOptions".into()]);
    found.insert("plan".into(), vec!["Plan".into()]);
    Ok(found)
}

/// The docstring below a member.
fn text_below(text: &str, indent: usize) -> String {
    let lines = wrap(text, "", LINE - indent - 3);
    let fits = lines.last().is_some_and(|last| last.len() + indent + 6 <= LINE);
    let lines = if fits { lines } else { wrap(text, "", LINE - indent - 8) };
    format!("{}\"\"\"{}\"\"\"", " ".repeat(indent), indented(&lines, indent).trim_start())
}

fn indented(lines: &[String], indent: usize) -> String {
    let blank = " ".repeat(indent);
    let lines =
        lines.iter().map(|line| if line.is_empty() { String::new() } else { format!("{blank}{line}") });
    lines.collect::<Vec<_>>().join("\n")
}

fn own_member(property: &Value, with_absent: bool) -> String {
    let is = |name: &str| property.get_attr(name).is_ok_and(|value| value.is_true());
    let kind = member(property, "python");
    let kind = if is("nullable") && kind != "Any" { format!("{kind} | None") } else { kind };
    if with_absent && !is("required") { format!("NotRequired[{kind}]") } else { kind }
}

fn input_type(input: &Value) -> String {
    match member(input, "kind").as_str() {
        "integer" => "int".into(),
        "boolean" => "bool".into(),
        "seconds" => "float".into(),
        "path" => "str | PathLike[str]".into(),
        "headers" => "Mapping[str, str]".into(),
        "query" => "Mapping[str, str | int | bool]".into(),
        "plan" => "Plan".into(),
        "ledger" => "Ledger".into(),
        "progress" => "Callable[[Progress], object]".into(),
        "records" => format!("Iterable[{}]", names::pascal(&member(input, "record"))),
        "choice" => {
            let choices = input.get_attr("choices").and_then(|choices| choices.try_iter());
            let names: Vec<_> = choices
                .into_iter()
                .flatten()
                .map(|choice| format!("{:?}", member(&choice, "name")))
                .collect();
            format!("Literal[{}]", names.join(", "))
        }
        _ => "str".into(),
    }
}

fn literal(value: &Value) -> String {
    match value.as_str() {
        Some(text) => format!("{text:?}"),
        None if value.is_none() || value.is_undefined() => "None".into(),
        None => match value.to_string().as_str() {
            "true" => "True".into(),
            "false" => "False".into(),
            other => other.into(),
        },
    }
}

fn parameters(method: &Value, typed: bool) -> Result<String, Error> {
    let mut all = vec!["self".to_owned()];
    for parameter in method.get_attr("parameters")?.try_iter()? {
        let (name, default) = (member(&parameter, "name"), parameter.get_attr("default")?);
        let required = parameter.get_attr("required")?.is_true();
        let optional = !required && default.is_none();
        let kind = format!("{}{}", input_type(&parameter), if optional { " | None" } else { "" });
        all.push(match (typed, required) {
            (true, true) => format!("{name}: {kind}"),
            (true, false) => format!("{name}: {kind} = {}", literal(&default)),
            (false, true) => name,
            (false, false) => format!("{name}={}", literal(&default)),
        });
    }
    Ok(all.join(", "))
}

fn answer(method: &Value) -> String {
    match member(method, "answer").as_str() {
        "nothing" => "None".into(),
        "text" => "str".into(),
        "boolean" => "bool".into(),
        "object" => "dict[str, Any]".into(),
        _ => names::pascal(&member(method, "record")),
    }
}

/// The text between the quotes.
fn docstring(method: &Value) -> Result<String, Error> {
    let mut lines: Vec<_> =
        member(method, "doc").lines().flat_map(|line| wrap(line, "", LINE - 8 - 6)).collect();
    let mut tags = Vec::new();
    for parameter in method.get_attr("parameters")?.try_iter()? {
        tags.push(format!(":param {}: {}", member(&parameter, "name"), member(&parameter, "doc")));
    }
    for raised in method.get_attr("errors")?.try_iter().into_iter().flatten() {
        tags.push(format!(":raises {}Error: when {}.", member(&raised, "class"), member(&raised, "when")));
    }
    if !tags.is_empty() {
        lines.push(String::new());
        lines.extend(tags.iter().flat_map(|tag| wrap(tag, "    ", LINE - 8)));
    }
    if lines.len() > 1 {
        lines.push(String::new());
        return Ok(format!("{}        ", indented(&lines, 8).trim_start()));
    }
    Ok(lines.concat())
}
