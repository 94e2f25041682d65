//! Reads `core/catalog/shapes/{service,client}/<family>/*.json`: JSON Schemas (2020-12) of what the service answers, and of
//! what the client itself does. The records of a family share a file in each language.
//!
//! A property may be absent unless the schema requires it, and null where its type says so. The schemas of the service
//! describe what has been seen, they are no promise: members that no schema names are kept, and readers accept any member
//! missing, except in what the client puts together itself (`x-made`).
//!
//! `x-also` of a property is another spelling that answers have of its name. A name in Pascal case is read in camel case too.
//! `x-name` is the name that typed models give it, in snake case, where the wire misspells it or hides where its words begin.
//!
//! `x-needs` of a flag in a request names the member that a record needs where the flag is true (`catalogue.rs`, `closed`).
//!
//! A file whose name holds `{resource}` is one shape for each resource in its `x-resources`, with the placeholders of
//! `catalogue.rs` in its texts and references.
//!
//! The client's own shapes are all that they say. They have what others have not:
//!
//! | keyword | states |
//! |---|---|
//! | `oneOf` of constants | a choice of texts, each with its description |
//! | `format` | `date-time` and `date`, which are texts; `seconds` and `unix-time`, which are numbers; `headers`, a list of names and values; `fields`, values by field id |
//! | `minimum` of an integer | that it is never negative |
//! | `maximum` of an integer | the highest, where that is known; up to 999 it is a status or the like |
//! | `default` | what an absent member stands for |
//! | `x-secret` | that no value may be shown |
//! | `x-given` | that the program makes it, so that a member it does not have is a mistake |

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::names;
use crate::placeholders::{Resources, all_shapes};

mod types;

use types::Type;

/// Shapes that belong together.
#[derive(Debug, Serialize)]
pub(crate) struct Family {
    pub(crate) name: String,
    pub(crate) pascal: String,
    pub(crate) shapes: Vec<Shape>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Shape {
    pub(crate) name: String,
    pub(crate) camel: String,
    pub(crate) pascal: String,
    pub(crate) doc: String,
    /// None for a choice of texts.
    pub(crate) properties: Vec<Property>,
    /// The texts of a choice.
    pub(crate) choices: Vec<Choice>,
    /// Whether it has members that it does not name.
    pub(crate) open: bool,
    /// Whether the client puts it together, so that what is required is there.
    pub(crate) made: bool,
    pub(crate) secret: bool,
    pub(crate) given: bool,
    #[serde(skip)]
    pub(crate) schema: Value,
}

/// A value that stands in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Literal {
    Boolean(bool),
    Number(i64),
    Text(String),
    /// An empty list.
    Nothing([(); 0]),
}

impl Literal {
    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::Bool(value) => Ok(Self::Boolean(*value)),
            Value::Number(number) => number
                .as_i64()
                .map(Self::Number)
                .ok_or_else(|| format!("default {number} is no whole number")),
            Value::String(text) => Ok(Self::Text(text.clone())),
            Value::Array(items) if items.is_empty() => Ok(Self::Nothing([])),
            other => Err(format!("default {other} is no value of one kind")),
        }
    }
}

/// A text that a value may be.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Choice {
    /// As on the wire.
    pub(crate) name: String,
    pub(crate) camel: String,
    pub(crate) pascal: String,
    pub(crate) doc: String,
}

impl Choice {
    pub(crate) fn new(name: &str, doc: &str) -> Self {
        let snake = name.replace([' ', '-'], "_");
        Self {
            name: name.to_owned(),
            camel: names::camel(&snake),
            pascal: names::pascal(&snake),
            doc: doc.to_owned(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Property {
    /// As on the wire.
    pub(crate) wire: String,
    pub(crate) snake: String,
    pub(crate) camel: String,
    /// The other spelling that has been seen on the wire.
    pub(crate) alias: Option<String>,
    pub(crate) doc: String,
    pub(crate) required: bool,
    pub(crate) nullable: bool,
    /// What stands for an absent member.
    pub(crate) default: Option<Literal>,
    /// How a text or a number is written.
    pub(crate) format: Option<String>,
    /// The highest value of an integer.
    pub(crate) maximum: Option<u64>,
    pub(crate) rust: String,
    pub(crate) python: String,
    pub(crate) typescript: String,
    pub(crate) swift: String,
    pub(crate) kotlin: String,
}

/// All families of the service, and the shapes of each, by name.
pub(crate) fn read(folder: &Path, resources: &Resources) -> Result<Vec<Family>, String> {
    checked(families(folder, resources, false)?)
}

/// All families of the client itself. `more` are choices of its family `history` that are written elsewhere.
pub(crate) fn read_own(folder: &Path, more: Shape) -> Result<Vec<Family>, String> {
    let mut families = families(folder, &Resources::new(), true)?;
    let history = families.iter_mut().find(|family| family.name == "history");
    history.ok_or("shapes: the client has no family history")?.shapes.push(more);
    checked(families)
}

fn families(folder: &Path, resources: &Resources, own: bool) -> Result<Vec<Family>, String> {
    entries(folder)?.iter().map(|path| family(path, resources, own)).collect()
}

fn checked(families: Vec<Family>) -> Result<Vec<Family>, String> {
    let mut names = BTreeSet::new();
    for family in &families {
        if let Some(shape) = family.shapes.iter().find(|shape| !names.insert(shape.name.as_str())) {
            return Err(format!("shapes: there are two of the name {}", shape.name));
        }
        if reachable(&families, family).contains(family.name.as_str()) {
            return Err(format!(
                "shapes: {} and the families that it refers to need each other",
                family.name
            ));
        }
    }
    Ok(families)
}

fn family(folder: &Path, resources: &Resources, own: bool) -> Result<Family, String> {
    let name = folder.file_name().and_then(|name| name.to_str()).ok_or("a folder of shapes has no name")?;
    let mut shapes = Vec::new();
    for path in entries(folder)? {
        let problem = |error: String| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(&path).map_err(|error| problem(error.to_string()))?;
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let stem = stem.ok_or_else(|| problem("the file has no name".into()))?;
        for (name, text) in all_shapes(stem, text, resources).map_err(problem)? {
            shapes.push(one(name, &text, own).map_err(problem)?);
        }
    }
    shapes.sort_by(|one: &Shape, other| one.name.cmp(&other.name));
    Ok(Family { pascal: names::pascal(name), name: name.to_owned(), shapes })
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    paths.sort();
    Ok(paths)
}

/// The families that a family refers to, and those that they refer to.
fn reachable<'a>(families: &'a [Family], from: &Family) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(family) = open.pop() {
        let mut targets = BTreeSet::new();
        family.shapes.iter().for_each(|shape| references(&shape.schema, &mut targets));
        for next in families {
            let is_used = next.shapes.iter().any(|shape| targets.contains(&shape.name));
            if is_used && next.name != family.name && found.insert(next.name.as_str()) {
                open.push(next);
            }
        }
    }
    found
}

fn references(schema: &Value, targets: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            targets.extend(members.get("$ref").and_then(Value::as_str).map(target_of));
            members.values().for_each(|value| references(value, targets));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, targets)),
        _ => {}
    }
}

