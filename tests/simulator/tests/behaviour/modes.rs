//! Ways in which the service does other than it says: values that are not stored, lists that lag, old forms.

use serde_json::{Value, json};

use crate::support::{World, numbers, value};

async fn reset(world: &mut World, changes: Value) {
    world.control("reset", &changes).await;
    world.sign_in().await;
}

fn fields(values: &[(&str, Value)]) -> Value {
    let fields = values.iter().map(|(id, value)| json!({"id": id, "value": value}));
    json!({"fields": fields.collect::<Vec<_>>()})
}

#[tokio::test]
async fn a_named_field_is_accepted_and_not_stored() {
    let world = World::new().await;
    let style = world.first("Style").await;
    let path = format!("Style/Header/{}/Update", style["id"].as_str().unwrap());
    let rule = json!([{"path": path, "times": 0, "action": {"not_stored": ["season"]}},
                      {"path": "Header/Create", "body": "EX-7", "action": {"not_stored": ["care_notes"]}}]);
    world.control("faults", &rule).await;
    let body = fields(&[("season", json!("Fall 2025")), ("care_notes", json!("cold"))]);
    let answer = world.post_json(&path, &body).await;
    assert_eq!(
        (value(&answer, "season"), value(&answer, "care_notes")),
        (value(&style, "season"), &json!("cold"))
    );
    let create = format!("Style/Header/Create?folderId={}", world.at.style_folder);
    for (number, notes) in [("EX-6", json!("cold")), ("EX-7", json!(null))] {
        let body = fields(&[("header_number", json!(number)), ("care_notes", json!("cold"))]);
        assert_eq!(value(&world.post_json(&create, &body).await, "care_notes"), &notes);
    }
}

#[tokio::test]
async fn a_share_of_values_is_not_stored_whatever_the_order() {
    let mut world = World::new().await;
    let mut outcomes = Vec::new();
    for backwards in [false, true] {
        reset(&mut world, json!({"styles": 0, "not_stored": 0.25})).await;
        let create = format!("Style/Header/Create?folderId={}", world.at.style_folder);
        let mut stored = Vec::new();
        let order: Vec<u32> = if backwards { (0..80).rev().collect() } else { (0..80).collect() };
        for n in order {
            let number = format!("EX-{n}");
            let body = fields(&[("header_number", json!(number)), ("brand", json!("Harbour"))]);
            let answer = world.post_json(&create, &body).await;
            stored.push((
                n,
                value(&answer, "header_number") == number.as_str(),
                value(&answer, "brand") == "Harbour",
            ));
        }
        stored.sort_unstable();
        outcomes.push(stored);
    }
    assert_eq!(outcomes[0], outcomes[1]);
    let lost: usize = outcomes[0].iter().map(|(_, a, b)| usize::from(!a) + usize::from(!b)).sum();
    assert!((20..60).contains(&lost), "{lost} of 160");
}

#[tokio::test]
async fn lists_lag_behind_writes() {
    let mut world = World::new().await;
    let style = world.first("Style").await;
    let id = style["id"].as_str().unwrap();
    let number = json!([{"field": "header_number", "operator": "Eq", "value": style["headerNumber"]}]);
    let rule = json!([{"path": "Update", "action": {"lag": {"lists": 2}}}]);
    world.control("faults", &rule).await;
    let path = format!("Style/Header/{id}/Update");
    world.post_json(&path, &fields(&[("header_name", json!("First"))])).await;
    world.post_json(&path, &fields(&[("header_name", json!("Second"))])).await;
    assert_eq!(world.get_json(&format!("Style/Header/{id}")).await["headerName"], "Second");
    let shown = async || world.styles("", number.clone()).await["result"][0]["headerName"].clone();
    assert_eq!(
        [shown().await, shown().await, shown().await],
        [style["headerName"].clone(), style["headerName"].clone(), json!("Second")]
    );

    // For all writes, on the clock: the new record is not there, the deleted one still is.
    reset(&mut world, json!({"styles": 3, "lag": {"seconds": 3600}})).await;
    let create = format!("Style/Header/Create?folderId={}", world.at.style_folder);
    world.post_json(&create, &fields(&[("header_number", json!("EX-1"))])).await;
    let first = world.first("Style").await["id"].as_str().unwrap().to_owned();
    world.get_json(&format!("Style/Header/Delete/{first}")).await;
    assert_eq!(numbers(&world.styles("", json!([])).await), ["ST-000001", "ST-000002", "ST-000003"]);
    world.control("clock", &json!({"advance": 3601})).await;
    assert_eq!(numbers(&world.styles("", json!([])).await), ["ST-000002", "ST-000003", "EX-1"]);
}

#[tokio::test]
async fn records_in_the_form_of_2021() {
    let mut world = World::new().await;
    let style = world.first("Style").await;
    let path = format!("Style/Header/{}", style["id"].as_str().unwrap());
    world.control("faults", &json!([{"path": path, "action": {"old_form": true}}])).await;
    let old = world.get_json(&path).await;
    assert_eq!(value(&old, "version"), &json!(value(&style, "version").to_string()));
    assert!(old.get("tags").is_none() && old.get("sizeClasses").is_none());
    assert_eq!(world.get_json(&path).await, style);
    reset(&mut world, json!({"styles": 20, "old_forms": true})).await;
    for record in world.styles("", json!([])).await["result"].as_array().unwrap() {
        for field in record["headerData"]["fields"].as_array().unwrap() {
            assert!(field["value"].is_string() || field["value"].is_null(), "{field}");
        }
    }
}
