//! What holds whatever the service answers: how often a request is sent, what is counted, and what comes back.

// A test may stop at once.
#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use beproduct::{
    AnswerBody, CallOptions, Client, ClientBuilder, Config, HttpRequest, HttpResponse, Outcome, Reached,
    Transport, TransportError,
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream;
use http::HeaderMap;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// What becomes of one attempt.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Status(u16),
    /// A 200 whose body breaks off.
    Cut,
    /// A 200 with a page of a gateway.
    Page,
    /// The connection is lost before a status.
    Lost,
    /// Nobody listens.
    NotSent,
}

impl Fate {
    fn is_success(self) -> bool {
        matches!(self, Self::Status(200) | Self::Cut)
    }

    /// Whether the service may have done what it was asked for, and nobody knows.
    fn is_unclear(self) -> bool {
        matches!(self, Self::Lost | Self::Page | Self::Status(303 | 408 | 500..))
    }
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        2 => Just(Fate::Status(200)),
        8 => prop::sample::select(vec![303, 400, 401, 403, 408, 429, 500, 502, 503, 504, 600]).prop_map(Fate::Status),
        1 => Just(Fate::Cut),
        1 => Just(Fate::Page),
        2 => Just(Fate::Lost),
        2 => Just(Fate::NotSent),
    ]
}

/// Answers the API by a script, then with success, and the identity server always with a new token.
#[derive(Debug)]
struct Scripted {
    script: Mutex<VecDeque<Fate>>,
    met: Arc<Mutex<Vec<Fate>>>,
}

