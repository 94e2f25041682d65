//! Reads `core/catalog/shapes/service/<family>/*.json`: JSON Schemas (2020-12) of what the service answers. The records of
//! a family share a file in each language.
//!
//! A property may be absent unless the schema requires it, and null where its type says so, and members that no schema
//! names are kept. The schemas describe what has been seen, they are no promise of the service: only what the client puts
//! together itself, and what a record cannot be without, is required. Readers of answers accept any of it missing.
//!
//! A file whose name holds `{resource}` is one shape for each resource in its `x-resources`, with the placeholders of
//! `catalogue.rs` in its texts and references.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::catalogue::{Resources, all_shapes};
use crate::names;

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
    pub(crate) pascal: String,
    pub(crate) doc: String,
    pub(crate) properties: Vec<Property>,
    #[serde(skip)]
    pub(crate) schema: Value,
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
    pub(crate) rust: String,
    pub(crate) python: String,
    pub(crate) typescript: String,
    pub(crate) swift: String,
    pub(crate) kotlin: String,
}

enum Type {
    Text,
    Integer,
    Number,
    Boolean,
    Any,
    Shape(String),
    List(Box<Self>),
    Map(Box<Self>),
}

impl Type {
    fn read(schema: &Value) -> Result<Self, String> {
        if let Some(target) = schema["$ref"].as_str() {
            return Ok(Self::Shape(names::pascal(&target_of(target))));
        }
        let kinds = &schema["type"];
        let Some(kind) = kinds.as_str().or_else(|| kinds[0].as_str()) else { return Ok(Self::Any) };
        Ok(match kind {
            "string" => Self::Text,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "array" => Self::List(Box::new(Self::read(&schema["items"])?)),
            "object" => Self::Map(Box::new(Self::read(&schema["additionalProperties"])?)),
            other => return Err(format!("type {other} is not known here")),
        })
    }

    fn rust(&self) -> String {
        match self {
            Self::Text => "String".into(),
            Self::Integer => "i64".into(),
            Self::Number => "serde_json::Number".into(),
            Self::Boolean => "bool".into(),
            Self::Any => "Value".into(),
            Self::Shape(name) => name.clone(),
            Self::List(item) => format!("Vec<{}>", item.rust()),
            Self::Map(item) => format!("IndexMap<String, {}>", item.rust()),
        }
    }

    fn python(&self) -> String {
        match self {
            Self::Text => "str".into(),
            Self::Integer => "int".into(),
            Self::Number => "Number".into(),
            Self::Boolean => "bool".into(),
            Self::Any => "Any".into(),
            Self::Shape(name) => name.clone(),
            Self::List(item) => format!("list[{}]", item.python()),
            Self::Map(item) => format!("dict[str, {}]", item.python()),
        }
    }

    fn typescript(&self) -> String {
        match self {
            Self::Text => "string".into(),
            Self::Integer | Self::Number => "number".into(),
            Self::Boolean => "boolean".into(),
            Self::Any => "unknown".into(),
            Self::Shape(name) => name.clone(),
            Self::List(item) => format!("{}[]", item.typescript()),
            Self::Map(item) => format!("Record<string, {}>", item.typescript()),
        }
    }

    fn swift(&self) -> String {
        match self {
            Self::Text => "String".into(),
            Self::Integer => "Int".into(),
            Self::Number => "Double".into(),
            Self::Boolean => "Bool".into(),
            Self::Any => "JSONValue".into(),
            Self::Shape(name) => name.clone(),
            Self::List(item) => format!("[{}]", item.swift()),
            Self::Map(item) => format!("[String: {}]", item.swift()),
        }
    }

    fn kotlin(&self) -> String {
        match self {
            Self::Text => "String".into(),
            Self::Integer => "Long".into(),
            Self::Number => "Double".into(),
            Self::Boolean => "Boolean".into(),
            Self::Any => "JsonElement".into(),
            Self::Shape(name) => name.clone(),
            Self::List(item) => format!("List<{}>", item.kotlin()),
            Self::Map(item) => format!("Map<String, {}>", item.kotlin()),
        }
    }
}

/// All families, and the shapes of each, by name.
pub(crate) fn read(folder: &Path, resources: &Resources) -> Result<Vec<Family>, String> {
    let families: Vec<_> =
        entries(folder)?.iter().map(|path| family(path, resources)).collect::<Result<_, _>>()?;
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

fn family(folder: &Path, resources: &Resources) -> Result<Family, String> {
    let name = folder.file_name().and_then(|name| name.to_str()).ok_or("a folder of shapes has no name")?;
    let mut shapes = Vec::new();
    for path in entries(folder)? {
        let problem = |error: String| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(&path).map_err(|error| problem(error.to_string()))?;
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let stem = stem.ok_or_else(|| problem("the file has no name".into()))?;
        for (name, text) in all_shapes(stem, text, resources).map_err(problem)? {
            shapes.push(one(name, &text).map_err(problem)?);
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

fn one(name: String, text: &str) -> Result<Shape, String> {
    let schema: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let properties = schema["properties"].as_object().ok_or("it has no properties")?;
    let required: Vec<_> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if let Some(name) = required.iter().find(|name| !properties.contains_key(**name)) {
        return Err(format!("it requires {name}, which it does not have"));
    }
    Ok(Shape {
        pascal: names::pascal(&name),
        name,
        doc: schema["description"].as_str().ok_or("it has no description")?.to_owned(),
        properties: properties
            .iter()
            .map(|(wire, schema)| property(wire, schema, required.contains(&wire.as_str())))
            .collect::<Result<_, _>>()?,
        schema,
    })
}

fn property(wire: &str, schema: &Value, required: bool) -> Result<Property, String> {
    let kind = Type::read(schema)?;
    let mut snake = names::snake(wire);
    let camel = names::camel(&snake);
    if snake == "type" {
        snake = "field_type".into();
    }
    Ok(Property {
        wire: wire.to_owned(),
        alias: (camel != wire && wire.starts_with(|letter: char| letter.is_ascii_uppercase()))
            .then(|| camel.clone()),
        snake,
        camel,
        doc: schema["description"].as_str().unwrap_or_default().to_owned(),
        required,
        // A single type leaves no room for null.
        nullable: !schema["type"].is_string(),
        rust: kind.rust(),
        python: kind.python(),
        typescript: kind.typescript(),
        swift: kind.swift(),
        kotlin: kind.kotlin(),
    })
}
