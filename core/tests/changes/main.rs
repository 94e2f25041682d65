//! Sets of changes: how few requests they take, and what becomes of them when a process ends in the middle.

// A test may stop at once.
#![allow(clippy::unwrap_used)]

#[path = "../simulated/chance.rs"]
#[allow(dead_code)]
mod chance;
#[path = "../common/mod.rs"]
mod common;
mod crashes;
mod headers;
mod rows;
mod sets;
mod state;

use beproduct::{CallOptions, Client, Error};
use common::Service;
use serde_json::{Value, json};
use tempfile::TempDir;

async fn call(client: &Client, name: &str, arguments: Value) -> Result<Value, Error> {
    let Value::Object(arguments) = arguments else { unreachable!() };
    let answer = client.call(name, arguments, CallOptions::default()).await?;
    Ok(serde_json::from_slice(&answer.body).unwrap())
}

fn client(service: &Service, folder: &TempDir, testing: Value, more: Value) -> Client {
    let mut settings = json!({"testing": {"clock": "recorded"}, "state_dir": folder.path()});
    for (name, value) in testing.as_object().unwrap() {
        settings["testing"][name] = value.clone();
    }
    for (name, value) in more.as_object().unwrap() {
        settings[name] = value.clone();
    }
    service.builder(settings).build().unwrap()
}

async fn cost<T>(service: &Service, work: impl Future<Output = T>) -> (T, u64) {
    let before = service.count("api").await;
    let done = work.await;
    (done, service.count("api").await - before)
}
