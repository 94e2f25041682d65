//! What many rows cost: the work of an update grows as its rows do. Counted in bytes that were asked of the allocator, as the
//! machine's speed tells nothing.

// A test may stop at once, and only an allocator can count.
#![allow(clippy::unwrap_used, unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use beproduct::{
    CallOptions, Client, ClientBuilder, Config, HttpRequest, HttpResponse, Transport, TransportError,
};
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

struct Counting;

static ASKED_FOR: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED_FOR.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Does whatever it is asked for.
#[derive(Debug)]
struct Willing;

impl Transport for Willing {
    fn send(&self, _request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let answer = HttpResponse { status: 200, headers: http::HeaderMap::new(), body: "{}".into() };
        Box::pin(async move { Ok(answer) })
    }
}

fn update(rows: usize) -> Map<String, Value> {
    let row = |number: usize| {
        let fields: Map<_, _> = (0..8).map(|field| (format!("field_{field}"), json!("A text"))).collect();
        json!({"rowId": format!("r-{number}"), "rowFields": fields})
    };
    let rows: Vec<_> = (0..rows).map(row).collect();
    Map::from_iter([("data_table_id".to_owned(), json!("t-1")), ("rows".to_owned(), rows.into())])
}

async fn cost(client: &Client, rows: usize) -> usize {
    let arguments = update(rows);
    let before = ASKED_FOR.load(Ordering::Relaxed);
    let answer = client.call("data_tables.update", arguments, CallOptions::default()).await.unwrap();
    let cost = ASKED_FOR.load(Ordering::Relaxed) - before;
    let done: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        (done["applied"].as_u64(), done["requests"].as_u64()),
        (Some(rows as u64), Some(rows as u64 / 100))
    );
    cost
}

#[tokio::test]
async fn twice_as_many_rows_are_twice_the_work() {
    let settings = json!({"company_domain": "acme", "access_token": "token", "ledger": "memory"});
    let builder = ClientBuilder::from_config(Config::from_json(settings).unwrap());
    let client = builder.transport(Arc::new(Willing)).build().unwrap();
    cost(&client, 100).await;
    let (some, twice) = (cost(&client, 8_000).await, cost(&client, 16_000).await);
    assert!(twice * 10 < some * 22, "{twice} bytes for 16,000 rows, {some} for 8,000");
}
