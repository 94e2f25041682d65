//! Bodies that are encoded for the way (RFC 9110, 8.4). It is done here and not by the library, which takes a body that was
//! encoded twice for one that is decoded.

use std::io;

use ::http::HeaderMap;
use ::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use async_compression::tokio::bufread::GzipDecoder;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use tokio_util::io::{ReaderStream, StreamReader};

use super::{AnswerBody, Reached, TransportError};

/// Bytes of a piece of a decoded body, at most.
const PIECE: usize = 32 * 1024;

/// How a body is encoded that was not decoded.
pub(crate) fn encoding_of(headers: &HeaderMap) -> Option<String> {
    let names = names(headers);
    (!names.is_empty()).then(|| names.join(", "))
}

/// The encodings of a body, in the order in which they were applied.
fn names(headers: &HeaderMap) -> Vec<String> {
    let texts = headers.get_all(CONTENT_ENCODING).iter().map(|text| String::from_utf8_lossy(text.as_bytes()));
    let names = texts
        .flat_map(|text| text.split(',').map(|name| name.trim().to_ascii_lowercase()).collect::<Vec<_>>());
    let names = names.map(|name| if name == "x-gzip" { "gzip".into() } else { name });
    names.filter(|name| !name.is_empty() && name != "identity").collect()
}

/// The body without its encoding, if that is gzip alone. The headers then no longer speak of it, nor of its length.
pub(super) fn decoded(status: u16, headers: &mut HeaderMap, body: AnswerBody, host: String) -> AnswerBody {
    // A part of what is encoded cannot be decoded by itself.
    if status == 206 || names(headers) != ["gzip"] {
        return body;
    }
    headers.remove(CONTENT_ENCODING);
    headers.remove(CONTENT_LENGTH);
    let begun = stream::once(begin(body.into_stream(), host));
    AnswerBody::from_stream(begun.flatten())
}

/// An answer without a body may say that it is encoded, too.
async fn begin(
    mut chunks: BoxStream<'static, Result<Bytes, TransportError>>,
    host: String,
) -> BoxStream<'static, Result<Bytes, TransportError>> {
    let first = loop {
        match chunks.next().await {
            Some(Ok(chunk)) if chunk.is_empty() => {}
            Some(first) => break first,
            None => return stream::empty().boxed(),
        }
    };
    let chunks = stream::once(std::future::ready(first)).chain(chunks);
    let mut decoder =
        GzipDecoder::new(StreamReader::new(chunks.map(|chunk| chunk.map_err(io::Error::other))));
    decoder.multiple_members(true);
    ReaderStream::with_capacity(decoder, PIECE)
        .map(move |piece| {
            piece.map_err(|error| match error.downcast::<TransportError>() {
                Ok(own) => own,
                Err(error) => {
                    let text = format!("the encoded answer of {host} is damaged: {error}");
                    TransportError::new(Reached::Sent, text, error)
                }
            })
        })
        .boxed()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::http::Extent;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn headers(encodings: &[&str]) -> HeaderMap {
        let encodings = encodings.iter().map(|text| (CONTENT_ENCODING, text.parse().unwrap()));
        encodings.chain([(CONTENT_LENGTH, "9".parse().unwrap())]).collect()
    }

    async fn read(status: u16, encodings: &[&str], body: &[u8]) -> (Vec<u8>, bool, Option<String>) {
        let mut headers = headers(encodings);
        // In small pieces, as a network may bring them.
        let chunks: Vec<_> = body.chunks(7).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        let body = AnswerBody::from_stream(stream::iter(chunks));
        let (bytes, extent) = decoded(status, &mut headers, body, "host".into()).read(1 << 20, || {}).await;
        let encoding = encoding_of(&headers);
        // That of what was decoded is not known.
        let has_length = headers.contains_key(CONTENT_LENGTH);
        assert_eq!(has_length, encoding.is_some() || !encodings.iter().any(|name| name.contains(['z', 'Z'])));
        (bytes.to_vec(), matches!(extent, Extent::Whole), encoding)
    }

    #[tokio::test]
    async fn gzip_is_decoded_once_and_nothing_else() {
        let plain = b"text ".repeat(20_000);
        let twice = gzip(&gzip(&plain));
        for name in ["gzip", "GZIP", "x-gzip", "identity, gzip"] {
            assert_eq!(read(200, &[name], &gzip(&plain)).await, (plain.clone(), true, None), "{name}");
        }
        let two = [gzip(&plain), gzip(b"more")].concat();
        assert_eq!(read(200, &["gzip"], &two).await.0, [&plain[..], b"more"].concat());
        assert_eq!(read(200, &["gzip"], b"").await, (Vec::new(), true, None));
        for (encodings, named) in [
            (&["gzip, gzip"][..], "gzip, gzip"),
            (&["gzip", "gzip"], "gzip, gzip"),
            (&["br"], "br"),
            (&["gzip", "br"], "gzip, br"),
        ] {
            assert_eq!(read(200, encodings, &twice).await, (twice.clone(), true, Some(named.into())));
        }
        assert_eq!(read(206, &["gzip"], b"part").await, (b"part".to_vec(), true, Some("gzip".into())));
        for encodings in [&[][..], &["identity"], &["", " , Identity"]] {
            assert_eq!(read(200, encodings, b"as it is").await, (b"as it is".to_vec(), true, None));
        }
    }

    #[tokio::test]
    async fn what_is_damaged_does_not_look_whole() {
        let plain: Vec<u8> =
            (0..100_000_u32).flat_map(|number| (number * 2_654_435_761).to_le_bytes()).collect();
        let whole = gzip(&plain);
        let changed = [&whole[..1000], &[!whole[1000]], &whole[1001..]].concat();
        let behind = [&whole[..], b"more"].concat();
        for body in [&whole[..whole.len() - 9], &whole[..whole.len() - 1], b"no gzip", &changed, &behind] {
            assert!(!read(200, &["gzip"], body).await.1, "{} bytes", body.len());
        }
        let chunks =
            [Ok(Bytes::from(whole[..99].to_vec())), Err(TransportError::new(Reached::Sent, "broken", "x"))];
        let body = AnswerBody::from_stream(stream::iter(chunks));
        let mut body = decoded(200, &mut headers(&["gzip"]), body, "host".into());
        let error = loop {
            match body.next().await.unwrap() {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert_eq!(error.message, "broken");
    }
}
