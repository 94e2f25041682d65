//! Plans, and their rows.

use serde_json::{Value, json};

use crate::support::World;

/// The address of a plan, by its place in the list.
async fn plan(world: &World, at: usize) -> String {
    let plans = world.post_json("Tracking/Plans", &json!({"filters": null})).await;
    format!("Tracking/Plan/{}", plans["result"][at]["id"].as_str().unwrap())
}

async fn rows(world: &World, path: &str) -> Vec<Value> {
    let page = world.post_json(&format!("{path}?pageSize=200&pageNumber=0"), &json!({"filters": null})).await;
    page["result"].as_array().unwrap().clone()
}

/// A style with two colorways.
async fn style(world: &World) -> Value {
    let colorway = |name: &str| {
        json!({"id": null, "fields": [
            {"id": "color_number", "value": name}, {"id": "color_name", "value": name},
            {"id": "primary", "value": "56684a"}, {"id": "secondary", "value": ""},
        ]})
    };
    let body = json!({"fields": [], "colorways": [colorway("Moss"), colorway("Clay")]});
    world.post_json(&format!("Style/Header/Create?folderId={}", world.at.style_folder), &body).await
}

#[tokio::test]
async fn plans_are_in_folders() {
    let world = World::new().await;
    let folders = world.get_json("Tracking/Folders").await;
    assert_eq!((&folders[0]["name"], &folders[1]["active"]), (&json!("Plans"), &json!(false)));
    let folder = folders[1]["id"].as_str().unwrap();
    let body = json!({"filters": null});
    let old = world.post_json(&format!("Tracking/Plans?folderId={folder}"), &body).await;
    assert_eq!((&old["total"], &old["result"][0]["active"]), (&json!(1), &json!(false)));
    // As the official Python client says that it wants those of all folders.
    let all = world.post_json("Tracking/Plans?folderId=None&pageSize=30&pageNumber=0", &body).await;
    assert_eq!(all["total"], json!(3));
    let unknown = format!("Tracking/Plans?folderId={}", world.at.style_folder);
    assert_eq!(world.post(&unknown, &body).await.status(), 400);
    let first = plan(&world, 0).await;
    assert_eq!(first, format!("Tracking/Plan/{}", world.at.plan));
    let read = world.post_json(&first, &json!({})).await;
    assert_eq!(read["style"]["timelines"][0]["shortDescription"], "Proto");
    assert_eq!(world.post("Tracking/Plan/nothing", &json!({})).await.status(), 400);
}

#[tokio::test]
async fn rows_are_edited_archived_and_deleted() {
    let world = World::new().await;
    let plan = plan(&world, 0).await;
    let list = format!("{plan}/Style/Timeline");
    let before = world.get_json(&format!("{plan}/Style/Progress")).await;
    let row = rows(&world, &list).await[0].clone();
    let entry = &row["timelines"][1];
    assert_eq!((&entry["status"], &row["isArchived"]), (&json!("Not Started"), &json!(false)));

    let user = &world.at.user_id;
    let edit = format!("{plan}/Style/Timelines/Edit");
    let change = json!([{"id": row["id"], "size": {"value": "M"}, "timelines": [{
        "id": entry["id"], "status": {"value": "rejected"}, "final": {"value": "2026-03-01"},
        "assignedTo": {"add": [user], "remove": [world.at.administrator_id]},
    }]}]);
    world.post_json(&edit, &change).await;
    let edited = rows(&world, &list).await[0].clone();
    let milestone = &edited["timelines"][1];
    assert_eq!((&edited["size"], &milestone["status"]), (&json!("M"), &json!("rejected")));
    assert_eq!((&milestone["final"], &milestone["rev"]), (&json!("2026-03-01T00:00:00Z"), &Value::Null));
    assert_eq!(milestone["assignedTo"], json!([{"id": user, "name": "Sample Manager"}]));
    assert!(edited["modifiedAt"].as_str() > row["modifiedAt"].as_str());
    let progress = world.get_json(&format!("{plan}/Style/Progress")).await;
    assert_eq!(progress["rejected"], 1);
    assert_eq!(progress["not_started"].as_u64().unwrap() + 1, before["not_started"].as_u64().unwrap());
    assert_eq!(progress["total"], before["total"]);

    let clear = json!([{"id": row["id"], "size": {"value": null}, "timelines": [
        {"id": entry["id"], "final": {"value": null}},
    ]}]);
    world.post_json(&edit, &clear).await;
    let edited = rows(&world, &list).await[0].clone();
    assert_eq!((&edited["size"], &edited["timelines"][1]["final"]), (&json!("NA"), &Value::Null));
    for refused in [
        json!([{"size": {"value": "M"}}]),
        json!([{"id": row["id"], "size": "M"}]),
        json!([{"id": entry["id"]}]),
        json!([{"id": row["id"], "timelines": [{"id": row["id"]}]}]),
        json!([{"id": row["id"], "supplier": {"add": ["nobody"]}}]),
        json!({"id": row["id"]}),
    ] {
        assert_eq!(world.post(&edit, &refused).await.status(), 400, "{refused}");
    }

    let ids = json!([row["id"]]);
    world.post_json(&format!("{plan}/Style/Timelines/Archive"), &ids).await;
    assert_eq!(rows(&world, &list).await[0]["isArchived"], true);
    assert_eq!(world.post(&format!("{plan}/Material/Timelines/Archive"), &ids).await.status(), 404);
    world.post_json(&format!("{plan}/Style/Timelines/Delete"), &json!({"timelineIds": ids})).await;
    assert_ne!(rows(&world, &list).await[0]["id"], row["id"]);
    let again = world.post(&format!("{plan}/Style/Timelines/Delete"), &json!({"timelineIds": ids})).await;
    assert_eq!(again.status(), 400);
    assert_eq!(rows(&world, &format!("{plan}/Style/Revisions")).await.len(), 4);
}

