//! Bodies: what a request carries, and what an answer brings.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt as _};

use super::TransportError;

/// What a body source may fail with.
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

/// Bytes that are handed to a connection at a time, at most. It takes the next ones when these have left, which shows that it
/// moves.
const PIECE: usize = 256 * 1024;

/// The pieces of a body, in order.
pub type Chunks = BoxStream<'static, Result<Bytes, SourceError>>;

/// A body that is read while it is sent.
pub trait BodySource: Send + Sync {
    /// Bytes that it yields, where that is known beforehand.
    fn length(&self) -> Option<u64>;

    /// Whether it can be opened again, and then yields the same bytes.
    fn replayable(&self) -> bool;

    /// Opens it at its beginning.
    fn open(&self) -> BoxFuture<'static, Result<Chunks, SourceError>>;
}

/// The body of a request.
#[derive(Clone)]
pub struct Body(Kind);

#[derive(Clone)]
enum Kind {
    Bytes(Bytes),
    Source(Arc<Source>),
}

struct Source {
    source: Box<dyn BodySource>,
    opened: AtomicBool,
}

impl Body {
    /// A body without bytes.
    #[must_use]
    pub fn empty() -> Self {
        Self(Kind::Bytes(Bytes::new()))
    }

    /// A body that is read while it is sent.
    pub fn from_source(source: impl BodySource + 'static) -> Self {
        Self(Kind::Source(Arc::new(Source { source: Box::new(source), opened: AtomicBool::new(false) })))
    }

    /// The bytes, unless they come from a source.
    #[must_use]
    pub fn bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            Kind::Bytes(bytes) => Some(bytes),
            Kind::Source(_) => None,
        }
    }

    /// Number of bytes, where it is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        match &self.0 {
            Kind::Bytes(bytes) => Some(bytes.len() as u64),
            Kind::Source(source) => source.source.length(),
        }
    }

    /// Whether the whole body can be sent from now on: a source that cannot be replayed works once.
    #[must_use]
    pub fn can_be_sent(&self) -> bool {
        match &self.0 {
            Kind::Bytes(_) => true,
            Kind::Source(source) => source.source.replayable() || !source.opened.load(Ordering::Relaxed),
        }
    }

    /// Whether it can be opened again, and then yields the same bytes.
    pub(crate) fn is_replayable(&self) -> bool {
        match &self.0 {
            Kind::Bytes(_) => true,
            Kind::Source(source) => source.source.replayable(),
        }
    }

    /// Opens the body at its beginning.
    ///
    /// # Errors
    /// That of the source; and for one that has been read and cannot be replayed.
    pub async fn open(&self) -> Result<Chunks, SourceError> {
        match &self.0 {
            Kind::Bytes(bytes) => Ok(stream::iter(Pieces(bytes.clone()).map(Ok)).boxed()),
            Kind::Source(source) => {
                if source.opened.swap(true, Ordering::Relaxed) && !source.source.replayable() {
                    return Err("the body source has been read already and cannot be replayed".into());
                }
                let chunks = source.source.open().await?;
                let pieces = chunks.flat_map(|chunk| {
                    let (bytes, error) = match chunk {
                        Ok(bytes) => (bytes, None),
                        Err(error) => (Bytes::new(), Some(Err(error))),
                    };
                    stream::iter(Pieces(bytes).map(Ok).chain(error))
                });
                Ok(pieces.boxed())
            }
        }
    }
}

/// Bytes, piece by piece.
struct Pieces(Bytes);

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let next = self.0.split_to(self.0.len().min(PIECE));
        (!next.is_empty()).then_some(next)
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Kind::Bytes(bytes))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.length() {
            Some(length) => write!(out, "Body({length} bytes)"),
            None => out.write_str("Body"),
        }
    }
}

