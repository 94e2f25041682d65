//! Files behind links: over breaks of the connection, links that expire, and disks that are full.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use beproduct::seam::Engine;
use beproduct::{CallOptions, Client, ErrorKind, Outcome, Result};
use futures_util::TryStreamExt as _;
use serde_json::{Map, Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::runtime::Handle;

use crate::server::{client, head, serve};

/// What the storage does with a request for the file.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    /// The file, or the part that is asked for.
    Serve,
    /// So many bytes of it, and then the connection ends.
    Cut(usize),
    /// The same of a storage that knows no ranges.
    Plain(usize),
    /// The same, with the name of a version that says nothing about the bytes.
    Weak(usize),
    /// Another version of the file from here on.
    Changed,
    /// The link has expired.
    Expired,
    /// A part that nobody asked for.
    OtherPart,
    /// A part of another version of the same length, by a storage that passes over `If-Range`.
    OtherVersion,
    /// No rest, it says.
    NoRest,
    /// A redirect to a place where the file is not.
    Empty,
    /// Nothing more.
    Silent,
}

const FILE: &str = "0123456789";
const CHANGED: &str = "abcdef";
const OTHER: &str = "abcdefghij";

/// `picture`, encoded with gzip.
const GZIP: &[u8] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x2b\xc8\x4c\x2e\x29\x2d\x4a\x05\x00\x89\x4f\xdb\x16\x07\x00\x00\x00";

pub(crate) struct Storage {
    steps: Mutex<VecDeque<Step>>,
    seen: Mutex<Vec<String>>,
    /// What the API answers for the record.
    record: Mutex<Value>,
}

impl Storage {
    /// The address of a storage, which is an API too, and what it has seen.
    pub(crate) async fn start(steps: &[Step]) -> (String, Arc<Self>) {
        let storage = Arc::new(Self {
            steps: Mutex::new(steps.iter().copied().collect()),
            seen: Mutex::default(),
            record: Mutex::new(json!({"id": "1"})),
        });
        let serving = Arc::clone(&storage);
        let address = serve(move |stream| Arc::clone(&serving).talk(stream)).await;
        (format!("http://{address}"), storage)
    }

