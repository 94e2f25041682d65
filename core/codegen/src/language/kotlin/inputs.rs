//! Settings, options, plans and arguments of the client's own methods.

use minijinja::{Environment, Error, Value};

use super::{WIDTH, flag, kdoc, listed, literal, member, ordered};
use crate::names;

pub(super) fn register(environment: &mut Environment<'_>) {
    environment.add_function("kotlin_parameter", |input: Value| parameter(&input));
    environment.add_function("kotlin_pair", |input: Value| pair(&input));
    environment
        .add_function("kotlin_own_method", |method: Value, classes: Value| own_method(&method, &classes));
    environment.add_function("kotlin_plan", |plan: Value, options: Value| plan_maker(&plan, &options));
    environment.add_function("kotlin_credentials", |one: Value| credentials(&one));
    environment.add_function("kotlin_choice", |input: Value| choice(&input));
    environment.add_filter("kotlin_settings", |settings: Value| {
        let settings = settings.try_iter()?.filter(|setting| member(setting, "mobile") == "settings");
        Ok::<Vec<Value>, Error>(settings.collect())
    });
}

/// The line about a parameter in a KDoc comment.
pub(super) fn param_tag(input: &Value) -> String {
    format!("@param {} {}", member(input, "camel"), doc(input))
}

/// Its text, with a default of a choice as Kotlin names it.
fn doc(input: &Value) -> String {
    let doc = member(input, "doc");
    let default = member(input, "default");
    if member(input, "kind") == "choice" && !is_absent(input) {
        let entry = format!("Default: [{}.{}].", kotlin_type(input), entry(&default));
        return doc.replace(&format!("Default: `{default}`."), &entry);
    }
    doc
}

fn kotlin_type(input: &Value) -> String {
    match member(input, "kind").as_str() {
        "integer" => integer(input).into(),
        "boolean" => "Boolean".into(),
        "path" => "Path".into(),
        "seconds" => "Duration".into(),
        "choice" => member(input, "pascal"),
        "headers" | "query" => "Map<String, String>".into(),
        "plan" => "Plan".into(),
        "progress" => "((Progress) -> Unit)".into(),
        "records" => format!("List<{}>", names::pascal(&member(input, "record"))),
        _ => "String".into(),
    }
}

/// `Int` for what is known to be small.
pub(super) fn integer(input: &Value) -> &'static str {
    let highest = input.get_attr("range").ok().and_then(|range| range.get_item_by_index(1).ok());
    let highest = highest.and_then(|highest| highest.as_i64());
    if highest.is_some_and(|highest| i32::try_from(highest).is_ok()) { "Int" } else { "Long" }
}

/// The class of an input that is a choice.
fn choice(input: &Value) -> Result<String, Error> {
    let doc = member(input, "doc");
    let doc = doc.split_once(" Default: ").map_or(doc.as_str(), |(doc, _)| doc);
    let mut entries = Vec::new();
    for choice in input.get_attr("choices")?.try_iter()? {
        let name = member(&choice, "name");
        let doc = kdoc(&member(&choice, "doc"), &[], 4);
        entries.push(format!("{doc}\n    {}({name:?}),\n", entry(&name)));
    }
    let (doc, class) = (kdoc(doc, &[], 0), member(input, "pascal"));
    Ok(format!("{doc}\nenum class {class}(internal val wire: String) {{\n{}}}", entries.join("\n")))
}

/// `id_token token` as `ID_TOKEN_TOKEN`.
fn entry(name: &str) -> String {
    name.replace([' ', '-'], "_").to_uppercase()
}

/// A parameter that need not be given. One that is not is left to the engine, which has the defaults.
fn parameter(input: &Value) -> String {
    format!("{}: {}? = null", member(input, "camel"), kotlin_type(input))
}

/// `"timeout" to timeout?.inSeconds()`
fn pair(input: &Value) -> String {
    converted(input, &member(input, "name"), "?")
}

fn converted(input: &Value, name: &str, safe: &str) -> String {
    let value = member(input, "camel");
    let converted = match member(input, "kind").as_str() {
        "seconds" => format!("{value}{safe}.inSeconds()"),
        "path" => format!("{value}{safe}.toString()"),
        "choice" => format!("{value}{safe}.wire"),
        "plan" => format!("{value}{safe}.json"),
        "progress" => format!("{value}{safe}.let {{ true }}"),
        _ => value,
    };
    format!("{name:?} to {converted}")
}

