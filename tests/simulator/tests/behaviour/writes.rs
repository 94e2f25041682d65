//! Creating, updating and deleting headers.

use serde_json::{Value, json};

use crate::support::{World, numbers, value};

async fn create(world: &World, body: &Value) -> Value {
    world.post_json(&format!("Style/Header/Create?folderId={}", world.at.style_folder), body).await
}

#[tokio::test]
async fn a_created_header_is_what_a_later_get_shows() {
    let world = World::new().await;
    let created = create(
        &world,
        &json!({
            "fields": [
                {"id": "header_number", "value": "EX-1"}, {"id": "header_name", "value": "Example"},
                {"id": "season", "value": "Fall 2026"}, {"id": "channels", "value": ["Web"]},
                {"id": "target_price", "value": 41.75}, {"id": "version", "value": 9},
            ],
            "colorways": [{"id": null, "fields": [
                {"id": "color_number", "value": "C-9"}, {"id": "color_name", "value": "Moss"},
                {"id": "primary", "value": "56684A"}, {"id": "secondary", "value": ""}]}],
            "sizes": [{"name": "M", "price": 12.5, "currency": "USD", "unitOfMeasure": "inch", "comments": "",
                       "isSampleSize": true}],
        }),
    )
    .await;
    assert_eq!(created["headerNumber"], "EX-1");
    assert_eq!(value(&created, "version"), 1);
    assert_eq!(created["colorways"][0]["primaryColor"], "56684a");
    assert_eq!(created["sizeRange"][0]["sizeIndex"], 0);
    let id = created["id"].as_str().unwrap();
    assert_eq!(world.get_json(&format!("Style/Header/{id}")).await, created);
    let by_number = json!([{"field": "header_number", "operator": "Eq", "value": "EX-1"}]);
    assert_eq!(world.styles("", by_number).await["result"][0], created);
}

#[tokio::test]
async fn values_that_do_not_fit_are_blanked_with_200() {
    let world = World::new().await;
    let created = create(
        &world,
        &json!({"fields": [
            {"id": "season", "value": "F2026"}, {"id": "channels", "value": "Web"},
            {"id": "total_cost", "value": "1"}, {"id": "info_label", "value": "x"},
            {"id": "created_by", "value": "nobody"}]}),
    )
    .await;
    assert_eq!(value(&created, "season"), "");
    assert_eq!(value(&created, "channels"), &json!([]));
    assert_eq!(value(&created, "total_cost"), &Value::Null);
    assert_eq!(value(&created, "info_label"), "");
    assert!(value(&created, "created_by").as_str().unwrap().starts_with("sample.designer @ "));
}

#[tokio::test]
async fn numbering_and_duplicates() {
    let world = World::new().await;
    let body = json!({"fields": [{"id": "header_number", "value": "SAME"}]});
    create(&world, &body).await;
    create(&world, &body).await;
    let filter = json!([{"field": "header_number", "operator": "Eq", "value": "SAME"}]);
    assert_eq!(numbers(&world.styles("", filter).await), ["SAME", "SAME"]);

    let folders = world.get_json("Style/Folders").await;
    let denim = folders.as_array().unwrap().iter().find(|folder| folder["name"] == "Denim").unwrap();
    let path = format!("Style/Header/Create?folderId={}", denim["id"].as_str().unwrap());
    assert_eq!(world.post_json(&path, &body).await["headerNumber"], "DN-000001");

    let path = format!("Style/Header/Create?folderId={}&preserveVersion=true", world.at.style_folder);
    let kept = world.post_json(&path, &json!({"fields": [{"id": "version", "value": 9}]})).await;
    assert_eq!(value(&kept, "version"), 9);
}

