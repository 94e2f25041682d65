//! Keeping within the limits of a service, and using them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use beproduct::{ErrorKind, HttpRequest, HttpResponse, Transport, TransportError};
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::world::{Chance, START, answer, client, keep_busy, request, seconds};

const LIMIT: usize = 60;
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// How a service counts, and what it tells.
#[derive(Debug, Clone, Copy)]
struct Kind {
    name: &'static str,
    /// Whole minutes of the day, or the last sixty seconds.
    fixed: bool,
    headers: bool,
    /// Mean and greatest deviation, in seconds.
    latency: (f64, f64),
    /// `X-RateLimit-Reset` is when all is free again, and not when the next place is.
    reset_of_all: bool,
    /// Requests of others in a minute.
    others: usize,
}

const KIND: Kind =
    Kind { name: "", fixed: false, headers: true, latency: (0.2, 0.1), reset_of_all: false, others: 0 };

/// A service that takes sixty requests a minute.
#[derive(Debug)]
struct Limited {
    kind: Kind,
    begun: Instant,
    chance: Chance,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    /// Requests that count.
    counted: VecDeque<Duration>,
    own: Vec<Duration>,
    refused: Vec<Duration>,
    others: usize,
}

impl Limited {
    fn new(kind: Kind) -> Arc<Self> {
        Arc::new(Self { kind, begun: Instant::now(), chance: Chance::new(1), taken: Mutex::default() })
    }

    /// When the present window began, on the scale of its own time.
    fn window(&self, now: Duration) -> Duration {
        if self.kind.fixed {
            let of_day = Duration::from_secs(START) + now;
            let began = Duration::from_secs(of_day.as_secs() / 60 * 60);
            began.saturating_sub(Duration::from_secs(START))
        } else {
            now.saturating_sub(MINUTE)
        }
    }

    /// Whether a request is taken, how many are left, and when there is a place, or all is free.
    fn take(&self, own: bool) -> (bool, usize, Duration) {
        let now = self.begun.elapsed();
        let window = self.window(now);
        let mut taken = self.taken.lock().unwrap();
        // What came at the very beginning of time belongs to the first window.
        while taken.counted.front().is_some_and(|at| *at <= window && !window.is_zero()) {
            taken.counted.pop_front();
        }
        let granted = taken.counted.len() < LIMIT;
        if granted {
            taken.counted.push_back(now);
        }
        match (own, granted) {
            (true, true) => taken.own.push(now),
            (true, false) => taken.refused.push(now),
            (false, true) => taken.others += 1,
            (false, false) => {}
        }
        let frees = match (self.kind.fixed, self.kind.reset_of_all) {
            (true, _) => {
                MINUTE
                    - (Duration::from_secs(START) + now
                        - Duration::from_secs((START + now.as_secs()) / 60 * 60))
            }
            (false, false) => *taken.counted.front().unwrap() + MINUTE - now,
            (false, true) => *taken.counted.back().unwrap() + MINUTE - now,
        };
        (granted, LIMIT - taken.counted.len(), frees)
    }

    async fn answer(self: Arc<Self>) -> HttpResponse {
        let (mean, deviation) = self.kind.latency;
        let latency = mean + deviation * (2.0 * self.chance.fraction() - 1.0);
        // It arrives some time between being sent and being answered.
        let way = latency.min(2.5) * self.chance.fraction();
        sleep(seconds(way)).await;
        let (granted, remaining, frees) = self.take(true);
        let mut headers = HeaderMap::new();
        let at = Duration::from_secs(START) + self.begun.elapsed() + frees;
        let whole = frees.as_secs_f64().ceil() as u64;
        if self.kind.headers {
            headers.insert("x-ratelimit-limit", HeaderValue::from(LIMIT));
            headers.insert("x-ratelimit-remaining", HeaderValue::from(remaining));
            headers.insert("x-ratelimit-reset", HeaderValue::from(at.as_secs_f64().ceil() as u64));
        }
        sleep(seconds(latency - way)).await;
        if granted {
            return answer(200, headers, &json!([]));
        }
        headers.insert("retry-after", HeaderValue::from(whole));
        let body = json!({
            "error": "Rate limit exceeded", "retryAfterSeconds": whole, "window": "1 minute", "limit": LIMIT,
        });
        answer(429, headers, &body)
    }
}

#[derive(Debug)]
struct Line(Arc<Limited>);

impl Transport for Line {
    fn send(&self, _request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let service = Arc::clone(&self.0);
        Box::pin(async move { Ok(service.answer().await) })
    }
}

/// What an hour with two hundred callers came to.
struct Hour {
    sent: usize,
    refused_at_first: usize,
    refused_later: usize,
    /// Part of what there was: of the whole hour, and without its first minute.
    share: f64,
    share_later: f64,
}

