//! An HTTP/2 server that proves it has not processed a request. Its frames are written by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use beproduct::{CallOptions, ErrorKind, Outcome};
use serde_json::{Map, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::server::{Stream, certificate, client, serve};

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const REFUSED_STREAM: u32 = 7;
const INTERNAL_ERROR: u32 = 2;

/// What the server does with a request that begins this stream.
#[derive(Clone, Copy, Debug)]
enum Does {
    Answer,
    Reset(u32),
    /// Goes away, with this as the last stream that it has processed.
    GoAway(u32),
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

async fn speak(
    mut stream: impl Stream,
    script: Arc<dyn Fn(usize) -> Does + Send + Sync>,
    count: Arc<AtomicUsize>,
) {
    let mut preface = [0; 24];
    if stream.read_exact(&mut preface).await.is_err()
        || stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.is_err()
    {
        return;
    }
    let mut head = [0; 9];
    while stream.read_exact(&mut head).await.is_ok() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let mut payload = vec![0; length];
        if stream.read_exact(&mut payload).await.is_err() {
            return;
        }
        let answer = match head[3] {
            SETTINGS if head[4] & 1 == 0 => frame(SETTINGS, 1, 0, &[]),
            HEADERS => match script(count.fetch_add(1, Ordering::SeqCst)) {
                // `:status: 200` of the static table, and the end of both headers and stream.
                Does::Answer => frame(HEADERS, 5, id, &[0x88]),
                Does::Reset(reason) => frame(RST_STREAM, 0, id, &reason.to_be_bytes()),
                Does::GoAway(last) => {
                    frame(GOAWAY, 0, 0, &[last.to_be_bytes(), 0_u32.to_be_bytes()].concat())
                }
            },
            _ => continue,
        };
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

async fn served(
    script: impl Fn(usize) -> Does + Send + Sync + 'static,
) -> (String, String, Arc<AtomicUsize>) {
    let (trusted, acceptor) = certificate(b"h2");
    let (script, count): (Arc<dyn Fn(usize) -> Does + Send + Sync>, _) = (Arc::new(script), Arc::default());
    let seen = Arc::clone(&count);
    let address = serve(move |stream| {
        let (acceptor, script, count) = (acceptor.clone(), Arc::clone(&script), Arc::clone(&seen));
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                speak(stream, script, count).await;
            }
        }
    })
    .await;
    (address, trusted, count)
}

fn style() -> Map<String, serde_json::Value> {
    Map::from_iter([("header_id".to_owned(), "s-1".into())])
}

#[tokio::test]
async fn a_write_that_was_not_processed_is_sent_again() {
    for first in [Does::Reset(REFUSED_STREAM), Does::GoAway(0)] {
        let (address, trusted, requests) =
            served(move |number| if number == 0 { first } else { Does::Answer }).await;
        let client = client(&format!("https://{address}"), json!({"ca_certificates": trusted}));
        let answer = client.call("style.attributes_delete", style(), CallOptions::default()).await.unwrap();
        assert_eq!((answer.meta.attempts.len(), requests.load(Ordering::SeqCst)), (2, 2), "{first:?}");
        // The one that was not processed is given back.
        assert_eq!(client.quota_status().await.unwrap().used, 1, "{first:?}");
    }
}

#[tokio::test]
async fn a_write_whose_stream_was_reset_otherwise_may_have_taken_effect() {
    let (address, trusted, requests) = served(|_| Does::Reset(INTERNAL_ERROR)).await;
    let client = client(&format!("https://{address}"), json!({"ca_certificates": trusted}));
    let error = client
        .call(
            "style.attributes_update",
            Map::from_iter([("header_id".to_owned(), "s-1".into()), ("fields".to_owned(), json!({"a": 1}))]),
            CallOptions::default(),
        )
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Network, Outcome::Unknown), "{error}");
    assert_eq!(requests.load(Ordering::SeqCst), 1);
    assert_eq!(client.quota_status().await.unwrap().used, 1);
}
