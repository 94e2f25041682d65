//! Types of members, and what each language calls them.

use serde_json::Value;

use super::target_of;
use crate::names;

pub(super) enum Type {
    Text,
    Integer,
    /// Never below zero.
    Count,
    /// At most 999.
    Short,
    /// With all of its digits.
    Number,
    Float,
    Seconds,
    /// A point in time, ISO 8601.
    Time,
    /// A date, ISO 8601.
    Day,
    /// A point in time, in seconds since 1970.
    UnixTime,
    Boolean,
    /// Names and values of headers.
    Headers,
    /// Values by field id, which a program gives.
    Fields,
    Any,
    Shape(String),
    List(Box<Self>),
    Map(Box<Self>),
}

impl Type {
    /// `own`: of the client's own shapes, which say more than those of the service.
    pub(super) fn read(schema: &Value, own: bool) -> Result<Self, String> {
        if let Some(target) = schema["$ref"].as_str().or_else(|| schema["anyOf"][0]["$ref"].as_str()) {
            return Ok(Self::Shape(names::pascal(&target_of(target))));
        }
        let kinds = &schema["type"];
        let Some(kind) = kinds.as_str().or_else(|| kinds[0].as_str()) else { return Ok(Self::Any) };
        if own && let Some(special) = Self::special(kind, schema)? {
            return Ok(special);
        }
        Ok(match kind {
            "string" => Self::Text,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "array" => Self::List(Box::new(Self::read(&schema["items"], own)?)),
            "object" => Self::Map(Box::new(Self::read(&schema["additionalProperties"], own)?)),
            other => return Err(format!("type {other} is not known here")),
        })
    }

    fn special(kind: &str, schema: &Value) -> Result<Option<Self>, String> {
        Ok(match (kind, schema["format"].as_str()) {
            ("string", Some("date-time")) => Some(Self::Time),
            ("string", Some("date")) => Some(Self::Day),
            ("array", Some("headers")) => Some(Self::Headers),
            ("object", Some("fields")) => Some(Self::Fields),
            ("number", Some("seconds")) => Some(Self::Seconds),
            ("integer", Some("unix-time")) => Some(Self::UnixTime),
            (_, Some(format)) => return Err(format!("a {kind} of format {format} is not known here")),
            ("number", None) => Some(Self::Float),
            ("integer", None) if schema["maximum"].as_u64().is_some_and(|most| most <= 999) => {
                Some(Self::Short)
            }
            ("integer", None) if schema["minimum"].as_u64().is_some() => Some(Self::Count),
            _ => None,
        })
    }

    /// A mark for the unit of what has a type of its own in some languages only.
    pub(super) fn unit(&self) -> &'static str {
        match self {
            Self::Seconds => "{unit:seconds}",
            Self::Time | Self::Day => "{unit:iso}",
            Self::UnixTime => "{unit:unix}",
            _ => "",
        }
    }

    pub(super) fn rust(&self) -> String {
        match self {
            Self::Text => "String".into(),
            Self::Integer => "i64".into(),
            Self::Number => "serde_json::Number".into(),
            Self::Count | Self::UnixTime => "u64".into(),
            Self::Short => "u16".into(),
            Self::Float | Self::Seconds => "f64".into(),
            Self::Time | Self::Day => "String".into(),
            Self::Boolean => "bool".into(),
            Self::Headers => "Vec<(String, String)>".into(),
            Self::Fields => "IndexMap<String, Value>".into(),
            Self::Any => "Value".into(),
            Self::Shape(name) => name.clone(),
            Self::List(item) => format!("Vec<{}>", item.rust()),
            Self::Map(item) => format!("IndexMap<String, {}>", item.rust()),
        }
    }

    pub(super) fn python(&self) -> String {
        match self {
            Self::Text => "str".into(),
            Self::Integer => "int".into(),
            Self::Number => "Number".into(),
            Self::Count | Self::Short | Self::UnixTime => "int".into(),
            Self::Float | Self::Seconds => "float".into(),
            Self::Time | Self::Day => "str".into(),
            Self::Boolean => "bool".into(),
            Self::Headers => "list[list[str]]".into(),
            Self::Fields => "Mapping[str, Any] | Iterable[FieldValue]".into(),
            Self::Any => "Any".into(),
            Self::Shape(name) => name.clone(),
            Self::List(item) => format!("list[{}]", item.python()),
            Self::Map(item) => format!("dict[str, {}]", item.python()),
        }
    }

    pub(super) fn typescript(&self) -> String {
        match self {
            Self::Text => "string".into(),
            Self::Integer | Self::Number => "number".into(),
            Self::Count | Self::Short | Self::UnixTime | Self::Float | Self::Seconds => "number".into(),
            Self::Time | Self::Day => "string".into(),
            Self::Boolean => "boolean".into(),
            Self::Headers => "Headers".into(),
            Self::Fields => "Fields".into(),
            Self::Any => "unknown".into(),
            Self::Shape(name) => name.clone(),
            Self::List(item) => format!("{}[]", item.typescript()),
            Self::Map(item) => format!("Record<string, {}>", item.typescript()),
        }
    }

    pub(super) fn swift(&self) -> String {
        match self {
            Self::Text => "String".into(),
            Self::Integer => "Int".into(),
            Self::Number => "Decimal".into(),
            Self::Count | Self::Short => "Int".into(),
            Self::Float => "Double".into(),
            Self::Seconds => "Duration".into(),
            Self::Time | Self::UnixTime => "Date".into(),
            Self::Day => "String".into(),
            Self::Boolean => "Bool".into(),
            Self::Headers => "[Header]".into(),
            Self::Fields => "JSONObject".into(),
            Self::Any => "JSONValue".into(),
            Self::Shape(name) => name.clone(),
            Self::List(item) => format!("[{}]", item.swift()),
            Self::Map(item) => format!("[String: {}]", item.swift()),
        }
    }

    pub(super) fn kotlin(&self) -> String {
        match self {
            Self::Text => "String".into(),
            Self::Integer => "Long".into(),
            Self::Number => "Double".into(),
            Self::Count => "Long".into(),
            Self::Short => "Int".into(),
            Self::Float => "Double".into(),
            Self::Seconds => "Duration".into(),
            Self::Time => "@Serializable(InstantSerializer::class) Instant".into(),
            Self::UnixTime => "@Serializable(UnixTimeSerializer::class) Instant".into(),
            Self::Day => "LocalDate".into(),
            Self::Boolean => "Boolean".into(),
            Self::Headers => "@Serializable(HeadersSerializer::class) List<Pair<String, String>>".into(),
            Self::Fields => "Fields".into(),
            Self::Any => "JsonElement".into(),
            Self::Shape(name) => name.clone(),
            Self::List(item) => format!("List<{}>", item.kotlin()),
            Self::Map(item) => format!("Map<String, {}>", item.kotlin()),
        }
    }
}
