//! Locks that a program holds for some work.

// A test may stop at once.
#![allow(clippy::unwrap_used)]

mod common;

use beproduct::seam::Engine;
use beproduct::{CallOptions, Cancel, Client, Outcome};
use beproduct_simulator::Options;
use common::Service;
use serde_json::json;
use tokio::runtime::Handle;

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

/// The future of the call is dropped while its request is on its way.
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

/// A language may cancel its call when the answer is there and nobody has read it yet.
#[tokio::test]
async fn a_lock_whose_answer_nobody_reads_is_given_back() {
    let (service, client) = start().await;
    let engine = Engine::open(&service.settings().to_string(), None, None, Handle::current()).unwrap();
    let take = || engine.call(engine.issue_call(), "automation.lock_acquire", r#"{"name": "job"}"#, "{}");
    drop(take().await.unwrap());
    service.look("wait?base=automation&requests=2").await;
    assert!(!is_held(&client).await);

    let late = take().await.unwrap();
    assert_eq!(late.too_late().unwrap().outcome(), Outcome::Applied);
    service.look("wait?base=automation&requests=5").await;
    assert!(!is_held(&client).await);

    let reply = take().await.unwrap();
    assert!(reply.meta().contains("200"));
    drop(reply);
    assert!(is_held(&client).await, "its caller has read it");
}

/// The handle that ends the work does not end the release.
#[tokio::test]
async fn a_lock_is_released_when_its_call_was_cancelled_later() {
    let (_service, client) = start().await;
    let cancel = Cancel::new();
    let mut options = CallOptions::default();
    options.cancel = Some(cancel.clone());
    let client = client.with_options(options).unwrap();
    let held = client.automation().lock_acquire("job").hold().await.unwrap();
    cancel.cancel();
    held.release().await.unwrap();
}