impl Transport for Scripted {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let answer = |status, body: &'static str| {
            Ok(HttpResponse { status, headers: HeaderMap::new(), body: body.into() })
        };
        let failure = |reached| Err(TransportError::new(reached, "it failed", "it failed"));
        let result = if request.url.path().ends_with("connect/token") {
            answer(200, r#"{"access_token": "token", "expires_in": 28800}"#)
        } else {
            let fate = self.script.lock().unwrap().pop_front().unwrap_or(Fate::Status(200));
            self.met.lock().unwrap().push(fate);
            match fate {
                Fate::Status(200) => answer(200, r#"{"id": "1"}"#),
                Fate::Status(status) => answer(status, r#"{"message": "no"}"#),
                Fate::Page => answer(200, "<html>"),
                Fate::Cut => {
                    let cut = TransportError::new(Reached::Sent, "it broke off", "it broke off");
                    let chunks = stream::iter([Ok(Bytes::from_static(b"{\"id\"")), Err(cut)]);
                    let body = AnswerBody::from_stream(chunks);
                    Ok(HttpResponse { status: 200, headers: HeaderMap::new(), body })
                }
                Fate::Lost => failure(Reached::Sent),
                Fate::NotSent => failure(Reached::Nothing),
            }
        };
        Box::pin(async move { result })
    }
}

fn client(transport: impl Transport + 'static) -> Client {
    let settings = json!({
        "company_domain": "acme",
        "client_id": "id",
        "refresh_token": "token",
        "ledger": "memory",
        "timeout": 100_000,
        "testing": {"clock": "recorded"},
    });
    let builder = ClientBuilder::from_config(Config::from_json(settings).unwrap());
    builder.transport(Arc::new(transport)).build().unwrap()
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// A read, one whose repeat leaves the same, one that may add something, and one of which nothing is known.
fn call() -> impl Strategy<Value = (&'static str, Value)> {
    prop::sample::select(vec![
        ("style.attributes_get", json!({"header_id": "1"})),
        ("data_tables.reset", json!({"data_table_id": "1"})),
        ("style.attributes_update", json!({"header_id": "1", "fields": {"header_name": "x"}})),
        (
            "style.attributes_create",
            json!({"folder_id": "1", "fields": {"header_number": "1", "header_name": "x"}}),
        ),
        ("raw.post", json!({"path": "Unknown/Thing", "body": {}})),
    ])
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn a_write_is_not_sent_again_once_it_may_have_arrived(
        (operation, arguments) in call(),
        script in prop::collection::vec(fate(), 0..8),
        attempts in 1..6_u32,
    ) {
        let met = Arc::new(Mutex::new(Vec::new()));
        let (result, used, read, create) = run(async {
            let client = client(Scripted { script: Mutex::new(script.into()), met: Arc::clone(&met) });
            let options = CallOptions::from_json(&json!({"attempts": attempts})).unwrap();
            let result = client.call(operation, object(arguments), options).await;
            let used = client.quota_status().await.unwrap().used;
            (result, used, operation == "style.attributes_get", operation == "style.attributes_create")
        });
        let met = met.lock().unwrap().clone();
        let last = *met.last().unwrap();

        // As often as was allowed, and once more after a 401.
        prop_assert!(met.len() <= attempts as usize + usize::from(met.contains(&Fate::Status(401))), "{met:?}");
        prop_assert!(met.iter().filter(|fate| **fate == Fate::Status(401)).count() <= 2, "{met:?}");
        // What left is counted, and nothing else.
        prop_assert_eq!(used, met.iter().filter(|fate| **fate != Fate::NotSent).count() as u64);
        let before = &met[..met.len() - 1];
        prop_assert!(!before.iter().any(|fate| matches!(fate, Fate::Status(200 | 303 | 400 | 403 | 600))), "{:?}", met);
        if !read {
            prop_assert!(!before.iter().any(|fate| fate.is_unclear() || *fate == Fate::Cut), "{:?}", met);
        }
        match result {
            Ok(answer) => {
                prop_assert!(last.is_success());
                prop_assert_eq!(answer.meta.attempts.len(), met.len());
                prop_assert_eq!(answer.meta.cost, used);
            }
            Err(error) => {
                // A create whose answer broke off has made a record without saying which.
                let unnamed = create && last == Fate::Cut;
                prop_assert!(!last.is_success() || read || unnamed, "{}", error);
                prop_assert_eq!(error.attempts().len(), met.len());
                let expected = match last {
                    _ if read => error.outcome(),
                    _ if unnamed => Outcome::Applied,
                    fate if fate.is_unclear() => Outcome::Unknown,
                    // Nothing else leaves it open, as nothing was sent after what would have.
                    Fate::NotSent if before.iter().all(|fate| *fate == Fate::NotSent) => Outcome::NotSent,
                    _ => Outcome::Refused,
                };
                prop_assert_eq!(error.outcome(), expected, "{:?}", met);
            }
        }
    }
}

/// A list of records under a page size that the server may cap.
#[derive(Debug)]
struct Records {
    total: usize,
    cap: usize,
    tells_total: bool,
    requests: Arc<Mutex<usize>>,
}

impl Transport for Records {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let number = |name: &str| -> usize {
            request.url.query_pairs().find(|(key, _)| key == name).unwrap().1.parse().unwrap()
        };
        let body = if request.url.path().ends_with("connect/token") {
            json!({"access_token": "token", "expires_in": 28800})
        } else {
            *self.requests.lock().unwrap() += 1;
            let size = number("pageSize").min(self.cap);
            let first = (number("pageNumber") * size).min(self.total);
            let rows: Vec<_> =
                (first..(first + size).min(self.total)).map(|id| json!({"id": id.to_string()})).collect();
            if self.tells_total {
                json!({"result": rows, "total": self.total})
            } else {
                json!({"result": rows})
            }
        };
        let answer = HttpResponse { status: 200, headers: HeaderMap::new(), body: body.to_string().into() };
        Box::pin(async move { Ok(answer) })
    }
}

fn ids(rows: &[u8]) -> Vec<usize> {
    let rows: Vec<Value> = serde_json::from_slice(rows).unwrap();
    rows.iter().map(|row| row["id"].as_str().unwrap().parse().unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn a_list_comes_whole_and_in_order(
        total in 0..700_usize,
        size in 1..=200_usize,
        cap in prop_oneof![Just(usize::MAX), prop::sample::select(vec![20_usize, 50, 100])],
        tells_total: bool,
        at_once: bool,
    ) {
        let requests = Arc::new(Mutex::new(0));
        let records = Records { total, cap, tells_total, requests: Arc::clone(&requests) };
        let received = run(async {
            let client = client(records);
            let options = CallOptions::from_json(&json!({"page_size": size})).unwrap();
            let pager = client.pages("style.attributes_list", Map::new(), options).unwrap();
            let mut received = Vec::new();
            if at_once {
                while let Some(page) = pager.next_of_all().await.unwrap() {
                    received.extend(ids(&page.json()));
                }
            } else {
                while let Some(page) = pager.next_page().await.unwrap() {
                    received.extend(ids(&page.json()));
                    pager.consumed(page.len());
                }
            }
            received
        });
        prop_assert_eq!(received, (0..total).collect::<Vec<_>>());
        // One more where only an empty page tells the end.
        let pages = total.div_ceil(size.min(cap)).max(1);
        let requests = *requests.lock().unwrap();
        prop_assert!(requests <= pages + usize::from(!tells_total), "{requests} requests for {pages} pages");
    }
}

/// Takes rows of a data table.
#[derive(Debug, Default)]
struct Table(Arc<Mutex<Vec<Vec<Value>>>>);

impl Transport for Table {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let body = if request.url.path().ends_with("connect/token") {
            json!({"access_token": "token", "expires_in": 28800})
        } else {
            self.0.lock().unwrap().push(serde_json::from_slice(request.body.bytes().unwrap()).unwrap());
            json!({})
        };
        let answer = HttpResponse { status: 200, headers: HeaderMap::new(), body: body.to_string().into() };
        Box::pin(async move { Ok(answer) })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn rows_are_split_and_none_is_lost(count in 1..450_usize) {
        let table = Table::default();
        let sent = Arc::clone(&table.0);
        let rows: Vec<_> =
            (0..count).map(|row| json!({"rowId": row.to_string(), "rowFields": {"label": row}})).collect();
        let answer = run(async {
            let arguments = object(json!({"data_table_id": "1", "rows": rows}));
            client(table).call("data_tables.update", arguments, CallOptions::default()).await.unwrap()
        });
        let sent = sent.lock().unwrap().clone();
        prop_assert!(sent.iter().all(|rows| rows.len() <= 100));
        prop_assert_eq!(sent.len(), count.div_ceil(100));
        let arrived: Vec<_> = sent.concat().iter().map(|row| row["rowId"].as_str().unwrap().to_owned()).collect();
        prop_assert_eq!(arrived, (0..count).map(|row| row.to_string()).collect::<Vec<_>>());
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        prop_assert_eq!(&body["applied"], &json!(count));
        prop_assert!(body["rows"].as_array().unwrap().iter().all(|row| row["outcome"] == "applied"));
    }
}
