//! Values of every type of field, by chance: what the simulator would blank, cut or ignore is refused before it is sent, and what
//! was read can be written back.

// A test may stop at once.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;

use beproduct::{CallOptions, Client, ErrorKind, Outcome};
use common::Service;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

/// Values that each field is given.
const VALUES: usize = 200;

/// What people give for fields: texts, numbers, dates, choices in any spelling, lists and objects.
fn some_value(field: &Value) -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        2 => (-99_i64..100).prop_map(Value::from),
        1 => (-2_000_000_000_000_i64..2_000_000_000_000).prop_map(Value::from),
        1 => "-?[1-9][0-9]{0,10}\\.[0-9]{1,5}".prop_map(|text| serde_json::from_str(&text).unwrap()),
        1 => "[a-zA-Zéß👕 ]{0,12}".prop_map(Value::from),
        1 => "[a-zé👕]{200,300}".prop_map(Value::from),
        3 => "#?[0-9a-fA-F]{6}".prop_map(Value::from),
        1 => "-?[0-9]{1,12}(\\.[0-9]{1,6})?".prop_map(Value::from),
        1 => "(Yes|no|True|FALSE|)".prop_map(Value::from),
        1 => "20[0-9]{2}-0[1-9]-[0-2][1-9](T[01][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,7})?(Z|\\+02:00)?)?"
            .prop_map(Value::from),
        1 => "[1-9]/[1-9]/20[0-9]{2}( [1-9]:00:00 [AP]M)?".prop_map(Value::from),
    ];
    let known = choices(field);
    let choice = prop::sample::select(if known.is_empty() { vec![Value::Null] } else { known });
    let choice = (choice, 0_u8..6).prop_map(|(choice, spelling)| spelled(&choice, spelling)).boxed();
    let one = prop_oneof![2 => leaf, 3 => choice.clone()];
    let amount = prop_oneof![(1..100).prop_map(Value::from), one.clone()];
    let part = (prop_oneof![choice, one.clone()], amount);
    let part = part.prop_map(|(code, value)| json!({"code": code, "value": value}));
    let names = prop::sample::select(vec!["code", "value", "Value", "text", "id", "name", "hex", "userName"]);
    let object = prop::collection::vec((names, one.clone()), 0..4).prop_map(|members| {
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
    });
    prop_oneof![
        6 => one.clone(),
        2 => prop::collection::vec(one, 0..4).prop_map(Value::from),
        2 => prop::collection::vec(part, 0..3).prop_map(Value::from),
        1 => object,
    ]
    .boxed()
}

fn choices(field: &Value) -> Vec<Value> {
    match &field["properties"]["Choices"] {
        Value::Array(choices) => choices.clone(),
        Value::String(lines) => lines.lines().map(|line| json!({"value": line, "code": line})).collect(),
        _ => Vec::new(),
    }
}

/// A choice as people name it.
fn spelled(choice: &Value, spelling: u8) -> Value {
    let names =
        ["value", "FullName", "UserName", "code"].map(|name| choice[name].as_str().unwrap_or_default());
    let name = names.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    match spelling {
        0 => name.to_uppercase().into(),
        1 => format!(" {name} ").into(),
        2 => choice.clone(),
        3 => names[3].into(),
        _ => name.into(),
    }
}

/// What the service shows of a field after a write, or the refusal.
async fn write(client: &Client, id: &str, field: &str, value: &Value) -> Result<Value, String> {
    let arguments = json!({"header_id": id, "fields": [{"id": field, "value": value}]});
    let arguments = arguments.as_object().unwrap().clone();
    match client.call("style.update", arguments, CallOptions::default()).await {
        Ok(answer) => {
            let record: Value = serde_json::from_slice(&answer.body).unwrap();
            let fields = record["headerData"]["fields"].as_array().unwrap();
            let shown = fields.iter().find(|shown| shown["id"] == field).unwrap();
            Ok(shown["value"].clone())
        }
        Err(error) => {
            let refused = (error.kind(), error.outcome()) == (ErrorKind::Config, Outcome::NotSent);
            assert!(refused, "{field} {value}: {error}");
            Err(error.message().to_owned())
        }
    }
}

/// Whether nothing is in it, so that nothing can be lost.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.iter().all(is_empty),
        Value::Object(members) => members.values().all(is_empty),
        _ => false,
    }
}

/// Texts, lists and what is sent for them: as much is stored as was given.
fn is_whole(field_type: &str, given: &Value, stored: &Value) -> bool {
    let length = |value: &Value| value.as_str().map(|text| text.encode_utf16().count());
    let number = |value: &Value| match value {
        Value::String(text) => text.trim().parse::<f64>().ok(),
        other => other.as_f64(),
    };
    match field_type {
        "Text" | "Memo" | "ComboBox" => !given.is_string() || length(given) == length(stored),
        "MultiSelect" | "Tags" | "CompositeControl" => {
            let kept =
                |value: &Value| value.as_array().into_iter().flatten().filter(|one| !is_empty(one)).count();
            !given.is_array() || kept(given) == kept(stored)
        }
        "Number" | "Decimal" | "Currency" | "Weight" | "Measure" | "Percent" => {
            number(given) == number(stored)
        }
        _ => true,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_would_be_lost_is_refused_and_what_was_read_is_taken() {
    let service = Service::start(3, 1).await;
    let client = service.client();
    let folder = service.address("style_folder");
    let arguments = |value: Value| value.as_object().unwrap().clone();
    let schema =
        client.call("style.folder_schema", arguments(json!({"folder_id": folder})), CallOptions::default());
    let schema: Vec<Value> = serde_json::from_slice(&schema.await.unwrap().body).unwrap();
    let new = client.call(
        "style.create",
        arguments(json!({"folder_id": folder, "fields": {}})),
        CallOptions::default(),
    );
    let new: Value = serde_json::from_slice(&new.await.unwrap().body).unwrap();
    let id = new["id"].as_str().unwrap();

    let mut seed = [0; 32];
    seed[0] = 7;
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    // Values of each type that were stored, and that were refused.
    let mut seen: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for field in &schema {
        let (name, field_type) = (field["fieldId"].as_str().unwrap(), field["fieldType"].as_str().unwrap());
        let values = some_value(field);
        for _ in 0..VALUES {
            let value = values.new_tree(&mut runner).unwrap().current();
            let counts = seen.entry(field_type.to_owned()).or_default();
            let Ok(stored) = write(&client, id, name, &value).await else {
                counts.1 += 1;
                continue;
            };
            counts.0 += usize::from(!is_empty(&stored));
            assert!(!is_empty(&stored) || is_empty(&value), "{name} {value} was blanked: {stored}");
            assert!(is_whole(field_type, &value, &stored), "{name} {value} was cut: {stored}");
            let again = write(&client, id, name, &stored).await;
            assert_eq!(again.as_ref(), Ok(&stored), "{name}: {value} was stored, and cannot be written back");
        }
    }
    let unlikely: Vec<_> =
        seen.iter().filter(|(field_type, counts)| !is_likely(field_type, **counts)).collect();
    assert!(unlikely.is_empty(), "values stored and refused: {unlikely:?}");
}

/// Whether of a type some values are stored and some refused, as it has to be.
fn is_likely(field_type: &str, (stored, refused): (usize, usize)) -> bool {
    let read_only =
        field_type.starts_with("Label") || ["FormulaField", "UserLabel", "Auto"].contains(&field_type);
    let passed_on = ["ColorwayField", "MultiSelectBOMVariation", "ImageColor", "Hidden"];
    read_only == (stored == 0) && passed_on.contains(&field_type) == (refused == 0)
}
