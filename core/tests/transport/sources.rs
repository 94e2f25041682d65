//! Files that are read from elsewhere while they are sent: from a URL, or from a stream of the host program.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use beproduct::host::HostFailure;
use beproduct::seam::{Attachment, Engine, Supply, Wanted};
use beproduct::{CallOptions, Client, ErrorKind, Outcome};
use bytes::Bytes;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::Handle;

use crate::server::{client, head, serve};

/// A web server whose answer is that of the path, and an API that keeps the uploads it takes. The first answers of the API are
/// these statuses.
async fn start(statuses: &[u16]) -> (String, Arc<Mutex<Vec<(String, String)>>>) {
    let uploads = Arc::new(Mutex::new(Vec::new()));
    let (kept, statuses) = (Arc::clone(&uploads), Arc::new(statuses.to_vec()));
    let count = Arc::new(AtomicU32::new(0));
    let address = serve(move |mut stream| {
        let (kept, statuses, count) = (Arc::clone(&kept), Arc::clone(&statuses), Arc::clone(&count));
        async move {
            while let Some((head, mut body)) = head(&mut stream).await {
                let path = head.split(' ').nth(1).unwrap().to_owned();
                if head.starts_with("POST") {
                    let lower = head.to_ascii_lowercase();
                    let length = lower
                        .lines()
                        .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
                    while length.map_or(!body.ends_with(b"0\r\n\r\n"), |length| body.len() < length) {
                        if length.is_none() && body.len() > 1 << 20 {
                            body.drain(..1 << 19);
                        }
                        if stream.read_buf(&mut body).await.unwrap_or(0) == 0 {
                            kept.lock().unwrap().push((head, "cut off".into()));
                            return;
                        }
                    }
                    kept.lock().unwrap().push((head, String::from_utf8_lossy(&body).into_owned()));
                    let index = count.fetch_add(1, Ordering::Relaxed) as usize;
                    let status = statuses.get(index).copied().unwrap_or(200);
                    let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\n{{}}");
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    continue;
                }
                let lower = head.to_ascii_lowercase();
                for mine in ["authorization", "cookie", "x-mine", "sent=along"] {
                    assert!(!lower.contains(mine), "{head}");
                }
                let answer = match path.split('?').next().unwrap() {
                    "/chunked.png" => {
                        "200 X\r\ntransfer-encoding: chunked\r\n\r\n4\r\npict\r\n3\r\nure\r\n0\r\n\r\n".into()
                    }
                    "/page.png" => {
                        "200 X\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: 6\r\n\r\n<html>"
                            .into()
                    }
                    "/page.html" => {
                        "200 X\r\ncontent-type: text/html\r\ncontent-length: 7\r\n\r\npicture".into()
                    }
                    "/empty.png" => "200 X\r\ncontent-length: 0\r\n\r\n".to_owned(),
                    "/huge.png" => "200 X\r\ncontent-length: 200000001\r\n\r\n".into(),
                    "/gone.png" => "404 X\r\ncontent-length: 0\r\n\r\n".into(),
                    "/down.png" => "503 X\r\ncontent-length: 0\r\n\r\n".into(),
                    "/busy.png" => "429 X\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n".into(),
                    "/unpacked.png" => {
                        "200 X\r\ncontent-encoding: br\r\ncontent-length: 7\r\n\r\npicture".into()
                    }
                    "/hidden.png" => "200 X\r\ncontent-length: 12\r\n\r\n <HTML></HTML>".into(),
                    "/as-me.png" => format!(
                        "302 X\r\nlocation: http://user:secret@{}/front.png\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n",
                        head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap()
                    ),
                    "/loop.png" => "302 X\r\nlocation: /loop.png?sig=secret\r\ncontent-length: 0\r\n\r\n".into(),
                    "/moved.png" => "302 X\r\nlocation: /front.png\r\ncontent-length: 0\r\n\r\n".into(),
                    "/inside.png" => {
                        "302 X\r\nlocation: http://127.0.0.1:9/x\r\ncontent-length: 0\r\n\r\n".into()
                    }
                    "/gzip.png" => {
                        let mut packed =
                            b"HTTP/1.1 200 X\r\ncontent-encoding: gzip\r\ncontent-length: 27\r\n\r\n"
                                .to_vec();
                        packed.extend([
                            31, 139, 8, 0, 0, 0, 0, 0, 2, 255, 43, 200, 76, 46, 41, 45, 74, 5, 0, 137, 79,
                            219, 22, 7, 0, 0, 0,
                        ]);
                        stream.write_all(&packed).await.unwrap();
                        continue;
                    }
                    "/forever.png" => {
                        let head = "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n";
                        stream.write_all(head.as_bytes()).await.unwrap();
                        let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
                        while stream.write_all(chunk.as_bytes()).await.is_ok() {}
                        return;
                    }
                    "/cut.png" => {
                        stream
                            .write_all(b"HTTP/1.1 200 X\r\ncontent-length: 70\r\n\r\npicture")
                            .await
                            .unwrap();
                        return;
                    }
                    _ => "200 X\r\ncontent-length: 7\r\n\r\npicture".into(),
                };
                stream.write_all(format!("HTTP/1.1 {answer}").as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    (format!("http://{address}"), uploads)
}

async fn upload(client: &Client, url: &str) -> Result<(), beproduct::Error> {
    let call = json!({"header_id": "1", "file": {"url": url}});
    let mut options = CallOptions::default();
    // Of the request to the service, and for nobody else.
    options.headers = vec![("X-Mine".into(), "1".into())];
    options.extra_query = vec![("sent".into(), "along".into())];
    client.call("style.upload", call.as_object().unwrap().clone(), options).await.map(|_| ())
}

#[tokio::test]
async fn a_file_comes_from_a_url() {
    let (address, uploads) = start(&[]).await;
    let client = client(&address, json!({"allow_private_sources": true, "attempts": 2, "concurrency": 1}));
    for (path, name) in [
        ("/a%20b/front.png?sig=/x", "front.png"),
        ("/chunked.png", "chunked.png"),
        ("/gzip.png", "gzip.png"),
        ("/moved.png", "moved.png"),
        ("/as-me.png", "as-me.png"),
        ("/page.html", "page.html"),
    ] {
        upload(&client, &format!("{address}{path}")).await.unwrap();
        let (head, body) = uploads.lock().unwrap().pop().unwrap();
        assert!(body.contains(&format!("filename=\"{name}\"")), "{body}");
        let is_chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
        assert_eq!(is_chunked, matches!(name, "chunked.png" | "gzip.png"), "{name}: {head}");
        let plain = body.replace("\r\n3\r\n", "");
        assert!(plain.contains("picture"), "{name}: {body}");
    }
    for (path, says) in [
        ("/gone.png", "/gone.png answers with status 404"),
        ("/down.png", "/down.png answers with status 503"),
        ("/busy.png?sig=secret", "/busy.png answers with status 429"),
        ("/loop.png?sig=secret", "/loop.png cannot be read: the link redirects more than 5 times"),
        ("/unpacked.png", "/unpacked.png cannot be read: the answer is encoded as \"br\""),
        ("/hidden.png", "/hidden.png answers with a web page"),
        ("/page.png", "/page.png answers with a web page"),
        ("/empty.png", "/empty.png is empty"),
        ("/huge.png", "more than 200 MB"),
    ] {
        let error = upload(&client, &format!("{address}{path}")).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotSent), "{error}");
        assert!(error.message().starts_with("file: ") && error.message().contains(says), "{error}");
        assert_eq!(error.operation(), Some("style.attributes_upload"));
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
    let error = upload(&client, "http://127.0.0.1:9/x.png?sig=secret").await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Network, Outcome::NotSent), "{error}");
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    assert!(uploads.lock().unwrap().is_empty());
    // Part of it has left by then.
    let error = upload(&client, &format!("{address}/forever.png")).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::Unknown), "{error}");
    assert!(error.message().contains("/forever.png has more than 200 MB"), "{error}");
    let error = upload(&client, &format!("{address}/cut.png")).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Network, Outcome::Unknown), "{error}");
    assert!(error.message().contains("/cut.png"), "{error}");
}

