//! What differs by master folder: schemas, palettes, size classes of blocks, images.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{World, value};

const MASTERS: [&str; 5] = ["Style", "Material", "Image", "Color", "Block"];

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn every_master_folder_has_folders_schemas_and_records() {
    let world = World::new().await;
    for master in MASTERS {
        let folders = world.get_json(&format!("{master}/Folders")).await;
        let folder = folders[0]["id"].as_str().unwrap();
        let schema = world.get_json(&format!("{master}/FolderSchema?folderId={folder}")).await;
        assert_eq!(schema[0]["fieldId"], "header_number", "{master}");
        let searched = world.get_json(&format!("{master}/FolderSearchSchema?folderId={folder}")).await;
        assert!(!searched.as_array().unwrap().is_empty());
        let page = world
            .post_json(&format!("{master}/Headers?folderId={folder}&showDeleted=true"), &json!({}))
            .await;
        assert!(page["total"].as_u64().unwrap() > 2, "{master}");
        let record = world.first(master).await;
        let path = format!("{master}/Header/{}", record["id"].as_str().unwrap());
        assert_eq!(world.get_json(&path).await, record);
        // A record is found by its number, whatever the name of the member that shows it.
        let filter = json!({"filters": [{"field": "header_number", "operator": "Eq", "value": value(&record, "header_number")}]});
        assert_eq!(world.post_json(&format!("{master}/Headers"), &filter).await["result"][0], record);
        let pages = format!("Style/FolderPages/{folder}");
        let apps =
            world.get_json(&format!("{master}/Pages?headerId={}", record["id"].as_str().unwrap())).await;
        assert_eq!(world.get_json(&pages).await, apps);
    }
    for (master, schemas) in [
        ("Style", ["ColorwaySchema", "SizeRangeSchema"].as_slice()),
        ("Material", &["ColorwaySchema", "SizeRangeSchema"]),
        ("Color", &["ColorChipSchema"]),
    ] {
        for schema in schemas {
            let folder =
                world.get_json(&format!("{master}/Folders")).await[0]["id"].as_str().unwrap().to_owned();
            let fields = world.get_json(&format!("{master}/{schema}?folderId={folder}")).await;
            assert!(fields[0]["fieldId"].is_string(), "{master}/{schema}");
        }
    }
    assert_eq!(world.get("Block/ColorwaySchema?folderId=x").await.status(), 404);
}

#[tokio::test]
async fn records_have_the_members_of_their_master_folder() {
    let world = World::new().await;
    let stamps = ["isDeleted", "createdBy", "createdAt", "modifiedBy", "modifiedAt"];
    let expect = |record: &Value, members: &[&str], data: &[&str]| {
        let all: Vec<&str> = [members, stamps.as_slice()].concat();
        assert_eq!(keys(record), all);
        assert_eq!(keys(&record["headerData"]), data);
    };
    let image = world.first("Image").await;
    expect(
        &image,
        &["id", "headerNumber", "headerName", "folder", "headerData", "files"],
        &["fields", "preview", "variations"],
    );
    let color = world.first("Color").await;
    expect(
        &color,
        &["id", "colorPaletteNumber", "colorPaletteName", "folder", "headerData"],
        &["fields", "colors"],
    );
    let block = world.first("Block").await;
    expect(
        &block,
        &["id", "headerNumber", "headerName", "folder", "headerData"],
        &["fields", "frontImage", "sizeClasses"],
    );
    let class = &block["headerData"]["sizeClasses"][0];
    assert_eq!(keys(class), ["id", "name", "notes", "active", "sizeRange", "sizes"]);
}

async fn create(world: &World, master: &str, body: &Value) -> Value {
    let folders = world.get_json(&format!("{master}/Folders")).await;
    let path = format!("{master}/Header/Create?folderId={}", folders[0]["id"].as_str().unwrap());
    world.post_json(&path, body).await
}

