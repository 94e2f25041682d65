//! Operations that share an address. OpenAPI has one entry for a path and a method, so they become one.

use serde_json::{Value, json};

const EFFECTS: &[&str] = &["read", "upload", "create", "update", "delete", "action"];
const REPLAYS: &[&str] = &["read", "same_state", "conditional", "unsafe"];

/// An entry that stands for both: whatever one of them needs and the other does not is optional.
pub(super) fn merge(one: &mut Value, other: Value) {
    let is_first = one["x-operations"].as_array().is_some_and(|operations| operations.len() == 1);
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let listed = |value: &Value| format!("`{}`: {}", text(value, "operationId"), text(value, "description"));
    let before = if is_first { listed(one) } else { text(one, "description") };
    one["description"] = format!("{before}\n\n{}", listed(&other)).into();
    let (summary, second) = (text(one, "summary"), text(&other, "summary"));
    if !summary.contains(&second) {
        one["summary"] = format!("{summary} Or: {second}").into();
    }
    for (key, order) in [("x-effect", EFFECTS), ("x-replay", REPLAYS)] {
        one[key] = stricter(&one[key], &other[key], order);
    }
    for key in ["tags", "x-operations"] {
        let mut all = list(&one[key]);
        all.extend(list(&other[key]).into_iter().filter(|item| !list(&one[key]).contains(item)));
        one[key] = all.into();
    }
    one["parameters"] = parameters(list(&one["parameters"]), list(&other["parameters"])).into();
    let schema = "/responses/200/content/application~1json/schema";
    let answer = either(one.pointer(schema), other.pointer(schema));
    if let Some(place) = one.pointer_mut(schema) {
        *place = answer;
    }
    if let Some(body) = body(one.get("requestBody"), other.get("requestBody")) {
        one["requestBody"] = body;
    }
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn parameters(one: Vec<Value>, other: Vec<Value>) -> Vec<Value> {
    let is_same = |a: &Value, b: &Value| a["name"] == b["name"] && a["in"] == b["in"];
    let (mut common, mut own): (Vec<_>, Vec<_>) =
        one.into_iter().partition(|parameter| other.iter().any(|second| is_same(parameter, second)));
    own.extend(other.iter().filter(|second| !common.iter().any(|first| is_same(first, second))).cloned());
    for parameter in &mut common {
        let Some(second) = other.iter().find(|second| is_same(parameter, second)) else { continue };
        parameter["schema"] = either(parameter.get("schema"), second.get("schema"));
        if second["required"] == false {
            parameter["required"] = false.into();
        }
    }
    for parameter in &mut own {
        parameter["required"] = false.into();
    }
    common.append(&mut own);
    common
}

fn body(one: Option<&Value>, other: Option<&Value>) -> Option<Value> {
    let (Some(first), Some(second)) = (one, other) else {
        let mut only = one.or(other)?.clone();
        only["required"] = false.into();
        return Some(only);
    };
    let mut both = first.clone();
    both["required"] = (first["required"] == true && second["required"] == true).into();
    for (kind, content) in second["content"].as_object().into_iter().flatten() {
        both["content"][kind] = match first["content"].get(kind) {
            None => content.clone(),
            Some(known) => {
                let mut known = known.clone();
                known["schema"] = either(known.get("schema"), content.get("schema"));
                known
            }
        };
    }
    Some(both)
}

/// A schema that both meet.
fn either(one: Option<&Value>, other: Option<&Value>) -> Value {
    let (Some(one), Some(other)) = (one, other) else { return json!({}) };
    let anything = json!({});
    if one == other || *one == anything {
        return one.clone();
    }
    if *other == anything {
        return anything;
    }
    let mut all = one.get("anyOf").map_or_else(|| vec![one.clone()], list);
    if !all.contains(other) {
        all.push(other.clone());
    }
    json!({"anyOf": all})
}

/// The one that comes later in this order, in which the strictest is the last.
fn stricter(one: &Value, other: &Value, order: &[&str]) -> Value {
    let rank = |value: &Value| order.iter().position(|known| value == known).unwrap_or(order.len());
    if rank(one) < rank(other) { other.clone() } else { one.clone() }
}
