//! Locks that a program holds for some work.

// A test may stop at once.
#![allow(clippy::unwrap_used)]

mod common;

use beproduct::Client;
use beproduct_simulator::Options;
use common::Service;
use serde_json::json;

async fn start() -> (Service, Client) {
    let service =
        Service::with(Options { styles: 1, materials: 0, table_rows: 0, ..Options::default() }).await;
    let client = service.client();
    (service, client)
}

async fn is_held(client: &Client) -> bool {
    client.automation().lock_check(["job"], 1).await.unwrap()[0]["locked"] == true
}

#[tokio::test]
async fn a_lock_is_held_until_it_is_released() {
    let (_service, client) = start().await;
    let held = client.automation().lock_acquire("job").lock_timeout(60).hold().await.unwrap();
    assert_eq!(held.answer()["acquired"], true);
    assert!(is_held(&client).await);
    let error = client.automation().lock_acquire("job").hold().await.unwrap_err();
    assert_eq!(error.kind().as_str(), "conflict");
    held.release().await.unwrap();
    assert!(!is_held(&client).await);
}

#[tokio::test]
async fn a_lock_is_given_back_when_it_is_dropped() {
    let (service, client) = start().await;
    drop(client.automation().lock_acquire("job").hold().await.unwrap());
    service.look("wait?base=automation&requests=2").await;
    assert!(!is_held(&client).await);
}

/// Its caller is gone without a word: the future of the call is dropped while its request is on its way.
#[tokio::test]
async fn a_lock_that_nobody_waits_for_is_given_back() {
    let (service, client) = start().await;
    service.control("faults", json!([{"path": "locks?name", "action": {"hang": true}}])).await;
    tokio::select! {
        biased;
        _ = async { client.automation().lock_acquire("job").await } => panic!("it hangs"),
        _ = service.look("wait?base=automation&requests=1") => {}
    }
    service.control("release", json!({})).await;
    service.look("wait?base=automation&requests=2").await;
    assert!(!is_held(&client).await);
}
