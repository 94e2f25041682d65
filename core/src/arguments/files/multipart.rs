//! The multipart body that carries a file.

use bytes::Bytes;
use futures_util::future::{BoxFuture, ready};
use futures_util::stream::{self, StreamExt as _};

use super::{measured, wrong_file};
use crate::http::{Body, BodySource, Chunks, SourceError};

/// A multipart body of one file, and its `Content-Type`.
#[derive(Debug, Clone)]
pub(crate) struct Multipart {
    pub(crate) body: Body,
    pub(crate) content_type: String,
}

/// A name as browsers write it (WHATWG HTML, multipart form data), so that none ends the header or the quotes.
pub(crate) fn as_sent(file_name: &str) -> String {
    file_name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

impl Multipart {
    /// The file as the part of this name. The boundary is one that no file holds.
    pub(crate) fn of(part: &str, file_name: &str, content: Body, boundary: &str) -> Self {
        let quoted = as_sent(file_name);
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"{quoted}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        let tail = format!("\r\n--{boundary}--\r\n");
        let body = Body::from_source(Parts { head: head.into(), content, tail: tail.into() });
        Self { body, content_type: format!("multipart/form-data; boundary={boundary}") }
    }
}

struct Parts {
    head: Bytes,
    content: Body,
    tail: Bytes,
}

impl BodySource for Parts {
    fn length(&self) -> Option<u64> {
        Some(self.content.length()? + (self.head.len() + self.tail.len()) as u64)
    }

    fn replayable(&self) -> bool {
        self.content.is_replayable()
    }

    fn open(&self) -> BoxFuture<'static, std::result::Result<Chunks, SourceError>> {
        let (head, content, tail) = (self.head.clone(), self.content.clone(), self.tail.clone());
        Box::pin(async move {
            let mut chunks = content.open().await?;
            if let Some(length) = content.length() {
                chunks = measured(chunks, length, "the source".into());
            }
            // Before anything leaves: the service would store an empty file with success.
            let first = loop {
                match chunks.next().await.transpose()? {
                    Some(chunk) if chunk.is_empty() => {}
                    Some(chunk) => break chunk,
                    None => {
                        return Err(wrong_file("the file is empty, and the service would store it as it is"));
                    }
                }
            };
            let begin = stream::iter([Ok(head), Ok(first)]);
            let whole = begin.chain(chunks).chain(stream::iter([Ok(tail)]));
            // Nothing follows an error: with its end the body would look like a whole one.
            let until_error = whole.scan(false, |failed, chunk| {
                let chunk = (!std::mem::replace(failed, chunk.is_err())).then_some(chunk);
                ready(chunk)
            });
            Ok(until_error.boxed())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Given, all};
    use super::*;
    use crate::arguments::files::FileSource;

    #[tokio::test]
    async fn a_part_is_a_file_with_its_name() {
        let name = "a \"b\" 100%\r\nX-Evil: ü.png";
        let multipart = Multipart::of("file", name, Bytes::from_static(b"bytes").into(), "b1");
        let expected = "--b1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a %22b%22 100%%0D%0AX-Evil: ü.png\"\r\n\
                        Content-Type: application/octet-stream\r\n\r\nbytes\r\n--b1--\r\n";
        assert_eq!(all(&multipart.body).await.unwrap(), expected);
        assert_eq!(all(&multipart.body).await.unwrap(), expected);
        assert_eq!(multipart.body.length(), Some(expected.len() as u64));
        assert_eq!(multipart.content_type, "multipart/form-data; boundary=b1");
    }

    #[tokio::test]
    async fn a_source_without_bytes_is_no_empty_file() {
        for (chunks, expected) in [(vec![], None), (vec!["", ""], None), (vec!["", "a", "", "b"], Some("ab"))]
        {
            let body = FileSource::source("x.png", Given(chunks, true)).open("file").await.unwrap();
            let multipart = Multipart::of("file", "x.png", body, "b");
            assert_eq!(multipart.body.length(), None);
            let sent = all(&multipart.body).await.ok();
            assert_eq!(
                sent.as_deref().map(|sent| sent.contains("\r\n\r\nab\r\n--b--")),
                expected.map(|_| true)
            );
        }
        let body = FileSource::source("x.png", Given(vec!["a"], false)).open("file").await.unwrap();
        let multipart = Multipart::of("file", "x.png", body, "b");
        assert!(multipart.body.can_be_sent());
        all(&multipart.body).await.unwrap();
        assert!(!multipart.body.can_be_sent());
        assert!(all(&multipart.body).await.unwrap_err().contains("cannot be replayed"));
    }
}
