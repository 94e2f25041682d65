//! Folders, schemas, paging and filters.

use serde_json::{Value, json};

use crate::support::{World, numbers, small, value};

#[tokio::test]
async fn folders_include_inactive_ones() {
    let world = World::new().await;
    for master in ["Style", "Material"] {
        let folders = world.get_json(&format!("{master}/Folders")).await;
        let folders = folders.as_array().unwrap();
        assert!(folders.len() > 1);
        assert!(folders.iter().any(|folder| folder["active"] == false));
    }
    // Paths are matched without regard to case.
    assert_eq!(world.get("style/folders").await.status(), 200);
}

#[tokio::test]
async fn every_field_type_is_there() {
    let world = World::new().await;
    let schema = world.get_json(&format!("Style/FolderSchema?folderId={}", world.at.style_folder)).await;
    let types: Vec<&str> =
        schema.as_array().unwrap().iter().map(|f| f["fieldType"].as_str().unwrap()).collect();
    for wanted in [
        "Text",
        "Memo",
        "ComboBox",
        "DropDown",
        "Radio",
        "MultiSelect",
        "MultiSelectBOMVariation",
        "Number",
        "Decimal",
        "Weight",
        "Measure",
        "Currency",
        "Percent",
        "FormulaField",
        "Date",
        "DateTime",
        "TrueFalse",
        "InvertedTrueFalse",
        "Users",
        "UsersTags",
        "UserLabel",
        "LabelText",
        "LabelSize",
        "LabelMaterial",
        "LabelMaterialColor",
        "LabelStyleGroup",
        "Label3dStyle",
        "Label3dMaterial",
        "PartnerDropDown",
        "CompositeControl",
        "ColorDropDown",
        "ColorwayField",
        "Tags",
        "ImageColor",
        "Hidden",
        "Auto",
    ] {
        assert!(types.contains(&wanted), "{wanted}");
    }
    assert_eq!(world.get("Style/FolderSchema").await.status(), 400);
    let unknown = "Style/FolderSchema?folderId=00000000-0000-4000-8000-000000000000";
    assert_eq!(world.get(unknown).await.status(), 400);
}

#[tokio::test]
async fn pages_come_from_the_query_only() {
    let world = World::new().await;
    let mut seen = Vec::new();
    for page in 0..4 {
        let page = world.styles(&format!("folderId=&pageSize=25&pageNumber={page}"), json!([])).await;
        assert_eq!(page["total"], 60);
        seen.extend(numbers(&page).iter().map(|n| n.to_string()));
    }
    let expected: Vec<String> = (1..=60).map(|n| format!("ST-{n:06}")).collect();
    assert_eq!(seen, expected);
    let page =
        world.post_json("Style/Headers", &json!({"pageSize": 5, "pageNumber": 1, "filters": []})).await;
    assert_eq!(page["result"].as_array().unwrap().len(), 30);
    assert_eq!(world.post("Style/Headers?pageSize=x", &json!({})).await.status(), 400);
}

#[tokio::test]
async fn a_cap_shifts_the_offset() {
    let world = World::with(beproduct_simulator::Options { page_cap: Some(20), ..small() }).await;
    let page = world.styles("pageSize=50&pageNumber=1", json!([])).await;
    assert_eq!(numbers(&page).len(), 20);
    assert_eq!(numbers(&page)[0], "ST-000021");
}

#[tokio::test]
async fn deleted_ones_are_shown_on_request() {
    let world = World::new().await;
    let page = world.styles("pageSize=500&showDeleted=true", json!([])).await;
    let rows = page["result"].as_array().unwrap();
    let deleted = rows.iter().filter(|row| row["isDeleted"] == true).count();
    assert!(deleted >= 2);
    assert_eq!(rows.len(), 60 + deleted);
    assert_eq!(page["total"], rows.len());
}

