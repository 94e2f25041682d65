//! Uploads whose sources let them wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use beproduct::{BodySource, Chunks, ErrorKind, FileSource, Outcome, SourceError};
use bytes::Bytes;
use futures_util::future::{BoxFuture, join_all, ready};
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Semaphore;

use crate::server::{client, head, serve};

/// A source that says when it is asked for more than its beginning, and gives no more.
struct Stalls(Arc<AtomicBool>);

impl BodySource for Stalls {
    fn length(&self) -> Option<u64> {
        Some(1000)
    }
    fn replayable(&self) -> bool {
        false
    }
    fn open(&self) -> BoxFuture<'static, Result<Chunks, SourceError>> {
        let asked = Arc::clone(&self.0);
        let nothing = stream::poll_fn(move |_| {
            asked.store(true, Ordering::SeqCst);
            std::task::Poll::Pending
        });
        let begin = stream::iter([Ok(Bytes::from_static(b"begin"))]);
        Box::pin(ready(Ok(begin.chain(nothing).boxed())))
    }
}

#[tokio::test]
async fn a_source_that_stalls_is_not_the_silence_of_the_service() {
    let address =
        serve(
            |mut stream| async move { while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {} },
        )
        .await;
    let settings = json!({"testing": {"clock": "manual"}, "idle_timeout": 5});
    let client = client(&format!("http://{address}"), settings);
    let clock = client.recorded_clock().unwrap().clone();
    let asked = Arc::new(AtomicBool::new(false));
    let file = FileSource::source("front.png", Stalls(Arc::clone(&asked)));
    let mut upload = std::pin::pin!(client.style().upload("1", file).into_future());
    let error = loop {
        tokio::select! {
            biased;
            result = &mut upload => break result.unwrap_err(),
            () = tokio::task::yield_now() => {}
        }
        if asked.load(Ordering::SeqCst) {
            clock.advance(Duration::from_secs(1));
        }
    };
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::Unknown), "{error}");
    assert!(error.message().starts_with("no byte of the file from its source within 5 s"), "{error}");
}

#[tokio::test]
async fn no_more_urls_are_open_than_are_sent_at_a_time() {
    // A URL ends when it may, and says how many are open when it is asked for.
    let (open, most, may_end) =
        (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let (counted, noted, allowed) = (Arc::clone(&open), Arc::clone(&most), Arc::clone(&may_end));
    let address = serve(move |mut stream| {
        let (open, most, may_end) = (Arc::clone(&counted), Arc::clone(&noted), Arc::clone(&allowed));
        async move {
            while let Some((head, mut body)) = head(&mut stream).await {
                if head.starts_with("GET") {
                    most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 7\r\n\r\npict").await.unwrap();
                    may_end.acquire().await.unwrap().forget();
                    open.fetch_sub(1, Ordering::SeqCst);
                    stream.write_all(b"ure").await.unwrap();
                } else {
                    while !body.ends_with(b"--\r\n") {
                        stream.read_buf(&mut body).await.unwrap();
                    }
                    stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
                }
            }
        }
    })
    .await;
    let api = format!("http://{address}");
    let client = client(&api, json!({"allow_private_sources": true, "concurrency": 1}));
    let uploads = ["1", "2", "3"].map(|record| {
        let url = FileSource::url(&format!("{api}/{record}.png")).unwrap();
        tokio::spawn(client.style().upload(record, url).into_future())
    });
    for _ in &uploads {
        while open.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        may_end.add_permits(1);
        while open.load(Ordering::SeqCst) > 0 && may_end.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
    }
    for upload in join_all(uploads).await {
        upload.unwrap().unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_url_that_has_waited_for_its_turn_is_fetched_anew() {
    // The API holds its first answer until it may go on.
    let (fetched, held, may_answer) =
        (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)), Arc::new(Semaphore::new(0)));
    let (counted, noted, allowed) = (Arc::clone(&fetched), Arc::clone(&held), Arc::clone(&may_answer));
    let address = serve(move |mut stream| {
        let (fetched, held, may_answer) = (Arc::clone(&counted), Arc::clone(&noted), Arc::clone(&allowed));
        async move {
            while let Some((head, mut body)) = head(&mut stream).await {
                let answer: &[u8] = if head.contains("/front.png") {
                    fetched.fetch_add(1, Ordering::SeqCst);
                    b"HTTP/1.1 200 X\r\ncontent-length: 7\r\n\r\npicture"
                } else {
                    if head.starts_with("GET") {
                        held.store(true, Ordering::SeqCst);
                        may_answer.acquire().await.unwrap().forget();
                    }
                    while head.starts_with("POST") && !body.ends_with(b"--\r\n") {
                        stream.read_buf(&mut body).await.unwrap();
                    }
                    b"HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\n{}"
                };
                stream.write_all(answer).await.unwrap();
            }
        }
    })
    .await;
    let api = format!("http://{address}");
    let settings = json!({
        "allow_private_sources": true, "concurrency": 1, "testing": {"clock": "manual"}, "idle_timeout": 1000,
    });
    let client = client(&api, settings);
    let clock = client.recorded_clock().unwrap().clone();
    let first = tokio::spawn(client.system().version().into_future());
    while !held.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
    let url = FileSource::url(&format!("{api}/front.png")).unwrap();
    let upload = tokio::spawn(client.style().upload("1", url).into_future());
    while fetched.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    clock.advance(Duration::from_secs(11));
    may_answer.add_permits(1);
    first.await.unwrap().unwrap();
    upload.await.unwrap().unwrap();
    assert_eq!(fetched.load(Ordering::SeqCst), 2);
}
