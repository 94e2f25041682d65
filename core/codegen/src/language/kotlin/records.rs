//! Members of records, and the fields that some records have.

use minijinja::{Environment, Error, Value};

use super::{flag, literal};
use crate::language::member;

pub(super) fn register(environment: &mut Environment<'_>) {
    environment
        .add_function("kotlin_records", |family: Value, resources: Value| without_rows(&family, &resources));
    environment.add_function("kotlin_member", |shape: Value, property: Value| declared(&shape, &property));
    environment.add_function("kotlin_typed", |shape: Value, property: Value| typed(&shape, &property));
    environment.add_filter("kotlin_serializers", |kinds: Vec<String>| serializers(&kinds));
    environment.add_function("kotlin_headers", |shape: Value| headers(&shape));
    environment.add_function("kotlin_fields", |shape: Value, families: Value| fields(&shape, &families));
}

/// The records of a family, without those that stand for rows of a table: Kotlin has `RowChange` for them.
fn without_rows(family: &Value, resources: &Value) -> Result<Vec<Value>, Error> {
    let mut rows = Vec::new();
    for resource in resources.try_iter()? {
        for operation in resource.get_attr("operations")?.try_iter()? {
            for parameter in operation.get_attr("parameters")?.try_iter()? {
                if member(&parameter, "kind") == "table_rows" {
                    rows.push(member(&parameter, "record"));
                }
            }
        }
    }
    let shapes = family.get_attr("shapes")?;
    Ok(shapes.try_iter()?.filter(|shape| !rows.contains(&member(shape, "name"))).collect())
}

/// A member as the constructor declares it: `limit: Long? = null`.
fn declared(shape: &Value, property: &Value) -> Result<String, Error> {
    let typed = typed(shape, property)?;
    let default = property.get_attr("default")?;
    let kind = member(property, "kotlin");
    Ok(match default.as_str() {
        Some(choice) if kind != "String" => format!("{typed} = {kind}.{}", choice.to_uppercase()),
        _ if !default.is_none() => format!("{typed} = {}", literal(&default)),
        _ if typed.ends_with('?') => format!("{typed} = null"),
        _ => typed,
    })
}

/// A member with its type.
fn typed(shape: &Value, property: &Value) -> Result<String, Error> {
    let kind = member(property, "kotlin");
    let kind = match kind.as_str() {
        "Long" => integer(property)?.to_owned(),
        "JsonElement" if flag(shape, "given") => "Any".into(),
        _ => kind,
    };
    let is_certain = flag(shape, "made") && flag(property, "required") && !flag(property, "nullable");
    let has_default = !property.get_attr("default")?.is_none();
    let mark = if is_certain || has_default { "" } else { "?" };
    Ok(format!("{}: {kind}{mark}", member(property, "camel")))
}

/// What reads and writes types that JSON does not have.
fn serializers(kinds: &[String]) -> String {
    let names = kinds.iter().map(|kind| match kind.as_str() {
        "Duration" => "SecondsSerializer::class".to_owned(),
        kind => format!("{kind}Serializer::class"),
    });
    names.collect::<Vec<_>>().join(", ")
}

/// `Int` for what is known to be small.
fn integer(property: &Value) -> Result<&'static str, Error> {
    let maximum = property.get_attr("maximum")?.as_i64();
    Ok(if maximum.is_some_and(|maximum| i32::try_from(maximum).is_ok()) { "Int" } else { "Long" })
}

/// The member that holds headers. Empty for a record without.
fn headers(shape: &Value) -> Result<String, Error> {
    let mut properties = shape.get_attr("properties")?.try_iter()?;
    let headers = properties.find(|property| member(property, "kotlin").contains("HeadersSerializer"));
    Ok(headers.map_or_else(String::new, |property| member(&property, "camel")))
}

/// Where a record has its fields: in itself, or in a record in it. Empty for one without.
fn fields(shape: &Value, families: &Value) -> Result<String, Error> {
    if let Some(name) = own_fields(shape)? {
        return Ok(name);
    }
    for property in shape.get_attr("properties")?.try_iter()? {
        for family in families.try_iter()? {
            for inner in family.get_attr("shapes")?.try_iter()? {
                if member(&inner, "pascal") == member(&property, "kotlin")
                    && let Some(name) = own_fields(&inner)?
                {
                    return Ok(format!("{}?.{name}", member(&property, "camel")));
                }
            }
        }
    }
    Ok(String::new())
}

fn own_fields(shape: &Value) -> Result<Option<String>, Error> {
    let is_fields = |property: &Value| match member(property, "kotlin").as_str() {
        "List<Field>" => true,
        "Map<String, JsonElement>" => member(property, "wire") == "fields",
        _ => false,
    };
    let mut properties = shape.get_attr("properties")?.try_iter()?;
    Ok(properties.find(is_fields).map(|property| member(&property, "camel")))
}
