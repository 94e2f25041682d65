//! What a call does when things go wrong around it, where it takes more than one call to show.

// A test may stop at once.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use beproduct::testing::RecordedClock;
use beproduct::{
    CallOptions, Cancel, Client, ClientBuilder, Config, ErrorKind, HttpRequest, HttpResponse, Outcome,
    Transport, TransportError,
};
use beproduct_simulator::Options;
use common::Service;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

const RECORDED: &str = "recorded";
/// 2026-11-22T23:59:59Z
const BEFORE_MIDNIGHT: u64 = 1_795_391_999;

/// Answers without a network, after a look at the request.
struct Answering<F>(F);

impl<F> std::fmt::Debug for Answering<F> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Answering")
    }
}

impl<F: Fn(HttpRequest) -> (u16, Value) + Send + Sync> Transport for Answering<F> {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let (status, body) = self.0(request);
        let answer = HttpResponse { status, headers: http::HeaderMap::new(), body: body.to_string().into() };
        Box::pin(async move { Ok(answer) })
    }
}

fn answered_by(
    settings: Value,
    answer: impl Fn(HttpRequest) -> (u16, Value) + Send + Sync + 'static,
) -> Client {
    let mut all = json!({"company_domain": "acme", "access_token": "token", "ledger": "memory"});
    all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let builder = ClientBuilder::from_config(Config::from_json(all).unwrap());
    builder.transport(Arc::new(Answering(answer))).build().unwrap()
}

async fn folders(client: &Client, options: Value) -> beproduct::Result<beproduct::Answer> {
    client.call("style.folders", Map::new(), CallOptions::from_json(&options).unwrap()).await
}

/// All calls find enough requests left, then wait for the same token, and then are too many.
#[tokio::test]
async fn the_last_requests_of_the_day_go_to_no_more_than_there_are() {
    let service = Service::start(10, 0).await;
    let client =
        service.builder(json!({"plan": {"requests_per_day": 10}, "concurrency": 50})).build().unwrap();
    let calls: Vec<_> = (0..50)
        .map(|index| {
            let client = client.clone();
            tokio::spawn(async move { folders(&client, json!({"extra_query": {"index": index}})).await })
        })
        .collect();
    let mut refused = Vec::new();
    for call in calls {
        refused.extend(call.await.unwrap().err());
    }
    assert_eq!((refused.len(), service.count("api").await), (40, 10));
    for error in refused {
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::QuotaExceeded, Outcome::NotSent));
        assert!(error.message().starts_with("10 of the 10 requests"), "{error}");
        assert!(error.retry_after().is_some() && error.retryable());
    }
    assert_eq!(client.quota_status().await.unwrap().used, 10);
}

#[tokio::test]
async fn a_refusal_counts_for_the_day_on_which_the_request_left() {
    let clock: Arc<OnceLock<RecordedClock>> = Arc::default();
    let settings = json!({
        "plan": {"requests_per_day": 100},
        "testing": {"clock": RECORDED, "start": BEFORE_MIDNIGHT},
    });
    let handed = Arc::clone(&clock);
    let client = answered_by(settings, move |_| {
        // Midnight comes while the answer is on its way.
        handed.get().unwrap().advance(Duration::from_secs(2));
        (429, json!({"error": "Too many requests", "window": "day", "limit": 100}))
    });
    clock.set(client.recorded_clock().unwrap().clone()).unwrap();
    let error = folders(&client, json!({})).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::QuotaExceeded, Outcome::Refused));
    let status = client.quota_status().await.unwrap();
    assert_eq!((status.used, status.remaining), (0, Some(100)));
}

/// Answers after a while, so that others come to stand in the line.
#[derive(Debug)]
struct Slow {
    clock: Arc<OnceLock<RecordedClock>>,
    targets: Arc<Mutex<Vec<String>>>,
}

