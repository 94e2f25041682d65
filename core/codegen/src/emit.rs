//! Fills the templates. What a template needs beyond the catalogue is a filter here or in its language's file.

use std::collections::HashMap;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

use minijinja::value::ValueKind;
use minijinja::{Environment, Value, context};

use crate::catalogue::Resource;
use crate::client::Own;
use crate::language;
use crate::marks;
use crate::names;
use crate::output::{Each, used};
use crate::shapes::Family;

/// Every generated file with its text.
pub(crate) fn render(
    resources: &[Resource],
    families: &[Family],
    own: &Own,
) -> Result<Vec<(String, String)>, String> {
    let mut environment = Environment::new();
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_keep_trailing_newline(true);
    environment.add_filter("pascal", |name: String| names::pascal(&name));
    environment.add_filter("camel", |name: String| names::camel(&name));
    environment.add_filter("kebab", |name: String| name.replace('_', "-"));
    environment.add_filter("comment", comment);
    environment.add_filter("quoted", |text: String| format!("{text:?}"));
    environment.add_filter("used", |code: &str, names: Vec<String>| used(code, names));
    let mut files = Vec::new();
    for language in language::ALL {
        (language.register)(&mut environment);
        let spell = |kind: &str, name: &str| (language.spell)(own, kind, name);
        let resources = spelled(&Value::from_serialize(resources), &spell);
        let families = spelled(&Value::from_serialize(families), &spell);
        let own = spelled(&Value::from_serialize(own), &spell);
        let all = context! { resources, families, own };
        for output in language.outputs {
            let each = match output.each {
                Each::Once => None,
                Each::Resource => Some(("resource", Ok(resources.clone()))),
                Each::Family => Some(("family", Ok(families.clone()))),
                Each::OwnFamily => Some(("family", own.get_attr("families"))),
                Each::Group => Some(("group", own.get_attr("groups"))),
            };
            let failed = |error: minijinja::Error| format!("{}: {error:#}", output.path);
            let subjects = match each {
                None => vec![all.clone()],
                Some((name, subjects)) => {
                    one_by_one(name, &subjects.map_err(failed)?, &all).map_err(failed)?
                }
            };
            for subject in subjects {
                let path = environment.render_str(output.path, &subject).map_err(failed)?;
                let text = environment.render_str(output.template, &subject).map_err(failed)?;
                if text.trim().is_empty() {
                    continue;
                }
                files.push((path.clone(), if path.ends_with(".rs") { formatted(text)? } else { text }));
            }
        }
    }
    Ok(files)
}

/// The context of each, under this name.
fn one_by_one(name: &str, subjects: &Value, all: &Value) -> Result<Vec<Value>, minijinja::Error> {
    let context = |subject| context! { ..Value::from_iter([(name, subject)]), ..all.clone() };
    Ok(subjects.try_iter()?.map(context).collect())
}

/// The same with the marks of all texts spelled.
fn spelled(value: &Value, spell: &impl Fn(&str, &str) -> String) -> Value {
    if let Some(text) = value.as_str() {
        return marks::render(text, spell).into();
    }
    match value.kind() {
        ValueKind::Seq => value.try_iter().into_iter().flatten().map(|item| spelled(&item, spell)).collect(),
        ValueKind::Map => {
            let keys = value.try_iter().into_iter().flatten();
            let member = |key: &Value| value.get_item(key).unwrap_or_default();
            Value::from_iter(keys.map(|key| (key.clone(), spelled(&member(&key), spell))))
        }
        _ => value.clone(),
    }
}

/// Every line of a text behind a prefix, without trailing blanks.
fn comment(text: &str, prefix: &str) -> String {
    text.lines().map(|line| format!("{prefix}{line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// Code as `rustfmt` writes it. What it has been asked is remembered: most files are the same in all tests.
fn formatted(text: String) -> Result<String, String> {
    static KNOWN: LazyLock<Mutex<HashMap<String, String>>> = LazyLock::new(Mutex::default);
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(code) = known().get(&text) {
        return Ok(code.clone());
    }
    let code = rustfmt(&text)?;
    known().insert(text, code.clone());
    Ok(code)
}

fn rustfmt(text: &str) -> Result<String, String> {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/../../rustfmt.toml");
    let failed = |error: std::io::Error| format!("rustfmt: {error}");
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path", config])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes()).map_err(failed)?;
    }
    let output = child.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        return Err("rustfmt refused generated code".into());
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}
