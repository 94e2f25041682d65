//! Finding the number of requests at once that gets the most out of a service, by a whole client with one seed; the unit tests
//! of the search play each shape with twenty.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use beproduct::{CallOptions, Client, HttpRequest, HttpResponse, Transport, TransportError};
use futures_util::future::BoxFuture;
use http::HeaderMap;
use serde_json::{Map, json};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::world::{Chance, answer, client, seconds};

const MOST: usize = 10;
const WARM_UP: Duration = Duration::from_secs(300);
const LONG: Duration = Duration::from_secs(900);

/// A service of so many servers and one queue.
#[derive(Debug, Clone, Copy)]
struct Shape {
    name: &'static str,
    servers: usize,
    /// What each request beyond the servers adds to the time of all.
    thrashing: f64,
    exponential: bool,
    /// Every fifth request is of another operation.
    two: bool,
    /// Times of a request of either, in seconds.
    time: f64,
    long: f64,
}

const SHAPE: Shape =
    Shape { name: "", servers: 1, thrashing: 0.0, exponential: false, two: false, time: 1.5, long: 9.0 };

#[derive(Debug)]
struct Queue {
    shape: Shape,
    servers: Semaphore,
    present: AtomicUsize,
    done: AtomicUsize,
    chance: Chance,
}

impl Queue {
    fn new(shape: Shape, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            shape,
            servers: Semaphore::new(shape.servers),
            present: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            chance: Chance::new(seed),
        })
    }

    fn is_long(&self) -> bool {
        self.shape.two && self.chance.fraction() < 0.2
    }

    async fn serve(&self, long: bool) {
        let mean = if long { self.shape.long } else { self.shape.time };
        let time = if self.shape.exponential {
            mean * self.chance.exponential()
        } else {
            mean * (0.9 + 0.2 * self.chance.fraction())
        };
        self.present.fetch_add(1, Ordering::Relaxed);
        let _server = self.servers.acquire().await.unwrap();
        let too_many = self.present.load(Ordering::Relaxed).saturating_sub(self.shape.servers);
        sleep(seconds(time * (1.0 + self.shape.thrashing * too_many as f64))).await;
        self.present.fetch_sub(1, Ordering::Relaxed);
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests a second while callers keep it busy, without the first minutes.
    async fn throughput(&self, callers: impl Future<Output = ()>) -> f64 {
        let mut callers = std::pin::pin!(callers);
        timeout(WARM_UP, &mut callers).await.unwrap_err();
        let before = self.done.load(Ordering::Relaxed);
        timeout(LONG, callers).await.unwrap_err();
        (self.done.load(Ordering::Relaxed) - before) as f64 / LONG.as_secs_f64()
    }
}

#[derive(Debug)]
struct Line(Arc<Queue>);

impl Transport for Line {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let queue = Arc::clone(&self.0);
        Box::pin(async move {
            queue.serve(request.url.path().contains("Material")).await;
            Ok(answer(200, HeaderMap::new(), &json!([])))
        })
    }
}

async fn fixed(shape: Shape, number: usize) -> f64 {
    let queue = Queue::new(shape, 1);
    let callers = (0..number).map(|_| async {
        loop {
            queue.serve(queue.is_long()).await;
        }
    });
    queue.throughput(async { drop(futures_util::future::join_all(callers).await) }).await
}

async fn adaptive(shape: Shape) -> f64 {
    let queue = Queue::new(shape, 1);
    let settings = json!({"concurrency": MOST, "idle_timeout": 1000});
    let client = client(Arc::new(Line(Arc::clone(&queue))), settings);
    let callers = (0..30).map(|caller: usize| {
        let (client, queue) = (client.clone(), &queue);
        async move {
            for index in 0.. {
                let operation = if queue.is_long() { "material.folders" } else { "style.folders" };
                call(&client, operation, format!("{caller} {index}")).await;
            }
        }
    });
    queue.throughput(async { drop(futures_util::future::join_all(callers).await) }).await
}

