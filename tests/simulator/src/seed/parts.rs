//! What seeded records are made of beside their fields.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::model::Variation;
use crate::parts::{block_size_class, chip};
use crate::people::{PARTNERS, supplier, supplier_camel};
use crate::random::Random;

use super::LINE_A;
use super::headers::COLORS;

pub(super) fn suppliers(random: &mut Random) -> Vec<Value> {
    let first = random.below(PARTNERS.len() as u64) as usize;
    (0..random.below(3) as usize)
        .map(|n| {
            let partner = &PARTNERS[(first + n) % PARTNERS.len()];
            if random.one_in(3) { supplier_camel(partner) } else { supplier(partner) }
        })
        .collect()
}

pub(super) fn sizes(style: bool, old_form: bool, random: &mut Random) -> Arc<Value> {
    let plain = usize::from(old_form);
    match (style, random.below(4)) {
        (_, 0) => RANGES[4].clone(),
        (true, _) => RANGES[plain].clone(),
        (false, _) => RANGES[2 + plain].clone(),
    }
}

/// Alpha sizes and widths, each in the present form and that of 2021, and no sizes at all.
static RANGES: LazyLock<[Arc<Value>; 5]> = LazyLock::new(|| {
    let range = |names: &[&str], old: bool| -> Arc<Value> {
        let sample = names.len() / 2;
        Arc::new(
            names
                .iter()
                .enumerate()
                .map(|(index, name)| {
                    let here = index == sample;
                    if old {
                        json!({"name": name, "price": null, "currency": null, "unitOfMeasure": null,
                               "comments": "", "isSampleSize": here, "fields": {}})
                    } else {
                        json!({"name": name, "price": 12.5, "currency": "USD", "unitOfMeasure": "inch",
                               "comments": "", "isSampleSize": here, "sizeIndex": index,
                               "hideSize": false, "fields": {}})
                    }
                })
                .collect(),
        )
    };
    let alpha = ["XS", "S", "M", "L", "XL"];
    let widths = ["110", "150"];
    [
        range(&alpha, false),
        range(&alpha, true),
        range(&widths, false),
        range(&widths, true),
        Arc::new(json!([])),
    ]
});

/// Size classes with an array, with a display range, without an id, with null, and none.
static SIZE_CLASSES: LazyLock<Vec<Arc<Value>>> = LazyLock::new(|| {
    let id = "74360adf-b729-42be-b38d-3c3eaa587c23";
    let regular = &*RANGES[0];
    [
        json!([{"id": id, "name": "Regular", "isDefault": true, "sizeRange": regular}]),
        json!([{"id": id, "name": "Regular", "isDefault": true, "sizeRange": "XS-XL"}]),
        json!([{"id": id, "name": "Regular", "isDefault": true, "sizeRange": regular},
               {"name": "Tall", "isDefault": false, "sizeRange": regular}]),
        json!([{"id": id, "name": "Regular", "isDefault": true, "sizeRange": null}]),
        json!([]),
    ]
    .map(Arc::new)
    .into()
});

pub(super) fn size_classes(random: &mut Random) -> Arc<Value> {
    random.pick(&SIZE_CLASSES).clone()
}

/// Null, none, or the first tag of the company.
pub(super) fn tags(random: &mut Random) -> Option<Arc<Vec<Uuid>>> {
    static CHOICES: LazyLock<[Option<Arc<Vec<Uuid>>>; 3]> =
        LazyLock::new(|| [None, Some(Arc::default()), Some(Arc::new(vec![LINE_A]))]);
    random.pick(&*CHOICES).clone()
}

pub(super) fn variations(random: &mut Random) -> Vec<Variation> {
    let names = ["Small repeat", "Large repeat", "Border"];
    let count = random.below(names.len() as u64 + 1) as usize;
    names[..count]
        .iter()
        .map(|name| {
            let id = random.uuid();
            let source_file = if random.one_in(2) { "print.ai" } else { "print.webp" };
            Variation { id, name, source_file: source_file.to_owned() }
        })
        .collect()
}

/// Colours in the spellings that have been seen.
pub(super) fn palette(random: &mut Random) -> Arc<Value> {
    let count = random.below(COLORS.len() as u64 + 1);
    let first = random.below(COLORS.len() as u64);
    let other_key = random.one_in(6);
    let colors: Vec<Value> = (0..count)
        .map(|n| {
            let at = (first + n) % COLORS.len() as u64;
            let (name, hex) = COLORS[at as usize];
            let mut chip = chip(random.uuid(), &format!("C-{:02}", at + 1), name, hex);
            chip["Schema"]["color_category"] = json!("Solid");
            if other_key {
                chip = rename(chip, "_id", "Id");
            }
            chip
        })
        .collect();
    let link = if random.one_in(5) { "asEurl" } else { "ASEurl" };
    Arc::new(json!({link: null, "colors": colors}))
}

/// The same with another key in the place of one.
fn rename(object: Value, from: &str, to: &str) -> Value {
    let Value::Object(members) = object else { return object };
    members.into_iter().map(|(key, value)| (if key == from { to.to_owned() } else { key }, value)).collect()
}

pub(super) fn block_size_classes(random: &mut Random) -> Arc<Value> {
    let ranges: [(&str, &[&str]); 3] =
        [("Regular", &["S", "M", "L"]), ("Tall", &["M", "L", "XL"]), ("Petite", &["XS", "S"])];
    let count = 1 + random.below(ranges.len() as u64) as usize;
    let classes = ranges[..count].iter().map(|(name, sizes)| {
        let sizes: Vec<Value> = sizes
            .iter()
            .map(|size| json!({"name": size, "isSampleSize": *size == "M", "hideSize": false, "comments": null}))
            .collect();
        block_size_class(random.uuid(), json!(name), Value::Null, json!(true), sizes)
    });
    Arc::new(classes.collect())
}
