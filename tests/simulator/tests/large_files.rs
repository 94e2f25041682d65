//! A large file passes through and is not held. It is the only test of its process, as it looks at the memory.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

use std::io::{Read, Write};
use std::net::TcpStream;

use beproduct_simulator::{Options, Simulator};
use serde_json::{Value, json};

const MEGABYTE: usize = 1 << 20;
const SIZE: usize = 1024 * MEGABYTE;

/// The most memory that the process has had, in bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

/// Sends a form with one file of so many bytes, and gives the body of the answer.
fn upload(address: &str, token: &str, path: &str) -> Value {
    let head = "--b1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"large.png\"\r\n\r\n";
    let tail = "\r\n--b1--\r\n";
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
         Content-Type: multipart/form-data; boundary=b1\r\nContent-Length: {}\r\n\r\n{head}",
        head.len() + SIZE + tail.len()
    )
    .unwrap();
    let piece = vec![7; MEGABYTE];
    for _ in 0..SIZE / MEGABYTE {
        stream.write_all(&piece).unwrap();
    }
    stream.write_all(tail.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gigabyte_goes_in_and_out() {
    let options = Options { styles: 5, materials: 5, table_rows: 5, ..Options::default() };
    let simulator = Simulator::start(options).await.unwrap();
    let at = simulator.addresses();
    let http = reqwest::Client::new();
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &at.refresh_token),
        ("client_id", &at.client_id),
        ("client_secret", &at.client_secret),
    ];
    let url = format!("{}/connect/token", at.identity);
    let token: Value = http.post(url).form(&form).send().await.unwrap().json().await.unwrap();
    let token = token["access_token"].as_str().unwrap().to_owned();
    let api = format!("{}/api/{}", at.api, at.company);
    let list = http.post(format!("{api}/Style/Headers")).bearer_auth(&token).json(&json!({}));
    let list: Value = list.send().await.unwrap().json().await.unwrap();
    let path = format!("/Style/Header/{}/Image/Upload", list["result"][0]["id"].as_str().unwrap());

    let before = peak();
    let address = at.api.trim_start_matches("http://").to_owned();
    let path = format!("/api/{}{path}", at.company);
    let answer = tokio::task::spawn_blocking(move || upload(&address, &token, &path)).await.unwrap();
    assert!(answer["imageId"].is_string(), "{answer}");
    let files: Value = http.get(format!("{}/files", at.control)).send().await.unwrap().json().await.unwrap();
    assert_eq!(files[0]["length"], SIZE);

    let mut file = http.get(files[0]["link"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(file.content_length(), Some(SIZE as u64));
    let mut received = 0;
    while let Some(piece) = file.chunk().await.unwrap() {
        received += piece.len();
    }
    assert_eq!(received, SIZE);
    let grown = peak() - before;
    assert!(grown < 64 * MEGABYTE, "{} MB more", grown / MEGABYTE);
}
