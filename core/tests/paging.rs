//! Lists: how many requests they take, how long, and what comes where they are not what they should be.

// A test may stop at once.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use beproduct::{
    CallOptions, Client, ClientBuilder, Config, ErrorKind, HttpRequest, HttpResponse, Level, LogSink,
    Outcome, Pager, Record, Transport, TransportError,
};
use futures_util::future::BoxFuture;
use http::HeaderMap;
use serde_json::{Map, Value, json};

/// What the service answers to a page: its number and its size.
type Answer = Box<dyn Fn(u64, u64) -> (u16, Value) + Send + Sync>;

struct Service {
    answer: Answer,
    latency: Duration,
    pages: Arc<Mutex<Vec<u64>>>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Service")
    }
}

impl Transport for Service {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let number = |name: &str| -> u64 {
            request.url.query_pairs().find(|(key, _)| key == name).unwrap().1.parse().unwrap()
        };
        let is_page = request.url.query().is_some();
        let (status, body) = if is_page {
            let page = number("pageNumber");
            self.pages.lock().unwrap().push(page);
            (self.answer)(page, number("pageSize"))
        } else {
            (200, json!({"access_token": "token", "expires_in": 28800}))
        };
        let latency = if is_page { self.latency } else { Duration::ZERO };
        let answer = HttpResponse { status, headers: HeaderMap::new(), body: body.to_string().into() };
        Box::pin(async move {
            tokio::time::sleep(latency).await;
            Ok(answer)
        })
    }
}

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl LogSink for Lines {
    fn enabled(&self, level: Level) -> bool {
        level == Level::Warn
    }

    fn write(&self, record: Record) {
        self.0.lock().unwrap().push(record.message);
    }
}

struct World {
    client: Client,
    pages: Arc<Mutex<Vec<u64>>>,
    lines: Arc<Lines>,
}

impl World {
    fn new(answer: impl Fn(u64, u64) -> (u16, Value) + Send + Sync + 'static) -> Self {
        Self::slow(Duration::ZERO, json!({}), answer)
    }

    fn slow(
        latency: Duration,
        changes: Value,
        answer: impl Fn(u64, u64) -> (u16, Value) + Send + Sync + 'static,
    ) -> Self {
        let mut settings = json!({
            "company_domain": "acme",
            "client_id": "id",
            "refresh_token": "token",
            "ledger": "memory",
            "attempts": 1,
            "timeout": 100_000,
            "testing": {"clock": "recorded"},
        });
        settings.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let pages = Arc::default();
        let service = Service { answer: Box::new(answer), latency, pages: Arc::clone(&pages) };
        let lines = Arc::new(Lines::default());
        let builder = ClientBuilder::from_config(Config::from_json(settings).unwrap());
        let client = builder.transport(Arc::new(service)).log_sink(Arc::clone(&lines) as Arc<dyn LogSink>);
        Self { client: client.build().unwrap(), pages, lines }
    }

    fn list(&self, options: Value) -> Pager {
        self.client.pages("style.list", Map::new(), CallOptions::from_json(&options).unwrap()).unwrap()
    }

    fn requests(&self) -> Vec<u64> {
        self.pages.lock().unwrap().clone()
    }
}

/// The part of a list that a page shows.
fn page(total: u64, number: u64, size: u64) -> Value {
    let rows: Vec<_> =
        (number * size..((number + 1) * size).min(total)).map(|id| json!({"id": id})).collect();
    json!({"result": rows, "total": total})
}

fn whole(total: u64) -> impl Fn(u64, u64) -> (u16, Value) + Send + Sync + 'static {
    move |number, size| (200, page(total, number, size))
}

