//! A gigabyte up and a gigabyte down, through a server that generates and discards, in constant memory. The only test of its
//! process, whose memory is measured.

// A test may stop at once.
#![allow(clippy::unwrap_used)]
#![cfg(target_os = "linux")]

use beproduct::testing::transfer;
use beproduct::{Body, BodySource, CallOptions, Chunks, Client, ClientBuilder, Config, SourceError};
use bytes::Bytes;
use futures_util::future::{BoxFuture, ready};
use futures_util::{StreamExt as _, stream};
use serde_json::{Map, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const SIZE: u64 = 1_000_000_000;
const PIECE: u64 = 1 << 18;
const MOST: u64 = 64 << 20;

struct Generated;

impl BodySource for Generated {
    fn length(&self) -> Option<u64> {
        Some(SIZE)
    }
    fn replayable(&self) -> bool {
        true
    }
    fn open(&self) -> BoxFuture<'static, Result<Chunks, SourceError>> {
        let piece = Bytes::from(vec![b'x'; usize::try_from(PIECE).unwrap()]);
        let pieces = stream::unfold(SIZE, move |left| {
            let piece = piece.slice(..usize::try_from(left.min(PIECE)).unwrap());
            async move { (left > 0).then(|| (Ok(piece), left - left.min(PIECE))) }
        });
        Box::pin(ready(Ok(pieces.boxed())))
    }
}

/// Takes a gigabyte for a POST and answers with its length, and sends one for a GET.
async fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let mut buffer = vec![0; usize::try_from(PIECE).unwrap()];
    loop {
        let mut head = Vec::new();
        while !head.windows(4).any(|window| window == b"\r\n\r\n") {
            if stream.read_buf(&mut head).await? == 0 {
                return Ok(());
            }
        }
        let end = head.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        if head.starts_with(b"POST") {
            let mut taken = (head.len() - end) as u64;
            while taken < SIZE {
                taken += stream.read(&mut buffer).await? as u64;
            }
            let body = taken.to_string();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await?;
        } else {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {SIZE}\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            let mut left = SIZE;
            while left > 0 {
                let size = usize::try_from(left.min(PIECE)).unwrap();
                stream.write_all(&buffer[..size]).await?;
                left -= size as u64;
            }
        }
    }
}

/// The most memory that this process has had, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

fn arguments(path: &str) -> Map<String, serde_json::Value> {
    Map::from_iter([("path".to_owned(), path.into())])
}

async fn client() -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    let settings = json!({
        "company_domain": "acme", "access_token": "token", "ledger": "memory", "api_url": format!("http://{address}"),
    });
    ClientBuilder::from_config(Config::from_json(settings).unwrap()).build().unwrap()
}

#[tokio::test]
async fn a_gigabyte_each_way_in_constant_memory() {
    let client = client().await;
    client.quota_status().await.unwrap();
    let before = peak();
    let mut upload = arguments("Style/Upload");
    upload.insert("body".into(), json!({}));
    let body = Some(Body::from_source(Generated));
    let mut answer = transfer(&client, "raw.post", upload, body, CallOptions::default()).await.unwrap();
    assert_eq!(answer.body.next().await.unwrap().unwrap(), SIZE.to_string());
    let mut answer =
        transfer(&client, "raw.get", arguments("Style/File"), None, CallOptions::default()).await.unwrap();
    let mut received = 0;
    while let Some(chunk) = answer.body.next().await {
        received += chunk.unwrap().len() as u64;
    }
    assert_eq!(received, SIZE);
    let grown = peak() - before;
    println!("1 GB up and 1 GB down: memory grew by {:.1} MB", grown as f64 / 1e6);
    assert!(grown <= MOST, "{grown}");
}