fn numbers_and_shades(palette: &Value) -> Vec<(&str, &str)> {
    let colors = palette["headerData"]["colors"]["colors"].as_array().unwrap().iter();
    colors.map(|c| (c["color_number"].as_str().unwrap(), c["hex"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn colours_of_a_palette_are_replaced_or_merged() {
    let world = World::new().await;
    let color = |number: &str, hex: &str| json!({"colorNumber": number, "colorName": "Moss", "hex": hex});
    let body = json!({"fields": [{"id": "header_number", "value": "P-1"}], "colors": [color("1", "56684A"), color("2", "#a4512b")]});
    let palette = create(&world, "Color", &body).await;
    assert_eq!(palette["colorPaletteNumber"], "P-1");
    assert_eq!(numbers_and_shades(&palette), [("1", "56684a"), ("2", "a4512b")]);
    assert_eq!(palette["headerData"]["colors"]["colors"][0]["rgb_g"], 0x68);

    let path = format!("color/Header/{}/Update", palette["id"].as_str().unwrap());
    let second = palette["headerData"]["colors"]["colors"][1]["_id"].clone();
    let merge = json!({"colors": [{"id": second, "hex": "000000"}, {"colorNumber": "1", "removeColor": true}, color("3", "ffffff")]});
    let merged = world.post_json(&format!("{path}?replaceColors=false"), &merge).await;
    assert_eq!(numbers_and_shades(&merged), [("2", "000000"), ("3", "ffffff")]);
    // Null and none leave the palette alone.
    for nothing in [json!(null), json!([])] {
        let kept = world
            .post_json(&format!("{path}?replaceColors=true"), &json!({"fields": [], "colors": nothing}))
            .await;
        assert_eq!(numbers_and_shades(&kept).len(), 2);
    }
    let replace = json!({"fields": [], "colors": [color("2", "zebra")]});
    let replaced = world.post_json(&format!("{path}?replaceColors=true"), &replace).await;
    assert_eq!(numbers_and_shades(&replaced), [("2", "")]);
    assert_eq!(replaced["headerData"]["colors"]["colors"][0]["_id"], second);
}

#[tokio::test]
async fn size_classes_of_a_block() {
    let world = World::new().await;
    let size =
        |name: &str| json!({"name": name, "isSampleSize": name == "M", "hideSize": false, "comments": ""});
    let class = json!({"name": "Regular", "notes": "base", "active": true, "sizes": [size("M")]});
    let block = create(&world, "Block", &json!({"fields": [], "sizeClasses": [class]})).await;
    let classes = &block["headerData"]["sizeClasses"];
    assert_eq!((&classes[0]["sizeRange"], &classes[0]["notes"]), (&json!("M"), &json!("base")));

    let path = format!("Block/Header/{}/Update", block["id"].as_str().unwrap());
    let change = json!({"sizeClasses": [
        {"key": "Regular", "name": {"value": "Regular EU"}, "notes": {"value": ""}, "sizes": [size("M"), size("L")]},
        {"name": "Tall", "sizes": []}]});
    let changed = world.post_json(&path, &change).await;
    let classes = &changed["headerData"]["sizeClasses"];
    assert_eq!((&classes[0]["name"], &classes[0]["sizeRange"]), (&json!("Regular EU"), &json!("M, L")));
    assert_eq!((&classes[0]["active"], &classes[1]["name"]), (&json!(true), &json!("Tall")));
    let delete = json!({"sizeClasses": [{"key": classes[0]["id"], "deleteSizeClass": true}]});
    let rest = world.post_json(&path, &delete).await;
    assert_eq!(rest["headerData"]["sizeClasses"], json!([classes[1]]));
    assert_eq!(world.post(&path, &delete).await.status(), 400);
}

#[tokio::test]
async fn the_colours_of_the_company() {
    let world = World::new().await;
    let page = world.post_json("Color/CompanyColors?pageSize=5&pageNumber=1", &json!({"filters": []})).await;
    assert_eq!((page["result"].as_array().unwrap().len(), &page["total"]), (5, &json!(40)));
    let filter = json!({"filters": [{"field": "color_number", "operator": "Eq", "value": "LIB-007"}]});
    let found = world.post_json("Color/CompanyColors", &filter).await;
    assert_eq!((&found["total"], &found["result"][0]["color_number"]), (&json!(1), &json!("LIB-007")));
    assert_eq!(world.request(Method::GET, "Color/CompanyColors").send().await.unwrap().status(), 405);
}
