//! Size ranges of styles and materials, and the sample size of a style.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::answers::{Answer, Refusal, message};
use crate::fields::SIZE_FIELDS;
use crate::values::accept;

use super::{Call, edited, store, take_living};

/// A size range as it is read after it was sent.
pub(super) fn stored(sizes: &[Value]) -> Value {
    sizes.iter().enumerate().map(size).collect()
}

/// A size as read has more members than one as written.
fn size((index, sent): (usize, &Value)) -> Value {
    let member = |key: &str| {
        let field = SIZE_FIELDS.iter().find(|field| field.id == key);
        field.zip(sent.get(key)).map_or(Value::Null, |(field, value)| accept(field, value))
    };
    json!({
        "name": member("name"), "price": member("price"), "currency": member("currency"),
        "unitOfMeasure": member("unitOfMeasure"), "comments": member("comments"),
        "isSampleSize": sent.get("isSampleSize").and_then(Value::as_bool).unwrap_or(false),
        "sizeIndex": index, "hideSize": false, "fields": {},
    })
}

/// Exactly one size of the range and of the size class is the sample size afterwards.
pub(super) fn update_sample_size(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let name = body.get("newSampleSize").and_then(Value::as_str);
    let name = name.ok_or_else(|| Refusal::validation("newSampleSize", "The field is required."))?;
    let state = &mut *call.shared.state();
    let (at, mut header) = take_living(call, state)?;
    let class = call.argument("size_class_id");
    let is_class = |one: &Value| one["id"].as_str().is_some_and(|id| id.eq_ignore_ascii_case(class));
    let classes = Arc::make_mut(&mut header.size_classes).as_array_mut();
    let class = classes.and_then(|classes| classes.iter_mut().find(|one| is_class(one)));
    let class = class.ok_or_else(|| Refusal::failure("Size class not found"))?;
    let range = Arc::make_mut(&mut header.size_range);
    let here = [mark(&mut class["sizeRange"], name), mark(range, name)];
    if !here.contains(&true) {
        return Err(Refusal::failure(format!("Size [{name}] not found")));
    }
    let folders = state.records.master(call.kind()).folders.clone();
    edited(&folders[header.folder], &mut header, state.write_time(), call.user);
    store(call, state, at, header);
    Ok(message("Sample size updated"))
}

/// Makes one size the sample size, if it is there. A range may also be a text or null.
fn mark(range: &mut Value, name: &str) -> bool {
    let Some(sizes) = range.as_array_mut() else { return false };
    if !sizes.iter().any(|size| size["name"] == name) {
        return false;
    }
    for size in sizes {
        size["isSampleSize"] = json!(size["name"] == name);
    }
    true
}