/// Lets everything run that can.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn stopping_in_a_page_costs_as_many_again_at_most() {
    for concurrency in [1, 3, 10] {
        for stop in 1..=16_u64 {
            let world = World::slow(Duration::ZERO, json!({"concurrency": concurrency}), whole(400));
            let pager = world.list(json!({"page_size": 10}));
            for _ in 0..stop {
                let page = pager.next_page().await.unwrap().unwrap();
                pager.consumed(page.len());
                settle().await;
            }
            let requests = world.requests().len() as u64;
            assert!(requests <= stop + stop.min(concurrency), "{requests} in page {stop} with {concurrency}");
            // The first page alone says nothing yet of how much is wanted.
            assert!(
                stop == 1 || requests >= stop + (stop.min(concurrency)).min(40 - stop),
                "{requests} in {stop}"
            );
        }
    }
    let world = World::new(whole(400));
    let pager = world.list(json!({"page_size": 10}));
    pager.next_page().await.unwrap();
    pager.consumed(4);
    settle().await;
    assert_eq!(world.requests(), [0]);
    pager.consumed(1);
    settle().await;
    assert_eq!(world.requests(), [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn iterating_is_hardly_slower_than_collecting() {
    let latency = Duration::from_millis(300);
    let world = World::slow(latency, json!({}), whole(400));
    let start = tokio::time::Instant::now();
    let pager = world.list(json!({"page_size": 10}));
    while let Some(page) = pager.next_page().await.unwrap() {
        pager.consumed(page.len());
    }
    let iterating = start.elapsed();
    assert_eq!(world.requests().len(), 40);

    let world = World::slow(latency, json!({}), whole(400));
    let start = tokio::time::Instant::now();
    let pager = world.list(json!({"page_size": 10}));
    let mut received = 0;
    while let Some(page) = pager.next_of_all().await.unwrap() {
        received += page.len();
    }
    let collecting = start.elapsed();
    assert_eq!((received, world.requests().len()), (400, 40));
    assert!(collecting <= latency * 6, "{collecting:?}");
    assert!(iterating.as_secs_f64() <= 1.5 * collecting.as_secs_f64(), "{iterating:?} and {collecting:?}");
}

#[tokio::test(start_paused = true)]
async fn a_list_without_total_is_not_read_beyond_its_end() {
    let world = World::new(|number, size| {
        let mut page = page(30, number, size);
        page.as_object_mut().unwrap().remove("total");
        (200, page)
    });
    let pager = world.list(json!({"page_size": 8}));
    while let Some(page) = pager.next_page().await.unwrap() {
        pager.consumed(page.len());
        settle().await;
    }
    assert_eq!(world.requests(), [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn read_ahead_ends_with_the_pager_and_at_an_error() {
    let latency = Duration::from_secs(1);
    let world = World::slow(latency, json!({}), |number, size| match number {
        4 => (404, Value::Null),
        _ => (200, page(4000, number, size)),
    });
    let pager = world.list(json!({"page_size": 10}));
    for _ in 0..4 {
        pager.next_page().await.unwrap().unwrap();
    }
    let error = pager.next_page().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let sent = world.requests().len();
    tokio::time::sleep(latency * 10).await;
    assert_eq!(world.requests().len(), sent);
    // The page is asked for again, and what came after it is not.
    assert!(pager.next_page().await.is_err());

    let world = World::slow(latency, json!({}), whole(4000));
    let pager = world.list(json!({"page_size": 10}));
    pager.next_page().await.unwrap();
    pager.next_page().await.unwrap();
    let sent = world.requests().len();
    drop(pager);
    tokio::time::sleep(latency * 10).await;
    assert_eq!(world.requests().len(), sent);
}

#[tokio::test]
async fn an_early_end_is_an_error_after_what_came() {
    let holes: [fn() -> (u16, Value); 4] = [
        || (200, json!({"result": null})),
        || (200, json!({"result": [], "total": 100})),
        || (204, Value::Null),
        || (200, page(100, 0, 10)),
    ];
    for hole in holes {
        let answer = move |number, size| if number == 3 { hole() } else { (200, page(100, number, size)) };
        for at_once in [false, true] {
            let world = World::new(answer);
            let pager = world.list(json!({"page_size": 10}));
            let next = || async { if at_once { pager.next_of_all().await } else { pager.next_page().await } };
            for _ in 0..3 {
                assert_eq!(next().await.unwrap().unwrap().len(), 10);
            }
            let error = next().await.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Incomplete, Outcome::Refused));
            assert_eq!(error.details().unwrap(), &json!({"received": 30, "total": 100}));
            assert!(error.message().contains("30 of 100"), "{error}");
            assert_eq!(world.requests().iter().filter(|page| **page == 3).count(), 2);
        }
        let world = World::new(answer);
        let pager = world.list(json!({"page_size": 10, "allow_incomplete": true}));
        let mut received = 0;
        while let Some(page) = pager.next_page().await.unwrap() {
            received += page.len();
        }
        assert_eq!(received, 30);
        assert!(world.lines.0.lock().unwrap().iter().any(|line| line.contains("30 of 100")));
    }
}

#[tokio::test]
async fn a_total_of_nothing_is_a_warning() {
    let world = World::new(|_, _| (200, json!({"result": [], "total": 412})));
    assert!(world.list(json!({})).next_page().await.unwrap().is_none());
    assert_eq!(world.requests(), [0, 0]);
    assert_eq!(world.lines.0.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_list_goes_on_at_its_position() {
    let world = World::new(whole(35));
    let pager = world.list(json!({"page_size": 10}));
    let position = |pager: &Pager| json!(pager.position());
    assert_eq!(position(&pager), json!({"page": 0, "records": 0, "total": null}));
    pager.next_page().await.unwrap();
    pager.consumed(4);
    assert_eq!(position(&pager), json!({"page": 0, "records": 4, "total": 35}));
    pager.next_page().await.unwrap();
    pager.consumed(10);
    assert_eq!(position(&pager), json!({"page": 2, "records": 20, "total": 35}));

    let rest = world.list(json!({"page_size": 10, "from_page": 2}));
    let mut records = Vec::new();
    while let Some(page) = rest.next_page().await.unwrap() {
        records.extend(
            page.records().map(|record| serde_json::from_slice::<Value>(&record).unwrap()["id"].clone()),
        );
    }
    assert_eq!(records, (20..35).map(Value::from).collect::<Vec<_>>());
    assert_eq!(position(&rest), json!({"page": 4, "records": 15, "total": 35}));
}

#[tokio::test]
async fn pages_are_slices_of_their_bodies() {
    let world =
        World::new(|number, _| (200, json!({"result": [{"id": number}, {"id": number + 1}], "total": 3})));
    let pager = world.list(json!({"page_size": 2}));
    let first = pager.next_page().await.unwrap().unwrap();
    let array = first.json();
    assert!(first.raw.as_ptr_range().contains(&array.as_ptr()), "copied");
    assert_eq!(array, r#"[{"id":0},{"id":1}]"#);
    // A row that has come before is left out.
    let second = pager.next_page().await.unwrap().unwrap();
    assert_eq!((second.json(), second.number, second.len()), (r#"[{"id":2}]"#.into(), 1, 1));
}

#[tokio::test]
async fn a_cap_without_total_is_asked_for_once() {
    let world = World::new(|number, size| {
        let mut page = page(60, number, size.min(50));
        page.as_object_mut().unwrap().remove("total");
        (200, page)
    });
    let all = |from: Value| {
        let pager = world.list(from);
        async move {
            let mut received = 0;
            while let Some(page) = pager.next_page().await.unwrap() {
                received += page.len();
            }
            received
        }
    };
    assert_eq!(all(json!({})).await, 60);
    assert_eq!(world.requests(), [0, 1]);
    // A page held 50: one of 10 is the last.
    assert_eq!(all(json!({"from_page": 1, "page_size": 50})).await, 10);
    assert_eq!(world.requests().len(), 3);
}

fn numbered(numbers: &[&str]) -> Vec<Value> {
    numbers.iter().enumerate().map(|(id, number)| json!({"id": id, "headerNumber": number})).collect()
}

#[tokio::test]
async fn a_lookup_that_fails_tells_what_was_found() {
    let seen = Arc::new(Mutex::new(0));
    let count = Arc::clone(&seen);
    let world = World::slow(Duration::ZERO, json!({"concurrency": 1}), move |_, _| {
        let mut count = count.lock().unwrap();
        *count += 1;
        if *count == 3 {
            (403, json!({"message": "no"}))
        } else {
            (200, json!({"result": numbered(&["1"]), "total": 1}))
        }
    });
    let numbers: Vec<_> = (0..900).map(|number| number.to_string()).collect();
    let arguments = json!({"numbers": numbers}).as_object().unwrap().clone();
    let error =
        world.client.call("style.get_many_by_number", arguments, CallOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permission);
    let details = error.details().unwrap();
    assert_eq!(details["found"], json!([{"id": 0, "headerNumber": "1"}]));
    assert_eq!(details["missing"].as_array().unwrap().len(), 399);
    assert_eq!((details["cost"].clone(), error.attempts().len()), (json!(3), 3));
    assert!(error.message().starts_with("400 of 900 numbers"), "{error}");
    assert_eq!(world.requests().len(), 3);
}

#[tokio::test]
async fn a_filter_that_is_ignored_ends_the_lookup_at_its_first_page() {
    for has_total in [true, false] {
        let world = World::new(move |number, size| {
            let rows: Vec<_> = (0..size)
                .map(|row| json!({"id": number * size + row, "headerNumber": format!("S{row}")}))
                .collect();
            (200, if has_total { json!({"result": rows, "total": 100_000}) } else { json!(rows) })
        });
        let arguments = json!({"header_number": "NONE"}).as_object().unwrap().clone();
        let error =
            world.client.call("style.get_by_number", arguments, CallOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
        assert!(error.message().contains("ignored the filter"), "{error}");
        assert_eq!(world.requests(), [0]);
    }
}

#[tokio::test]
async fn the_exact_number_comes_before_the_trimmed_one() {
    let world =
        World::new(|_, _| (200, json!({"result": numbered(&[" BOTH", "BOTH", " BLANK"]), "total": 3})));
    for (asked, id) in [(" BOTH", 0), ("BOTH", 1), (" BLANK", 2), ("BLANK ", 2)] {
        let arguments = json!({"header_number": asked}).as_object().unwrap().clone();
        let found =
            world.client.call("style.get_by_number", arguments, CallOptions::default()).await.unwrap();
        let record: Value = serde_json::from_slice(&found.body).unwrap();
        assert_eq!(record["id"], id, "{asked:?}");
    }
}

/// How the service compares is not known: it may find what contains the number, in any case of letters.
#[tokio::test]
async fn a_filter_that_finds_similar_numbers_is_followed_to_the_exact_one() {
    let world = World::new(|number, size| {
        let rows: Vec<_> = (number * size..((number + 1) * size).min(size + 1))
            .map(|id| json!({"id": id, "headerNumber": if id < size { format!("S1-{id}") } else { "s1".into() }}))
            .collect();
        (200, json!({"result": rows, "total": size + 1}))
    });
    let arguments = json!({"header_number": "s1"}).as_object().unwrap().clone();
    let found = world.client.call("style.get_by_number", arguments, CallOptions::default()).await.unwrap();
    let record: Value = serde_json::from_slice(&found.body).unwrap();
    assert_eq!((&record["headerNumber"], world.requests()), (&json!("s1"), vec![0, 1]));
}
