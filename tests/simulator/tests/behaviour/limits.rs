//! Daily budget and limit per minute.

use beproduct_simulator::{Edition, Options};
use serde_json::{Value, json};

use crate::support::{World, small};

#[tokio::test]
async fn the_day_runs_out() {
    let world = World::with(Options { limit_per_day: Some(3), ..small() }).await;
    for _ in 0..3 {
        assert_eq!(world.get("Style/Folders").await.status(), 200);
    }
    let refused = world.get("Style/Folders").await;
    assert_eq!(refused.status(), 429);
    let retry_after: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(retry_after <= 86_400);
    let body: Value = refused.json().await.unwrap();
    assert_eq!((&body["window"], &body["limit"]), (&json!("1 day"), &json!(3)));
    assert_eq!(world.observe("counts").await["api"], 4);
    assert_eq!(world.observe("log?base=api").await[3]["status"], 429);
}

#[tokio::test]
async fn the_edition_sets_the_day() {
    let options = Options { edition: Edition::Business, licenses: Some(4), ..small() };
    let mut world = World::with(options).await;
    let status = world.get_json("ratelimit/status").await;
    assert_eq!((&status["per_day"]["limit"], &status["per_day"]["used"]), (&json!(1000), &json!(1)));
    world.control("reset", &json!({"licenses": 10})).await;
    world.sign_in().await;
    assert_eq!(world.get_json("ratelimit/status").await["per_day"]["limit"], 2000);
}

#[tokio::test]
async fn the_minute_slides_and_shows_in_headers() {
    let world = World::with(Options { rate_per_minute: Some(2), ..small() }).await;
    let first = world.get("Style/Folders").await;
    assert_eq!(first.headers()["x-ratelimit-limit"], "2");
    assert_eq!(first.headers()["x-ratelimit-remaining"], "1");
    world.get("Style/Folders").await;
    let refused = world.get("Style/Folders").await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["x-ratelimit-remaining"], "0");
    let body: Value = refused.json().await.unwrap();
    assert_eq!((&body["window"], &body["limit"]), (&json!("1 minute"), &json!(2)));
}

#[tokio::test]
async fn refused_requests_count_as_well() {
    let mut world = World::new().await;
    world.token = "nonsense".to_owned();
    assert_eq!(world.get("Style/Folders").await.status(), 401);
    world.sign_in().await;
    let elsewhere = format!("{}/api/other/Style/Folders", world.at.api);
    let elsewhere = world.http.get(elsewhere).bearer_auth(&world.token).send().await.unwrap();
    assert_eq!((elsewhere.status().as_u16(), elsewhere.text().await.unwrap()), (404, String::new()));
    assert_eq!(world.get_json("ratelimit/status").await["per_day"]["used"], 3);
}
