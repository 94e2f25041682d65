//! Files that go with a call and are no JSON: bytes, or a stream of the host program that is read while it is sent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream;
use tokio::sync::mpsc;

use crate::arguments::files::FileSource;
use crate::error::Error;
use crate::host_failure::HostFailure;
use crate::http::{Body, BodySource, Chunks, SourceError};

/// A file that goes with a call beside its arguments.
#[derive(Debug)]
pub enum Attachment {
    /// Bytes.
    Bytes(Bytes),
    /// A stream of the host program, which hands in its chunks with [`Engine::supply`](super::Engine::supply).
    Stream {
        /// Whether it can be opened again, and then has the same bytes.
        replayable: bool,
    },
}

/// What the host program hands in of a stream.
#[derive(Debug)]
pub enum Supply {
    /// Nothing yet: it asks what is wanted first.
    Nothing,
    /// The next bytes.
    Chunk(Bytes),
    /// The stream has ended.
    End,
    /// The stream has failed.
    Failed(HostFailure),
}

/// What the call wants next of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The stream from its beginning: open it, and hand in the first chunk.
    Start,
    /// The next chunk.
    More,
    /// Nothing more. The stream may be closed.
    Stop,
}

impl Wanted {
    /// `start`, `more` or `stop`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::More => "more",
            Self::Stop => "stop",
        }
    }
}

/// The files of calls that have not ended, by the numbers of the calls.
#[derive(Debug, Clone, Default)]
pub(super) struct Attachments(Arc<Mutex<HashMap<u64, Vec<Entry>>>>);

#[derive(Debug)]
struct Entry {
    /// Until the call begins.
    file: Option<FileSource>,
    feed: Option<Arc<Feed>>,
}

impl Attachments {
    /// Keeps a file for a call, and gives its number there.
    pub(super) fn add(&self, call: u64, attachment: Attachment) -> usize {
        let entry = match attachment {
            Attachment::Bytes(bytes) => Entry { file: Some(FileSource::body(Body::from(bytes))), feed: None },
            Attachment::Stream { replayable } => {
                let (readers, feed) = mpsc::unbounded_channel();
                let source = Fed { replayable, readers };
                let feed = Feed(tokio::sync::Mutex::new(Side { readers: feed, present: None }));
                Entry { file: Some(FileSource::body(Body::from_source(source))), feed: Some(Arc::new(feed)) }
            }
        };
        let mut calls = self.lock();
        let files = calls.entry(call).or_default();
        files.push(entry);
        files.len() - 1
    }

    /// The files of a call that begins.
    pub(super) fn take(&self, call: u64) -> Vec<FileSource> {
        let mut calls = self.lock();
        calls.get_mut(&call).into_iter().flatten().filter_map(|entry| entry.file.take()).collect()
    }

    /// Forgets them when the call has ended.
    pub(super) fn until_end(&self, call: u64) -> Forget {
        Forget { attachments: self.clone(), call }
    }