async fn call(client: &Client, operation: &str, index: String) {
    let mut options = CallOptions::default();
    options.extra_query.push(("index".into(), index));
    client.call(operation, Map::new(), options).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn within_a_tenth_of_the_best_fixed_number() {
    let (exponential, two) = (true, true);
    for shape in [
        Shape { name: "1 server", ..SHAPE },
        Shape { name: "3 servers", servers: 3, ..SHAPE },
        Shape { name: "6 servers", servers: 6, ..SHAPE },
        Shape { name: "10 servers", servers: 10, ..SHAPE },
        Shape { name: "2 servers, thrashing", servers: 2, thrashing: 0.2, ..SHAPE },
        Shape { name: "4 servers, thrashing", servers: 4, thrashing: 0.15, ..SHAPE },
        Shape { name: "6 servers, two operations", servers: 6, two, ..SHAPE },
        Shape { name: "10 servers, two operations", servers: 10, two, ..SHAPE },
        Shape { name: "4 servers, two operations, thrashing", servers: 4, two, thrashing: 0.15, ..SHAPE },
        Shape { name: "1 server, exponential", exponential, ..SHAPE },
        Shape { name: "3 servers, exponential", servers: 3, exponential, ..SHAPE },
        Shape { name: "6 servers, exponential", servers: 6, exponential, ..SHAPE },
        Shape { name: "10 servers, exponential", servers: 10, exponential, ..SHAPE },
        Shape {
            name: "4 servers, exponential, thrashing",
            servers: 4,
            exponential,
            thrashing: 0.15,
            ..SHAPE
        },
        Shape { name: "6 servers, exponential, two operations", servers: 6, exponential, two, ..SHAPE },
        Shape { name: "10 servers, 0.2 s and 9 s", servers: 10, two, time: 0.2, ..SHAPE },
    ] {
        let mut best = (0, 0.0);
        for number in 1..=MOST {
            let throughput = fixed(shape, number).await;
            if throughput > best.1 {
                best = (number, throughput);
            }
        }
        let found = adaptive(shape).await;
        let share = found / best.1;
        println!(
            "{:40} best fixed {:2}: {:.3}/s, adaptive: {found:.3}/s, {:.1} %",
            shape.name,
            best.0,
            best.1,
            share * 100.0
        );
        assert!(share >= 0.9, "{}", shape.name);
    }
}

/// Answers slowly at first, as where connections are set up.
#[derive(Debug, Default)]
struct Steady {
    sent: AtomicUsize,
}

#[derive(Debug)]
struct SteadyLine(Arc<Steady>);

impl Transport for SteadyLine {
    fn send(&self, _request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let service = Arc::clone(&self.0);
        Box::pin(async move {
            let number = service.sent.fetch_add(1, Ordering::Relaxed);
            sleep(seconds(if number < MOST { 0.08 } else { 0.02 })).await;
            Ok(answer(200, HeaderMap::new(), &json!([])))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn all_are_in_flight_from_the_first_call_on_and_stay_so() {
    for most in [MOST, 50] {
        let service = Arc::new(Steady::default());
        let client = client(Arc::new(SteadyLine(Arc::clone(&service))), json!({"concurrency": most}));
        let calls: Vec<_> = (0..1000)
            .map(|index| {
                let client = client.clone();
                tokio::spawn(async move { call(&client, "style.folders", index.to_string()).await })
            })
            .collect();
        sleep(seconds(0.01)).await;
        assert_eq!(service.sent.load(Ordering::Relaxed), most);
        let begun = tokio::time::Instant::now();
        for call in calls {
            call.await.unwrap();
        }
        let most_seconds = 0.08 + 0.0215 * (1000 / most) as f64;
        assert!(begun.elapsed() < seconds(most_seconds), "{most}: {:?}", begun.elapsed());
    }
}
