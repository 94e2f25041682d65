//! Records that move and are copied; colorways and sizes; blocks of styles.

use serde_json::{Value, json};

use crate::support::{World, numbers, value};

async fn folder(world: &World, name: &str) -> String {
    let folders = world.get_json("Style/Folders").await;
    let found = folders.as_array().unwrap().iter().find(|folder| folder["name"] == name).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_record_moves_with_its_id() {
    let world = World::new().await;
    let style = world.first("Style").await;
    let id = style["id"].as_str().unwrap();
    let path = format!("Style/Header/{id}/Move");
    let knitwear = folder(&world, "Knitwear").await;
    let body = json!({"targetFolderId": knitwear, "generateNewHeaderNumber": false});
    assert_eq!(world.post_json(&path, &body).await["error"], false);
    let moved = world.get_json(&format!("Style/Header/{id}")).await;
    assert_eq!((&moved["folder"]["id"], &moved["headerNumber"]), (&json!(knitwear), &style["headerNumber"]));
    assert_eq!(value(&moved, "vendor"), value(&style, "vendor"));
    let fields = |record: &Value| record["headerData"]["fields"].as_array().unwrap().len();
    assert!(fields(&moved) < fields(&style));
    assert!(moved["modifiedAt"].as_str() > style["modifiedAt"].as_str());
    let old = world.styles(&format!("folderId={}&showDeleted=true", world.at.style_folder), json!([])).await;
    assert!(!numbers(&old).contains(&style["headerNumber"].as_str().unwrap()));

    let denim = json!({"targetFolderId": folder(&world, "Denim").await, "generateNewHeaderNumber": true});
    world.post_json(&path, &denim).await;
    assert_eq!(world.get_json(&format!("Style/Header/{id}")).await["headerNumber"], "DN-000001");
    assert_eq!(world.post(&path, &json!({"targetFolderId": id})).await.status(), 400);
    assert_eq!(world.post("Block/Header/x/Move", &body).await.status(), 404);
}

#[tokio::test]
async fn a_style_is_carried_over() {
    let world = World::new().await;
    let page = world.styles("pageSize=60", json!([])).await;
    let style = page["result"].as_array().unwrap().iter().find(|row| row["colorways"] != json!([])).unwrap();
    let path = format!("Style/Header/{}/CarryOver", style["id"].as_str().unwrap());
    let copy = world.post_json(&path, &json!({"skipColorways": false})).await;
    assert_ne!(copy["id"], style["id"]);
    assert_eq!(copy["copiedOrCarriedOverFrom"], json!([style["id"]]));
    assert_eq!(copy["colorways"].as_array().unwrap().len(), style["colorways"].as_array().unwrap().len());
    assert_eq!(value(&copy, "version"), 1);
    assert_eq!(world.get_json(&format!("Style/Header/{}", copy["id"].as_str().unwrap())).await, copy);
    let bare = world.post_json(&path, &json!({"skipColorways": true})).await;
    assert_eq!(bare["colorways"], json!([]));
    assert_eq!(world.styles("", json!([])).await["total"], 62);
}

#[tokio::test]
async fn colorways_are_deleted_one_or_several_at_a_time() {
    let world = World::new().await;
    let new = |number: &str| {
        json!({"id": null, "fields": [{"id": "color_number", "value": number},
               {"id": "color_name", "value": "Moss"}, {"id": "primary", "value": "56684a"}, {"id": "secondary", "value": ""}]})
    };
    let path = format!("Style/Header/Create?folderId={}", world.at.style_folder);
    let body = json!({"fields": [], "colorways": [new("1"), new("2"), new("3")]});
    let style = world.post_json(&path, &body).await;
    let path = format!("Style/Header/{}", style["id"].as_str().unwrap());
    let id = |n: usize| style["colorways"][n]["id"].as_str().unwrap();
    let one = format!("{path}/Colorway/Delete/{}", id(1));
    assert_eq!(world.get_json(&one).await["error"], false);
    assert_eq!(world.get(&one).await.status(), 400);
    assert_eq!(world.get_json(&path).await["colorways"].as_array().unwrap().len(), 2);
    // One that is not there: none is deleted.
    let several = format!("{path}/Colorways/Delete");
    assert_eq!(world.post(&several, &json!({"colorwayIds": [id(0), id(1)]})).await.status(), 400);
    world.post_json(&several, &json!({"colorwayIds": [id(0), id(2)]})).await;
    assert_eq!(world.get_json(&path).await["colorways"], json!([]));
}

#[tokio::test]
async fn one_size_is_the_sample_size() {
    let world = World::new().await;
    let page = world.styles("pageSize=60", json!([])).await;
    let rows = page["result"].as_array().unwrap();
    let style = rows
        .iter()
        .find(|row| row["sizeClasses"][0]["sizeRange"].is_array() && row["sizeRange"] != json!([]));
    let style = style.unwrap();
    let id = style["id"].as_str().unwrap();
    let class = style["sizeClasses"][0]["id"].as_str().unwrap();
    let path = format!("Style/{id}/SizeClass/{class}/UpdateSampleSize");
    world.post_json(&path, &json!({"newSampleSize": "XL"})).await;
    let after = world.get_json(&format!("Style/Header/{id}")).await;
    for range in [&after["sizeRange"], &after["sizeClasses"][0]["sizeRange"]] {
        let samples = range.as_array().unwrap().iter().filter(|size| size["isSampleSize"] == true);
        assert_eq!(samples.map(|size| size["name"].as_str().unwrap()).collect::<Vec<_>>(), ["XL"]);
    }
    assert_eq!(world.post(&path, &json!({"newSampleSize": "42"})).await.status(), 400);
}

#[tokio::test]
async fn a_block_gives_a_style_its_size_classes() {
    let world = World::new().await;
    let path = format!("Style/Header/Create?folderId={}", world.at.style_folder);
    let style = world.post_json(&path, &json!({"fields": []})).await;
    let path = format!("Style/Header/{}", style["id"].as_str().unwrap());
    let block = world.first("Block").await;
    let class = &block["headerData"]["sizeClasses"][0];
    let body = json!({"blockHeaderId": block["id"], "sizeClasses": [{"name": class["name"]}]});
    world.post_json(&format!("{path}/Block/Link"), &body).await;
    let linked = world.get_json(&path).await;
    assert_eq!(linked["sizeClasses"][0]["id"], class["id"]);
    assert_eq!(linked["sizeClasses"].as_array().unwrap().len(), 1);
    for _ in 0..2 {
        assert_eq!(world.get_json(&format!("{path}/Block/Unlink")).await["error"], false);
    }
    assert_eq!(world.get_json(&path).await["sizeClasses"], json!([]));
    assert_eq!(
        world.post(&format!("{path}/Block/Link"), &json!({"blockHeaderId": style["id"]})).await.status(),
        400
    );
}

#[tokio::test]
async fn sets_and_the_search_that_may_exist() {
    let world = World::new().await;
    let page = world.post_json("Style/Search?skip=1&take=2", &json!({"filters": []})).await;
    assert_eq!(page["total"], 60);
    assert_eq!(page["result"].as_array().unwrap().len(), 2);
    let id = page["result"][0]["id"].as_str().unwrap();
    let sets = world.get_json(&format!("Style/WhereUsedInSets/{id}")).await;
    assert_eq!(sets[0]["header"]["headerNumber"], "ST-000001");
    let first = world.first("Style").await;
    let none = world.get_json(&format!("Style/WhereUsedInSets/{}", first["id"].as_str().unwrap())).await;
    assert_eq!(none, json!([]));
}