impl Transport for Slow {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let status = request.url.path().ends_with("ratelimit/status");
        let first = !status && self.targets.lock().unwrap().len() == 1;
        self.targets.lock().unwrap().push(request.url.path().to_owned());
        let clock = Arc::clone(&self.clock);
        Box::pin(async move {
            for _ in 0..200 {
                tokio::task::yield_now().await;
            }
            if first {
                clock.get().unwrap().advance(Duration::from_secs(2));
            }
            let body = if status { json!({"data": {"per_day": {"limit": 5}}}) } else { json!([]) };
            let headers = http::HeaderMap::new();
            Ok(HttpResponse { status: 200, headers, body: body.to_string().into() })
        })
    }
}

/// Midnight comes while calls stand in the line: the limits of yesterday are not those of today.
#[tokio::test]
async fn those_in_the_line_ask_for_the_limits_of_the_next_day() {
    for lease in [1, 2] {
        let (clock, targets): (Arc<OnceLock<RecordedClock>>, Arc<Mutex<Vec<String>>>) = Default::default();
        let settings = json!({
            "company_domain": "acme",
            "access_token": "token",
            "ledger": "memory",
            "plan": {"from_service": true},
            "concurrency": 1,
            "quota_lease": lease,
            "testing": {"clock": RECORDED, "start": BEFORE_MIDNIGHT},
        });
        let transport = Slow { clock: Arc::clone(&clock), targets: Arc::clone(&targets) };
        let builder = ClientBuilder::from_config(Config::from_json(settings).unwrap());
        let client = builder.transport(Arc::new(transport)).build().unwrap();
        clock.set(client.recorded_clock().unwrap().clone()).unwrap();
        let calls = (0..20).map(|index| {
            let client = client.clone();
            tokio::spawn(async move { folders(&client, json!({"extra_query": {"index": index}})).await })
        });
        let mut refused = 0;
        for call in calls.collect::<Vec<_>>() {
            if let Err(error) = call.await.unwrap() {
                assert_eq!(error.kind(), ErrorKind::QuotaExceeded, "{error}");
                assert!(error.message().starts_with("5 of the 5 requests of 2026-11-23"), "{error}");
                refused += 1;
            }
        }
        // One of yesterday and four of today, and the question for the limits of each day.
        assert_eq!((refused, targets.lock().unwrap().len()), (15, 7), "lease {lease}");
        assert_eq!(client.quota_status().await.unwrap().used, 5);
    }
}

/// Midnight comes while the service is asked: what it says is of yesterday.
#[tokio::test]
async fn limits_that_were_asked_for_before_midnight_are_asked_for_again() {
    let clock: Arc<OnceLock<RecordedClock>> = Arc::default();
    let targets: Arc<Mutex<Vec<String>>> = Arc::default();
    let (time, noted) = (Arc::clone(&clock), Arc::clone(&targets));
    let settings = json!({
        "plan": {"from_service": true},
        "testing": {"clock": RECORDED, "start": BEFORE_MIDNIGHT},
    });
    let client = answered_by(settings, move |request| {
        let mut targets = noted.lock().unwrap();
        targets.push(request.url.path().rsplit('/').next().unwrap().to_owned());
        match targets.len() {
            1 => time.get().unwrap().advance(Duration::from_secs(2)),
            2 => {}
            _ => return (200, json!([])),
        }
        (200, json!({"data": {"per_day": {"limit": 5}}}))
    });
    clock.set(client.recorded_clock().unwrap().clone()).unwrap();
    folders(&client, json!({})).await.unwrap();
    assert_eq!(*targets.lock().unwrap(), ["status", "status", "Folders"]);
}

#[tokio::test]
async fn a_sign_in_that_fails_is_tried_by_no_one_but_itself() {
    let service = Service::start(10, 0).await;
    let recorded = json!({"testing": {"clock": RECORDED, "fixed_chance": true}});
    let client = service.builder(recorded).build().unwrap();
    service
        .control("faults", json!([{"path": "connect/token", "times": 0, "action": {"status": 503}}]))
        .await;
    let error = folders(&client, json!({})).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Server, Outcome::NotSent));
    // Once, and once more as the answer may have been lost: no attempt of the call multiplies that.
    assert_eq!((service.count("token").await, service.count("api").await), (2, 0));
    assert_eq!(client.quota_status().await.unwrap().used, 0);
}