    async fn talk(self: Arc<Self>, mut stream: TcpStream) {
        while let Some((head, _)) = head(&mut stream).await {
            let path = head.split(' ').nth(1).unwrap().to_owned();
            let header = |name: &str| {
                head.lines().find_map(|line| {
                    let (key, value) = line.split_once(": ")?;
                    key.eq_ignore_ascii_case(name).then(|| value.to_owned())
                })
            };
            if path.starts_with("/api/") {
                self.seen.lock().unwrap().push("record".into());
                let body = self.record.lock().unwrap().to_string();
                let answer = format!("HTTP/1.1 200 X\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
                continue;
            }
            let (range, tag) = (header("range"), header("if-range"));
            assert_eq!(header("authorization"), None);
            self.seen.lock().unwrap().push(range.clone().unwrap_or_else(|| "all".into()));
            let step = self.steps.lock().unwrap().pop_front().unwrap_or(Step::Serve);
            let file = match step {
                Step::Changed => CHANGED,
                Step::OtherVersion => OTHER,
                _ => FILE,
            };
            let own = if matches!(step, Step::Changed | Step::OtherVersion) { "\"two\"" } else { "\"one\"" };
            let begin = range.as_deref().and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
            let begin = begin.map(|begin| begin.parse::<usize>().unwrap());
            let unchanged = tag.as_deref() == Some(own) || matches!(step, Step::OtherVersion);
            let begin = begin.filter(|_| unchanged && !matches!(step, Step::Plain(_)));
            let (status, from) = match step {
                Step::Expired => {
                    let answer = "HTTP/1.1 403 X\r\ncontent-length: 20\r\n\r\nAuthenticationFailed";
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    continue;
                }
                Step::NoRest | Step::Empty => {
                    let status = if matches!(step, Step::Empty) { 204 } else { 416 };
                    let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    continue;
                }
                Step::OtherPart => (206, 1),
                _ => begin.map_or((200, 0), |begin| (206, begin)),
            };
            let version = match step {
                Step::Weak(_) => format!("etag: W/{own}\r\n"),
                _ => format!("etag: {own}\r\n"),
            };
            let part = match status {
                206 => format!("content-range: bytes {from}-{}/{}\r\n", file.len() - 1, file.len()),
                _ => String::new(),
            };
            let body = &file[from..];
            let answer =
                format!("HTTP/1.1 {status} X\r\n{version}{part}content-length: {}\r\n\r\n", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
            match step {
                Step::Cut(size) | Step::Plain(size) | Step::Weak(size) if size < body.len() => {
                    stream.write_all(&body.as_bytes()[..size]).await.unwrap();
                    return;
                }
                Step::Silent => {
                    stream.write_all(&body.as_bytes()[..2]).await.unwrap();
                    std::future::pending::<()>().await;
                }
                _ => stream.write_all(body.as_bytes()).await.unwrap(),
            }
        }
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

pub(crate) fn arguments(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

pub(crate) async fn read(client: &Client, link: &str, file: Option<&Path>) -> Result<(String, usize)> {
    let call = json!({"link": link, "file": file});
    let answer = client.call("raw.download", arguments(call), CallOptions::default()).await?;
    let attempts = answer.meta.attempts.len();
    let text = match file {
        Some(path) => std::fs::read_to_string(path).unwrap(),
        None => String::from_utf8(answer.raw.to_vec()).unwrap(),
    };
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["size"], text.len());
    Ok((text, attempts))
}

#[tokio::test]
async fn a_file_is_whole_over_breaks() {
    use Step::{Changed, Cut, NoRest, OtherPart, OtherVersion, Plain, Serve, Weak};
    let folder = tempfile::tempdir().unwrap();
    for (steps, expected, seen) in [
        (vec![Serve], FILE, vec!["all"]),
        (vec![Cut(4), Cut(3)], FILE, vec!["all", "bytes=4-", "bytes=7-"]),
        (vec![Cut(0), Serve], FILE, vec!["all", "all"]),
        // The whole file comes again, of the same version or of another.
        (vec![Cut(4), Plain(6), Serve], FILE, vec!["all", "bytes=4-", "bytes=6-"]),
        (vec![Plain(4), Plain(10)], FILE, vec!["all", "bytes=4-"]),
        (vec![Cut(4), Changed], CHANGED, vec!["all", "bytes=4-"]),
        // It breaks again before the place of the first break.
        (vec![Cut(4), Plain(2), Serve], FILE, vec!["all", "bytes=4-", "bytes=4-"]),
        (vec![Cut(4), Plain(2), Plain(10)], FILE, vec!["all", "bytes=4-", "bytes=4-"]),
        // What comes is not the rest: then the whole of it does.
        (vec![Cut(4), OtherPart], FILE, vec!["all", "bytes=4-", "all"]),
        (vec![Cut(4), NoRest], FILE, vec!["all", "bytes=4-", "all"]),
        (vec![Cut(4), OtherVersion, Serve], FILE, vec!["all", "bytes=4-", "all"]),
        (vec![Cut(4), OtherVersion, OtherVersion], OTHER, vec!["all", "bytes=4-", "all"]),
        (vec![Cut(4), OtherPart, Cut(6), Serve], FILE, vec!["all", "bytes=4-", "all", "all"]),
        (vec![Weak(4), Weak(10)], FILE, vec!["all", "all"]),
    ] {
        for path in [None, Some(folder.path().join("file.png"))] {
            let (address, storage) = Storage::start(&steps).await;
            let client = client("http://127.0.0.1:9", json!({}));
            let link = format!("{address}/file.png?sig=a%2Bb");
            let (text, attempts) = read(&client, &link, path.as_deref()).await.unwrap();
            assert_eq!((text.as_str(), attempts), (expected, seen.len()), "{seen:?}");
            assert_eq!(storage.seen(), seen);
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_file_that_breaks_again_and_again_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.png");
    let (address, storage) = Storage::start(&[Step::Cut(4), Step::Cut(0), Step::Cut(0), Step::Cut(0)]).await;
    let client = client("http://127.0.0.1:9", json!({"attempts": 3}));
    let error = read(&client, &format!("{address}/file.png"), Some(&path)).await.unwrap_err();
    assert_eq!((error.kind(), error.retryable()), (ErrorKind::Network, true), "{error}");
    assert_eq!((error.attempts().len(), error.waits().len()), (3, 2), "{error:?}");
    assert_eq!(error.operation(), Some("raw.download"));
    assert_eq!(storage.seen().len(), 3);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn what_is_no_whole_file_is_not_taken_for_one() {
    let folder = tempfile::tempdir().unwrap();
    for (step, status) in [(Step::OtherPart, 206), (Step::Empty, 204)] {
        for path in [None, Some(folder.path().join("file.png"))] {
            let (address, storage) = Storage::start(&[step]).await;
            let client = client("http://127.0.0.1:9", json!({}));
            let error = read(&client, &format!("{address}/file.png"), path.as_deref()).await.unwrap_err();
            assert_eq!((error.kind(), error.status()), (ErrorKind::Server, Some(status)), "{error}");
            assert!(error.message().contains("no whole file") && !error.retryable(), "{error}");
            assert_eq!(storage.seen().len(), 1);
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// An answer as it is, for every request.
async fn answers(lines: &'static str, body: &'static [u8]) -> String {
    let address = serve(move |mut stream| async move {
        while head(&mut stream).await.is_some() {
            let answer = format!("HTTP/1.1 200 X\r\ncontent-length: {}\r\n{lines}\r\n", body.len());
            if stream.write_all(&[answer.as_bytes(), body].concat()).await.is_err() {
                return;
            }
        }
    })
    .await;
    format!("http://{address}/file.png?sig=secret")
}

#[tokio::test]
async fn an_encoded_file_is_decoded_or_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.png");
    let client = client("http://127.0.0.1:9", json!({"attempts": 2}));
    let link = answers("content-encoding: gzip\r\netag: \"a\"\r\n", GZIP).await;
    assert_eq!(read(&client, &link, None).await.unwrap(), ("picture".into(), 1));
    assert_eq!(read(&client, &link, Some(&path)).await.unwrap(), ("picture".into(), 1));
    std::fs::remove_file(&path).unwrap();
    for encoding in [
        "content-encoding: br\r\n",
        "content-encoding: gzip, gzip\r\n",
        "content-encoding: gzip\r\ncontent-encoding: gzip\r\n",
    ] {
        let link = answers(encoding, GZIP).await;
        for path in [None, Some(path.as_path())] {
            let error = read(&client, &link, path).await.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Refused), "{error}");
            assert!(error.message().contains("which this client does not decode"), "{error}");
            assert_eq!((error.attempts().len(), error.status()), (1, Some(200)));
        }
    }
    // It is cut off inside of the encoding.
    let link = answers("content-encoding: gzip\r\n", GZIP.split_at(GZIP.len() - 3).0).await;
    let error = read(&client, &link, Some(&path)).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts().len()), (ErrorKind::Network, 2), "{error}");
    assert!(error.message().contains("is damaged"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_time_limit_is_one_for_the_whole_file() {
    let (address, storage) = Storage::start(&[Step::Cut(4), Step::Silent]).await;
    let client = client("http://127.0.0.1:9", json!({"testing": {"clock": "manual"}, "idle_timeout": 1000}));
    let clock = client.recorded_clock().unwrap().clone();
    let begun = Arc::new(AtomicBool::new(false));
    let (mut options, seen) = (CallOptions::default(), Arc::clone(&begun));
    options.timeout = Some(Duration::from_secs(60));
    options.progress = Some(beproduct::OnProgress::new(move |_| seen.store(true, Ordering::SeqCst)));
    let call = arguments(json!({"link": format!("{address}/file.png")}));
    let reading = client.call("raw.download", call, options);
    let (mut reading, mut gone) = (std::pin::pin!(reading), Duration::ZERO);
    let error = loop {
        tokio::select! {
            biased;
            result = &mut reading => break result.unwrap_err(),
            () = tokio::task::yield_now() => {}
        }
        // The connection breaks after 40 s, and the rest never comes.
        let step = match (begun.load(Ordering::SeqCst), storage.seen.lock().unwrap().len()) {
            (true, 1) if gone == Duration::ZERO => Duration::from_secs(40),
            // The pause after the break.
            (true, 1) => Duration::from_millis(1),
            (true, 2) => Duration::from_secs(1),
            _ => Duration::ZERO,
        };
        clock.advance(step);
        gone += step;
    };
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.message().contains("within 60 s"), "{error}");
    assert!((60..70).contains(&gone.as_secs()), "{gone:?}");
}

#[tokio::test]
async fn a_link_that_has_expired_is_renewed_from_its_record() {
    for steps in [vec![Step::Expired], vec![Step::Cut(4), Step::Expired]] {
        let (address, storage) = Storage::start(&steps).await;
        let client = client(&address, json!({}));
        let place = format!("{address}/a%20b/file.png");
        *storage.record.lock().unwrap() = json!({"id": "1", "headerData": {"frontImage": {
            "preview": format!("{address}/preview.png?sig=new"),
            "origin": format!("{place}?sig=new%2B"),
        }}});
        let call = json!({"header_id": "1", "link": format!("{place}?sig=old")});
        let answer = client.call("style.download", arguments(call), CallOptions::default()).await.unwrap();
        assert_eq!(answer.raw, FILE);
        assert_eq!(answer.meta.cost, 1);
        let seen = storage.seen();
        assert_eq!(seen.iter().filter(|one| *one == "record").count(), 1);
        assert_eq!(seen.last().unwrap(), if steps.len() == 1 { "all" } else { "bytes=4-" });
    }
    // The record does not have the file any more, or the new link does not work either.
    for (record, says) in [
        (json!({"id": "1"}), "no link to this file any more"),
        (json!({"id": "1", "image": "LINK"}), "read the record again"),
    ] {
        let (address, storage) = Storage::start(&[Step::Expired, Step::Expired]).await;
        let client = client(&address, json!({}));
        let link = format!("{address}/file.png?sig=old");
        *storage.record.lock().unwrap() =
            serde_json::from_str(&record.to_string().replace("LINK", &link)).unwrap();
        let call = arguments(json!({"header_id": "1", "link": link}));
        let error = client.call("style.download", call, CallOptions::default()).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Permission, Some(403)), "{error}");
        assert!(error.message().contains(says), "{error}");
        assert!(!format!("{error:?}").contains("sig="), "{error:?}");
    }
    let client = client("http://127.0.0.1:9", json!({}));
    let call = arguments(json!({"header_id": "a/b", "link": "http://127.0.0.1:9/x"}));
    let error = client.call("style.download", call, CallOptions::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotSent), "{error}");
}

#[tokio::test]
async fn one_of_many_files_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (address, _storage) = Storage::start(&[]).await;
    let client = client(&address, json!({"concurrency": 2, "attempts": 1}));
    let link = format!("{address}/file.png");
    let files = json!([
        {"link": link, "file": path("one.png")},
        {"link": "http://127.0.0.1:9/gone.png", "file": path("two.png")},
        {"link": link, "file": path("three.png")},
        {"link": link, "file": path("four.png"), "record": "1"},
    ]);
    let call = arguments(json!({"files": files}));
    let error = client.call("raw.download_many", call.clone(), CallOptions::default()).await.unwrap_err();
    assert!(error.message().contains("files[3] names a record"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let mut call = call;
    call["files"][0]["record"] = "1".into();
    call["files"][1]["record"] = "1".into();
    call["files"][2]["record"] = "1".into();
    call["files"][2]["link"] = "http://127.0.0.1:9/gone.png".into();
    let reports = Arc::new(Mutex::new(Vec::new()));
    let reported = Arc::clone(&reports);
    let mut options = CallOptions::default();
    options.progress = Some(beproduct::OnProgress::new(move |progress| {
        reported.lock().unwrap().push((progress.done, progress.total));
    }));
    let answer = client.call("style.download_many", call, options).await.unwrap();
    let outcomes: Vec<Value> = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(outcomes[0], json!({"file": path("one.png"), "size": 10}));
    assert_eq!(
        (&outcomes[1]["error"]["kind"], &outcomes[2]["error"]["kind"]),
        (&json!("network"), &json!("network"))
    );
    assert_eq!(outcomes[3], json!({"file": path("four.png"), "size": 10}));
    assert_eq!(*reports.lock().unwrap(), [1, 2, 3, 4].map(|done| (done, Some(4))));
    let mut names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["four.png", "one.png"]);
    for (files, says) in [
        (
            json!([{"link": link, "file": path("x")}, {"link": link, "file": path("x")}]),
            "files[1]: another file",
        ),
        (json!([{"link": link}]), "files[0] needs file"),
        (json!([{"file": path("x")}]), "files[0] needs link"),
        (json!([{"link": link, "path": "x"}]), "files[0] has an unknown member \"path\""),
        (json!(["x"]), "files[0] has to be an object"),
        (json!("x"), "has to be a list"),
    ] {
        let call = arguments(json!({"files": files}));
        let error = client.call("raw.download_many", call, CallOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_file_comes_as_a_stream_of_bytes() {
    let settings = |address: &str| {
        json!({
            "company_domain": "acme", "access_token": "t", "ledger": "memory", "api_url": address, "attempts": 2,
            "testing": {"clock": "recorded", "fixed_chance": true},
        })
        .to_string()
    };
    let open = |address: &str| Engine::open(&settings(address), None, None, Handle::current()).unwrap();
    let read = |address: String, steps: Vec<Step>| async move {
        let (storage, _state) = Storage::start(&steps).await;
        let address = if address.is_empty() { storage.clone() } else { address };
        let engine = open(&address);
        let call = json!({"link": format!("{storage}/file.png")}).to_string();
        let stream = engine.stream(engine.issue_call(), "raw.download", &call, "{}").unwrap();
        assert_eq!(stream.position(), r#"{"bytes":0,"total":null}"#);
        let mut all = Vec::new();
        while let Some(reply) = stream.next(false).await? {
            assert_eq!(reply.body(), "null");
            all.extend_from_slice(reply.raw());
        }
        assert_eq!(stream.position(), r#"{"bytes":10,"total":10}"#);
        Ok::<_, beproduct::Error>(all)
    };
    assert_eq!(read(String::new(), vec![]).await.unwrap(), FILE.as_bytes());
    assert_eq!(read(String::new(), vec![Step::Cut(4)]).await.unwrap(), FILE.as_bytes());
    assert_eq!(read(String::new(), vec![Step::Plain(4), Step::Plain(10)]).await.unwrap(), FILE.as_bytes());
    let error = read(String::new(), vec![Step::Weak(4), Step::Serve]).await.unwrap_err();
    assert!(error.message().contains("cannot send the rest of the same file"), "{error}");
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Network, Some("raw.download")));
    let engine = open("http://127.0.0.1:9");
    let call = json!({"link": "http://127.0.0.1:9/x", "file": "x"}).to_string();
    let error = engine.stream(engine.issue_call(), "raw.download", &call, "{}").unwrap_err();
    assert!(error.message().contains("written to no path"), "{error}");
    // One that is cancelled while the storage is silent.
    let (storage, _state) = Storage::start(&[Step::Silent]).await;
    let engine = open(&storage);
    let number = engine.issue_call();
    let call = json!({"link": format!("{storage}/file.png")}).to_string();
    let stream = engine.stream(number, "raw.download", &call, "{}").unwrap();
    assert_eq!(stream.next(false).await.unwrap().unwrap().raw(), "01");
    let next = tokio::spawn(stream.next(false));
    tokio::task::yield_now().await;
    engine.cancel(number);
    assert_eq!(next.await.unwrap().unwrap_err().kind(), ErrorKind::Cancelled);
}

#[tokio::test]
async fn a_typed_call_streams_its_file() {
    let read = |steps: Vec<Step>| async move {
        let (address, _storage) = Storage::start(&steps).await;
        let client = client(&address, json!({"attempts": 2}));
        let call = client.style().download("1", format!("{address}/file.png?sig=secret"));
        call.stream().map_ok(|bytes| bytes.to_vec()).try_concat().await
    };
    assert_eq!(read(vec![]).await.unwrap(), FILE.as_bytes());
    assert_eq!(read(vec![Step::Cut(4)]).await.unwrap(), FILE.as_bytes());
    for steps in [vec![Step::Cut(4), Step::Changed], vec![Step::Cut(4), Step::Cut(0)]] {
        let error = read(steps).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.operation()),
            (ErrorKind::Network, Some("style.download")),
            "{error}"
        );
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
    let client = client("http://127.0.0.1:9", json!({}));
    let call = client.raw().download("https://store.example/x").file("x");
    let error = call.stream().try_collect::<Vec<_>>().await.unwrap_err();
    assert!(error.message().contains("written to no path"), "{error}");
    let error = client.raw().download("x").stream().try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotSent), "{error}");
}

#[tokio::test]
async fn a_stream_that_is_cancelled_lets_its_connection_go() {
    let gone = Arc::new(tokio::sync::Notify::new());
    let closed = Arc::clone(&gone);
    let address = serve(move |mut stream| {
        let closed = Arc::clone(&closed);
        async move {
            head(&mut stream).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 10\r\n\r\n01").await.unwrap();
            // The end of what the client sends is the end of the connection.
            assert!(head(&mut stream).await.is_none());
            closed.notify_one();
        }
    })
    .await;
    let settings = json!({
        "company_domain": "acme", "access_token": "t", "ledger": "memory", "api_url": "http://127.0.0.1:9",
    })
    .to_string();
    let engine = Engine::open(&settings, None, None, Handle::current()).unwrap();
    let number = engine.issue_call();
    let call = json!({"link": format!("http://{address}/x")}).to_string();
    let stream = engine.stream(number, "raw.download", &call, "{}").unwrap();
    assert_eq!(stream.next(false).await.unwrap().unwrap().raw(), "01");
    engine.cancel(number);
    // It is held all the same, as by a program that has left its loop.
    gone.notified().await;
    for _ in 0..2 {
        assert_eq!(stream.next(false).await.unwrap_err().kind(), ErrorKind::Cancelled);
    }
}

#[tokio::test]
async fn a_storage_that_falls_silent_is_left() {
    let (address, _storage) = Storage::start(&[Step::Silent, Step::Silent]).await;
    let settings = json!({"testing": {"clock": "manual"}, "attempts": 2, "idle_timeout": 20});
    let client = client("http://127.0.0.1:9", settings);
    let clock = client.recorded_clock().unwrap().clone();
    let link = format!("{address}/file.png");
    let reading = read(&client, &link, None);
    let mut reading = std::pin::pin!(reading);
    let error = loop {
        tokio::select! {
            biased;
            result = &mut reading => break result.unwrap_err(),
            () = tokio::time::sleep(Duration::from_millis(5)) => clock.advance(Duration::from_secs(5)),
        }
    };
    assert_eq!(error.kind(), ErrorKind::Network, "{error}");
    assert!(error.message().contains("no byte within 20 s"), "{error}");
}

#[tokio::test]
async fn a_file_without_end_ends_at_the_limit_of_the_memory() {
    let address = serve(|mut stream| async move {
        head(&mut stream).await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n").await;
        while stream.write_all(b"4\r\nabcd\r\n").await.is_ok() {}
    })
    .await;
    let client = client("http://127.0.0.1:9", json!({"max_answer_size": 100_000}));
    let error = read(&client, &format!("http://{address}/x"), None).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts().len()), (ErrorKind::Decode, 1), "{error}");
    assert!(error.message().contains("larger than 100000 bytes; name a file"), "{error}");
}

/// Writes may be no larger than this, as on a disk that is full.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_nothing_behind() {
    let inside = std::env::var_os("BEPRODUCT_TEST_FULL_DISK");
    if inside.is_none() {
        let test = std::env::current_exe().unwrap();
        let name = "downloads::a_full_disk_leaves_nothing_behind";
        // Without the signal, a write beyond the limit is an error, as one beyond the end of a disk is.
        let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" --exact \"$1\" --nocapture";
        let done = std::process::Command::new("bash")
            .args(["-c", script])
            .arg(test)
            .arg(name)
            .env("BEPRODUCT_TEST_FULL_DISK", "1")
            .output()
            .unwrap();
        let output =
            String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success() && output.contains("the disk was full"), "{output}");
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let address = serve(|mut stream| async move {
            while head(&mut stream).await.is_some() {
                let _ = stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 1000000\r\n\r\n").await;
                let _ = stream.write_all(&vec![b'x'; 1_000_000]).await;
            }
        })
        .await;
        let client = client("http://127.0.0.1:9", json!({}));
        let path = folder.path().join("file.png");
        std::fs::write(&path, "old").unwrap();
        let error = read(&client, &format!("http://{address}/x"), Some(&path)).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts().len()), (ErrorKind::Config, 1), "{error}");
        assert!(error.message().contains("file.png cannot be written: "), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        println!("the disk was full");
    });
}