/// The body of an answer as it arrives.
pub struct AnswerBody(BoxStream<'static, Result<Bytes, TransportError>>);

/// How much of an answer's body was read.
#[derive(Debug, Clone)]
pub(crate) enum Extent {
    /// All of it.
    Whole,
    /// As much as the limit allows. The rest was not read.
    Limit,
    /// As much as came before this.
    Cut(Arc<TransportError>),
}

impl AnswerBody {
    /// A body that arrives in pieces.
    pub fn from_stream(
        chunks: impl futures_util::Stream<Item = Result<Bytes, TransportError>> + Send + 'static,
    ) -> Self {
        Self(chunks.boxed())
    }

    pub(super) fn into_stream(self) -> BoxStream<'static, Result<Bytes, TransportError>> {
        self.0
    }

    /// The next piece, or none at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes, TransportError>> {
        self.0.next().await
    }

    /// The same bytes in fewer pieces: those that are there already are put together, up to so many bytes. None is waited for
    /// but the first.
    pub(crate) fn gathered(self, most: usize) -> Self {
        let state = (self.0.fuse(), None);
        let pieces = stream::unfold(state, move |(mut chunks, ahead)| async move {
            let first = match ahead {
                Some(first) => first,
                None => chunks.next().await?,
            };
            let Ok(first) = first else { return Some((first, (chunks, None))) };
            let mut all = BytesMut::new();
            let mut length = first.len();
            let mut ahead = None;
            // Whether the connection had its turn since the last one.
            let mut is_idle = false;
            while length < most {
                match chunks.next().now_or_never() {
                    Some(Some(Ok(chunk))) if length + chunk.len() <= most => {
                        if all.is_empty() {
                            all.reserve(most);
                            all.extend_from_slice(&first);
                        }
                        all.extend_from_slice(&chunk);
                        length = all.len();
                        is_idle = false;
                    }
                    Some(next) => {
                        ahead = next;
                        break;
                    }
                    None if is_idle => break,
                    None => {
                        tokio::task::yield_now().await;
                        is_idle = true;
                    }
                }
            }
            let piece = if all.is_empty() { first } else { all.freeze() };
            Some((Ok(piece), (chunks, ahead)))
        });
        Self(pieces.boxed())
    }

    /// Reads the body to its end, or up to a number of bytes. `moved` hears of each piece.
    pub(crate) async fn read(mut self, limit: usize, moved: impl Fn()) -> (Bytes, Extent) {
        // Nearly always there is one piece, or a few.
        let mut first = Bytes::new();
        let mut all = BytesMut::new();
        while let Some(chunk) = self.next().await {
            moved();
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => {
                    let read = if all.is_empty() { first } else { all.freeze() };
                    return (read, Extent::Cut(Arc::new(error)));
                }
            };
            let length = if all.is_empty() { first.len() } else { all.len() };
            if chunk.len() > limit - length {
                if all.is_empty() {
                    all.extend_from_slice(&first);
                }
                all.extend_from_slice(&chunk[..limit - length]);
                return (all.freeze(), Extent::Limit);
            }
            if length == 0 {
                first = chunk;
            } else {
                if all.is_empty() {
                    all.extend_from_slice(&first);
                }
                all.extend_from_slice(&chunk);
            }
        }
        (if all.is_empty() { first } else { all.freeze() }, Extent::Whole)
    }
}

impl<T: Into<Bytes>> From<T> for AnswerBody {
    fn from(bytes: T) -> Self {
        let bytes = bytes.into();
        Self(stream::iter((!bytes.is_empty()).then_some(Ok(bytes))).boxed())
    }
}

impl fmt::Debug for AnswerBody {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("AnswerBody")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Reached;

    fn broken() -> TransportError {
        TransportError::new(Reached::Sent, "broken", "broken")
    }