#[tokio::test]
async fn a_call_that_is_cut_off_tells_of_the_attempt_it_was_in() {
    let service = Service::start(10, 0).await;
    let client = service.client();
    let id = client.style().list().collect().await.unwrap()[0].id.clone().unwrap();
    let before = service.count("api").await;
    service.control("faults", json!([{"path": "Update", "action": {"hang": true}}])).await;
    let cancel = Cancel::default();
    let mut options = CallOptions::default();
    options.cancel = Some(cancel.clone());
    let arguments = json!({"header_id": id, "fields": {"header_name": "Changed"}});
    let call = client.call("style.attributes_update", arguments.as_object().unwrap().clone(), options);
    let give_up = async {
        service.look(&format!("wait?base=api&requests={}", before + 1)).await;
        cancel.cancel();
    };
    let (result, ()) = tokio::join!(call, give_up);
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Cancelled, Outcome::Unknown));
    let attempts: Vec<_> = error.attempts().iter().map(|attempt| (attempt.status, attempt.error)).collect();
    assert_eq!(attempts, [(None, Some(ErrorKind::Cancelled))]);
    assert!(error.to_string().ends_with("; it may have taken effect"), "{error}");
}

#[tokio::test]
async fn every_waiter_of_a_shared_request_has_its_own_deadline() {
    let service = Service::start(10, 0).await;
    let client = service.builder(json!({"testing": {"clock": "manual"}})).build().unwrap();
    folders(&client, json!({})).await.unwrap();
    service.control("faults", json!([{"path": "Folders", "action": {"hang": true}}])).await;
    let start = |timeout: u64| {
        let client = client.clone();
        tokio::spawn(async move { folders(&client, json!({"timeout": timeout})).await })
    };
    let (short, long) = (start(5), start(25));
    service.look("wait?base=api&requests=2").await;
    client.recorded_clock().unwrap().advance(Duration::from_secs(6));
    let error = short.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message().starts_with("no answer within 5 s"), "{error}");
    service.control("release", json!({})).await;
    long.await.unwrap().unwrap();
    assert_eq!(service.count("api").await, 2);
}

#[tokio::test]
async fn nobody_joins_a_read_that_began_before_a_write() {
    let service = Service::start(10, 0).await;
    let client = service.client();
    let styles = client.style().list().collect().await.unwrap();
    let id = styles[0].id.clone().unwrap();
    let before = service.count("api").await;
    let read = || tokio::spawn(client.style().get(&id).into_future());
    service
        .control("faults", json!([{"path": "Style/Header/", "method": "GET", "action": {"hang": true}}]))
        .await;
    let old = read();
    service.look(&format!("wait?base=api&requests={}", before + 1)).await;
    let fields = Map::from_iter([("header_name".to_owned(), "Changed".into())]);
    client.style().update(&id).fields(fields).await.unwrap();
    let new = read().await.unwrap().unwrap();
    assert_eq!(new.header_name.as_deref(), Some("Changed"));
    service.control("release", json!({})).await;
    old.await.unwrap().unwrap();
    assert_eq!(service.count("api").await, before + 3);
}

#[tokio::test]
async fn a_write_that_succeeds_without_a_record_succeeds() {
    for body in [json!(null), json!("Done."), json!([])] {
        let client = answered_by(json!({}), move |_| (200, body.clone()));
        let style =
            client.style().update("1").fields(Map::from_iter([("name".into(), "x".into())])).await.unwrap();
        assert_eq!(style.id, None);
        let error = client.style().get("1").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.message().starts_with("the answer holds no record: it is "), "{error}");
    }
}

#[tokio::test]
async fn a_collect_that_failed_goes_on_where_it_was() {
    let service = Service::start(1000, 0).await;
    let client = service.builder(json!({"attempts": 1})).build().unwrap();
    let pages = || client.pages("style.attributes_list", Map::new(), CallOptions::default()).unwrap();
    let pager = pages();
    service.control("faults", json!([{"path": "pageNumber=2", "action": {"status": 503}}])).await;
    let mut received = 0;
    let mut failures = Vec::new();
    loop {
        match pager.next_of_all().await {
            Ok(Some(page)) => received += page.len(),
            Ok(None) => break,
            Err(error) => failures.push(error.kind()),
        }
    }
    assert_eq!((received, failures), (1000, vec![ErrorKind::Server]));
    assert!(pager.next_of_all().await.unwrap().is_none());

    // Two at the same time share the pages: each is delivered once.
    let shared = pages();
    let all = || async {
        let mut received = 0;
        while let Some(page) = shared.next_of_all().await.unwrap() {
            received += page.len();
        }
        received
    };
    let (one, other) = tokio::join!(all(), all());
    assert_eq!(one + other, 1000);
}

