//! Downloads of many files in one call.

use std::sync::{Arc, Mutex};

use beproduct::{CallOptions, ErrorKind, Outcome};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::downloads::{Storage, arguments};
use crate::server::{client, head, serve};

#[tokio::test]
async fn many_files_are_checked_before_the_first_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (address, storage) = Storage::start(&[]).await;
    let client = client(&address, json!({}));
    let link = format!("{address}/file.png?sig=secret");
    let good = json!({"link": link, "file": path("good"), "record": "1"});
    for (wrong, says) in [
        (json!({"link": link, "file": path("x"), "record": "a/b"}), "record contains one of"),
        (json!({"link": link, "file": path("x"), "record": link}), "record contains one of"),
        (json!({"link": link, "file": path("x"), "record": null}), "needs record"),
        (json!({"file": path("x"), "record": "1"}), "needs link"),
        (json!({"link": {"origin": link}, "file": path("x"), "record": "1"}), "not an object"),
        (json!({"link": "sig=secret", "file": path("x"), "record": "1"}), "is not a valid URL"),
        (json!({"link": link, "file": folder.path(), "record": "1"}), "is a folder"),
        (json!({"link": link, "file": path("missing/x"), "record": "1"}), "there is no folder"),
        (json!({"link": link, "file": path("./good"), "record": "1"}), "another file of the list"),
    ] {
        let call = arguments(json!({"files": [good, wrong]}));
        let error = client.call("style.download_many", call, CallOptions::default()).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotSent), "{error}");
        assert!(error.message().starts_with("files[1]"), "{error}");
        assert!(error.message().contains(says), "{error}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
    assert!(storage.seen().is_empty());
}

#[tokio::test]
async fn of_many_files_only_some_are_open() {
    let folder = tempfile::tempdir().unwrap();
    let parts = folder.path().to_owned();
    let counts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&counts);
    let address = serve(move |mut stream| {
        let (parts, seen) = (parts.clone(), Arc::clone(&seen));
        async move {
            while head(&mut stream).await.is_some() {
                let open = std::fs::read_dir(&parts).unwrap();
                let open = open
                    .filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().ends_with(".part"));
                let open = open.count();
                seen.lock().unwrap().push(open);
                stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 1\r\n\r\nx").await.unwrap();
            }
        }
    })
    .await;
    let client = client("http://127.0.0.1:9", json!({"concurrency": 3}));
    let files: Vec<_> = (0..40)
        .map(|number| json!({"link": format!("http://{address}/x"), "file": folder.path().join(format!("{number}.png"))}))
        .collect();
    let call = arguments(json!({"files": files}));
    let answer = client.call("raw.download_many", call, CallOptions::default()).await.unwrap();
    let outcomes: Vec<Value> = serde_json::from_slice(&answer.body).unwrap();
    assert!(outcomes.iter().all(|outcome| outcome["size"] == 1), "{outcomes:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 40);
    let counts = counts.lock().unwrap();
    assert!(counts.iter().all(|count| (1..=3).contains(count)), "{counts:?}");
}