#[tokio::test]
async fn filters_join_with_and_and_values_with_or() {
    let world = World::new().await;
    let both = world
        .styles("", json!([{"field": "header_number", "operator": "eq", "value": "ST-000003■ST-000007"}]))
        .await;
    assert_eq!(numbers(&both), ["ST-000003", "ST-000007"]);
    let contains = json!([{"field": "header_number", "operator": "Contains", "value": "st-00001■000059"}]);
    assert_eq!(world.styles("", contains).await["total"], 11);
    let none = json!([
        {"field": "header_number", "operator": "Eq", "value": "ST-000003"},
        {"field": "header_number", "operator": "Eq", "value": "ST-000007"},
    ]);
    assert_eq!(world.styles("", none).await["total"], 0);
}

#[tokio::test]
async fn unknown_fields_and_parameters_are_ignored() {
    let world = World::new().await;
    let typo = json!([{"field": "headerNumber", "operator": "Eq", "value": "ST-000003"}]);
    assert_eq!(world.styles("folderID=nonsense", typo).await["total"], 60);
    // A field that the folder has, but that its search schema does not name.
    let unsearchable = json!([{"field": "content", "operator": "Eq", "value": "Cotton"}]);
    assert_eq!(world.styles("", unsearchable).await["total"], 60);
}

#[tokio::test]
async fn folder_must_be_known() {
    let world = World::new().await;
    let folder = &world.at.style_folder;
    let page = world.styles(&format!("folderId={folder}&pageSize=200"), json!([])).await;
    let rows = page["result"].as_array().unwrap();
    assert!(!rows.is_empty() && rows.len() < 60);
    assert!(rows.iter().all(|row| row["folder"]["id"] == *folder));
    for wrong in ["00000000-0000-4000-8000-000000000000", "Outerwear"] {
        let path = format!("Style/Headers?folderId={wrong}");
        assert_eq!(world.post(&path, &json!({"filters": []})).await.status(), 400);
    }
}

#[tokio::test]
async fn comparisons_go_by_type() {
    let world = World::new().await;
    let number = |row: &Value, id: &str| value(row, id).to_string().trim_matches('"').parse::<f64>().ok();
    let all = world.styles("pageSize=200", json!([])).await;
    let all = all["result"].as_array().unwrap();
    let expected = all.iter().filter(|row| number(row, "target_quantity").is_some_and(|n| n > 900.0)).count();
    let filter = json!([{"field": "target_quantity", "operator": "Gt", "value": "900", "type": "Number"}]);
    assert_eq!(world.styles("", filter).await["total"], expected);

    let middle = all[30]["modifiedAt"].as_str().unwrap();
    let expected = all.iter().filter(|row| row["modifiedAt"].as_str().unwrap() >= middle).count();
    for moment in [middle.to_owned(), middle.replace('T', " ")] {
        let filter = json!([{"field": "ModifiedAt", "operator": "Gte", "value": moment}]);
        assert_eq!(world.styles("", filter).await["total"], expected);
    }
}

#[tokio::test]
async fn colorway_filters_find_headers_and_keep_all_colorways() {
    let world = World::new().await;
    let body = json!({"filters": [],
        "colorwayFilters": [{"field": "color_name", "operator": "Eq", "value": "Moss"}]});
    let page = world.post_json("Style/Headers?pageSize=200", &body).await;
    let rows = page["result"].as_array().unwrap();
    assert!(!rows.is_empty());
    let names = |row: &Value| -> Vec<String> {
        let colorways = row["colorways"].as_array().unwrap();
        colorways.iter().map(|c| c["colorName"].as_str().unwrap().to_owned()).collect()
    };
    assert!(rows.iter().all(|row| names(row).contains(&"Moss".to_owned())));
    assert!(rows.iter().any(|row| names(row).len() > 1));
}

