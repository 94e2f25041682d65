//! The fields of a schema, in the forms of an answer that are known or likely (docs/service/values.md, Schemas).

use serde_json::{Map, Value};

use super::text_of;

/// The fields that an answer lists: an array, an array in an envelope, or an object that holds fields or lists of them. None for
/// an answer that is none of these.
pub(crate) fn fields(body: &[u8]) -> Option<Vec<Map<String, Value>>> {
    match serde_json::from_slice(text_of(body)).ok()? {
        Value::Null => Some(Vec::new()),
        Value::Array(list) => Some(of_list(list)),
        Value::Object(members) => {
            let is_empty = members.is_empty();
            let fields = of_object(members);
            (is_empty || !fields.is_empty()).then_some(fields)
        }
        _ => None,
    }
}

fn of_list(list: Vec<Value>) -> Vec<Map<String, Value>> {
    let objects = list.into_iter().filter_map(|field| match field {
        Value::Object(members) => Some(members),
        _ => None,
    });
    objects.filter(is_field).collect()
}

fn of_object(members: Map<String, Value>) -> Vec<Map<String, Value>> {
    if is_field(&members) {
        return vec![members];
    }
    let mut fields = Vec::new();
    for (name, value) in members {
        match value {
            Value::Array(list) => fields.extend(of_list(list)),
            Value::Object(field) if is_field(&field) => fields.push(field),
            // Its name is the id.
            Value::Object(mut field) if text(&field, "fieldType").is_some() => {
                field.insert("fieldId".to_owned(), name.into());
                fields.push(field);
            }
            _ => {}
        }
    }
    fields
}

fn is_field(members: &Map<String, Value>) -> bool {
    field_id(members).is_some()
}

/// The id of a field.
pub(crate) fn field_id(members: &Map<String, Value>) -> Option<&str> {
    text(members, "fieldId")
}

/// A text under this name, in any letter case.
fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    let exact = members.get(name);
    let value = exact
        .or_else(|| members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))?;
    value.as_str().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_in_all_forms() {
        for (body, ids) in [
            (r#"[{"fieldId": "a", "fieldType": "Text"}, {"fieldId": "b"}, 7, {"x": 1}]"#, "a b"),
            (r#"{"result": [{"fieldId": "a"}]}"#, "a"),
            ("\u{feff}{\"Result\": [{\"FieldId\": \"a\"}], \"total\": 1}", "a"),
            (r#"{"kind": "Field", "data": [{"fieldId": "a"}]}"#, "a"),
            (r#"{"fields": [{"FIELDID": "a"}], "colorwayFields": [{"fieldId": "b"}]}"#, "a b"),
            (r#"{"a": {"fieldName": "A", "FieldType": "Text"}, "b": {"fieldId": "c"}}"#, "a c"),
            (r#"{"fieldId": "a", "fieldType": "Text"}"#, "a"),
            ("null", ""),
            ("[]", ""),
            ("{}", ""),
            (r#"{"result": null}"#, "none"),
            (r#"{"message": "no"}"#, "none"),
            ("7", "none"),
            ("oops", "none"),
        ] {
            let found = fields(body.as_bytes());
            let found = found.map(|list| list.iter().filter_map(field_id).collect::<Vec<_>>().join(" "));
            assert_eq!(found.as_deref().unwrap_or("none"), ids, "{body}");
        }
    }
}