    async fn read(chunks: &[Option<&'static [u8]>], limit: usize) -> (Vec<u8>, String) {
        let chunks: Vec<_> =
            chunks.iter().map(|chunk| chunk.map(Bytes::from_static).ok_or_else(broken)).collect();
        let (bytes, extent) = AnswerBody::from_stream(stream::iter(chunks)).read(limit, || {}).await;
        let extent = match extent {
            Extent::Cut(error) => error.message.clone(),
            extent => format!("{extent:?}"),
        };
        (bytes.to_vec(), extent)
    }

    #[tokio::test]
    async fn a_body_is_read_within_its_limit() {
        let all: &[Option<&[u8]>] = &[Some(b"ab"), Some(b""), Some(b"cd"), Some(b"e")];
        assert_eq!(read(all, 5).await, (b"abcde".to_vec(), "Whole".into()));
        for limit in 0..5 {
            assert_eq!(read(all, limit).await, (b"abcde"[..limit].to_vec(), "Limit".into()), "{limit}");
        }
        assert_eq!(read(&[], 0).await, (Vec::new(), "Whole".into()));
        assert_eq!(read(&[Some(b"a"), None], 9).await, (b"a".to_vec(), "broken".into()));
        assert_eq!(read(&[Some(b"a"), Some(b"b"), None], 9).await, (b"ab".to_vec(), "broken".into()));
    }

    #[tokio::test]
    async fn pieces_that_are_there_are_put_together() {
        let (arrives, mut arriving) = tokio::sync::mpsc::unbounded_channel();
        let arriving = stream::poll_fn(move |context| arriving.poll_recv(context));
        let mut body = AnswerBody::from_stream(arriving).gathered(4);
        let mut poll = || body.next().now_or_never().map(|piece| piece.map(|piece| piece.map_err(|_| ())));
        // The connection has its turn before a piece is given away that could be larger.
        let mut next = || poll().or_else(&mut poll);
        let arrive = |piece| arrives.send(piece).unwrap();
        let piece = |text: &'static str| Bytes::from_static(text.as_bytes());
        assert_eq!(next(), None);
        for text in ["a", "", "bc", "def", "ghijk", "l"] {
            arrive(Ok(piece(text)));
        }
        for text in ["abc", "def", "ghijk", "l"] {
            assert_eq!(next(), Some(Some(Ok(piece(text)))));
        }
        // One that comes alone does not wait for others.
        assert_eq!(next(), None);
        arrive(Ok(piece("m")));
        assert_eq!(next(), Some(Some(Ok(piece("m")))));
        arrive(Ok(piece("n")));
        arrive(Err(broken()));
        assert_eq!(next(), Some(Some(Ok(piece("n")))));
        assert_eq!(next(), Some(Some(Err(()))));
        drop(arrives);
        assert_eq!(next(), Some(None));
    }

    struct Once(usize);

    impl BodySource for Once {
        fn length(&self) -> Option<u64> {
            None
        }
        fn replayable(&self) -> bool {
            false
        }
        fn open(&self) -> BoxFuture<'static, Result<Chunks, SourceError>> {
            let chunks = [Ok(Bytes::from(vec![0; self.0])), Err("broken".into())];
            Box::pin(std::future::ready(Ok(stream::iter(chunks).boxed())))
        }
    }

    #[tokio::test]
    async fn a_source_that_cannot_be_replayed_works_once() {
        let body = Body::from_source(Once(1));
        let again = body.clone();
        assert!(body.can_be_sent() && again.can_be_sent());
        assert_eq!(body.open().await.unwrap().count().await, 2);
        assert!(!body.can_be_sent() && !again.can_be_sent());
        assert!(again.open().await.err().unwrap().to_string().contains("cannot be replayed"));
    }

    #[tokio::test]
    async fn large_bytes_leave_in_pieces() {
        let length = 2 * PIECE + 1;
        for (body, ends) in [
            (Body::from(Bytes::from(vec![0; length])), vec![]),
            (Body::from_source(Once(length)), vec![Err("broken".to_owned())]),
        ] {
            let pieces: Vec<_> = body.open().await.unwrap().collect().await;
            let lengths = pieces
                .into_iter()
                .map(|piece| piece.map(|bytes| bytes.len()).map_err(|error| error.to_string()));
            let expected = [PIECE, PIECE, 1].map(Ok).into_iter().chain(ends);
            assert_eq!(lengths.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        }
        assert_eq!(Body::empty().open().await.unwrap().count().await, 0);
    }
}