#[tokio::test]
async fn an_update_is_partial_and_moves_stamps_and_version() {
    let world = World::new().await;
    let before = world.styles("pageSize=1", json!([])).await["result"][0].clone();
    let path = format!("Style/Header/{}/Update", before["id"].as_str().unwrap());
    let body = json!({"fields": [{"id": "header_name", "value": "Other"}], "colorways": [], "sizes": null});
    let after = world.post_json(&path, &body).await;
    assert_eq!(after["headerName"], "Other");
    assert_eq!(after["sizeRange"], before["sizeRange"]);
    assert_eq!(value(&after, "vendor"), value(&before, "vendor"));
    assert_eq!(
        value(&after, "version").as_i64().unwrap(),
        value(&before, "version").to_string().trim_matches('"').parse::<i64>().unwrap() + 1
    );
    assert!(after["modifiedAt"].as_str() > before["modifiedAt"].as_str());
    let filter = json!([{"field": "FolderModifiedAt", "operator": "Gt", "value": "2026-01-01T00:00:00Z"}]);
    assert_eq!(numbers(&world.styles("", filter).await), [after["headerNumber"].as_str().unwrap()]);
}

#[tokio::test]
async fn the_highest_version_stays() {
    let world = World::new().await;
    let body = json!({"fields": [{"id": "version", "value": i64::MAX}]});
    let path = format!("Style/Header/Create?folderId={}&preserveVersion=true", world.at.style_folder);
    let created = world.post_json(&path, &body).await;
    let path = format!("Style/Header/{}/Update", created["id"].as_str().unwrap());
    let updated = world.post_json(&path, &json!({"fields": [{"id": "season", "value": ""}]})).await;
    assert_eq!(value(&updated, "version"), i64::MAX);
}

#[tokio::test]
async fn colorways_are_matched_by_id() {
    let world = World::new().await;
    let new = |number: &str| {
        json!({"id": null, "fields": [{"id": "color_number", "value": number},
               {"id": "color_name", "value": "Moss"}, {"id": "primary", "value": "56684a"}, {"id": "secondary", "value": ""}]})
    };
    let created = create(&world, &json!({"fields": [], "colorways": [new("1"), new("2")]})).await;
    let path = format!("Style/Header/{}/Update", created["id"].as_str().unwrap());
    let change = json!({"id": created["colorways"][1]["id"], "imageHeaderId": "87402ada-fd24-46b8-97e6-266c13c1948f",
                        "fields": [{"id": "marketing_name", "value": "Night"}]});
    let after = world.post_json(&path, &json!({"colorways": [change, new("3")]})).await;
    assert_eq!(after["colorways"].as_array().unwrap().len(), 3);
    assert_eq!(after["colorways"][0], created["colorways"][0]);
    assert_eq!(after["colorways"][1]["fields"]["marketing_name"], "Night");
    assert!(after["colorways"][1]["image"].is_string());
    let incomplete = json!({"colorways": [{"id": null, "fields": []}]});
    assert_eq!(world.post(&path, &incomplete).await.status(), 400);
}

#[tokio::test]
async fn deleting_is_soft_and_repeatable() {
    let world = World::new().await;
    let style = world.styles("pageSize=1", json!([])).await["result"][0].clone();
    let id = style["id"].as_str().unwrap();
    for _ in 0..2 {
        let answer = world.get_json(&format!("Style/Header/Delete/{id}")).await;
        assert_eq!(answer["error"], false);
    }
    assert_eq!(world.styles("", json!([])).await["total"], 59);
    assert_eq!(world.get_json(&format!("Style/Header/{id}")).await["isDeleted"], true);
    let missing = world.get("Style/Header/Delete/nonsense").await;
    assert_eq!(
        (missing.status().as_u16(), missing.text().await.unwrap()),
        (400, "Style not found".to_owned())
    );
}

#[tokio::test]
async fn suppliers_of_materials() {
    let world = World::new().await;
    let path = format!("Material/Header/Create?folderId={}", world.at.material_folder);
    let body = json!({"fields": [], "suppliers": [{"id": "487ec841-2d82-40fc-a9de-a85889ac91cf"},
                      {"Name": "New Mill", "Country": "PT", "SupplierType": "VENDOR"}]});
    let created = world.post_json(&path, &body).await;
    assert_eq!(created["suppliers"][0]["Name"], "Douro Mills");
    assert_eq!(created["suppliers"][1]["Country"], "PT");
    assert!(created["headerData"]["mainImage"].is_object());
}
