//! Who is sent next, who waits, and who is told that waiting makes no sense.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use beproduct::{ErrorKind, HttpRequest, HttpResponse, Outcome, Transport, TransportError, WaitReason};
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::world::{START, answer, client, request, seconds};

type Reply = Box<dyn Fn(usize) -> (u16, HeaderMap, Value) + Send + Sync>;

/// Answers after a second, and writes down who came, by the header `who`.
struct Noting {
    came: Mutex<Vec<String>>,
    reply: Reply,
}

impl std::fmt::Debug for Noting {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Noting")
    }
}

impl Noting {
    fn new(reply: impl Fn(usize) -> (u16, HeaderMap, Value) + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { came: Mutex::default(), reply: Box::new(reply) })
    }

    fn willing() -> Arc<Self> {
        Self::new(|_| (200, HeaderMap::new(), json!([])))
    }

    fn came(&self) -> Vec<String> {
        self.came.lock().unwrap().clone()
    }
}

#[derive(Debug)]
struct Line(Arc<Noting>);

impl Transport for Line {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let number = {
            let mut came = self.0.came.lock().unwrap();
            let who = request.headers.get("who").map(|who| who.to_str().unwrap().to_owned());
            came.push(who.unwrap_or_default());
            came.len()
        };
        let (status, headers, body) = (self.0.reply)(number);
        Box::pin(async move {
            sleep(seconds(1.0)).await;
            Ok(answer(status, headers, &body))
        })
    }
}

fn figures(limit: u64, remaining: u64, reset: u64) -> HeaderMap {
    let figures = [("limit", limit), ("remaining", remaining), ("reset", reset)];
    figures
        .into_iter()
        .map(|(name, value)| {
            (format!("x-ratelimit-{name}").parse::<http::HeaderName>().unwrap(), HeaderValue::from(value))
        })
        .collect()
}

fn refusal(wait: u64, limit: u64) -> (u16, HeaderMap, Value) {
    let body = json!({"error": "Too many", "retryAfterSeconds": wait, "window": "1 minute", "limit": limit});
    (429, HeaderMap::new(), body)
}

/// Those who wait for the plan's next minute have an order too.
#[tokio::test(start_paused = true)]
async fn an_urgent_call_is_the_first_of_the_next_minute() {
    let service = Noting::willing();
    let settings = json!({"plan": {"requests_per_minute": 20}, "max_wait": 60, "concurrency": 1});
    let client = client(Arc::new(Line(Arc::clone(&service))), settings);
    let bulk: Vec<_> = (0..60)
        .map(|_| {
            let client = client.clone();
            let options = json!({"priority": "bulk", "headers": {"who": "bulk"}});
            tokio::spawn(async move { request(&client, options).await.unwrap() })
        })
        .collect();
    sleep(seconds(30.0)).await;
    assert_eq!(service.came().len(), 20);
    let urgent = request(&client, json!({"headers": {"who": "urgent"}})).await.unwrap();
    assert!(
        urgent.meta.waits.iter().all(|wait| wait.reason == WaitReason::Rate) && !urgent.meta.waits.is_empty()
    );
    assert_eq!(service.came().iter().position(|who| who == "urgent"), Some(20));
    for call in bulk {
        call.await.unwrap();
    }
    assert_eq!(service.came().len(), 61);
}

