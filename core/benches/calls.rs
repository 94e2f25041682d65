//! What a call costs in Rust: the part that no binding can take away. `tests/bench/calls.py` runs it beside them.
//!
//! Reads the settings of a client from `BEPRODUCT_BENCH` and prints a JSON object a line.

use std::future::Future;
use std::time::Instant;

use beproduct::{CallOptions, Client, ClientBuilder, Config};
use serde_json::{Map, json};

const CALLS: usize = 1000;

async fn no_op(client: Client, _index: usize) {
    client.quota_status().await.expect("a ledger in memory can be read");
}

async fn request(client: Client, index: usize) {
    // Different ones, as equal reads would share a request.
    let options =
        CallOptions::from_json(&json!({"extra_query": {"index": index}})).expect("the option is right");
    client.call("system.info_version", Map::new(), options).await.expect("the simulator answers");
}

fn report(measure: &str, start: Instant) {
    let microseconds = start.elapsed().as_secs_f64() * 1e6 / CALLS as f64;
    println!("{}", json!({"surface": "Rust", "measure": measure, "us": microseconds}));
}

async fn measure<F, T>(client: &Client, name: &str, call: F)
where
    F: Fn(Client, usize) -> T,
    T: Future<Output = ()> + Send + 'static,
{
    call(client.clone(), CALLS).await;
    let start = Instant::now();
    for index in 0..CALLS {
        call(client.clone(), index).await;
    }
    report(&format!("{name}, one by one"), start);
    let start = Instant::now();
    let calls: Vec<_> = (CALLS..2 * CALLS).map(|index| tokio::spawn(call(client.clone(), index))).collect();
    for call in calls {
        call.await.expect("a call does not panic");
    }
    report(&format!("{name}, {CALLS} together"), start);
}

fn main() {
    let Ok(settings) = std::env::var("BEPRODUCT_BENCH") else {
        println!("BEPRODUCT_BENCH is not set: make bench sets it");
        return;
    };
    let config = serde_json::from_str(&settings).map(Config::from_json).expect("the settings are JSON");
    // As many threads as a binding has.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime can be made").block_on(async {
        let client = ClientBuilder::from_config(config.expect("the settings are right")).build();
        let client = client.expect("the settings are complete");
        measure(&client, "no-op", no_op).await;
        measure(&client, "request", request).await;
    });
}
