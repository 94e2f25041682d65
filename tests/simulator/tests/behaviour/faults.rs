//! Faults on demand, the log, and requests that are held.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{World, value};

async fn faulty(world: &World, action: Value) {
    world.control("faults", &json!([{"base": "api", "action": action}])).await;
}

#[tokio::test]
async fn rules_pick_by_method_path_and_count() {
    let world = World::new().await;
    let rules = json!([{"method": "get", "path": "FOLDERS", "skip": 1, "times": 2,
                        "action": {"status": 503, "body": "<html>busy</html>", "headers": {"Retry-After": 7}}}]);
    world.control("faults", &rules).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(world.get("Style/Folders").await.status().as_u16());
    }
    assert_eq!(seen, [200, 503, 503, 200]);
    assert_eq!(world.observe("counts").await["by_operation"]["GET Style/Folders"], 4);
}

#[tokio::test]
async fn work_done_and_error_answered() {
    let world = World::new().await;
    let id = world.styles("pageSize=1", json!([])).await["result"][0]["id"].as_str().unwrap().to_owned();
    faulty(&world, json!({"status": 500, "body": "System.Exception", "apply": true})).await;
    assert_eq!(world.get(&format!("Style/Header/Delete/{id}")).await.status(), 500);
    assert_eq!(world.get_json(&format!("Style/Header/{id}")).await["isDeleted"], true);
}

#[tokio::test]
async fn resets_before_with_and_without_the_work() {
    let world = World::new().await;
    let table = format!("DataTable/{}", world.at.data_table);
    for (apply, total) in [(false, 250), (true, 251)] {
        faulty(&world, json!({"reset": "before", "apply": apply})).await;
        let rows = json!([{"rowId": null, "rowFields": []}]);
        let lost = world.request(Method::POST, &format!("{table}/Update")).json(&rows).send().await;
        assert!(lost.is_err());
        let data = world.post_json(&format!("{table}/Data"), &json!({"filters": []})).await;
        assert_eq!(data["total"], total);
    }
    let log = world.observe("log?base=api").await;
    assert_eq!((&log[0]["status"], &log[0]["closed_by_client"]), (&Value::Null, &json!(false)));
}

#[tokio::test]
async fn bodies_that_break_off() {
    let world = World::new().await;
    for action in [json!({"reset": "within"}), json!({"truncate": 10}), json!({"truncate": 0})] {
        faulty(&world, action.clone()).await;
        let mut answer = world.get("Style/Folders").await;
        assert_eq!(answer.status(), 200, "{action}");
        let length = answer.content_length().unwrap();
        let mut received = 0;
        let broken = loop {
            match answer.chunk().await {
                Ok(Some(bytes)) => received += bytes.len() as u64,
                Ok(None) => break false,
                Err(_) => break true,
            }
        };
        assert!(broken && received < length, "{action}: {received} of {length}");
        if let Some(count) = action["truncate"].as_u64() {
            assert_eq!(received, count);
        }
    }
}

#[tokio::test]
async fn held_requests_go_on_when_released() {
    for action in [json!({"hang": true}), json!({"trickle": true})] {
        let world = World::new().await;
        faulty(&world, action).await;
        let request = world.request(Method::GET, "Style/Folders").send();
        let held = tokio::spawn(async move { request.await?.json::<Value>().await });
        assert_eq!(world.observe("wait?base=api&requests=1").await["requests"], 1);
        assert!(!held.is_finished());
        world.control("release", &json!({})).await;
        assert!(held.await.unwrap().unwrap().is_array());
    }
}

#[tokio::test]
async fn a_client_that_leaves_is_noted() {
    let world = World::new().await;
    faulty(&world, json!({"hang": true})).await;
    let request = world.request(Method::GET, "Style/Folders").timeout(Duration::from_millis(50)).send();
    assert!(request.await.is_err());
    // The server learns of it a moment later; the next request's arrival is no proof, so ask until it shows.
    let noted = async {
        while world.observe("log?base=api").await[0]["closed_by_client"] != true {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), noted).await.unwrap();
    assert_eq!(world.observe("log?base=api").await[0]["status"], Value::Null);
}

#[tokio::test]
async fn a_reset_drops_held_requests_without_their_work() {
    let mut world = World::new().await;
    faulty(&world, json!({"hang": true})).await;
    let path = format!("Style/Header/Create?folderId={}", world.at.style_folder);
    let request = world.request(Method::POST, &path).json(&json!({"fields": []})).send();
    let held = tokio::spawn(request);
    world.observe("wait?base=api&requests=1").await;
    world.control("reset", &json!({})).await;
    assert!(held.await.unwrap().is_err());
    world.sign_in().await;
    assert_eq!(world.styles("", json!([])).await["total"], 60);
}

#[tokio::test]
async fn headers_alone_go_with_the_real_answer() {
    let world = World::new().await;
    faulty(&world, json!({"headers": {"X-RateLimit-Remaining": 0}})).await;
    let answer = world.get("Style/Folders").await;
    assert_eq!(answer.headers()["x-ratelimit-remaining"], "0");
    assert!(answer.json::<Value>().await.unwrap().is_array());
}

#[tokio::test]
async fn identity_can_fail_as_well() {
    let world = World::new().await;
    let rule =
        json!([{"base": "identity", "action": {"body_json": {"error": "invalid_grant"}, "status": 400}}]);
    world.control("faults", &rule).await;
    assert_eq!(world.get("Style/Folders").await.status(), 200);
    let (status, answer) = world.refresh(&world.at.refresh_token).await;
    assert_eq!((status.as_u16(), answer), (400, json!({"error": "invalid_grant"})));
    assert_eq!(world.refresh(&world.at.refresh_token).await.0, 200);
}

#[tokio::test]
async fn the_log_keeps_requests_as_they_came() {
    let world = World::new().await;
    let path = "Style/Headers?folderId=&x=%E2%96%A0&pageSize=1";
    world.post_json(path, &json!({"filters": []})).await;
    let log = world.observe("log?base=api").await;
    let entry = &log[0];
    assert_eq!(entry["method"], "POST");
    assert_eq!(entry["target"], format!("/api/acme/{path}"));
    assert_eq!(entry["body"], "{\"filters\":[]}");
    assert_eq!(entry["headers"]["content-type"], "application/json");
    assert_eq!((&entry["status"], &entry["closed_by_client"]), (&json!(200), &json!(false)));
    let counts = world.observe("counts").await;
    assert_eq!((&counts["api"], &counts["token"]), (&json!(1), &json!(1)));
    assert!(world.observe("wait?base=nothing&requests=1").await["error"].is_string());
}

#[tokio::test]
async fn a_reset_begins_anew() {
    let mut world = World::new().await;
    faulty(&world, json!({"status": 503})).await;
    let ready = world.control("reset", &json!({"styles": 50})).await;
    assert_eq!(ready["refresh_token"], world.at.refresh_token);
    assert_eq!(world.observe("counts").await["api"], 0);
    assert_eq!(world.get("Style/Folders").await.status(), 401);
    world.sign_in().await;
    let page = world.styles("pageSize=1", json!([])).await;
    assert_eq!(page["total"], 50);
    assert_eq!(value(&page["result"][0], "header_number"), "ST-000001");
}
