//! Downloads that would never end.

use beproduct::ErrorKind;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::downloads::read;
use crate::server::{client, head, serve};

/// Without the name of a version it comes from its beginning each time: what came before is no progress.
#[tokio::test]
async fn a_file_that_breaks_at_one_place_is_not_asked_for_without_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.png");
    let address = serve(|mut stream| async move {
        if head(&mut stream).await.is_some() {
            let answer =
                [b"HTTP/1.1 200 X\r\ncontent-length: 3000000\r\n\r\n", &[b'x'; 2 << 20][..]].concat();
            let _ = stream.write_all(&answer).await;
        }
    })
    .await;
    for path in [None, Some(path.as_path())] {
        let client = client("http://127.0.0.1:9", json!({"attempts": 3}));
        let error = read(&client, &format!("http://{address}/file.png"), path).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts().len()), (ErrorKind::Network, 3), "{error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
