//! Uploads, and the links to their files.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::World;

async fn fetch(world: &World, link: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = world.http.get(link);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_file_appears_where_it_was_meant_for() {
    let world = World::new().await;
    let style = world.first("Style").await["id"].as_str().unwrap().to_owned();
    let image = |record: &Value, path: &str| record.pointer(path).unwrap().as_str().unwrap().to_owned();
    for (address, place, artboards) in [
        ("Image/Upload", "/headerData/frontImage/origin", 1),
        ("Image/Upload/Position/side", "/headerData/sideImage/preview", 1),
        ("Image/Upload/Position/Back", "/headerData/backImage/origin", 1),
        ("Image/Upload", "/headerData/availableArtboards/1/imageUrl", 2),
    ] {
        let content = format!("bytes of {place}");
        let upload =
            world.upload(&format!("Style/Header/{style}/{address}"), "a b.png", content.as_bytes()).await;
        assert_eq!(world.processed(&upload).await["errorOccured"], false);
        let record = world.get_json(&format!("Style/Header/{style}")).await;
        let answer = fetch(&world, &image(&record, place), &[]).await;
        assert_eq!(header(&answer, "content-type"), "image/png");
        assert_eq!(answer.text().await.unwrap(), content);
        assert_eq!(record["headerData"]["availableArtboards"].as_array().unwrap().len(), artboards);
    }
    for (master, place) in [
        ("Material", "/headerData/mainImage/origin"),
        ("Image", "/headerData/preview/origin"),
        ("Block", "/headerData/frontImage/origin"),
    ] {
        let path = format!("{master}/Header/{}", world.first(master).await["id"].as_str().unwrap());
        let upload = world.upload(&format!("{path}/Image/Upload"), "one.webp", b"picture").await;
        world.processed(&upload).await;
        let answer = fetch(&world, &image(&world.get_json(&path).await, place), &[]).await;
        assert_eq!(header(&answer, "content-type"), "application/octet-stream");
        assert_eq!(answer.text().await.unwrap(), "picture");
    }
    let unknown = format!("Material/Header/{style}/Image/Upload/Position/front");
    assert_eq!(world.request(Method::POST, &unknown).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn the_image_of_a_colorway() {
    let world = World::new().await;
    let new = json!({"id": null, "fields": [{"id": "color_number", "value": "#7 A"},
                     {"id": "color_name", "value": "Moss"}, {"id": "primary", "value": "56684a"}, {"id": "secondary", "value": ""}]});
    let path = format!("Material/Header/Create?folderId={}", world.at.material_folder);
    let record = world.post_json(&path, &json!({"fields": [], "colorways": [new]})).await;
    let path = format!("Material/Header/{}", record["id"].as_str().unwrap());
    let id = record["colorways"][0]["id"].as_str().unwrap();
    // The last number is of no colorway yet.
    for (query, at) in [
        (format!("colorId={id}&colorNumber=None"), 0),
        ("colorNumber=%237%20A&colorId=None".to_owned(), 0),
        ("colorNumber=8".to_owned(), 1),
    ] {
        let upload =
            world.upload(&format!("{path}/ColorwayImage/Upload?{query}"), "c.png", query.as_bytes()).await;
        world.processed(&upload).await;
        let colorway = &world.get_json(&path).await["colorways"][at];
        let answer = fetch(&world, colorway["image"]["origin"].as_str().unwrap(), &[]).await;
        assert_eq!(answer.text().await.unwrap(), query);
    }
    let refused = format!("{path}/ColorwayImage/Upload?colorId=None");
    assert_eq!(world.request(Method::POST, &refused).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn the_assets_of_a_size_class() {
    let world = World::new().await;
    let block = world.first("Block").await;
    let (id, class) = (block["id"].as_str().unwrap(), &block["headerData"]["sizeClasses"][0]);
    let name = class["name"].as_str().unwrap();
    let path = format!("Block/SizeClass3DAssetUpload?headerId={id}&sizeClass={name}");
    let upload = world.upload(&path, "base.zip", b"shape").await;
    world.processed(&upload).await;
    let assets = format!("Block/GetSizeClassAssets/{id}/{}", class["id"].as_str().unwrap());
    let assets = world.get_json(&assets).await;
    assert_eq!(assets[0]["fileName"], "base.zip");
    assert_eq!(
        fetch(&world, assets[0]["origin"].as_str().unwrap(), &[]).await.text().await.unwrap(),
        "shape"
    );
    assert_eq!(world.get(&format!("Block/GetSizeClassAssets/{id}/{id}")).await.status(), 400);
}

#[tokio::test]
async fn rules_decide_what_becomes_of_a_file() {
    let world = World::new().await;
    let path = format!("Style/Header/{}", world.first("Style").await["id"].as_str().unwrap());
    let before = world.get_json(&path).await["headerData"]["frontImage"].clone();
    let send = async |action: Value| {
        world.control("faults", &json!([{"path": "Image/Upload", "action": {"upload": action}}])).await;
        world.upload(&format!("{path}/Image/Upload"), "front.png", b"picture").await
    };
    let failed = send(json!({"looks": 0, "fail": "Too many pixels"})).await;
    let id = failed["imageId"].as_str().unwrap();
    for spelling in [
        format!("Style/GetImageProcessingStatus/{id}"),
        format!("Material/GetImageProcessingStatus/{id}"),
        format!("Block/GetImageProcessingStatus/{id}"),
        format!("Image/GetImageProcessingStatus?imageId={id}"),
    ] {
        let status = world.get_json(&spelling).await;
        assert_eq!(status, json!({"finished": true, "errorOccured": true, "message": "Too many pixels"}));
    }
    assert_eq!(world.get_json(&path).await["headerData"]["frontImage"], before);
    let unknown = send(json!({"looks": 1, "unknown": true})).await;
    let id = unknown["imageId"].as_str().unwrap();
    for there in [false, true] {
        let status = world.get_json(&format!("Material/GetImageProcessingStatus/{id}")).await;
        assert_eq!(status["finished"], there);
        assert_eq!(world.get(&format!("Style/GetImageProcessingStatus/{id}")).await.status(), 404);
        assert_eq!(world.get_json(&path).await["headerData"]["frontImage"] != before, there);
    }
    let before = world.get_json(&path).await["headerData"]["frontImage"].clone();
    // Without an id there is nothing to ask for: the file is there at once.
    assert_eq!(send(json!({"id": false})).await, json!({"error": false, "message": "stored"}));
    assert_ne!(world.get_json(&path).await["headerData"]["frontImage"], before);
    assert_eq!(world.get(&format!("Style/GetImageProcessingStatus/{}", world.at.plan)).await.status(), 400);
}

#[tokio::test]
async fn parts_of_a_file() {
    let world = World::new().await;
    let file = world.control("files", &json!({"name": "large.zip", "length": 3_000_000, "seed": 4})).await;
    let link = file["link"].as_str().unwrap();
    let whole = fetch(&world, link, &[]).await;
    assert_eq!((whole.status(), whole.content_length()), (StatusCode::OK, Some(3_000_000)));
    assert_eq!(header(&whole, "accept-ranges"), "bytes");
    let tag = header(&whole, "etag").to_owned();
    let whole = whole.bytes().await.unwrap();

    let rest = fetch(&world, link, &[("range", "bytes=1000000-"), ("if-range", &tag)]).await;
    assert_eq!(rest.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(header(&rest, "content-range"), "bytes 1000000-2999999/3000000");
    assert_eq!(rest.bytes().await.unwrap(), whole[1_000_000..]);
    let changed = fetch(&world, link, &[("range", "bytes=1000000-"), ("if-range", "\"other\"")]).await;
    assert_eq!((changed.status(), changed.bytes().await.unwrap().len()), (StatusCode::OK, 3_000_000));
    let beyond = fetch(&world, link, &[("range", "bytes=3000000-")]).await;
    assert_eq!((beyond.status().as_u16(), header(&beyond, "content-range")), (416, "bytes */3000000"));

    // A body that breaks off, and a storage that knows no parts.
    let rules = json!([{"base": "storage", "action": {"truncate": 70_000}},
                       {"base": "storage", "action": {"ranges": false}}]);
    world.control("faults", &rules).await;
    let mut cut = fetch(&world, link, &[]).await;
    let mut received = 0;
    while let Ok(Some(piece)) = cut.chunk().await {
        received += piece.len();
    }
    assert_eq!(received, 70_000);
    let all = fetch(&world, link, &[("range", "bytes=1-")]).await;
    assert_eq!((all.status(), header(&all, "accept-ranges")), (StatusCode::OK, ""));
}

#[tokio::test]
async fn links_expire() {
    let world = World::new().await;
    world.control("reset", &json!({"styles": 3, "link_lifetime": 3600, "upload_looks": 0})).await;
    let mut world = world;
    world.sign_in().await;
    let path = format!("Style/Header/{}", world.first("Style").await["id"].as_str().unwrap());
    let upload = world.upload(&format!("{path}/Image/Upload"), "front.png", b"picture").await;
    world.processed(&upload).await;
    let link = async || {
        world.get_json(&path).await["headerData"]["frontImage"]["origin"].as_str().unwrap().to_owned()
    };
    let first = link().await;
    assert_eq!(link().await, first);
    world.control("clock", &json!({"advance": 3601})).await;
    assert_eq!(fetch(&world, &first, &[]).await.status(), 403);
    let second = link().await;
    assert_eq!(fetch(&world, &second, &[]).await.status(), 200);
    world.control("links", &json!({})).await;
    assert_eq!(fetch(&world, &second, &[]).await.status(), 403);
    assert_eq!(fetch(&world, &link().await, &[]).await.text().await.unwrap(), "picture");
}

#[tokio::test]
async fn the_files_that_came_are_listed() {
    let world = World::new().await;
    let path = format!("Style/Header/{}/Image/Upload", world.first("Style").await["id"].as_str().unwrap());
    world.upload(&path, "small.png", b"picture").await;
    world.upload(&path, "large.png", &vec![7; 2_000_000]).await;
    let files = world.observe("files").await;
    assert_eq!(
        (&files[0]["name"], &files[0]["length"], &files[0]["kept"]),
        (&json!("small.png"), &json!(7), &json!(true))
    );
    let digest = "4665fb6ada77ebc5c9a8d3e66c5318688b34ff686d544d92f220b1d6fc91e8a0";
    assert_eq!((&files[1]["length"], &files[1]["kept"]), (&json!(2_000_000), &json!(false)));
    assert_eq!(files[1]["sha256"], digest);
    let log = world.observe("log?base=api").await;
    let large = log.as_array().unwrap().last().unwrap();
    assert_eq!(large["body"].as_str().unwrap().len(), 1024);
    assert!(large["length"].as_u64().unwrap() > 2_000_000);
}

#[tokio::test]
async fn an_answer_can_come_before_the_body() {
    let world = World::new().await;
    let rule =
        json!([{"path": "Image/Upload", "action": {"early": true, "status": 413, "body": "too large"}}]);
    world.control("faults", &rule).await;
    let path = format!("Style/Header/{}/Image/Upload", world.at.plan);
    let answer = world.request(Method::POST, &path).body("x").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (413, "too large"));
    let log = world.observe("log?base=api").await;
    assert_eq!((&log[0]["status"], &log[0]["length"]), (&json!(413), &json!(0)));
}

#[tokio::test]
async fn a_request_can_be_held_before_its_body() {
    let world = World::new().await;
    let path = format!("Style/Header/{}/Image/Upload", world.first("Style").await["id"].as_str().unwrap());
    let rule = json!([{"path": "Image/Upload", "action": {"early": true, "hang": true}}]);
    world.control("faults", &rule).await;
    let before = world.observe("log?base=api").await.as_array().unwrap().len();
    let (answer, ()) = tokio::join!(world.upload(&path, "front.png", b"picture"), async {
        world.observe(&format!("wait?base=api&requests={}", before + 1)).await;
        assert_eq!(world.observe("log?base=api").await[before]["length"], 0);
        world.control("release", &json!({})).await;
    });
    assert!(answer["imageId"].is_string(), "{answer}");
}
