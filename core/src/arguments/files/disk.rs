//! A file on this machine that is read while it is sent.

use std::fs::{File, Metadata};
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, Stream, StreamExt as _};
use tokio::task::{JoinHandle, spawn_blocking};

use super::super::shown::without_query;
use super::{measured, wrong_file};
use crate::http::{BodySource, Chunks, SourceError};

/// Bytes that are read at a time.
const CHUNK: usize = 256 * 1024;

/// A file on this machine, as it was when it was found.
pub(super) struct OnDisk {
    path: PathBuf,
    state: State,
}

/// What shows that a file was written to.
#[derive(Clone, Copy)]
struct State {
    length: u64,
    /// When it was last written, where the disk keeps that.
    written: Option<SystemTime>,
}

impl State {
    fn of(file: &Metadata) -> Self {
        Self { length: file.len(), written: file.modified().ok() }
    }
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
        tokio::fs::File::open(path).await.map_err(|error| format!("{shown}: {error}"))?;
        Ok(Self { path: path.to_owned(), state: State::of(&found) })
    }
}

/// A path in an error. It may be a link by mistake.
fn shown(path: &Path) -> String {
    without_query(&path.to_string_lossy())
}

impl BodySource for OnDisk {
    fn length(&self) -> Option<u64> {
        Some(self.state.length)
    }

    fn replayable(&self) -> bool {
        true
    }

    fn open(&self) -> BoxFuture<'static, std::result::Result<Chunks, SourceError>> {
        let (path, state) = (self.path.clone(), self.state);
        Box::pin(async move {
            let shown = shown(&path);
            let unreadable = |error: io::Error| wrong_file(format!("{shown}: {error}"));
            let (file, present) = spawn_blocking(move || {
                let file = File::open(path)?;
                let present = State::of(&file.metadata()?);
                Ok((file, present))
            })
            .await?
            .map_err(unreadable)?;
            if present.length != state.length {
                return Err(wrong_file(format!(
                    "{shown} had {} bytes when the call began, and has {} now",
                    state.length, present.length
                )));
            }
            if present.written != state.written {
                return Err(wrong_file(format!("{shown} was written since the call began")));
            }
            let name = shown.clone();
            let chunks = pieces(file, state)
                .map(move |chunk| chunk.map_err(|error| wrong_file(format!("{name}: {error}"))));
            Ok(measured(chunks.boxed(), state.length, shown))
        })
    }
}

/// The content of a file, from where it is. The next piece is read while the one before is sent.
fn pieces(file: File, state: State) -> impl Stream<Item = io::Result<Bytes>> {
    stream::unfold(Some(read(file, state)), move |under_way| async move {
        let (file, piece) = match under_way?.await {
            Ok(read) => read,
            Err(panic) => return Some((Err(panic.into()), None)),
        };
        match piece {
            Ok(piece) if piece.is_empty() => None,
            Ok(piece) => Some((Ok(piece), Some(read(file, state)))),
            Err(error) => Some((Err(error), None)),
        }
    })
}

/// Reads the next piece in another thread. None of it is there at the end.
fn read(file: File, state: State) -> JoinHandle<(File, io::Result<Bytes>)> {
    spawn_blocking(move || {
        let piece = next(&file, state);
        (file, piece)
    })
}

fn next(mut file: &File, state: State) -> io::Result<Bytes> {
    let mut piece = Vec::with_capacity(CHUNK);
    file.take(CHUNK as u64).read_to_end(&mut piece)?;
    // At the end of as many bytes as there were, some of them may be older than others.
    if piece.is_empty()
        && file.stream_position()? == state.length
        && State::of(&file.metadata()?).written != state.written
    {
        return Err(io::Error::other("it was written while it was sent"));
    }
    Ok(piece.into())
}
