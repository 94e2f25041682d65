//! Files: how they come in, what is kept of them, and how their bytes go out. A large file is not held: what goes out in
//! its place is made from a seed.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};
use axum::body::{Body, Bytes};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use multer::Multipart;

use crate::model::FileLink;

/// The size up to which a file, and a body that carries one, is kept as it came.
const KEPT: u64 = 1 << 20;

/// What is kept of a longer body.
const HEAD: usize = 1024;

/// The size of the pieces that a file goes out in.
const PIECE: u64 = 64 * 1024;

/// The bytes of a file.
#[derive(Clone)]
pub(crate) enum Content {
    Kept(Bytes),
    Made { seed: u64 },
}

/// A file that the storage has.
pub(crate) struct StoredFile {
    pub(crate) link: FileLink,
    pub(crate) content: Content,
    pub(crate) length: u64,
    /// SHA-256 of what came in, in hexadecimal digits.
    pub(crate) digest: String,
}

/// A file in the body of a request.
#[derive(Clone)]
pub(crate) struct SentFile {
    pub(crate) name: String,
    pub(crate) content: Content,
    pub(crate) length: u64,
    pub(crate) digest: String,
}

/// The body of a request.
#[derive(Default)]
pub(crate) struct Received {
    /// All of it, or the beginning of one that carries a large file.
    pub(crate) bytes: Bytes,
    pub(crate) length: u64,
    /// The one file of a body that is a form, or why there is none.
    pub(crate) file: Option<Result<SentFile, String>>,
}

/// The client has left before its request was complete.
pub(crate) struct Incomplete;

pub(crate) async fn receive(
    headers: &HeaderMap,
    body: hyper::body::Incoming,
) -> Result<Received, Incomplete> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let Ok(boundary) = multer::parse_boundary(kind) else {
        let bytes = body.collect().await.map_err(|_| Incomplete)?.to_bytes();
        return Ok(Received { length: bytes.len() as u64, bytes, file: None });
    };
    let seen = Arc::new(Mutex::new(Seen::default()));
    let look = seen.clone();
    let mut body = body.into_data_stream().inspect(move |piece| {
        look.lock().unwrap_or_else(PoisonError::into_inner).take(piece.as_ref().ok());
    });
    let file = read_form(Multipart::new(&mut body, boundary)).await;
    // What follows the form belongs to the body all the same.
    while body.next().await.is_some() {}
    drop(body);
    let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
    if seen.broken {
        return Err(Incomplete);
    }
    Ok(Received { bytes: seen.kept.into(), length: seen.length, file: Some(file) })
}

#[derive(Default)]
struct Seen {
    kept: Vec<u8>,
    length: u64,
    broken: bool,
}

impl Seen {
    fn take(&mut self, piece: Option<&Bytes>) {
        let Some(piece) = piece else {
            self.broken = true;
            return;
        };
        let before = self.length;
        self.length += piece.len() as u64;
        if self.length <= KEPT {
            self.kept.extend_from_slice(piece);
        } else if before <= KEPT {
            self.kept.extend_from_slice(piece);
            self.kept.truncate(HEAD);
            self.kept.shrink_to_fit();
        }
    }
}

/// The one part that is a file. An empty file is taken as any other.
async fn read_form(mut form: Multipart<'_>) -> Result<SentFile, String> {
    let mut found = None;
    while let Some(mut part) = form.next_field().await.map_err(|error| error.to_string())? {
        let name = part.file_name().filter(|_| part.name() == Some("file")).map(str::to_owned);
        let Some(name) = name.filter(|_| found.is_none()) else { continue };
        let (mut digest, mut length, mut kept) = (Context::new(&SHA256), 0, Vec::new());
        while let Some(piece) = part.chunk().await.map_err(|error| error.to_string())? {
            digest.update(&piece);
            length += piece.len() as u64;
            if length <= KEPT {
                kept.extend_from_slice(&piece);
            } else {
                kept = Vec::new();
            }
        }
        let digest = hexadecimal(digest);
        let content = if length <= KEPT {
            Content::Kept(kept.into())
        } else {
            Content::Made { seed: u64::from_str_radix(&digest[..16], 16).unwrap_or(0) }
        };
        found = Some(SentFile { name, content, length, digest });
    }
    found.ok_or_else(|| "A file with a name is required.".to_owned())
}

fn hexadecimal(digest: Context) -> String {
    digest.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl SentFile {
    /// A file that is made from a seed.
    pub(crate) fn made(name: String, seed: u64, length: u64) -> Self {
        let content = Content::Made { seed };
        let mut digest = Context::new(&SHA256);
        let mut from = 0;
        while from < length {
            let piece = content.piece(from, length);
            digest.update(&piece);
            from += piece.len() as u64;
        }
        SentFile { name, content, length, digest: hexadecimal(digest) }
    }
}

impl Content {
    /// The bytes from `start` to before `end`.
    pub(crate) fn body(&self, start: u64, end: u64) -> Body {
        match self {
            Content::Kept(bytes) => Body::from(bytes.slice(start as usize..end as usize)),
            Content::Made { .. } => Body::from_stream(self.clone().pieces(start, end).map_ok(Bytes::from)),
        }
    }

    fn pieces(self, start: u64, end: u64) -> impl Stream<Item = Result<Vec<u8>, Infallible>> {
        stream::unfold(start, move |from| {
            let piece = (from < end).then(|| self.piece(from, end));
            async move { piece.map(|piece| (Ok(piece.clone()), from + piece.len() as u64)) }
        })
    }

    /// Some bytes from `from` on, at least one where `from` is before `end`.
    fn piece(&self, from: u64, end: u64) -> Vec<u8> {
        let to = end.min((from / PIECE + 1) * PIECE);
        match self {
            Content::Kept(bytes) => bytes[from as usize..to as usize].to_vec(),
            Content::Made { seed } => {
                let mut piece = Vec::with_capacity((to - from) as usize + 16);
                let first = from / 8;
                for word in first..to.div_ceil(8) {
                    piece.extend_from_slice(&mixed(seed.wrapping_add(word)).to_le_bytes());
                }
                piece.drain(..(from - first * 8) as usize);
                piece.truncate((to - from) as usize);
                piece
            }
        }
    }
}

/// SplitMix64 of a counter.
fn mixed(counter: u64) -> u64 {
    let mut z = counter.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(content: &Content, start: u64, end: u64) -> Vec<u8> {
        let (mut bytes, mut from) = (Vec::new(), start);
        while from < end {
            let piece = content.piece(from, end);
            from += piece.len() as u64;
            bytes.extend(piece);
        }
        bytes
    }

    #[test]
    fn any_part_of_a_made_file_is_the_same_as_in_the_whole() {
        let content = Content::Made { seed: 7 };
        let whole = all(&content, 0, 200_003);
        assert_eq!(whole.len(), 200_003);
        for (start, end) in [(0, 1), (3, 11), (65_530, 65_545), (199_999, 200_003), (5, 5)] {
            assert_eq!(all(&content, start, end), whole[start as usize..end as usize]);
        }
        assert_ne!(whole, all(&Content::Made { seed: 9_000_000 }, 0, 200_003));
    }
}
