//! The examples, which do their job against the simulator.

// A test may stop at once.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "../examples/season_kit.rs"]
mod season_kit;

use std::path::Path;

use beproduct::{Client, ErrorKind};
use common::Service;
use serde_json::{Value, json};

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/examples");

fn shared(name: &str) -> String {
    std::fs::read_to_string(Path::new(SHARED).join(name)).unwrap()
}

/// Offers the palette of the kit, with both spellings of the members that have two.
async fn offer_palette(service: &Service) {
    let file = service.control("files", json!({"name": "palette.ase", "length": 300})).await;
    let palette = shared("palette.json").replace("SWATCHES", file["link"].as_str().unwrap());
    let palette: Value = serde_json::from_str(&palette).unwrap();
    let action = json!({"status": 200, "body": [palette]});
    service.control("faults", json!([{"path": "Color/Headers", "times": 0, "action": action}])).await;
}

/// What the example says of the kit. Two of its three styles have a picture.
async fn prepared(client: &Client, folder: &Path, changes: Value) -> season_kit::Result<Vec<String>> {
    let pictures = folder.join("pictures");
    std::fs::create_dir_all(&pictures)?;
    for number in ["KIT-1", "ST-000004"] {
        std::fs::write(pictures.join(format!("{number}.png")), "a picture")?;
    }
    let mut kit: Value = serde_json::from_str(&shared("kit.json"))?;
    for (name, value) in changes.as_object().into_iter().flatten() {
        kit[name] = value.clone();
    }
    let mut lines = Vec::new();
    let mut tell = |line: String| lines.push(line.replace(&folder.display().to_string(), "FOLDER"));
    let handover = folder.join("handover");
    season_kit::prepare(client, &serde_json::from_value(kit)?, &pictures, &handover, &mut tell).await?;
    Ok(lines)
}

#[tokio::test]
async fn the_kit_of_a_season_is_prepared() {
    let service = Service::start(60, 60).await;
    let client = service.client();
    let folder = tempfile::tempdir().unwrap();
    offer_palette(&service).await;
    let lines = prepared(&client, folder.path(), json!({})).await.unwrap();
    assert_eq!(lines, shared("lines.txt").lines().collect::<Vec<_>>());
    let found = client.style().get_many_by_number(["KIT-1", "KIT-2", "ST-000004"]).await.unwrap().found;
    assert_eq!(found.len(), 3);
    for style in &found {
        let id = style.id.as_deref().unwrap();
        assert_eq!(style.field("season"), Some("Fall 2026".into()));
        let tags = client.style().header_tag_list(id).await.unwrap();
        assert_eq!(tags.last().unwrap().name.as_deref(), Some("Fall 2026 exm00042"));
        let comments = client.style().comment_list(id).await.unwrap();
        assert_eq!(comments[0]["Body"], "Fall 2026 exm00042, prepared by Sample Designer");
    }
    let sources: Vec<_> =
        found[0].colorways.iter().flatten().filter_map(|one| one.color_source_id.as_deref()).collect();
    assert_eq!(sources, ["c2d6a3a8-1f0e-4a57-8f3b-53a1c4b90e21", "9d1f5f5a-0d35-47e4-8a61-6bb0f5b7a902"]);
    let handover = folder.path().join("handover");
    assert_eq!(std::fs::read(handover.join("KIT-1.png")).unwrap(), b"a picture");
    assert_eq!(std::fs::metadata(handover.join("palette.ase")).unwrap().len(), 300);
    assert!(!handover.join("KIT-2.png").exists());
}

#[tokio::test]
async fn a_style_whose_answer_was_lost_is_looked_for() {
    let service = Service::start(60, 60).await;
    let folder = tempfile::tempdir().unwrap();
    offer_palette(&service).await;
    let lost = json!([{"path": "Style/Header/Create", "action": {"status": 503, "apply": true}}]);
    service.control("faults", lost).await;
    let lines = prepared(&service.client(), folder.path(), json!({})).await.unwrap();
    assert!(lines.contains(&"KIT-1 is new".into()), "{lines:?}");
}

#[tokio::test]
async fn nothing_is_made_of_a_kit_with_a_mistake() {
    let service = Service::start(60, 60).await;
    let client = service.client();
    let folder = tempfile::tempdir().unwrap();
    offer_palette(&service).await;
    for (change, kind) in [
        (json!({"season": "Fal 2026"}), Some(ErrorKind::Config)),
        (json!({"fabric": "MT-NONE"}), Some(ErrorKind::NotFound)),
        (json!({"reviewer": "nobody@example.com"}), Some(ErrorKind::Validation)),
        (json!({"trims": "C99999"}), None),
        (json!({"folder": "Outerwaer"}), None),
    ] {
        let problem = prepared(&client, folder.path(), change).await.unwrap_err();
        assert_eq!(problem.downcast_ref::<beproduct::Error>().map(beproduct::Error::kind), kind, "{problem}");
    }
    let made = client.style().get_many_by_number(["KIT-1", "KIT-2"]).await.unwrap();
    assert_eq!(made.missing, ["KIT-1", "KIT-2"]);
}
