//! Data tables.

use serde_json::{Value, json};

use crate::support::{World, small, value};

#[tokio::test]
async fn tables_schema_and_rows() {
    let world = World::new().await;
    let table = world.at.data_table.clone();
    let list = world.post_json("DataTable/List?pageSize=30&pageNumber=0", &json!({"filters": []})).await;
    assert_eq!(list["result"][0]["id"], table);
    let schema = world.get_json(&format!("DataTable/{table}/Schema")).await;
    assert_eq!(schema[0]["fieldId"], "code");
    // The documented limit is 200, but more goes through where no cap is set.
    let path = format!("DataTable/{table}/Data?pageSize=5000&pageNumber=0");
    let all = world.post_json(&path, &json!({"filters": []})).await;
    assert_eq!((all["total"].as_u64(), all["result"].as_array().unwrap().len()), (Some(250), 250));
    let filter = json!({"filters": [{"field": "code", "operator": "Eq", "value": "C00007"},
                                    {"field": "nothing", "operator": "Eq", "value": "x"}]});
    assert_eq!(world.post_json(&path, &filter).await["total"], 1);
    assert_eq!(world.get("DataTable/nonsense/Schema").await.status(), 400);
}

#[tokio::test]
async fn a_cap_holds_for_rows_too() {
    let world = World::with(beproduct_simulator::Options { page_cap: Some(200), ..small() }).await;
    let path = format!("DataTable/{}/Data?pageSize=1000", world.at.data_table);
    let page = world.post_json(&path, &json!({"filters": []})).await;
    assert_eq!(page["result"].as_array().unwrap().len(), 200);
}

#[tokio::test]
async fn updates_add_change_and_delete() {
    let world = World::new().await;
    let path = format!("DataTable/{}", world.at.data_table);
    let data = format!("{path}/Data?pageSize=300");
    let rows = world.post_json(&data, &json!({"filters": []})).await;
    let (first, second) = (&rows["result"][0]["id"], &rows["result"][1]["id"]);
    let answer = world
        .post_json(
            &format!("{path}/Update"),
            &json!([
                {"rowId": null, "rowFields": [{"id": "code", "value": "NEW"}]},
                {"rowId": first, "rowFields": [{"id": "label", "value": "Changed"}]},
                {"rowId": second, "rowFields": [], "deleteRow": true},
            ]),
        )
        .await;
    assert_eq!((&answer["updated"], &answer["deleted"]), (&json!([first]), &json!([second])));
    let rows = world.post_json(&data, &json!({"filters": []})).await;
    assert_eq!(rows["total"], 250);
    assert_eq!(value(&rows["result"][0], "label"), "Changed");
    let last = rows["result"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["id"], value(last, "code")), (&answer["added"][0], &json!("NEW")));

    let reset = world.post_json(&format!("{path}/Reset"), &json!({})).await;
    assert_eq!(reset["error"], false);
    assert_eq!(world.post_json(&data, &json!({"filters": []})).await["total"], 0);
}

#[tokio::test]
async fn limits_and_unknown_rows() {
    let world = World::new().await;
    let path = format!("DataTable/{}/Update", world.at.data_table);
    let rows = |n: usize| Value::from(vec![json!({"rowId": null, "rowFields": []}); n]);
    assert_eq!(world.post(&path, &rows(101)).await.status(), 400);
    assert_eq!(world.post(&path, &rows(100)).await.status(), 200);
    let invented = json!([{"rowId": "11111111-2222-4333-8444-555555555555", "rowFields": []}]);
    let refused = world.post(&path, &invented).await;
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.json::<Value>().await.unwrap()["message"], "row not found");
}
