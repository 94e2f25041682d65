//! Proxies and certificates that the environment names. It belongs to a process, so that each of these runs in one of its own.

use std::process::Command;

use beproduct::{CallOptions, ErrorKind};
use serde_json::{Map, json};
use tokio::io::AsyncWriteExt as _;

use crate::server::{client, head, serve};

/// Tells a test that it runs in the process with the environment.
const INSIDE: &str = "BEPRODUCT_TEST_INSIDE";

fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs a test of this file again in an environment.
fn again(test: &str, environment: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("environment::{test}"), "--nocapture"]).env(INSIDE, "1");
    for name in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
        "NO_PROXY",
        "no_proxy",
    ] {
        command.env_remove(name);
    }
    let output = command.envs(environment.iter().copied()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

async fn folders(api: &str, attempts: u32) -> Result<(), beproduct::Error> {
    let client = client(api, json!({"attempts": attempts}));
    client.call("style.folders", Map::new(), CallOptions::default()).await.map(drop)
}

async fn api() -> String {
    let address = serve(|mut stream| async move {
        while head(&mut stream).await.is_some() {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]").await.unwrap();
        }
    })
    .await;
    format!("http://{address}")
}

#[tokio::test]
async fn loopback_goes_past_every_proxy() {
    if !is_inside() {
        // Nobody listens there.
        let proxy = "http://127.0.0.1:9";
        return again(
            "loopback_goes_past_every_proxy",
            &[("HTTP_PROXY", proxy), ("http_proxy", proxy), ("ALL_PROXY", proxy)],
        );
    }
    folders(&api().await, 1).await.unwrap();
    folders(&api().await.replace("127.0.0.1", "localhost"), 1).await.unwrap();
}

#[tokio::test]
async fn a_proxy_that_is_the_cause_is_named() {
    if !is_inside() {
        let proxy = [("HTTPS_PROXY", "http://user:hidden@127.0.0.1:9")];
        return again("a_proxy_that_is_the_cause_is_named", &proxy);
    }
    let error = folders("https://developers.example", 1).await.unwrap_err();
    assert!(error.message().contains("through the proxy http://127.0.0.1:9 of the environment"), "{error}");
    assert!(!format!("{error:?}").contains("hidden"), "{error:?}");
}

#[tokio::test]
async fn certificates_are_needed_with_the_first_https_connection() {
    if !is_inside() {
        let nothing = "/dev/null/certificates";
        let environment = [("SSL_CERT_FILE", nothing), ("SSL_CERT_DIR", nothing)];
        return again("certificates_are_needed_with_the_first_https_connection", &environment);
    }
    folders(&api().await, 1).await.unwrap();
    let error = folders("https://127.0.0.1:9", 4).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts().len()), (ErrorKind::Network, 1), "{error}");
    assert!(
        error.message().contains("ca_certificates") && error.message().contains("SSL_CERT_FILE"),
        "{error}"
    );
}
