//! A file on this machine that is read while it is sent.

use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use tokio::fs::File;
use tokio_util::io::ReaderStream;

use super::super::shown::without_query;
use super::{measured, wrong_file};
use crate::http::{BodySource, Chunks, SourceError};

/// Bytes that are read at a time.
const CHUNK: usize = 256 * 1024;

/// A file on this machine, of the length that it had when it was found.
pub(super) struct OnDisk {
    path: PathBuf,
    length: u64,
}

impl OnDisk {
    pub(super) async fn find(path: &Path) -> std::result::Result<Self, String> {
        let shown = shown(path);
        let found = tokio::fs::metadata(path).await.map_err(|error| format!("{shown}: {error}"))?;
        if found.is_dir() {
            return Err(format!("{shown} is a folder"));
        }
        if !found.is_file() {
            return Err(format!("{shown} is no regular file"));
        }
        // Whether it may be read.
        File::open(path).await.map_err(|error| format!("{shown}: {error}"))?;
        Ok(Self { path: path.to_owned(), length: found.len() })
    }
}

/// A path in an error. It may be a link by mistake.
fn shown(path: &Path) -> String {
    without_query(&path.to_string_lossy())
}

impl BodySource for OnDisk {
    fn length(&self) -> Option<u64> {
        Some(self.length)
    }

    fn replayable(&self) -> bool {
        true
    }

    fn open(&self) -> BoxFuture<'static, std::result::Result<Chunks, SourceError>> {
        let (path, length) = (self.path.clone(), self.length);
        Box::pin(async move {
            let shown = shown(&path);
            let unreadable = |error: std::io::Error| wrong_file(format!("{shown}: {error}"));
            let file = File::open(&path).await.map_err(unreadable)?;
            let present = file.metadata().await.map_err(unreadable)?.len();
            if present != length {
                return Err(wrong_file(format!(
                    "{shown} had {length} bytes when the call began, and has {present} now"
                )));
            }
            let name = shown.clone();
            let chunks = ReaderStream::with_capacity(file, CHUNK)
                .map(move |chunk| chunk.map_err(|error| wrong_file(format!("{name}: {error}"))));
            Ok(measured(chunks.boxed(), length, shown))
        })
    }
}
