//! Answers that are too large, and bodies that are refused before they are out.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use beproduct::testing::transfer;
use beproduct::{Body, BodySource, CallOptions, Chunks, ErrorKind, Outcome, SourceError};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::future::{BoxFuture, ready};
use futures_util::{StreamExt as _, stream};
use serde_json::{Map, Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::server::{client, head, serve};

fn style() -> Map<String, Value> {
    Map::from_iter([("header_id".to_owned(), "s-1".into())])
}

/// A request by hand, whose body is replaced.
fn upload() -> Map<String, Value> {
    Map::from_iter([("path".to_owned(), "Style/Upload".into()), ("body".to_owned(), json!({}))])
}

/// Answers with a status and with zeros that never end. Counts the bytes that the client took.
async fn endless(status: u16, packed: bool) -> (String, Arc<AtomicU64>) {
    let taken = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&taken);
    let address = serve(move |mut stream| {
        let count = Arc::clone(&count);
        async move {
            if head(&mut stream).await.is_some() {
                let encoding = if packed { "content-encoding: gzip\r\n" } else { "" };
                let head = format!("HTTP/1.1 {status} X\r\n{encoding}transfer-encoding: chunked\r\n\r\n");
                let mut piece = vec![b' '; 1 << 16];
                if packed {
                    // Two megabytes in some kilobytes, again and again.
                    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                    (0..32).for_each(|_| encoder.write_all(&piece).unwrap());
                    piece = encoder.finish().unwrap();
                }
                if stream.write_all(head.as_bytes()).await.is_err() {
                    return;
                }
                loop {
                    let size = format!("{:x}\r\n", piece.len());
                    let whole = [size.as_bytes(), &piece, b"\r\n"].concat();
                    if stream.write_all(&whole).await.is_err() {
                        return;
                    }
                    count.fetch_add(piece.len() as u64, Ordering::Relaxed);
                }
            }
        }
    })
    .await;
    (address, taken)
}

#[tokio::test]
async fn an_answer_that_never_ends_is_cut_off() {
    for packed in [false, true] {
        let (address, taken) = endless(200, packed).await;
        let client = client(&format!("http://{address}"), json!({"max_answer_size": 1_000_000}));
        let error = client.call("style.get", style(), CallOptions::default()).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Decode, Some(200)), "{error}");
        assert!(error.message().contains("larger than 1000000 bytes"), "{error}");
        assert_eq!(error.attempts().len(), 1);
        // What the service did is done, whatever it says about it.
        client.call("style.attributes_delete", style(), CallOptions::default()).await.unwrap();
        // Besides what was asked for there are the buffers of two connections.
        assert!(taken.load(Ordering::Relaxed) < 64 << 20, "{}", taken.load(Ordering::Relaxed));
    }
}

#[tokio::test]
async fn a_failure_that_never_ends_is_a_failure() {
    for (status, packed) in [(404, false), (404, true), (500, false), (429, false)] {
        let (address, _) = endless(status, packed).await;
        let client = client(&format!("http://{address}"), json!({"attempts": 1}));
        let error =
            client.call("style.attributes_delete", style(), CallOptions::default()).await.unwrap_err();
        assert_eq!(error.status(), Some(status), "{error}");
    }
}

/// So many bytes that are made while they are sent.
struct Zeros {
    length: u64,
    says: Option<u64>,
}

impl BodySource for Zeros {
    fn length(&self) -> Option<u64> {
        self.says
    }
    fn replayable(&self) -> bool {
        true
    }
    fn open(&self) -> BoxFuture<'static, Result<Chunks, SourceError>> {
        let piece = Bytes::from(vec![b'x'; 1 << 16]);
        let pieces = stream::unfold(self.length, move |left| {
            let size = left.min(1 << 16);
            let piece = piece.slice(..usize::try_from(size).unwrap());
            async move { (size > 0).then(|| (Ok(piece), left - size)) }
        });
        Box::pin(ready(Ok(pieces.boxed())))
    }
}

/// The server answers as soon as it has the head, and reads no more.
#[tokio::test]
async fn an_answer_before_the_body_is_out_is_read() {
    for (status, kind) in [(413, ErrorKind::Validation), (403, ErrorKind::Permission)] {
        let address = serve(move |mut stream| async move {
            head(&mut stream).await.unwrap();
            let body = "it is too large";
            let answer = format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
            // As a server does that wants its answer to be read: it takes a little more before it closes.
            let mut sink = tokio::io::sink();
            let _ = tokio::io::copy(&mut tokio::io::AsyncReadExt::take(stream, 4 << 20), &mut sink).await;
        })
        .await;
        let client = client(&format!("http://{address}"), json!({}));
        let length = 64 << 20;
        let body = Body::from_source(Zeros { length, says: Some(length) });
        let arguments = upload();
        let result = transfer(&client, "raw.post", arguments, Some(body), CallOptions::default()).await;
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.status()), (kind, Some(status)), "{error}");
        assert_eq!(error.outcome(), Outcome::Refused);
        assert!(error.message().contains("too large"), "{error}");
    }
}

#[tokio::test]
async fn a_source_has_to_be_as_long_as_it_says() {
    let address = serve(|mut stream| async move {
        head(&mut stream).await.unwrap();
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    })
    .await;
    let client = client(&format!("http://{address}"), json!({"attempts": 1}));
    for (length, word) in [(10, "shorter"), (100_000, "longer")] {
        let body = Body::from_source(Zeros { length, says: Some(70_000) });
        let arguments = upload();
        let result = transfer(&client, "raw.post", arguments, Some(body), CallOptions::default()).await;
        let error = result.unwrap_err();
        assert!(error.message().contains(word), "{error}");
        assert_eq!(error.outcome(), Outcome::Unknown);
    }
}
