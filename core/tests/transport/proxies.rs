//! The proxy of the settings.

use std::net::ToSocketAddrs as _;
use std::sync::{Arc, Mutex};

use beproduct::testing::read_link;
use beproduct::{CallOptions, ClientBuilder, Config, ErrorKind, Outcome};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::server::{certificate, client, head, serve};

/// What a proxy was asked for, and what it was shown.
type Asked = Arc<Mutex<Vec<String>>>;

/// Answers as every host at once, whatever is asked for.
async fn be_the_host(stream: TcpStream, tls: &TlsAcceptor) {
    let Ok(mut stream) = tls.accept(stream).await else { return };
    while head(&mut stream).await.is_some() {
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]";
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}

/// A proxy for CONNECT. Without the right password it answers 407.
async fn http_proxy(tls: TlsAcceptor) -> (String, Asked) {
    let asked = Asked::default();
    let seen = Arc::clone(&asked);
    let address = serve(move |mut stream| {
        let (tls, seen) = (tls.clone(), Arc::clone(&seen));
        async move {
            let Some((head, _)) = head(&mut stream).await else { return };
            seen.lock().unwrap().push(head.lines().next().unwrap().to_owned());
            // user:se cret
            if head.to_ascii_lowercase().contains("proxy-authorization: basic dxnlcjpzzsbjcmv0") {
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                be_the_host(stream, &tls).await;
            } else {
                stream.write_all(b"HTTP/1.1 407 X\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            }
        }
    })
    .await;
    (address, asked)
}

/// A SOCKS 5 proxy (RFC 1928) that asks for a name and a password (RFC 1929).
async fn socks_proxy(tls: TlsAcceptor) -> (String, Asked) {
    let asked = Asked::default();
    let seen = Arc::clone(&asked);
    let address = serve(move |mut stream| {
        let (tls, seen) = (tls.clone(), Arc::clone(&seen));
        async move {
            let block = async |stream: &mut TcpStream, more: usize| {
                let mut read = vec![0; more];
                stream.read_exact(&mut read).await.unwrap();
                read
            };
            let methods = block(&mut stream, 2).await[1];
            block(&mut stream, methods.into()).await;
            stream.write_all(&[5, 2]).await.unwrap();
            let user = block(&mut stream, 2).await[1];
            let user = block(&mut stream, user.into()).await;
            let password = block(&mut stream, 1).await[0];
            let password = block(&mut stream, password.into()).await;
            stream.write_all(&[1, 0]).await.unwrap();
            let length = block(&mut stream, 5).await[4];
            let host = block(&mut stream, length.into()).await;
            block(&mut stream, 2).await;
            stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
            let text = [user, password, host].map(|part| String::from_utf8(part).unwrap()).join(" ");
            seen.lock().unwrap().push(text);
            be_the_host(stream, &tls).await;
        }
    })
    .await;
    (address, asked)
}

async fn folders(api: &str, settings: Value) -> Result<(), beproduct::Error> {
    client(api, settings).call("style.folders", Map::new(), CallOptions::default()).await.map(drop)
}

#[tokio::test]
async fn requests_go_through_the_proxy() {
    let (trusted, tls) = certificate(b"http/1.1");
    let (address, asked) = http_proxy(tls).await;
    let port = address.rsplit_once(':').unwrap().1;
    let settings =
        json!({"proxy": format!("http://user:se%20cret@localhost:{port}"), "ca_certificates": trusted});
    let client = client("https://developers.example", settings);
    client.call("style.folders", Map::new(), CallOptions::default()).await.unwrap();
    // The proxy may be in the network inside, where the storage may not.
    read_link(&client, "https://store.example/x", CallOptions::default()).await.unwrap();
    let expected = ["CONNECT developers.example:443 HTTP/1.1", "CONNECT store.example:443 HTTP/1.1"];
    assert_eq!(*asked.lock().unwrap(), expected);
    let error = read_link(&client, "https://10.0.0.1/x", CallOptions::default()).await.unwrap_err();
    assert!(error.message().contains("is a private address"), "{error}");
    assert_eq!(asked.lock().unwrap().len(), 2);
}

async fn upload(client: &beproduct::Client, url: &str) -> Result<(), beproduct::Error> {
    let call = json!({"header_id": "1", "file": {"url": url, "name": "x.png"}});
    client.call("style.upload", call.as_object().unwrap().clone(), CallOptions::default()).await.map(drop)
}

#[tokio::test]
async fn a_url_that_a_proxy_fetches_is_looked_up_here_first() {
    let (trusted, tls) = certificate(b"http/1.1");
    let (address, asked) = http_proxy(tls).await;
    let settings = |private: bool| {
        let proxy = format!("http://user:se%20cret@{address}");
        json!({"proxy": proxy, "ca_certificates": trusted, "attempts": 1, "allow_private_sources": private})
    };
    let guarded = client("https://developers.example", settings(false));
    // The name of this machine leads to itself or to its network, and not to the internet, wherever it is known.
    let own = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let known = (own.trim(), 0)
        .to_socket_addrs()
        .is_ok_and(|mut found| found.all(|address| !beproduct::Reach::Public.allows(address.ip())));
    let own = known.then(|| (format!("https://{}/x", own.trim()), "is a private address"));
    let refused = [
        // The proxy would find it.
        ("https://store.example/x".to_owned(), "store.example is not found by this machine"),
        ("https://localhost/x".into(), "is a private address"),
        ("https://10.0.0.1/x".into(), "is a private address"),
        ("https://[fd00::1]/x".into(), "is a private address"),
    ];
    for (url, says) in refused.into_iter().chain(own) {
        let error = upload(&guarded, &url).await.unwrap_err();
        assert!(error.message().contains(says), "{url}: {error}");
        assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
    }
    assert!(asked.lock().unwrap().is_empty());
    // Whoever trusts the sources leaves names to the proxy, as do links of answers and all other requests.
    let open = client("https://developers.example", settings(true));
    upload(&open, "https://store.example/x").await.unwrap();
    read_link(&guarded, "https://store.example/x", CallOptions::default()).await.unwrap();
    let expected = ["store.example", "developers.example", "store.example"];
    assert_eq!(*asked.lock().unwrap(), expected.map(|host| format!("CONNECT {host}:443 HTTP/1.1")));
}

#[tokio::test]
async fn requests_go_through_a_socks_proxy() {
    let (trusted, tls) = certificate(b"http/1.1");
    let (address, asked) = socks_proxy(tls).await;
    let settings = json!({"proxy": format!("socks5h://user:hidden@{address}"), "ca_certificates": trusted});
    folders("https://developers.example", settings).await.unwrap();
    assert_eq!(*asked.lock().unwrap(), ["user hidden developers.example"]);
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_without_its_password() {
    let (_, tls) = certificate(b"http/1.1");
    let (address, _) = http_proxy(tls).await;
    let settings = json!({"proxy": format!("http://user:hidden@{address}"), "attempts": 1});
    let error = folders("https://developers.example", settings).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Network, Outcome::NotSent), "{error}");
    assert!(error.message().contains(&format!("through the proxy http://{address}: ")), "{error}");
    assert!(!error.message().contains("environment") && !error.message().contains("NO_PROXY"), "{error}");
    assert!(!format!("{error:?}").contains("hidden"), "{error:?}");
}

#[tokio::test]
async fn loopback_goes_past_the_proxy() {
    let api = serve(|mut stream| async move {
        while head(&mut stream).await.is_some() {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]").await.unwrap();
        }
    })
    .await;
    // Nobody listens there.
    folders(&format!("http://{api}"), json!({"proxy": "http://127.0.0.1:9"})).await.unwrap();
}

#[test]
fn an_invalid_proxy_is_refused_without_its_password() {
    let settings = json!({"company_domain": "acme", "access_token": "t", "ledger": "memory", "proxy": "user:hidden@proxy"});
    let error = ClientBuilder::from_config(Config::from_json(settings).unwrap())
        .runtime(tokio::runtime::Builder::new_current_thread().build().unwrap().handle().clone())
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().starts_with("proxy has to begin with one of http://, https://"), "{error}");
    assert!(!format!("{error:?}").contains("hidden"), "{error:?}");
}
