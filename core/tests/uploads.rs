//! Uploads from memory and from sources, and what ends the wait for their processing.

// A test may stop at once.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use beproduct::{
    BodySource, CallOptions, Cancel, Chunks, Client, ErrorKind, FileSource, OnProgress, Outcome, SourceError,
};
use bytes::Bytes;
use common::Service;
use futures_util::future::{BoxFuture, ready};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

const UPLOAD: &str = "Image/Upload";

/// A source that counts how often it was opened.
struct Pieces {
    opened: Arc<AtomicU32>,
    replayable: bool,
}

impl Pieces {
    fn new(replayable: bool) -> (Self, Arc<AtomicU32>) {
        let opened = Arc::new(AtomicU32::new(0));
        (Self { opened: Arc::clone(&opened), replayable }, opened)
    }
}

impl BodySource for Pieces {
    fn length(&self) -> Option<u64> {
        None
    }
    fn replayable(&self) -> bool {
        self.replayable
    }
    fn open(&self) -> BoxFuture<'static, Result<Chunks, SourceError>> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        let pieces = ["one ", "two"].map(|text| Ok(Bytes::from_static(text.as_bytes())));
        Box::pin(ready(Ok(stream::iter(pieces).boxed())))
    }
}

async fn style(client: &Client) -> String {
    client.style().list().collect().await.unwrap().remove(0).id.unwrap()
}

/// The bodies of the uploads that arrived.
async fn bodies(service: &Service) -> Vec<String> {
    let log = service.look("log?base=api").await;
    let uploads = log.as_array().unwrap().iter().filter(|one| one["target"].to_string().contains(UPLOAD));
    uploads.map(|one| one["body"].as_str().unwrap().to_owned()).collect()
}

fn recorded() -> Value {
    json!({"testing": {"clock": "recorded", "fixed_chance": true}})
}

#[tokio::test]
async fn bytes_and_sources_are_files() {
    let service = Service::start(3, 0).await;
    let client = service.builder(recorded()).build().unwrap();
    let id = style(&client).await;
    let bytes = FileSource::bytes("bytes.png", "one two");
    let done = client.style().upload(&*id, bytes).with_response().await.unwrap();
    assert!(done.body.image_id.is_some());
    assert_eq!(done.meta.cost, 4);
    let (source, opened) = Pieces::new(true);
    service.control("faults", json!([{"path": UPLOAD, "action": {"status": 401}}])).await;
    client.style().upload(&*id, FileSource::source("source.png", source)).await.unwrap();
    assert_eq!(opened.load(Ordering::Relaxed), 2);
    let sent = bodies(&service).await;
    assert_eq!(sent.len(), 3);
    for (body, name) in sent.iter().zip(["bytes.png", "source.png", "source.png"]) {
        assert!(body.contains(&format!("filename=\"{name}\"")), "{body}");
        assert!(body.contains("\r\n\r\none two\r\n--"), "{body}");
    }
}

#[tokio::test]
async fn a_source_that_cannot_be_replayed_is_sent_once() {
    let service = Service::start(3, 0).await;
    let client = service.builder(recorded()).build().unwrap();
    let id = style(&client).await;
    service.control("faults", json!([{"path": UPLOAD, "action": {"status": 429}}])).await;
    let (source, opened) = Pieces::new(false);
    let error = client.style().upload(&*id, FileSource::source("source.png", source)).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::RateLimited, Outcome::Refused));
    assert_eq!((opened.load(Ordering::Relaxed), bodies(&service).await.len()), (1, 1));
}

#[tokio::test]
async fn a_cancelled_wait_says_that_the_file_was_sent() {
    let service = Service::start(3, 0).await;
    let client = service.builder(recorded()).build().unwrap();
    let id = style(&client).await;
    service.control("faults", json!([{"path": "ProcessingStatus", "action": {"hang": true}}])).await;
    let cancel = Cancel::new();
    let mut options = CallOptions::default();
    options.cancel = Some(cancel.clone());
    let file = FileSource::bytes("front.png", "picture");
    let call = tokio::spawn(client.style().upload(&*id, file).options(options).into_future());
    service.look("wait?base=api&requests=3").await;
    cancel.cancel();
    let error = call.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Cancelled, Outcome::Unknown));
    assert!(error.details().unwrap()["upload_id"].is_string());
    assert_eq!((error.operation(), error.attempts().len()), (Some("style.attributes_upload"), 2));
    assert!(!error.retryable());
}