    /// Hands in a part of a stream, and waits for what is wanted next.
    pub(super) fn supply(
        &self,
        call: u64,
        number: usize,
        supply: Supply,
    ) -> impl Future<Output = Wanted> + Send + use<> {
        let feed = self.lock().get(&call).and_then(|files| files.get(number)?.feed.clone());
        async move {
            match feed {
                Some(feed) => feed.supply(supply).await,
                None => Wanted::Stop,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Vec<Entry>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the files of a call.
pub(super) struct Forget {
    attachments: Attachments,
    call: u64,
}

impl Drop for Forget {
    fn drop(&mut self) {
        let files = self.attachments.lock().remove(&self.call);
        drop(files);
    }
}

enum Part {
    Chunk(Bytes),
    End,
    Failed(HostFailure),
}

type Reader = mpsc::Sender<Part>;

/// The host program's side of a stream.
#[derive(Debug)]
struct Feed(tokio::sync::Mutex<Side>);

#[derive(Debug)]
struct Side {
    /// Those who open the stream, one after the other. It ends with the call.
    readers: mpsc::UnboundedReceiver<Reader>,
    /// The one who reads it now and has not got its end.
    present: Option<Reader>,
}

impl Feed {
    async fn supply(&self, supply: Supply) -> Wanted {
        let mut side = self.0.lock().await;
        let side = &mut *side;
        let (part, is_last) = match supply {
            Supply::Nothing => (None, false),
            Supply::Chunk(bytes) => (Some(Part::Chunk(bytes)), false),
            Supply::End => (Some(Part::End), true),
            Supply::Failed(failure) => (Some(Part::Failed(failure)), true),
        };
        if let (Some(reader), Some(part)) = (&side.present, part) {
            // Whoever does not read any more needs nothing.
            let _ = reader.send(part).await;
        }
        if is_last {
            side.present = None;
        }
        loop {
            let Some(reader) = side.present.clone() else {
                side.present = side.readers.recv().await;
                return if side.present.is_some() { Wanted::Start } else { Wanted::Stop };
            };
            tokio::select! {
                biased;
                next = side.readers.recv() => {
                    side.present = next;
                    return if side.present.is_some() { Wanted::Start } else { Wanted::Stop };
                }
                room = reader.reserve() => match room {
                    Ok(_) => return Wanted::More,
                    Err(_) => side.present = None,
                },
            }
        }
    }
}

/// The call's side of a stream.
struct Fed {
    replayable: bool,
    readers: mpsc::UnboundedSender<Reader>,
}

impl BodySource for Fed {
    /// Where it is known, the argument says it.
    fn length(&self) -> Option<u64> {
        None
    }

    fn replayable(&self) -> bool {
        self.replayable
    }

    fn open(&self) -> BoxFuture<'static, std::result::Result<Chunks, SourceError>> {
        // One chunk is read ahead.
        let (reader, parts) = mpsc::channel(1);
        let opened = self.readers.send(reader);
        Box::pin(async move {
            opened.map_err(|_| SourceError::from(unfinished()))?;
            let chunks = stream::unfold(Some(parts), |parts| async {
                let mut parts = parts?;
                match parts.recv().await {
                    Some(Part::Chunk(bytes)) => Some((Ok(bytes), Some(parts))),
                    Some(Part::End) => None,
                    Some(Part::Failed(failure)) => {
                        Some((Err(Error::of_host("the file cannot be read", failure).into()), None))
                    }
                    None => Some((Err(unfinished().into()), None)),
                }
            });
            Ok(chunks.boxed())
        })
    }
}

/// The error for a stream that nobody hands in any more.
fn unfinished() -> Error {
    Error::of_callback("the file cannot be read: its stream was given up before its end")
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    fn chunk(text: &'static str) -> Supply {
        Supply::Chunk(Bytes::from_static(text.as_bytes()))
    }

    fn stream_of(replayable: bool) -> (Attachments, Body, Forget) {
        let attachments = Attachments::default();
        let forget = attachments.until_end(7);
        assert_eq!(attachments.add(7, Attachment::Stream { replayable }), 0);
        let file = attachments.take(7).remove(0);
        let body = file.open("file").now_or_never().unwrap().unwrap();
        (attachments, body, forget)
    }

    #[tokio::test]
    async fn a_stream_is_handed_in_as_it_is_read_and_again() {
        let (attachments, body, _forget) = stream_of(true);
        let supply = |supply| attachments.supply(7, 0, supply);
        let mut first = Box::pin(supply(Supply::Nothing));
        assert!(first.as_mut().now_or_never().is_none());
        let mut chunks = body.open().await.unwrap();
        assert_eq!(first.await, Wanted::Start);
        assert_eq!(supply(chunk("one ")).now_or_never(), None);
        assert_eq!(chunks.next().await.unwrap().unwrap(), "one ");
        // The reader had to go, and another one begins.
        let mut waiting = Box::pin(supply(chunk("lost")));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(chunks);
        let mut chunks = body.open().await.unwrap();
        assert_eq!(waiting.await, Wanted::Start);
        let read = async {
            let mut all = Vec::new();
            while let Some(chunk) = chunks.next().await {
                all.extend(chunk.unwrap());
            }
            all
        };
        let fed = async {
            assert_eq!(supply(chunk("one ")).await, Wanted::More);
            assert_eq!(supply(chunk("two")).await, Wanted::More);
            supply(Supply::End).await
        };
        let ended = async {
            let all = read.await;
            drop(body);
            all
        };
        let (all, last) = tokio::join!(ended, fed);
        assert_eq!((all.as_slice(), last), (b"one two".as_slice(), Wanted::Stop));
    }

    #[tokio::test]
    async fn a_stream_that_fails_or_is_given_up_is_no_whole_one() {
        let (attachments, body, forget) = stream_of(false);
        let mut chunks = body.open().await.unwrap();
        assert_eq!(attachments.supply(7, 0, Supply::Nothing).await, Wanted::Start);
        let failed = attachments.supply(7, 0, Supply::Failed(HostFailure::new("no such stream")));
        let (read, ()) = tokio::join!(chunks.next(), async {
            assert_eq!(failed.now_or_never(), None);
        });
        let error = read.unwrap().unwrap_err();
        assert!(error.to_string().contains("no such stream"), "{error}");
        assert!(body.open().await.err().unwrap().to_string().contains("cannot be replayed"));
        drop(forget);
        assert_eq!(attachments.supply(7, 0, Supply::Nothing).await, Wanted::Stop);

        let (attachments, body, forget) = stream_of(false);
        let mut chunks = body.open().await.unwrap();
        assert_eq!(attachments.supply(7, 0, Supply::Nothing).await, Wanted::Start);
        drop((attachments, forget));
        let error = chunks.next().await.unwrap().unwrap_err();
        assert!(error.to_string().contains("given up"), "{error}");
    }
}