#[tokio::test]
async fn refusals_of_lists() {
    let world = World::new().await;
    let bad =
        world.request(reqwest::Method::POST, "Style/Headers").body("{\"filters\": [").send().await.unwrap();
    assert_eq!(bad.status(), 400);
    let operator = json!({"filters": [{"field": "header_number", "operator": "In", "value": "x"}]});
    assert_eq!(world.post("Style/Headers", &operator).await.status(), 400);
    assert_eq!(world.get("Style/Headers").await.status(), 405);
    assert_eq!(world.get("Nothing/Here").await.status(), 404);
    let unknown = world.get("Material/Header/00000000-0000-4000-8000-000000000000").await;
    assert_eq!(unknown.status(), 400);
    assert_eq!(unknown.text().await.unwrap(), "Material not found");
}

#[tokio::test]
async fn records_vary_as_those_of_the_service_do() {
    let world = World::with(beproduct_simulator::Options { styles: 400, materials: 200, ..small() }).await;
    let styles = world.styles("pageSize=1000", json!([])).await;
    let styles = styles["result"].as_array().unwrap();
    let old = styles.iter().find(|row| row.get("tags").is_none()).unwrap();
    assert!(value(old, "version").is_string());
    assert!(
        styles.iter().any(|row| value(row, "content").as_str().is_some_and(|text| text.contains("\r\n")))
    );
    assert!(
        styles.iter().any(|row| row["tags"].is_array()) && styles.iter().any(|row| row["tags"].is_null())
    );
    let colorways = || styles.iter().flat_map(|row| row["colorways"].as_array().unwrap());
    assert!(colorways().any(|c| c["image"].is_string()) && colorways().any(|c| c["image"].is_object()));
    assert!(colorways().any(|c| c["image"].is_null()) && colorways().any(|c| c["fields"].is_null()));
    assert!(colorways().any(|c| c["colorNumber"] == ""));

    let materials = world.post_json("Material/Headers?pageSize=500", &json!({"filters": []})).await;
    let suppliers = materials["result"].as_array().unwrap().iter();
    let suppliers: Vec<_> = suppliers.flat_map(|row| row["suppliers"].as_array().unwrap()).collect();
    assert!(suppliers.iter().any(|s| s.get("SupplierType").is_some()));
    assert!(suppliers.iter().any(|s| s.get("supplierType").is_some()));
}

#[tokio::test]
async fn the_records_of_a_very_large_company_are_those_of_a_small_one() {
    let small_one = World::new().await;
    let world = World::with(beproduct_simulator::Options { styles: 20_500, ..small() }).await;
    let by_number = |number: &str| json!([{"field": "header_number", "operator": "Eq", "value": number}]);
    for number in ["ST-000001", "ST-000060"] {
        let expected = small_one.styles("", by_number(number)).await["result"][0].clone();
        assert_eq!(world.styles("", by_number(number)).await["result"], json!([expected]));
        assert_eq!(
            world.get_json(&format!("Style/Header/{}", expected["id"].as_str().unwrap())).await,
            expected
        );
    }
    let last = world.styles("pageSize=200&pageNumber=102", json!([])).await;
    assert_eq!(
        (numbers(&last).len(), numbers(&last)[99], &last["total"]),
        (100, "ST-020500", &json!(20_500))
    );
    // A page that is written while it is sent.
    let long = world.styles("pageSize=5000&pageNumber=4&showDeleted=true", json!([])).await;
    assert_eq!((numbers(&long).len(), &long["total"]), (525, &json!(20_525)));
    let long = world.styles("pageSize=5000", json!([])).await;
    assert_eq!((numbers(&long).len(), numbers(&long)[4999]), (5000, "ST-005000"));

    let path = format!("Style/Header/{}/Update", last["result"][99]["id"].as_str().unwrap());
    let changed = world.post_json(&path, &json!({"fields": [{"id": "header_name", "value": "Last"}]})).await;
    let since = json!([{"field": "ModifiedAt", "operator": "Gte", "value": changed["modifiedAt"]}]);
    assert_eq!(world.styles("", since).await["result"], json!([changed]));
}
