//! Files of one length that repeat one row of bytes. None is held: they are cut from the row, and compared with it.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use http_body::{Body, Frame, SizeHint};

/// Where a file is read.
pub(crate) const PATH: &str = "/file";

/// Length of the row. No size of a buffer is a part of it, so that pieces in a wrong order are noticed.
const PERIOD: usize = 1_048_573;
/// What is sent at a time.
const PIECE: usize = 64 * 1024;
/// What stands before and behind the file in an upload, at most.
const AROUND: usize = 4096;

pub(crate) struct Files {
    /// The row, and its beginning once more.
    row: Bytes,
    length: u64,
}

impl Files {
    pub(crate) fn new(length: u64) -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut row: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_be_bytes()[0]
        })
        .take(PERIOD)
        .collect();
        row.extend_from_within(..PIECE);
        Files { row: row.into(), length }
    }

    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = File::create_new(path)?;
        let mut content = self.content();
        while let Some(piece) = content.next() {
            file.write_all(&piece)?;
        }
        Ok(())
    }

    /// The answer that is a file.
    pub(crate) fn sent(&self) -> Response<Content> {
        let mut response = Response::new(self.content());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        headers.insert(header::CONTENT_LENGTH, self.length.into());
        response
    }

    fn content(&self) -> Content {
        Content { row: self.row.clone(), done: 0, length: self.length }
    }

    /// For a request with these headers that brings a file.
    pub(crate) fn arriving(&self, headers: &HeaderMap) -> Option<Arriving> {
        let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let boundary = kind.strip_prefix("multipart/form-data")?.split_once("boundary=")?.1;
        let boundary = boundary.split(';').next()?.trim_matches('"').to_owned();
        let expected = self.content();
        Some(Arriving { boundary, head: Vec::new(), begun: false, expected, tail: Vec::new(), wrong: None })
    }
}

/// A file on its way out.
pub(crate) struct Content {
    row: Bytes,
    done: u64,
    length: u64,
}

impl Content {
    /// What comes next, at most so many bytes.
    fn part(&mut self, most: usize) -> Bytes {
        let left = usize::try_from(self.length - self.done).unwrap_or(usize::MAX);
        let count = left.min(most).min(PIECE);
        let begin = (self.done % PERIOD as u64) as usize;
        self.done += count as u64;
        self.row.slice(begin..begin + count)
    }

    fn next(&mut self) -> Option<Bytes> {
        Some(self.part(PIECE)).filter(|piece| !piece.is_empty())
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.next().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.done == self.length
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length - self.done)
    }
}

/// A file on its way in, as the one part of a multipart body.
pub(crate) struct Arriving {
    boundary: String,
    head: Vec<u8>,
    begun: bool,
    expected: Content,
    tail: Vec<u8>,
    wrong: Option<&'static str>,
}

impl Arriving {
    pub(crate) fn take(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        if !self.begun {
            // The end of the head may come in two pieces.
            let before = self.head.len();
            self.head.extend_from_slice(&bytes[..bytes.len().min(AROUND)]);
            let Some(end) = self.head.windows(4).position(|four| four == b"\r\n\r\n") else {
                if self.head.len() > AROUND {
                    self.wrong = Some("the part has no head");
                }
                return;
            };
            self.begun = true;
            self.head.truncate(end);
            bytes = &bytes[end + 4 - before..];
        }
        while !bytes.is_empty() {
            let expected = self.expected.part(bytes.len());
            if expected.is_empty() {
                let room = AROUND - self.tail.len();
                self.tail.extend_from_slice(&bytes[..bytes.len().min(room)]);
                return;
            }
            let (file, rest) = bytes.split_at(expected.len());
            if file != expected {
                self.wrong = Some("the bytes are others than those of the file");
            }
            bytes = rest;
        }
    }

    /// Whether it was the file, all of it, and nothing else.
    pub(crate) fn end(self) -> Result<(), &'static str> {
        let head = String::from_utf8_lossy(&self.head);
        let tail = format!("\r\n--{}--", self.boundary);
        match self.wrong {
            Some(wrong) => Err(wrong),
            None if !head.contains("name=\"file\"") => Err("there is no part with the name file"),
            None if !head.contains("filename=") => Err("the file has no name"),
            None if !self.expected.is_end_stream() => Err("the file is shorter than it has to be"),
            None if self.tail.trim_ascii_end() != tail.as_bytes() => {
                Err("the file is longer than it has to be")
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n";

    /// What becomes of a body that arrives in pieces of a length.
    fn arrives(files: &Files, body: &[u8], piece: usize) -> Result<(), &'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("multipart/form-data; boundary=\"b\""));
        let mut arriving = files.arriving(&headers).unwrap();
        body.chunks(piece).for_each(|piece| arriving.take(piece));
        arriving.end()
    }

    #[test]
    fn only_the_file_is_taken() {
        let files = Files::new(2_500_000);
        let mut content = files.content();
        let mut file = Vec::new();
        while let Some(piece) = content.next() {
            file.extend_from_slice(&piece);
        }
        assert_eq!(file.len(), 2_500_000);
        let body = |file: &[u8], tail: &str| [HEAD.as_bytes(), file, tail.as_bytes()].concat();
        for piece in [1, 7, 4096, 100_000, usize::MAX] {
            assert_eq!(arrives(&files, &body(&file, "\r\n--b--\r\n"), piece), Ok(()), "{piece}");
            assert_eq!(arrives(&files, &body(&file, "\r\n--b--"), piece), Ok(()), "{piece}");
            let short = arrives(&files, &body(&file[..file.len() - 1], "\r\n--b--\r\n"), piece);
            assert!(short.is_err(), "{piece}");
            assert!(arrives(&files, &body(&file, "x\r\n--b--\r\n"), piece).is_err(), "{piece}");
            assert!(arrives(&files, &body(&file, ""), piece).is_err(), "{piece}");
        }
        let mut swapped = file.clone();
        swapped.swap(65_536, 65_537);
        assert_ne!(swapped, file);
        assert!(arrives(&files, &body(&swapped, "\r\n--b--\r\n"), 65_536).is_err());
        let unnamed = [b"--b\r\n\r\n", file.as_slice(), b"\r\n--b--\r\n"].concat();
        assert!(arrives(&files, &unnamed, 65_536).is_err());
    }
}