/// The name of the shape that a reference leads to: `../shared/person.json`.
pub(crate) fn target_of(reference: &str) -> String {
    reference.rsplit('/').next().unwrap_or_default().trim_end_matches(".json").to_owned()
}

fn one(name: String, text: &str, own: bool) -> Result<Shape, String> {
    let schema: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let doc = schema["description"].as_str().ok_or("it has no description")?.to_owned();
    let says = |keyword: &str| schema[keyword].as_bool().unwrap_or(false);
    let shape = Shape {
        camel: names::camel(&name),
        pascal: names::pascal(&name),
        name,
        doc,
        properties: properties(&schema, own)?,
        choices: choices(&schema)?,
        open: schema["additionalProperties"].as_bool().unwrap_or(!own),
        made: own || says("x-made"),
        secret: says("x-secret"),
        given: says("x-given"),
        schema,
    };
    if shape.properties.is_empty() == shape.choices.is_empty() {
        return Err("it has to have either properties or choices".into());
    }
    Ok(shape)
}

/// A choice of texts that has no file of its own.
pub(crate) fn choice(name: &str, doc: &str, choices: Vec<Choice>) -> Shape {
    Shape {
        name: name.to_owned(),
        camel: names::camel(name),
        pascal: names::pascal(name),
        doc: doc.to_owned(),
        properties: Vec::new(),
        choices,
        open: false,
        made: true,
        secret: false,
        given: false,
        schema: Value::Null,
    }
}

fn choices(schema: &Value) -> Result<Vec<Choice>, String> {
    let one = |value: &Value| {
        let (name, doc) = (value["const"].as_str(), value["description"].as_str());
        Ok(Choice::new(name.ok_or("a choice is no text")?, doc.ok_or("a choice has no description")?))
    };
    schema["oneOf"].as_array().into_iter().flatten().map(one).collect()
}

fn properties(schema: &Value, own: bool) -> Result<Vec<Property>, String> {
    let Some(properties) = schema["properties"].as_object() else { return Ok(Vec::new()) };
    let required: Vec<_> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if let Some(name) = required.iter().find(|name| !properties.contains_key(**name)) {
        return Err(format!("it requires {name}, which it does not have"));
    }
    properties
        .iter()
        .map(|(wire, schema)| property(wire, schema, required.contains(&wire.as_str()), own))
        .collect()
}

fn property(wire: &str, schema: &Value, required: bool, own: bool) -> Result<Property, String> {
    let kind = Type::read(schema, own)?;
    let on_wire = names::snake(wire);
    let snake = match schema["x-name"].as_str() {
        Some(name) => name.to_owned(),
        None if names::hides_words(wire) => {
            return Err(format!("{wire} does not show where its words begin: state them in `x-name`"));
        }
        None => on_wire.clone(),
    };
    Ok(Property {
        wire: wire.to_owned(),
        alias: match schema["x-also"].as_str() {
            Some(other) => Some(other.to_owned()),
            None if wire.starts_with(|letter: char| letter.is_ascii_uppercase()) => {
                Some(names::camel(&on_wire))
            }
            None => None,
        },
        camel: names::camel(&snake),
        snake,
        doc: format!("{}{}", schema["description"].as_str().unwrap_or_default(), kind.unit()),
        required,
        nullable: nullable(schema, own),
        default: schema.get("default").map(Literal::read).transpose()?,
        format: schema["format"].as_str().map(str::to_owned),
        maximum: schema["maximum"].as_u64(),
        rust: kind.rust(),
        python: kind.python(),
        typescript: kind.typescript(),
        swift: kind.swift(),
        kotlin: kind.kotlin(),
    })
}

fn nullable(schema: &Value, own: bool) -> bool {
    if !own {
        // A single type leaves no room for null.
        return !schema["type"].is_string();
    }
    let has_null = |kinds: &Value| kinds.as_array().is_some_and(|kinds| kinds.iter().any(is_null));
    has_null(&schema["type"])
        || has_null(&schema["anyOf"])
        || schema.get("type").or(schema.get("$ref")).is_none()
}

fn is_null(kind: &Value) -> bool {
    kind == "null" || kind["type"] == "null"
}