#[tokio::test]
async fn a_page_that_nobody_waits_for_any_more_is_given_up() {
    let service = Service::start(1000, 0).await;
    let client = service.client();
    let pager = client.pages("style.attributes_list", Map::new(), CallOptions::default()).unwrap();
    let first = pager.next_page().await.unwrap().unwrap();
    service.control("faults", json!([{"path": "pageNumber=1", "action": {"hang": true}}])).await;
    pager.consumed(first.len());
    let next = {
        let pager = pager.clone();
        tokio::spawn(async move { pager.next_page().await })
    };
    service.look("wait?base=api&requests=2").await;
    next.abort();
    assert!(next.await.unwrap_err().is_cancelled());
    loop {
        let log = service.look("log?base=api").await;
        if log[1]["closed_by_client"] == true {
            break;
        }
    }
    service.control("release", json!({})).await;
    assert_eq!(pager.next_page().await.unwrap().unwrap().len(), 200);
}

#[tokio::test]
async fn https_with_the_authority_of_the_server_and_without() {
    let service =
        Service::with(Options { styles: 10, materials: 5, table_rows: 0, tls: true, ..Options::default() })
            .await;
    let error = folders(&service.client(), json!({})).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Network, Outcome::NotSent));
    assert!(error.message().contains("ca_certificates"), "{error}");
    let authority = std::fs::read_to_string(service.address("ca")).unwrap();
    let client = service.builder(json!({"ca_certificates": authority})).build().unwrap();
    assert_eq!(client.style().folders().await.unwrap().len(), 4);

    // All requests that may be made at a time at first, over the connection that is there: HTTP/2.
    let connections = service.count("connections").await;
    let held = json!([{"path": "Folders", "times": 0, "action": {"hang": true}}]);
    service.control("faults", held).await;
    let calls: Vec<_> = (0..8)
        .map(|index| {
            let client = client.clone();
            tokio::spawn(async move { folders(&client, json!({"extra_query": {"index": index}})).await })
        })
        .collect();
    service.look("wait?base=api&requests=9").await;
    service.control("release", json!({})).await;
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(service.count("connections").await, connections);
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let seen = Arc::new(Mutex::new(0));
    let refused = |settings: Value, expected: &str| {
        let mut all = json!({"company_domain": "acme", "client_id": "id", "refresh_token": "token"});
        all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let seen = Arc::clone(&seen);
        let transport = Answering(move |_: HttpRequest| {
            *seen.lock().unwrap() += 1;
            (200, Value::Null)
        });
        let built = Config::from_json(all)
            .and_then(|config| ClientBuilder::from_config(config).transport(Arc::new(transport)).build());
        let error = built.err().unwrap_or_else(|| panic!("{settings} was accepted"));
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains(expected), "{error}");
    };
    refused(json!({"token_endpoint": "http://example.com/token"}), "token_endpoint");
    refused(json!({"token_endpoint": "example"}), "token_endpoint");
    refused(json!({"attempts": 0}), "attempts has to be a whole number from 1 to 100, not 0");
    refused(json!({"concurrency": 0}), "concurrency has to be a whole number from 1 to 10000, not 0");
    refused(json!({"max_page_size": 0}), "max_page_size has to be a whole number from 1 to 10000, not 0");
    refused(json!({"refresh_token": ""}), "refresh_token is missing");
    assert_eq!(*seen.lock().unwrap(), 0);
}

