//! Signed links: where they may lead, what goes along, and whose turns they take.

use std::sync::{Arc, Mutex};

use beproduct::testing::{read_link, transfer};
use beproduct::{AnswerBody, Body, BodySource, CallOptions, Chunks, ErrorKind, Outcome, SourceError};
use bytes::Bytes;
use futures_util::future::{BoxFuture, ready};
use futures_util::{StreamExt as _, stream};
use serde_json::{Map, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::server::{client, head, serve};

async fn all(mut body: AnswerBody) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(chunk) = body.next().await {
        all.extend(chunk.unwrap());
    }
    all
}

/// Answers every request with its own path and query, or sends it on to what follows `/to/`.
async fn storage() -> (String, Arc<Mutex<Vec<String>>>) {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    let address = serve(move |mut stream| {
        let seen = Arc::clone(&seen);
        async move {
            while let Some((head, _)) = head(&mut stream).await {
                let path = head.split(' ').nth(1).unwrap().to_owned();
                seen.lock().unwrap().push(head);
                let answer = match path.strip_prefix("/to/") {
                    Some(place) => {
                        format!("HTTP/1.1 302 X\r\nlocation: {place}\r\ncontent-length: 0\r\n\r\n")
                    }
                    None => format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{path}", path.len()),
                };
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    (address, heads)
}

#[tokio::test]
async fn a_link_is_used_as_it_is_and_without_a_token() {
    let (address, heads) = storage().await;
    let client = client("http://127.0.0.1:9", json!({}));
    let path = "/a%20b/c.png?sig=a%2Bb%2fc+d%3D&se=2026-11-27T00%3A00Z";
    let transfer =
        read_link(&client, &format!("http://{address}{path}"), CallOptions::default()).await.unwrap();
    assert_eq!((transfer.meta.status, transfer.meta.cost), (200, 0));
    assert_eq!(String::from_utf8(all(transfer.body).await).unwrap(), path);
    let head = heads.lock().unwrap()[0].to_ascii_lowercase();
    assert!(!head.contains("authorization") && !head.contains("token"), "{head}");
    assert_eq!(client.quota_status().await.unwrap().used, 0);
}

#[tokio::test]
async fn a_link_leads_to_no_network_inside() {
    let (address, heads) = storage().await;
    let port = address.rsplit_once(':').unwrap().1.to_owned();
    // The API is elsewhere, so that this machine is inside.
    let outside = client("https://developers.example", json!({"attempts": 1}));
    for link in [
        format!("https://127.0.0.1:{port}/x"),
        format!("https://localhost:{port}/x"),
        format!("https://[::ffff:127.0.0.1]:{port}/x"),
        "https://10.0.0.1/x".into(),
        "https://169.254.169.254/latest/meta-data".into(),
        format!("http://127.0.0.1:{port}/x"),
    ] {
        let error = read_link(&outside, &link, CallOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Network, "{link}: {error}");
        let says =
            ["is a private address", "not an https URL"].iter().any(|text| error.message().contains(text));
        assert!(says, "{link}: {error}");
        assert_eq!(error.attempts().len(), 1);
    }
    assert!(heads.lock().unwrap().is_empty());
    // Where the API is on this machine, so may be the storage; what it sends on to is looked at too.
    let here = client("http://127.0.0.1:9", json!({"attempts": 1}));
    let follow = |place: String| {
        let (client, link) = (here.clone(), format!("http://{address}/to/{place}"));
        async move { read_link(&client, &link, CallOptions::default()).await }
    };
    let transfer = follow(format!("http://localhost:{port}/found?x=1")).await.unwrap();
    assert_eq!(all(transfer.body).await, b"/found?x=1");
    // The link was asked for, and its server is what is wrong.
    for (place, says) in [
        ("https://10.0.0.1/x".into(), "is a private address"),
        ("http://files.example/x".into(), "not an https URL"),
        (format!("http://{address}/to/x"), "redirects more than 5 times"),
    ] {
        let error = follow(place).await.unwrap_err();
        assert!(error.message().contains(says), "{error}");
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Server, Outcome::Refused), "{error}");
        assert!(!error.retryable(), "{error}");
    }
    let gone = "http://127.0.0.1:9/x";
    let error = follow(gone.into()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Network, Outcome::Unknown), "{error}");
    let error = read_link(&here, gone, CallOptions::default()).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
}

/// Answers every request with more bytes than any buffer holds, and takes whatever comes.
async fn large() -> String {
    serve(|mut stream| async move {
        while let Some((head, body)) = head(&mut stream).await {
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned)
            });
            let mut left = length.map_or(0, |length| length.parse::<usize>().unwrap()) - body.len();
            let mut sink = vec![0; 1 << 16];
            while left > 0 {
                left -= match stream.read(&mut sink).await {
                    Ok(0) | Err(_) => return,
                    Ok(read) => read,
                };
            }
            let small = head.starts_with("POST") || head.contains("/Folders");
            let body = if small { b"[]".to_vec() } else { vec![b'x'; 16 << 20] };
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            if stream.write_all(head.as_bytes()).await.is_err() || stream.write_all(&body).await.is_err() {
                return;
            }
        }
    })
    .await
}

/// A download that is uploaded.
struct Download(Mutex<Option<AnswerBody>>, u64);

impl BodySource for Download {
    fn length(&self) -> Option<u64> {
        Some(self.1)
    }
    fn replayable(&self) -> bool {
        false
    }
    fn open(&self) -> BoxFuture<'static, Result<Chunks, SourceError>> {
        let body = self.0.lock().unwrap().take();
        let chunks = stream::unfold(body, |body| async move {
            let mut body = body?;
            let chunk: Result<Bytes, SourceError> = body.next().await?.map_err(Into::into);
            Some((chunk, Some(body)))
        });
        Box::pin(ready(Ok(chunks.boxed())))
    }
}

#[tokio::test]
async fn streams_hold_no_turn_of_the_api() {
    let address = large().await;
    let client = client(&format!("http://{address}"), json!({"concurrency": 1}));
    let link = format!("http://{address}/file");
    let raw = |path: &str| Map::from_iter([("path".to_owned(), path.into())]);
    let mut open = Vec::new();
    for _ in 0..10 {
        open.push(read_link(&client, &link, CallOptions::default()).await.unwrap());
        open.push(
            transfer(&client, "raw.get", raw("Style/File"), None, CallOptions::default()).await.unwrap(),
        );
    }
    client.call("style.folders", Map::new(), CallOptions::default()).await.unwrap();
    let download = read_link(&client, &link, CallOptions::default()).await.unwrap();
    let body = Body::from_source(Download(Mutex::new(Some(download.body)), 16 << 20));
    let mut arguments = raw("Style/Upload");
    arguments.insert("body".into(), json!({}));
    let upload = transfer(&client, "raw.post", arguments, Some(body), CallOptions::default()).await;
    assert_eq!(all(upload.unwrap().body).await, b"[]");
    for transfer in open {
        assert_eq!(all(transfer.body).await.len(), 16 << 20);
    }
}