#[tokio::test]
async fn an_upload_need_not_be_waited_for_and_reports_its_progress() {
    let service = Service::start(3, 0).await;
    let client = service.builder(recorded()).build().unwrap();
    let id = style(&client).await;
    let reports = Arc::new(std::sync::Mutex::new(Vec::new()));
    let reported = Arc::clone(&reports);
    let mut options = CallOptions::default();
    options.wait_timeout = Some(Duration::ZERO);
    options.progress = Some(OnProgress::new(move |progress| {
        reported.lock().unwrap().push((progress.operation, progress.done, progress.total));
    }));
    let (source, _) = Pieces::new(false);
    let file = FileSource::source("source.png", source);
    let done = client.style().upload(&*id, file).options(options.clone()).with_response().await.unwrap();
    assert_eq!((done.meta.cost, done.meta.waits.len()), (1, 0));
    let status = client.style().upload_status(done.body.image_id.unwrap()).await.unwrap();
    assert_eq!(status.finished, Some(false));
    let name = || "style.attributes_upload".to_owned();
    assert_eq!(*reports.lock().unwrap(), [(name(), 4, None), (name(), 7, None)]);
    reports.lock().unwrap().clear();
    client.style().upload(&*id, FileSource::bytes("bytes.png", "one two")).options(options).await.unwrap();
    assert_eq!(*reports.lock().unwrap(), [(name(), 7, Some(7))]);
}

#[tokio::test]
async fn a_pause_before_a_look_can_be_cancelled() {
    let service = Service::start(3, 0).await;
    let client = service.builder(json!({"testing": {"clock": "manual"}})).build().unwrap();
    let id = style(&client).await;
    let cancel = Cancel::new();
    let mut options = CallOptions::default();
    options.cancel = Some(cancel.clone());
    let file = FileSource::bytes("front.png", "picture");
    let call = tokio::spawn(client.style().upload(&*id, file).options(options).into_future());
    while !client.recorded_clock().unwrap().pauses().contains(&Duration::from_secs(1)) {
        tokio::task::yield_now().await;
    }
    cancel.cancel();
    let error = call.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Cancelled, Outcome::Unknown));
    assert!(error.details().unwrap()["upload_id"].is_string());
    assert_eq!(service.count("api").await, 2);
}

#[tokio::test]
async fn an_upload_has_no_time_limit_of_its_own() {
    let service = Service::start(3, 0).await;
    let settings = json!({"testing": {"clock": "manual"}, "timeout": 5, "idle_timeout": 1000});
    let client = service.builder(settings).build().unwrap();
    service.control("faults", json!([{"path": UPLOAD, "times": 0, "action": {"hang": true}}])).await;
    // Those to one record would go one after the other.
    let upload = |id: &str, options: CallOptions| {
        let file = FileSource::bytes("front.png", "picture");
        tokio::spawn(client.style().upload(id, file).options(options).into_future())
    };
    let mut limited = CallOptions::default();
    limited.timeout = Some(Duration::from_secs(50));
    let (free, limited) = (upload("one", CallOptions::default()), upload("two", limited));
    service.look("wait?base=api&requests=2").await;
    client.recorded_clock().unwrap().advance(Duration::from_secs(100));
    let error = limited.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::Unknown));
    assert!(!free.is_finished());
    free.abort();
}

#[tokio::test]
async fn an_upload_waits_for_those_before_it_within_a_limit() {
    let service = Service::start(3, 0).await;
    let settings = json!({"testing": {"clock": "manual"}, "idle_timeout": 1_000_000, "turn_timeout": 50});
    let client = service.builder(settings).build().unwrap();
    service.control("faults", json!([{"path": UPLOAD, "times": 0, "action": {"hang": true}}])).await;
    let upload = |id: &str| {
        let file = FileSource::bytes("front.png", "picture");
        tokio::spawn(client.style().upload(id, file).into_future())
    };
    let first = upload("one");
    service.look("wait?base=api&requests=1").await;
    let second = upload("ONE");
    while !second.is_finished() {
        client.recorded_clock().unwrap().advance(Duration::from_secs(50));
        tokio::task::yield_now().await;
    }
    let error = second.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::NotSent));
    assert!(error.message().contains("have not ended within 50 s; the option turn_timeout"), "{error}");
    assert!(!first.is_finished());
    // Whatever becomes of the first one, the next one goes.
    first.abort();
    let third = upload("oNe");
    service.look("wait?base=api&requests=2").await;
    third.abort();
}
