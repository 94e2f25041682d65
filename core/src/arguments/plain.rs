//! Arguments that are ids, texts, numbers or yes and no: one value, or a list of them.

use serde_json::Value;

use super::encode;
use super::shown::shown;
use crate::catalog::{Kind, Parameter};
use crate::error::{Error, Result};

/// The value as text, for a path or a query.
pub(super) fn text(parameter: &Parameter, value: &Value) -> Result<String> {
    match json(parameter, value)? {
        Value::String(text) => Ok(text),
        other => Ok(other.to_string()),
    }
}

/// The value as JSON, for a body.
pub(super) fn json(parameter: &Parameter, value: &Value) -> Result<Value> {
    let name = parameter.name;
    let wrong = |expected: &str| Error::config(format!("{name} has to be {expected}, not {}", shown(value)));
    Ok(match parameter.kind {
        Kind::Id => encode::id(name, value)?.into(),
        Kind::Boolean => value.as_bool().ok_or_else(|| wrong("true or false"))?.into(),
        Kind::Integer => {
            let number = value.as_u64().ok_or_else(|| wrong("a whole number from 0"))?;
            match parameter.most.filter(|most| number > *most) {
                Some(most) => return Err(wrong(&format!("at most {most}"))),
                None => number.into(),
            }
        }
        Kind::Choice => choice(parameter, value)?.into(),
        Kind::Ids => list(parameter, value, "ids", |name, value| encode::id(name, value).map(str::to_owned))?,
        Kind::Texts => list(parameter, value, "texts", |name, value| match value.as_str() {
            Some(text) if text.trim().is_empty() => Err(Error::config(format!("{name} is empty"))),
            Some(text) => Ok(text.to_owned()),
            None => Err(Error::config(format!("{name} has to be a text, not {}", shown(value)))),
        })?,
        _ => {
            let text = value.as_str().ok_or_else(|| wrong("a text"))?;
            // A blank one was meant to be something; one without letters may be meant as none.
            if (parameter.required || !text.is_empty()) && text.trim().is_empty() {
                return Err(Error::config(format!("{name} is empty")));
            }
            text.into()
        }
    })
}

/// The one of its texts that a value is.
pub(super) fn choice(parameter: &Parameter, value: &Value) -> Result<&'static str> {
    let found = value.as_str().and_then(|text| parameter.choices.iter().find(|choice| **choice == text));
    found.copied().ok_or_else(|| {
        let (name, choices) = (parameter.name, parameter.choices.join(", "));
        Error::config(format!("{name} has to be one of {choices}, not {}", shown(value)))
    })
}

fn list(
    parameter: &Parameter,
    value: &Value,
    what: &str,
    read: impl Fn(&str, &Value) -> Result<String>,
) -> Result<Value> {
    let name = parameter.name;
    let items = value
        .as_array()
        .ok_or_else(|| Error::config(format!("{name} has to be a list of {what}, not {}", shown(value))))?;
    if parameter.required && items.is_empty() {
        return Err(Error::config(format!("{name} is empty: give at least one")));
    }
    let texts = items.iter().enumerate().map(|(index, item)| read(&format!("{name}[{index}]"), item));
    Ok(texts.collect::<Result<Vec<_>>>()?.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog::Operation;

    fn parameter(operation: &str, name: &str) -> &'static Parameter {
        let operation = Operation::find(operation).unwrap();
        operation.parameters.iter().find(|parameter| parameter.name == name).unwrap()
    }

    #[test]
    fn values_are_of_their_kind() {
        let ids = parameter("style.colorways_delete", "colorway_ids");
        assert_eq!(json(ids, &json!(["a-1", "b"])).unwrap(), json!(["a-1", "b"]));
        for wrong in [json!([]), json!("a-1"), json!(["a/b"]), json!([""]), json!([1])] {
            assert!(json(ids, &wrong).is_err(), "{wrong}");
        }
        let names = parameter("style.header_tag_add", "tag_names");
        assert_eq!(json(names, &json!(["Line A"])).unwrap(), json!(["Line A"]));
        assert!(json(names, &json!([" "])).is_err() && json(names, &json!([null])).is_err());
        let comment = parameter("style.comment_add", "comment");
        assert!(json(comment, &json!(" ")).is_err() && json(comment, &json!(7)).is_err());
        for blank in [" ", "\u{a0}", "\u{3000}\t"] {
            let number = parameter("style.colorway_upload", "color_number");
            assert_eq!(text(number, &json!(blank)).unwrap_err().message(), "color_number is empty");
            assert_eq!(json(names, &json!([blank])).unwrap_err().message(), "tag_names[0] is empty");
        }
    }

    #[test]
    fn a_choice_is_one_of_its_texts() {
        let position = parameter("style.upload_position", "position");
        assert_eq!(text(position, &json!("back")).unwrap(), "back");
        for wrong in ["Back", "main", "", "../x"] {
            let error = text(position, &json!(wrong)).unwrap_err();
            assert!(error.message().contains("front, side, back"), "{error}");
        }
        assert_eq!(text(parameter("material.upload_position", "position"), &json!("main")).unwrap(), "main");
    }
}