/// A method of the client itself, with its body.
fn own_method(method: &Value, classes: &Value) -> Result<String, Error> {
    let inputs = ordered(method);
    let parameters: Vec<_> = inputs.iter().map(argument).collect::<Result<_, _>>()?;
    let pairs: Vec<_> =
        inputs.iter().map(|input| converted(input, &member(input, "name"), safe(input))).collect();
    let kind = match member(method, "answer").as_str() {
        "nothing" => String::new(),
        "text" => "String".into(),
        "boolean" => "Boolean".into(),
        "object" => "JsonObject".into(),
        _ => names::pascal(&member(method, "record")),
    };
    let head = format!("suspend fun {}", member(method, "camel"));
    let mut arguments = vec![format!("{:?}", member(method, "id"))];
    if !pairs.is_empty() {
        arguments.push(listed("arguments", &pairs, 12, 0));
    }
    let mut tags: Vec<_> = inputs.iter().map(param_tag).collect();
    for error in method.get_attr("errors")?.try_iter()? {
        let kind = member(&error, "kind");
        let mut classes = classes.try_iter()?;
        let class = classes.find(|class| member(class, "kind") == kind).unwrap_or_default();
        tags.push(format!("@throws {}Exception if {}.", member(&class, "class"), member(&error, "when")));
    }
    let doc = kdoc(&member(method, "doc"), &tags, 4);
    let code = if kind.is_empty() {
        let call = listed("seam.call<JsonElement>", &arguments, 8, 0);
        format!("{} {{\n        {call}\n    }}", listed(&head, &parameters, 4, " {".len()))
    } else {
        let head =
            format!("{}: {kind} =", listed(&head, &parameters, 4, ": ".len() + kind.len() + " =".len()));
        let call = listed("seam.call", &arguments, 8, 0);
        let line = format!("{head} {call}");
        let is_short = 4 + line.len() <= WIDTH && !line.contains('\n');
        if is_short { line } else { format!("{head}\n        {call}") }
    };
    Ok(format!("{doc}\n    {code}"))
}

/// An argument of a method, whose default shows in the signature.
fn argument(input: &Value) -> Result<String, Error> {
    let (name, kind) = (member(input, "camel"), kotlin_type(input));
    let default = input.get_attr("default")?;
    Ok(if flag(input, "required") {
        format!("{name}: {kind}")
    } else if default.is_none() {
        parameter(input)
    } else {
        format!("{name}: {kind} = {}", literal(&default))
    })
}

fn is_absent(input: &Value) -> bool {
    input.get_attr("default").is_ok_and(|default| default.is_none())
}

fn safe(input: &Value) -> &'static str {
    if flag(input, "required") || !is_absent(input) { "" } else { "?" }
}

/// The class of one way to sign in.
fn credentials(one: &Value) -> Result<String, Error> {
    let inputs: Vec<_> = one.get_attr("parameters")?.try_iter()?.collect();
    let parameters: Vec<_> = inputs.iter().map(argument).collect::<Result<_, _>>()?;
    let tags: Vec<_> = inputs.iter().map(param_tag).collect();
    let mut pairs = constants(one)?;
    pairs.extend(inputs.iter().map(|input| converted(input, &member(input, "sets"), safe(input))));
    let doc = kdoc(&member(one, "doc"), &tags, 0);
    let head = listed(
        &format!("class {}", names::pascal(&member(one, "name"))),
        &parameters,
        0,
        " : Credentials(".len(),
    );
    Ok(format!("{doc}\n{head} : Credentials(\n    {},\n)", listed("arguments", &pairs, 4, ",".len())))
}

/// What a plan or credentials set in any case.
fn constants(of: &Value) -> Result<Vec<String>, Error> {
    let sets = of.get_attr("sets")?;
    let pair = |name: Value| Ok(format!("{:?} to {}", name.to_string(), literal(&sets.get_item(&name)?)));
    sets.try_iter()?.map(pair).collect()
}

/// The function that makes a plan, with what it says of itself.
fn plan_maker(plan: &Value, options: &Value) -> Result<String, Error> {
    let own: Vec<_> = plan.get_attr("parameters")?.try_iter()?.collect();
    let options: Vec<_> = options.try_iter()?.collect();
    let tags: Vec<_> = own.iter().chain(&options).map(param_tag).collect();
    let required = own.iter().map(|input| format!("{}: {}", member(input, "camel"), kotlin_type(input)));
    let parameters: Vec<_> = required.chain(options.iter().map(parameter)).collect();

    let mut pairs = constants(plan)?;
    pairs.extend(own.iter().map(|input| converted(input, &member(input, "sets"), "")));
    pairs.extend(options.iter().map(pair));
    let name = member(plan, "camel");
    let doc = kdoc(&member(plan, "doc"), &tags, 8);
    let head = listed(&format!("fun {name}"), &parameters, 8, ": Plan = Plan(".len());
    let pairs = listed("arguments", &pairs, 12, ",".len());
    Ok(format!("{doc}\n        {head}: Plan = Plan(\n            {name:?},\n            {pairs},\n        )"))
}