#[tokio::test(start_paused = true)]
async fn an_urgent_call_passes_five_hundred_that_are_not() {
    let service = Noting::willing();
    let client = client(Arc::new(Line(Arc::clone(&service))), json!({"concurrency": 1}));
    let bulk: Vec<_> = (0..500)
        .map(|_| {
            let client = client.clone();
            let options = json!({"priority": "bulk", "headers": {"who": "bulk"}});
            tokio::spawn(async move { request(&client, options).await.unwrap() })
        })
        .collect();
    sleep(seconds(10.5)).await;
    assert_eq!(service.came().len(), 11);
    request(&client, json!({"headers": {"who": "urgent"}})).await.unwrap();
    assert_eq!(service.came().iter().position(|who| who == "urgent"), Some(11));
    for call in bulk {
        call.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn labels_take_turns() {
    let service = Noting::willing();
    let client = client(Arc::new(Line(Arc::clone(&service))), json!({"concurrency": 1}));
    let start = |label: &str, calls: usize| {
        let options = json!({"label": label, "headers": {"who": label}});
        let calls = (0..calls).map(|_| {
            let (client, options) = (client.clone(), options.clone());
            tokio::spawn(async move { drop(request(&client, options).await.unwrap()) })
        });
        calls.collect::<Vec<_>>()
    };
    let mut calls = start("many", 100);
    sleep(seconds(2.5)).await;
    calls.extend(start("few", 3));
    for call in calls {
        call.await.unwrap();
    }
    let came = service.came();
    let few: Vec<_> = (0..came.len()).filter(|index| came[*index] == "few").collect();
    assert_eq!(few, [4, 6, 8]);
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_for_all_and_shows_in_their_traces() {
    let service = Noting::new(|number| match number {
        1 => (429, [(http::header::RETRY_AFTER, HeaderValue::from(30))].into_iter().collect(), json!({})),
        _ => (200, HeaderMap::new(), json!([])),
    });
    let client = client(Arc::new(Line(Arc::clone(&service))), json!({}));
    let begun = Instant::now();
    let first = tokio::spawn({
        let client = client.clone();
        async move { request(&client, json!({})).await.unwrap() }
    });
    sleep(seconds(11.0)).await;
    // The one who sleeps for the others gives up, and they do not oversleep.
    let keeper = tokio::spawn({
        let client = client.clone();
        async move { request(&client, json!({})).await }
    });
    sleep(seconds(1.0)).await;
    let others: Vec<_> = (0..3)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { request(&client, json!({})).await.unwrap() })
        })
        .collect();
    sleep(seconds(1.0)).await;
    keeper.abort();
    for other in others {
        let waits = other.await.unwrap().meta.waits;
        assert_eq!((waits.len(), waits[0].reason, waits[0].seconds), (1, WaitReason::Rate, 19.0));
        assert_eq!(begun.elapsed(), Duration::from_secs(32));
    }
    let waits = first.await.unwrap().meta.waits;
    assert_eq!((waits[0].reason, waits[0].seconds), (WaitReason::RetryAfter, 31.5));
    assert_eq!(service.came().len(), 5);
}

/// Two requests a minute: the first of all is refused and comes again after the pause.
fn two_a_minute() -> Arc<Noting> {
    Noting::new(|number| if number == 1 { refusal(5, 2) } else { (200, HeaderMap::new(), json!([])) })
}

#[tokio::test(start_paused = true)]
async fn a_line_that_moves_may_take_as_long_as_it_takes() {
    let client = client(Arc::new(Line(two_a_minute())), json!({"max_wait": 60}));
    request(&client, json!({})).await.unwrap();
    let begun = Instant::now();
    let ask = |options: Value| {
        let client = client.clone();
        tokio::spawn(async move { request(&client, options).await })
    };
    let mut waiting: Vec<_> = (0..4).map(|_| ask(json!({}))).collect();
    sleep(seconds(2.0)).await;
    // Its time begins with its turn, which comes in two minutes.
    waiting.push(ask(json!({"timeout": 30})));
    // This one cannot have its turn in time.
    let error = ask(json!({"turn_timeout": 30})).await.unwrap().unwrap_err();
    assert_eq!(begun.elapsed(), Duration::from_secs(2));
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::RateLimited, Outcome::NotSent), "{error}");
    assert!(error.message().contains("leaves 30 s") && error.attempts().is_empty(), "{error}");
    for call in waiting {
        call.await.unwrap().unwrap();
    }
    assert!(begun.elapsed() < Duration::from_secs(190), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_a_turn_has_a_limit_of_its_own() {
    let service = Noting::new(|_| (200, HeaderMap::new(), json!([])));
    let client = client(Arc::new(Line(Arc::clone(&service))), json!({"concurrency": 1, "turn_timeout": 2.5}));
    let begun = Instant::now();
    let calls = (0..10).map(|_| request(&client, json!({})));
    let ended = futures_util::future::join_all(calls).await;
    // Each takes a second: three have had their turn by then, the others end together.
    assert_eq!(begun.elapsed(), seconds(3.0));
    let errors: Vec<_> = ended.into_iter().filter_map(Result::err).collect();
    assert_eq!((errors.len(), service.came().len()), (7, 3));
    for error in errors {
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::NotSent), "{error}");
        assert!(error.message().contains("turn_timeout") && error.attempts().is_empty(), "{error}");
    }
    assert_eq!(client.quota_status().await.unwrap().used, 3);
}

