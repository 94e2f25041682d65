//! Simulated time, chance with a seed, and clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use beproduct::{Answer, CallOptions, Client, ClientBuilder, Clock, Config, HttpResponse, Result, Transport};
use futures_util::future::BoxFuture;
use http::HeaderMap;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

/// Begin of the simulated time, Unix seconds: twenty seconds into a minute.
pub(crate) const START: u64 = 1_800_000_020;

/// The time of tokio, which a test has paused: it goes on when nothing else is left to do.
#[derive(Debug, Clone)]
pub(crate) struct Simulated(Instant);

impl Simulated {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Simulated {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(START) + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn pause(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn alarm(&self, at: Duration) -> BoxFuture<'static, ()> {
        // No simulation lasts so long.
        Box::pin(tokio::time::sleep_until(self.0 + at.min(Duration::from_secs(1 << 30))))
    }
}

/// Chance that is the same in each run.
#[derive(Debug)]
pub(crate) struct Chance(AtomicU64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1))
    }

    /// From 0 up to, not including, 1.
    pub(crate) fn fraction(&self) -> f64 {
        let mut state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((state ^ (state >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// With mean 1.
    pub(crate) fn exponential(&self) -> f64 {
        -(1.0 - self.fraction()).ln()
    }
}

pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

pub(crate) fn client(transport: Arc<dyn Transport>, settings: Value) -> Client {
    let mut all = json!({
        "company_domain": "acme",
        "access_token": "token",
        "ledger": "memory",
        "timeout": 1e6,
        "max_wait": 1e6,
        "attempts": 100,
        "testing": {"fixed_chance": true},
    });
    all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let builder = ClientBuilder::from_config(Config::from_json(all).unwrap());
    builder.transport(transport).clock(Arc::new(Simulated::new())).build().unwrap()
}

/// A request that no other equals, as equal ones at the same time are one.
pub(crate) async fn request(client: &Client, options: Value) -> Result<Answer> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut options = CallOptions::from_json(&options).unwrap();
    options.extra_query.push(("index".into(), NEXT.fetch_add(1, Ordering::Relaxed).to_string()));
    client.call("style.folders", Map::new(), options).await
}

/// Callers that send one request after the other, for some time.
pub(crate) async fn keep_busy(client: &Client, callers: usize, duration: Duration) {
    let callers = (0..callers).map(|_| {
        let client = client.clone();
        async move {
            loop {
                request(&client, json!({})).await.unwrap();
            }
        }
    });
    let all = futures_util::future::join_all(callers);
    let ended: std::result::Result<Vec<()>, _> = tokio::time::timeout(duration, all).await;
    assert!(ended.is_err());
}

pub(crate) fn answer(status: u16, headers: HeaderMap, body: &Value) -> HttpResponse {
    HttpResponse { status, headers, body: body.to_string().into() }
}
