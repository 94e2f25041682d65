//! What it costs to take a unit of the quota, for each kind of ledger; `tests/bench/quota.py` runs it beside another
//! client's limiter.
//!
//! Redis is measured where `BEPRODUCT_BENCH_REDIS` names a server. Prints a JSON object a line.

use std::time::Instant;

use beproduct::{Client, ClientBuilder, Config, testing};
use serde_json::{Value, json};

/// Units of one figure; the median is that of many figures.
const BATCH: u32 = 100;
const BATCHES: usize = 101;

/// Units of a lease.
const LEASE: u32 = 100;

fn client(ledger: &Value, lease: u32, folder: &std::path::Path) -> Client {
    let settings = json!({
        "company_domain": "acme",
        "access_token": "none",
        "plan": {"requests_per_day": 1_000_000_000, "requests_per_hour": 1_000_000_000},
        "ledger": ledger,
        "quota_lease": lease,
        "state_dir": folder,
    });
    let config = Config::from_json(settings).expect("the settings are right");
    ClientBuilder::from_config(config).build().expect("the settings are complete")
}

/// Microseconds a unit: the median of single ones, or of batches where a lease serves most of them.
async fn measure(client: &Client, single: bool) -> f64 {
    let a_figure = if single { 1 } else { BATCH };
    let take = || async { testing::reserve(client).await.expect("there is a unit") };
    for _ in 0..BATCH {
        take().await;
    }
    let mut figures = Vec::new();
    for _ in 0..if single { BATCHES * 10 } else { BATCHES } {
        let start = Instant::now();
        for _ in 0..a_figure {
            take().await;
        }
        figures.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(a_figure));
    }
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let sqlite = |name: &str| json!({"sqlite": folder.path().join(name)});
    let mut measures = vec![
        ("memory", json!("memory"), 1),
        ("SQLite, each one", sqlite("single.sqlite"), 1),
        ("SQLite, lease of 100", sqlite("lease.sqlite"), LEASE),
    ];
    if let Ok(url) = std::env::var("BEPRODUCT_BENCH_REDIS") {
        measures.push(("Redis, each one", json!({"redis": url}), 1));
        measures.push(("Redis, lease of 100", json!({"redis": url}), LEASE));
    }
    // As many threads as a binding has.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime can be made").block_on(async {
        for (name, ledger, lease) in measures {
            let client = client(&ledger, lease, folder.path());
            // A task of the runtime's, as calls are.
            let measured = tokio::spawn(async move {
                let median = measure(&client, lease == 1).await;
                client.shut_down().await;
                median
            });
            let median = measured.await.expect("a measure does not panic");
            println!("{}", json!({"ledger": name, "us": median}));
        }
    });
}