async fn hour(kind: Kind) -> Hour {
    let service = Limited::new(kind);
    let client = client(Arc::new(Line(Arc::clone(&service))), json!({}));
    let others = async {
        if kind.others == 0 {
            std::future::pending::<()>().await;
        }
        loop {
            sleep(seconds(60.0 / kind.others as f64 * service.chance.exponential())).await;
            // They insist.
            while !service.take(false).0 {
                sleep(seconds(0.5)).await;
            }
        }
    };
    tokio::select! {
        () = keep_busy(&client, 200, HOUR) => {}
        () = others => {}
    }
    let taken = service.taken.lock().unwrap();
    let later = |times: &[Duration]| times.iter().filter(|at| **at >= MINUTE).count();
    let left = (LIMIT * 60 - taken.others) as f64;
    let hour = Hour {
        sent: taken.own.len(),
        refused_at_first: taken.refused.len() - later(&taken.refused),
        refused_later: later(&taken.refused),
        share: taken.own.len() as f64 / left,
        share_later: later(&taken.own) as f64 / (left * 59.0 / 60.0),
    };
    println!(
        "{:46} sent {:4}, others {:4}, 429 in the first minute {:2}, later {:3}, share {:.1} %, later {:.1} %",
        kind.name,
        hour.sent,
        taken.others,
        hour.refused_at_first,
        hour.refused_later,
        hour.share * 100.0,
        hour.share_later * 100.0
    );
    hour
}

#[tokio::test(start_paused = true)]
async fn alone_no_refusal_after_the_first_minute_and_nothing_wasted() {
    let slow = (1.5, 1.0);
    for kind in [
        Kind { name: "looking back, headers", ..KIND },
        Kind { name: "looking back, headers, reset of all", reset_of_all: true, ..KIND },
        Kind { name: "looking back, bodies only", headers: false, ..KIND },
        Kind { name: "looking back, headers, 1.5 s", latency: slow, ..KIND },
        Kind { name: "looking back, bodies only, 1.5 s", headers: false, latency: slow, ..KIND },
        Kind { name: "looking back, reset of all, 1.5 s", reset_of_all: true, latency: slow, ..KIND },
        Kind { name: "looking back, bodies only, 7 s", headers: false, latency: (7.0, 2.0), ..KIND },
        Kind { name: "minutes, headers", fixed: true, ..KIND },
        Kind { name: "minutes, bodies only", fixed: true, headers: false, ..KIND },
        Kind { name: "minutes, headers, 1.5 s", fixed: true, latency: slow, ..KIND },
        Kind { name: "minutes, bodies only, 1.5 s", fixed: true, headers: false, latency: slow, ..KIND },
    ] {
        let hour = hour(kind).await;
        assert_eq!(hour.refused_later, 0, "{}", kind.name);
        assert!(hour.share >= 0.95 && hour.share_later >= 0.95, "{}", kind.name);
    }
}

#[tokio::test(start_paused = true)]
async fn beside_others_refusals_are_rare() {
    for kind in [
        Kind { name: "looking back, headers, others", ..KIND },
        Kind { name: "looking back, reset of all, others", reset_of_all: true, ..KIND },
        Kind { name: "looking back, bodies only, others", headers: false, ..KIND },
        Kind { name: "looking back, headers, 1.5 s, others", latency: (1.5, 1.0), ..KIND },
        Kind { name: "minutes, headers, others", fixed: true, ..KIND },
        Kind { name: "minutes, bodies only, others", fixed: true, headers: false, ..KIND },
        Kind { name: "minutes, headers, 1.5 s, others", fixed: true, latency: (1.5, 1.0), ..KIND },
    ] {
        let hour = hour(Kind { others: 20, ..kind }).await;
        assert!(hour.refused_later * 25 <= hour.sent, "{}", kind.name);
        assert!(hour.share_later >= 0.85, "{}", kind.name);
    }
}

/// A service that takes three requests an hour, and says so once.
#[derive(Debug, Default)]
struct ThreeAnHour(Mutex<u64>);

impl Transport for ThreeAnHour {
    fn send(&self, _request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let mut sent = self.0.lock().unwrap();
        *sent += 1;
        let told = *sent == 1;
        Box::pin(async move {
            sleep(Duration::from_secs(1)).await;
            Ok(match told {
                true => {
                    let body = json!({"window": "1 hour", "limit": 3, "retryAfterSeconds": 1});
                    answer(429, HeaderMap::new(), &body)
                }
                false => answer(200, HeaderMap::new(), &json!([])),
            })
        })
    }
}

#[tokio::test(start_paused = true)]
async fn those_in_line_hear_that_a_limit_is_used_up() {
    let client = client(Arc::new(ThreeAnHour::default()), json!({"concurrency": 1, "max_wait": 60}));
    let begun = Instant::now();
    let calls = (0..6).map(|_| request(&client, json!({})));
    let ended = futures_util::future::join_all(calls).await;
    let refused: Vec<_> = ended.iter().filter_map(|result| result.as_ref().err()).collect();
    assert!(!refused.is_empty() && refused.iter().all(|error| error.kind() == ErrorKind::RateLimited));
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}
