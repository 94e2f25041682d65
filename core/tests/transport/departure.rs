//! What left, what did not, and what moves too slowly.

use std::sync::Arc;
use std::time::Duration;

use beproduct::{
    AnswerBody, CallOptions, Client, ClientBuilder, Config, Error, ErrorKind, HttpRequest, HttpResponse,
    Outcome, Transport, TransportError,
};
use bytes::Bytes;
use futures_util::future::{BoxFuture, ready};
use futures_util::stream;
use http::HeaderMap;
use serde_json::{Map, Value, json};
use tokio::sync::{Notify, Semaphore};

use crate::server::{client, head, serve};

const MANUAL: &str = r#"{"clock": "manual", "fixed_chance": true}"#;

async fn update(client: Client) -> Result<(), Error> {
    let arguments =
        Map::from_iter([("header_id".to_owned(), "s-1".into()), ("fields".to_owned(), json!({"a": 1}))]);
    client.call("style.attributes_update", arguments, CallOptions::default()).await.map(drop)
}

async fn used(client: &Client) -> u64 {
    client.quota_status().await.unwrap().used
}

fn manual() -> Value {
    serde_json::from_str(MANUAL).unwrap()
}

/// The connection is there, and TLS never comes about.
#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_before_it_leaves_was_not_sent() {
    let arrived = Arc::new(Notify::new());
    let seen = Arc::clone(&arrived);
    let address = serve(move |stream| {
        let seen = Arc::clone(&seen);
        async move {
            seen.notify_one();
            std::future::pending::<()>().await;
            drop(stream);
        }
    })
    .await;
    for (settings, limit) in [
        (json!({"timeout": 7, "idle_timeout": 1000}), 7.0),
        (json!({"timeout": 1000, "idle_timeout": 8, "attempts": 1}), 8.0),
    ] {
        let mut all = json!({"testing": manual(), "connect_timeout": 600});
        all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let client = client(&format!("https://{address}"), all);
        let call = tokio::spawn(update(client.clone()));
        arrived.notified().await;
        client.recorded_clock().unwrap().advance(Duration::from_secs_f64(limit));
        let error = call.await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::NotSent), "{error}");
        assert!(error.message().contains(&format!("within {limit} s")), "{error}");
        assert_eq!(used(&client).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_after_it_has_left_may_have_taken_effect() {
    let arrived = Arc::new(Notify::new());
    let seen = Arc::clone(&arrived);
    let address = serve(move |mut stream| {
        let seen = Arc::clone(&seen);
        async move {
            head(&mut stream).await.unwrap();
            seen.notify_one();
            std::future::pending::<()>().await;
        }
    })
    .await;
    let client = client(&format!("http://{address}"), json!({"testing": manual(), "timeout": 5}));
    let call = tokio::spawn(update(client.clone()));
    arrived.notified().await;
    client.recorded_clock().unwrap().advance(Duration::from_secs(5));
    let error = call.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::Unknown), "{error}");
    assert_eq!(used(&client).await, 1);
}

/// An answer whose bytes come when the test lets them.
#[derive(Debug)]
struct Drops {
    asked: Arc<Notify>,
    go: Arc<Semaphore>,
}

impl Transport for Drops {
    fn send(&self, _: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let (asked, go) = (Arc::clone(&self.asked), Arc::clone(&self.go));
        let bytes = stream::unfold(br#"{"a":1}"#.iter(), move |mut bytes| {
            let (asked, go) = (Arc::clone(&asked), Arc::clone(&go));
            async move {
                let byte = bytes.next()?;
                // Who asks for this one has read the one before.
                asked.notify_one();
                go.acquire().await.unwrap().forget();
                Some((Ok(Bytes::copy_from_slice(&[*byte])), bytes))
            }
        });
        let body = AnswerBody::from_stream(bytes);
        Box::pin(ready(Ok(HttpResponse { status: 200, headers: HeaderMap::new(), body })))
    }
}

/// A byte every twenty seconds is slow, but it is no standstill.
#[tokio::test]
async fn an_answer_may_be_slow_as_long_as_it_moves() {
    let (asked, go) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
    let settings = json!({
        "company_domain": "acme", "access_token": "token", "ledger": "memory", "testing": manual(),
        "timeout": 1000, "idle_timeout": 30, "attempts": 1,
    });
    let transport = Drops { asked: Arc::clone(&asked), go: Arc::clone(&go) };
    let builder = ClientBuilder::from_config(Config::from_json(settings).unwrap());
    let client = builder.transport(Arc::new(transport)).build().unwrap();
    let get = |client: Client| async move {
        let arguments = Map::from_iter([("header_id".to_owned(), "s-1".into())]);
        client.call("style.get", arguments, CallOptions::default()).await
    };
    let clock = client.recorded_clock().unwrap().clone();
    let call = tokio::spawn(get(client.clone()));
    for _ in 0..7 {
        asked.notified().await;
        clock.advance(Duration::from_secs(20));
        go.add_permits(1);
    }
    assert_eq!(&call.await.unwrap().unwrap().body[..], br#"{"a":1}"#);
    let call = tokio::spawn(get(client.clone()));
    asked.notified().await;
    clock.advance(Duration::from_secs(30));
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.message().contains("no byte within 30 s"), "{error}");
}
