//! Parts of records in the form that they are read in: colours of palettes, size classes of blocks.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::values::is_hex;

/// A colour of a palette. What is no hex colour is none.
pub(crate) fn chip(id: Uuid, number: &str, name: &str, hex: &str) -> Value {
    let mut chip = json!({
        "_id": id, "color_id": null, "color_source_id": null, "hex": "", "rgb_r": null, "rgb_g": null,
        "rgb_b": null, "color_number": number, "color_name": name, "fields": [], "color_reference": null,
        "Schema": {"color_category": null},
    });
    paint(&mut chip, hex);
    chip
}

/// Gives a colour another shade.
pub(crate) fn paint(chip: &mut Value, hex: &str) {
    let hex = hex.trim_start_matches('#').to_lowercase();
    let known = is_hex(&hex);
    for (key, at) in [("rgb_r", 0), ("rgb_g", 2), ("rgb_b", 4)] {
        chip[key] = known.then(|| u8::from_str_radix(&hex[at..at + 2], 16).ok()).flatten().into();
    }
    chip["hex"] = json!(if known { hex } else { String::new() });
}

/// A size class of a block; `sizeRange` is its text.
pub(crate) fn block_size_class(
    id: Uuid,
    name: Value,
    notes: Value,
    active: Value,
    sizes: Vec<Value>,
) -> Value {
    json!({"id": id, "name": name, "notes": notes, "active": active, "sizeRange": range(&sizes), "sizes": sizes})
}

/// `S, M, L`.
pub(crate) fn range(sizes: &[Value]) -> String {
    let names: Vec<&str> = sizes.iter().filter_map(|size| size["name"].as_str()).collect();
    names.join(", ")
}