#[tokio::test]
async fn a_url_leads_to_no_network_inside_unless_it_may() {
    let (address, uploads) = start(&[]).await;
    let port = address.rsplit_once(':').unwrap().1.to_owned();
    // Not even to the host of the API, as a link of an answer may.
    let guarded = client(&address, json!({"attempts": 2}));
    for url in [
        format!("{address}/front.png"),
        format!("https://127.0.0.1:{port}/front.png"),
        format!("https://localhost:{port}/front.png"),
        format!("https://[::ffff:127.0.0.1]:{port}/front.png"),
        format!("https://LocalHost:{port}/front.png"),
        format!("https://0x7f000001:{port}/front.png"),
        format!("https://2130706433:{port}/front.png"),
        format!("https://0177.0.0.1:{port}/front.png"),
        format!("https://127.0.0.1.:{port}/front.png"),
        format!("https://%31%32%37.0.0.1:{port}/front.png"),
        format!("https://[::127.0.0.1]:{port}/front.png"),
        "https://169.254.169.254/latest/meta-data".into(),
        "http://files.example/x.png".into(),
    ] {
        let error = upload(&guarded, &url).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotSent), "{error}");
        let says = ["is a private address", "is not an https URL"];
        assert!(says.iter().any(|text| error.message().contains(text)), "{url}: {error}");
        assert!(error.message().contains("allow_private_sources"), "{error}");
    }
    assert!(uploads.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_url_is_fetched_again_for_every_attempt() {
    let (address, uploads) = start(&[429]).await;
    let client = client(&address, json!({"allow_private_sources": true}));
    upload(&client, &format!("{address}/front.png")).await.unwrap();
    let uploads = uploads.lock().unwrap();
    assert_eq!(uploads.len(), 2);
    assert!(uploads.iter().all(|(_, body)| body.contains("\r\n\r\npicture\r\n--")), "{uploads:?}");
}

fn engine(address: &str) -> Engine {
    let settings = json!({
        "company_domain": "acme", "access_token": "t", "ledger": "memory", "api_url": address,
        "testing": {"clock": "recorded", "fixed_chance": true},
    });
    Engine::open(&settings.to_string(), None, None, Handle::current()).unwrap()
}

/// Plays a host: hands in these parts from the beginning each time, and counts how often it began.
async fn play(engine: &Engine, call: u64, parts: &[Result<&'static str, &'static str>]) -> u32 {
    let (mut begun, mut next) = (0, 0);
    let mut supply = Supply::Nothing;
    loop {
        match engine.supply(call, 0, supply).await {
            Wanted::Stop => return begun,
            Wanted::Start => (begun, next) = (begun + 1, 0),
            Wanted::More => next += 1,
        }
        supply = match parts.get(next) {
            Some(Ok(chunk)) => Supply::Chunk(Bytes::from_static(chunk.as_bytes())),
            Some(Err(text)) => Supply::Failed(HostFailure::new(*text)),
            None => Supply::End,
        };
    }
}

#[tokio::test]
async fn a_stream_of_the_host_is_sent_and_sent_again() {
    for (length, replayable, statuses, expected) in [
        (Some(7), true, vec![429, 429, 200], (3, None)),
        (None, true, vec![200], (1, None)),
        (None, false, vec![200], (1, None)),
        (Some(7), false, vec![429], (1, Some(ErrorKind::RateLimited))),
        (Some(9), true, vec![], (1, Some(ErrorKind::Config))),
        (Some(5), true, vec![], (1, Some(ErrorKind::Config))),
    ] {
        let (address, uploads) = start(&statuses).await;
        let engine = engine(&address);
        let call = engine.issue_call();
        assert_eq!(engine.attach(call, Attachment::Stream { replayable }), 0);
        let file = json!({"attached": 0, "name": "front.png", "length": length});
        let arguments = json!({"header_id": "1", "file": file}).to_string();
        let upload = engine.call(call, "style.upload", &arguments, "{}");
        let (result, begun) = tokio::join!(upload, play(&engine, call, &[Ok("pict"), Ok(""), Ok("ure")]));
        let error = result.err();
        if let Some(error) = error.as_ref().filter(|_| statuses.len() == 1) {
            assert!(error.message().ends_with("its content can be read only once"), "{error}");
        }
        assert_eq!((begun, error.as_ref().map(beproduct::Error::kind)), expected, "{error:?}");
        let uploads = uploads.lock().unwrap().clone();
        for (_, body) in uploads.iter().filter(|(_, body)| body != "cut off") {
            let plain = body.replace("\r\n3\r\n", "");
            assert!(plain.contains("filename=\"front.png\"") && plain.contains("picture\r\n"), "{body}");
        }
        if let Some(error) = error.filter(|error| error.kind() == ErrorKind::Config) {
            assert!(error.message().contains("the source was to have"), "{error}");
            assert_eq!(error.outcome(), Outcome::Unknown);
        }
        assert_eq!(engine.supply(call, 0, Supply::Nothing).await, Wanted::Stop);
    }
}

#[tokio::test]
async fn a_stream_of_the_host_that_fails_is_no_shorter_file() {
    let (address, uploads) = start(&[]).await;
    let engine = engine(&address);
    let stream = || Attachment::Stream { replayable: false };
    let arguments = json!({"header_id": "1", "file": {"attached": 0, "name": "front.png"}}).to_string();
    for (parts, kind, says) in [
        (vec![Err("no such file")], ErrorKind::Callback, "no such file"),
        (vec![Ok("pict"), Err("unplugged")], ErrorKind::Callback, "unplugged"),
        (vec![], ErrorKind::Config, "is empty"),
    ] {
        let call = engine.issue_call();
        engine.attach(call, stream());
        let upload = engine.call(call, "style.upload", &arguments, "{}");
        let (result, _) = tokio::join!(upload, play(&engine, call, &parts));
        let error = result.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.message().contains(says), "{error}");
        let outcome = if parts.len() == 2 { Outcome::Unknown } else { Outcome::NotSent };
        assert_eq!(error.outcome(), outcome, "{error}");
    }
    assert!(uploads.lock().unwrap().iter().all(|(_, body)| body == "cut off"));
    // A call that is cancelled, and one that never asks, leave the host alone.
    let call = engine.issue_call();
    engine.attach(call, stream());
    let upload = engine.call(call, "style.upload", &arguments, "{}");
    assert_eq!(
        tokio::join!(upload, async {
            assert_eq!(engine.supply(call, 0, Supply::Nothing).await, Wanted::Start);
            engine.cancel(call);
            engine.supply(call, 0, Supply::Chunk(Bytes::from_static(b"x"))).await
        })
        .1,
        Wanted::Stop
    );
    let call = engine.issue_call();
    engine.attach(call, stream());
    let refused = engine.call(call, "style.upload", r#"{"header_id": "1"}"#, "{}");
    let (refused, begun) = tokio::join!(refused, play(&engine, call, &[Ok("x")]));
    assert_eq!((refused.unwrap_err().kind(), begun), (ErrorKind::Config, 0));
}

#[tokio::test]
async fn uploads_to_one_record_go_one_after_the_other() {
    let (address, uploads) = start(&[]).await;
    let client = client(&address, json!({}));
    let upload = |record: &str, operation: &'static str, name: &str| {
        let client = client.clone();
        let mut call = json!({"header_id": record, "file": {"path": name}});
        if operation == "style.app_list_upload" {
            call["app_id"] = "a".into();
            call["list_item_id"] = "b".into();
        }
        async move { client.call(operation, call.as_object().unwrap().clone(), CallOptions::default()).await }
    };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, name).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let names = ["1.png", "2.png", "3.png", "4.png"];
    let paths = names.map(path);
    let calls = paths.iter().enumerate().map(|(index, path)| {
        upload(
            if index % 2 == 0 { "AbC" } else { "aBc" },
            if index < 2 { "style.upload" } else { "style.app_list_upload" },
            path,
        )
    });
    for result in futures_util::future::join_all(calls).await {
        result.unwrap();
    }
    let sent: Vec<_> = uploads.lock().unwrap().iter().map(|(_, body)| body.clone()).collect();
    for (body, name) in sent.iter().zip(names) {
        assert!(body.contains(name), "{name}: {body}");
    }
    assert_eq!(sent.len(), 4);
    // One that does not go is no hindrance.
    let error = upload("abc", "style.upload", "/nowhere.png").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    upload("abc", "style.upload", &paths[0]).await.unwrap();
}
