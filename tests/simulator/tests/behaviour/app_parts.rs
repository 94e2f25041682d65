//! Applications of styles and materials that have requests of their own.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::World;

/// The id of the application of this type that a record has.
async fn app(world: &World, master: &str, header: &str, of_type: &str) -> String {
    let apps = world.get_json(&format!("{master}/Pages?headerId={header}")).await;
    let app = apps.as_array().unwrap().iter().find(|app| app["type"] == of_type).unwrap();
    app["id"].as_str().unwrap().to_owned()
}

async fn page(world: &World, master: &str, header: &str, app: &str) -> Value {
    world.get_json(&format!("{master}/Page?headerId={header}&pageId={app}")).await["data"].clone()
}

/// A style with a colorway and two sizes: its id and that of the colorway.
async fn style(world: &World) -> (String, String) {
    let fields = [("color_number", "01"), ("color_name", "Moss"), ("primary", "56684a"), ("secondary", "")];
    let fields = fields.map(|(id, value)| json!({"id": id, "value": value}));
    let body = json!({"fields": [], "colorways": [{"id": null, "fields": fields}],
                      "sizes": [{"name": "S"}, {"name": "M"}]});
    let path = format!("Style/Header/Create?folderId={}", world.at.style_folder);
    let style = world.post_json(&path, &body).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&style["id"]), text(&style["colorways"][0]["id"]))
}

#[tokio::test]
async fn rows_of_skus_stay_when_they_are_generated_again() {
    let world = World::new().await;
    let (style, colorway) = style(&world).await;
    let app = app(&world, "Style", &style, "SKU").await;
    let generate = format!("Style/Sku/{style}/{app}/Generate");
    assert_eq!(world.post(&generate, &json!({})).await.status(), 500);
    assert_eq!(page(&world, "Style", &style, &app).await, json!([]));

    let path = format!("Style/Header/{style}/ColorwayImage/Upload?colorId={colorway}");
    let upload = world.upload(&path, "swatch.png", b"picture").await;
    world.processed(&upload).await;
    let made = world.post_json(&generate, &json!({})).await["data"].clone();
    assert_eq!(made.as_array().unwrap().len(), 2);
    let update = format!("Style/PageSku?headerId={style}&pageId={app}");
    let change = |member: &str| json!([{"id": made[1]["id"], member: [{"id": "upc", "value": "7"}, {"id": "x", "value": 1}]}]);
    // Values under the name that they have elsewhere are passed over.
    world.post_json(&update, &change("rowFields")).await;
    assert_eq!(page(&world, "Style", &style, &app).await, made);
    world.post_json(&update, &change("fields")).await;
    world.post_json(&generate, &json!({})).await;
    assert_eq!(page(&world, "Style", &style, &app).await[1]["fields"][0]["value"], "7");
    let many: Vec<_> = (0..101).map(|_| made[0].clone()).collect();
    assert_eq!(world.post(&update, &many.into()).await.status(), 400);
}

#[tokio::test]
async fn a_style_is_not_added_to_a_set() {
    let world = World::new().await;
    let (style, _) = style(&world).await;
    let app = app(&world, "Style", &style, "Sets").await;
    let before = page(&world, "Style", &style, &app).await;
    let update = format!("Style/PageSets?headerId={style}&pageId={app}");
    let change = json!({"styleUpdate": {"rowId": before["data"][0]["rowId"], "rowFields": [{"id": "qty", "value": "3"}]}});
    assert_eq!(world.post(&update, &json!([change, {"styleIdToInsert": style}])).await.status(), 500);
    assert_eq!(page(&world, "Style", &style, &app).await, before);
    world.post_json(&update, &json!([change])).await;
    assert_eq!(page(&world, "Style", &style, &app).await["data"][0]["qty"], "3");
}

#[tokio::test]
async fn a_turntable_makes_a_version_where_it_names_none() {
    let world = World::new().await;
    let (style, _) = style(&world).await;
    let app = app(&world, "Style", &style, "3DStyle").await;
    let turntable = format!("Style/Header/{style}/Image/Upload/Turntable");
    let upload = world.upload(&turntable, "turn.zip", b"archive").await;
    assert_eq!(page(&world, "Style", &style, &app).await["versions"], json!([]));
    assert_eq!(world.processed(&upload).await["errorOccured"], false);
    let versions = page(&world, "Style", &style, &app).await["versions"].clone();
    let id = versions[0]["id"].as_str().unwrap();
    for (query, pictures) in [("", 2), ("&replaceImages=false", 3), ("&replaceImages=true", 1)] {
        let upload =
            world.upload(&format!("{turntable}?versionId={id}{query}"), "turn.zip", b"archive").await;
        world.processed(&upload).await;
        let versions = page(&world, "Style", &style, &app).await["versions"].clone();
        assert_eq!(versions.as_array().unwrap().len(), 1);
        assert_eq!(versions[0]["turntable"].as_array().unwrap().len(), pictures, "{query}");
    }
    let unknown = format!("{turntable}?versionId={style}");
    assert_eq!(world.request(Method::POST, &unknown).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn comments_and_partners_of_an_application_are_not_those_of_the_record() {
    let world = World::new().await;
    let (style, _) = style(&world).await;
    let app = app(&world, "Style", &style, "SKU").await;
    world.post_json(&format!("Comment/Page/{style}/{app}/Create"), &json!({"body": "Wider"})).await;
    let partner = json!(["487ec841-2d82-40fc-a9de-a85889ac91cf"]);
    world.post_json(&format!("Share/Page/{style}/{app}/Share"), &partner).await;
    for (path, expected) in [
        (format!("Comment/Page/{style}/{app}"), 1),
        (format!("Revision/Page/{style}/{app}"), 0),
        (format!("Comment/Heeader/{style}"), 0),
        (format!("Share/Page/{style}/{app}/Get"), 1),
        (format!("Share/Header/{style}/Get"), 0),
    ] {
        assert_eq!(world.get_json(&path).await.as_array().unwrap().len(), expected, "{path}");
    }
    assert_eq!(world.get(&format!("Comment/Page/{style}/{style}")).await.status(), 400);
}