#[tokio::test(start_paused = true)]
async fn a_standstill_that_is_too_long_is_an_error_at_once() {
    let client = client(Arc::new(Line(two_a_minute())), json!({"max_wait": 20}));
    request(&client, json!({})).await.unwrap();
    request(&client, json!({})).await.unwrap();
    let begun = Instant::now();
    let error = request(&client, json!({})).await.unwrap_err();
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::RateLimited, Outcome::NotSent), "{error}");
    assert!(error.waits().is_empty() && error.attempts().is_empty() && error.retryable());
    for figure in ["2 requests in 60 s", "max_wait is 20 s"] {
        assert!(error.message().contains(figure), "{error}");
    }
    let wait = error.retry_after().unwrap();
    assert!(wait > Duration::from_secs(40) && wait < Duration::from_secs(70), "{wait:?}");
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_is_too_long_ends_those_who_wait() {
    let service = Noting::new(|number| match number {
        1 => (200, figures(60, 0, START + 11), json!([])),
        2 => {
            let body =
                json!({"error": "Too many", "retryAfterSeconds": 3600, "window": "1 hour", "limit": 60});
            (429, HeaderMap::new(), body)
        }
        _ => (200, HeaderMap::new(), json!([])),
    });
    let settings = json!({"max_wait": 60, "timeout": 1000, "concurrency": 1});
    let client = client(Arc::new(Line(Arc::clone(&service))), settings);
    request(&client, json!({})).await.unwrap();
    let begun = Instant::now();
    let calls: Vec<_> = (0..3)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { request(&client, json!({})).await.unwrap_err() })
        })
        .collect();
    for call in calls {
        let error = call.await.unwrap();
        assert_eq!(error.kind(), ErrorKind::RateLimited);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
        // The pause until the reset, and one answer.
        assert_eq!(begun.elapsed(), Duration::from_secs(11));
    }
    assert_eq!(service.came().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn figures_that_make_no_sense_change_nothing() {
    for headers in [
        figures(60, 0, START - 10),
        figures(60, 0, START * 1000),
        figures(60, 0, 30),
        figures(0, 0, 0),
        HeaderMap::from_iter([("x-ratelimit-remaining".parse().unwrap(), HeaderValue::from(0))]),
    ] {
        let service = Noting::new(move |_| (200, headers.clone(), json!([])));
        let client = client(Arc::new(Line(Arc::clone(&service))), json!({}));
        let begun = Instant::now();
        for _ in 0..100 {
            assert!(request(&client, json!({})).await.unwrap().meta.waits.is_empty());
        }
        assert_eq!(begun.elapsed(), Duration::from_secs(100));
    }
}

#[tokio::test(start_paused = true)]
async fn a_report_on_the_limits_is_learnt_from() {
    let service = Noting::new(|_| {
        let report = json!({"data": {"policies": {
            "per_minute": {"limit": 3, "remaining": 2, "used": 1},
            "per_day": {"limit": 1, "remaining": 0, "used": 1},
        }}});
        (200, HeaderMap::new(), report)
    });
    let client = client(Arc::new(Line(Arc::clone(&service))), json!({}));
    let begun = Instant::now();
    client.call("system.ratelimit_status", serde_json::Map::new(), Default::default()).await.unwrap();
    for _ in 0..2 {
        let _answer = client
            .call(
                "data_tables.reset",
                json!({"data_table_id": "1"}).as_object().unwrap().clone(),
                Default::default(),
            )
            .await;
    }
    assert_eq!(begun.elapsed(), Duration::from_secs(3));
    let _answer = client
        .call(
            "data_tables.reset",
            json!({"data_table_id": "1"}).as_object().unwrap().clone(),
            Default::default(),
        )
        .await;
    // The first place is free again a minute after its answer.
    assert_eq!(begun.elapsed(), Duration::from_secs(62));
}

#[tokio::test(start_paused = true)]
async fn two_requests_a_second_are_learnt() {
    let taken = Mutex::new((0, 0));
    let begun = Instant::now();
    let service = Noting::new(move |_| {
        let second = begun.elapsed().as_secs();
        let mut taken = taken.lock().unwrap();
        *taken = if taken.0 == second { (second, taken.1 + 1) } else { (second, 1) };
        let headers = figures(2, 2_u64.saturating_sub(taken.1), START + second + 1);
        match taken.1 {
            0..=2 => (200, headers, json!([])),
            _ => (
                429,
                headers,
                json!({"error": "Too many", "retryAfterSeconds": 1, "window": "1 second", "limit": 2}),
            ),
        }
    });
    let settings = json!({"concurrency": 1, "timeout": 60});
    let client = client(Arc::new(Line(Arc::clone(&service))), settings);
    for _ in 0..20 {
        request(&client, json!({})).await.unwrap();
    }
    assert!(begun.elapsed() < Duration::from_secs(45), "{:?}", begun.elapsed());
}

/// What is used up until a reset in three seconds holds a call up for as long, whatever its time limit.
#[tokio::test(start_paused = true)]
async fn a_reset_that_is_near_is_waited_for() {
    for timeout in [30, 120] {
        let service = Noting::new(|number| match number {
            1 => (200, figures(60, 0, START + 4), json!([])),
            _ => (200, HeaderMap::new(), json!([])),
        });
        let client = client(Arc::new(Line(Arc::clone(&service))), json!({"timeout": timeout}));
        let begun = Instant::now();
        request(&client, json!({})).await.unwrap();
        let waits = request(&client, json!({})).await.unwrap().meta.waits;
        assert!(
            waits.len() == 1 && begun.elapsed() < Duration::from_secs(7),
            "{timeout}: {:?}",
            begun.elapsed()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_many_hours_for_a_window_of_a_minute_ends_with_a_probe() {
    let service = Noting::new(|number| match number {
        1 => {
            let body = json!({"error": "Too many", "retryAfterSeconds": 43_200, "window": "1 minute"});
            (429, HeaderMap::new(), body)
        }
        _ => (200, HeaderMap::new(), json!([])),
    });
    let client = client(Arc::new(Line(Arc::clone(&service))), json!({"max_wait": 100, "timeout": 200}));
    let begun = Instant::now();
    request(&client, json!({})).await.unwrap_err();
    let calls: Vec<_> = (0..5)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { request(&client, json!({})).await.unwrap() })
        })
        .collect();
    sleep(seconds(60.5)).await;
    // A minute after the refusal one tries, and when it was answered the others go.
    assert_eq!(service.came().len(), 2);
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(service.came().len(), 6);
    assert_eq!(begun.elapsed(), Duration::from_secs(63));
}

#[tokio::test(start_paused = true)]
async fn a_retry_goes_before_those_that_were_not_sent_yet() {
    let service = Noting::new(|number| (if number == 1 { 503 } else { 200 }, HeaderMap::new(), json!([])));
    let client = client(Arc::new(Line(Arc::clone(&service))), json!({"concurrency": 1}));
    let calls = ["one", "two", "three", "four"].map(|who| request(&client, json!({"headers": {"who": who}})));
    for call in futures_util::future::join_all(calls).await {
        call.unwrap();
    }
    // Its backoff ends while the second is on its way.
    assert_eq!(service.came(), ["one", "two", "one", "three", "four"]);
}