#[tokio::test]
async fn what_one_client_learns_of_the_limits_holds_for_others_of_the_company() {
    let service = Service::start(10, 0).await;
    let (one, other) = (service.client(), service.client());
    let pause = json!({"status": 429, "headers": {"Retry-After": "3600"}});
    service.control("faults", json!([{"path": "Folders", "action": pause}])).await;
    let error = folders(&one, json!({})).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::RateLimited, Some(429)));
    let error = folders(&other, json!({})).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::RateLimited, Outcome::NotSent));
    assert!(error.waits().is_empty() && error.retry_after() > Some(Duration::from_secs(3590)), "{error:?}");
    assert_eq!(service.count("api").await, 1);

    // A client with a time of its own keeps it to itself.
    let own = service.builder(json!({"testing": {"clock": RECORDED}})).build().unwrap();
    folders(&own, json!({})).await.unwrap();
    assert_eq!(service.count("api").await, 2);
}

#[tokio::test]
async fn a_header_that_was_deleted_in_spite_of_the_error_is_deleted() {
    for (header, deleted) in
        [(json!({"id": "1", "isDeleted": true}), true), (json!({"id": "1", "isDeleted": false}), false)]
    {
        let client = answered_by(json!({}), move |request| match request.url.path().contains("Delete") {
            true => (500, json!({"message": "Something went wrong"})),
            false => (200, header.clone()),
        });
        let result = client.style().delete("1").await;
        assert_eq!(result.is_ok(), deleted, "{result:?}");
    }
}

#[tokio::test]
async fn a_client_with_options_has_them_in_all_of_its_calls() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let sent = Arc::clone(&seen);
    let settings = json!({"testing": {"clock": RECORDED, "fixed_chance": true}});
    let client = answered_by(settings, move |request| {
        let header = |name| request.headers.get(name).map_or("-", |value| value.to_str().unwrap()).to_owned();
        let query = request.url.query().unwrap_or("-").to_owned();
        sent.lock().unwrap().push(format!("{query} {} {}", header("x-run"), header("x-team")));
        (503, json!([]))
    });
    let options = |value: Value| CallOptions::from_json(&value).unwrap();
    let nightly = client
        .with_options(options(json!({
            "label": "nightly", "attempts": 1, "headers": {"X-Run": "1", "X-Team": "a"}, "extra_query": {"a": 1, "b": 2},
        })))
        .unwrap();
    assert_eq!(folders(&nightly, json!({})).await.unwrap_err().attempts().len(), 1);
    let more = json!({"attempts": 2, "label": "own", "headers": {"x-run": "2"}, "extra_query": {"b": 3}});
    assert_eq!(folders(&nightly, more).await.unwrap_err().attempts().len(), 2);
    let retried = nightly.with_options(options(json!({"attempts": 3, "priority": "bulk"}))).unwrap();
    assert_eq!(folders(&retried, json!({"attempts": null})).await.unwrap_err().attempts().len(), 3);
    let lists = nightly.pages("style.list", Map::new(), options(json!({"extra_query": {"a": 4}}))).unwrap();
    lists.next_page().await.unwrap_err();
    assert_eq!(folders(&client, json!({})).await.unwrap_err().attempts().len(), 4);
    let expected = [
        vec!["a=1&b=2 1 a"; 1],
        vec!["a=1&b=3 2 a"; 2],
        vec!["a=1&b=2 1 a"; 3],
        vec!["folderId=&pageSize=200&pageNumber=0&b=2&a=4 1 a"; 1],
        vec!["- - -"; 4],
    ];
    assert_eq!(*seen.lock().unwrap(), expected.concat());
    let used = client.quota_report(1).await.unwrap().by_label;
    let used: Vec<_> = used.iter().map(|row| (row.name.as_str(), row.requests)).collect();
    assert_eq!(used, [("nightly", 5), ("", 4), ("own", 2)]);

    let error = client.with_options(options(json!({"page_size": 1_000}))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let error = client.with_options(options(json!({"headers": {"Authorization": "x"}}))).unwrap_err();
    assert!(error.message().contains("Authorization"), "{error}");
    retried.close();
    for closed in [&client, &nightly, &retried] {
        assert_eq!(folders(closed, json!({})).await.unwrap_err().kind(), ErrorKind::Closed);
    }
}