#[tokio::test]
async fn records_are_added_to_a_plan() {
    let world = World::new().await;
    let plan = plan(&world, 1).await;
    let list = format!("{plan}/Style/Timeline");
    assert!(rows(&world, &list).await.is_empty());
    let style = style(&world).await;
    let ids = json!([style["id"]]);
    world.post_json(&format!("{plan}/Style/Add"), &ids).await;
    world.post_json(&format!("{plan}/StyleByColorway/Add"), &ids).await;
    let skus = json!([{"headerId": style["id"], "sku": [
        {"colorwayId": style["colorways"][1]["id"], "sizes": ["M", "L"]},
    ]}]);
    let added = world.post_json(&format!("{plan}/StyleBySKU/Add"), &skus).await;
    assert_eq!(added[1]["headerFolderId"], json!(world.at.style_folder));
    let rows = rows(&world, &list).await;
    let seen: Vec<_> = rows.iter().map(|row| (&row["colorName"], row["size"].as_str().unwrap())).collect();
    let (none, moss, clay) = (Value::Null, json!("Moss"), json!("Clay"));
    assert_eq!(seen, [(&none, "NA"), (&moss, "NA"), (&clay, "NA"), (&clay, "M"), (&clay, "L")]);
    assert_eq!(rows[4]["id"], added[1]["id"]);
    assert_eq!(world.post(&format!("{plan}/Style/Add"), &json!(["nothing"])).await.status(), 400);
    let old = json!([{"styleId": style["id"], "skuIds": []}]);
    assert_eq!(world.post(&format!("{plan}/StyleBySKU/Add"), &old).await.status(), 400);
}

#[tokio::test]
async fn a_view_shows_fields_and_an_archived_plan_refuses_writes() {
    let world = World::new().await;
    let body = json!({});
    let open = plan(&world, 0).await;
    let view = world.post_json(&open, &body).await["material"]["views"][0]["id"].as_str().unwrap().to_owned();
    let rows = rows(&world, &format!("{open}/Material/View/{view}")).await;
    let season = &rows[0]["fields"][0];
    assert_eq!((&season["field"], &season["type"]), (&json!("season"), &json!("DropDown")));
    assert_eq!(world.post(&format!("{open}/Style/View/nothing"), &body).await.status(), 400);

    let archived = plan(&world, 2).await;
    assert_eq!(world.post(&format!("{archived}/Style/Timeline"), &body).await.status(), 200);
    for (path, body) in [
        ("Style/Add", json!([])),
        ("StyleByColorway/Add", json!([])),
        ("StyleBySKU/Add", json!([])),
        ("Style/Timelines/Edit", json!([])),
        ("Style/Timelines/Archive", json!([])),
        ("Style/Timelines/Delete", json!({"timelineIds": []})),
    ] {
        let refused = world.post(&format!("{archived}/{path}"), &body).await;
        assert_eq!(refused.status(), 400, "{path}");
        assert_eq!(refused.json::<Value>().await.unwrap()["message"], "The plan is archived.");
    }
}
