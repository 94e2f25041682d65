//! Files to upload: what a caller names, and the multipart body that carries it.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt as _};
use serde_json::Value;
use tokio::fs::File;
use tokio_util::io::ReaderStream;

use crate::error::{Error, Result};
use crate::http::{Body, BodySource, Chunks, SourceError};

/// Bytes that are read at a time.
const CHUNK: usize = 256 * 1024;

/// A file to upload.
///
/// A path is opened anew for every attempt, and its last segment is the name of the file.
#[derive(Debug, Clone)]
pub struct FileSource {
    name: Option<String>,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    Path(PathBuf),
    Body(Body),
}

impl FileSource {
    /// A file on this machine.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self { name: None, content: Content::Path(path.into()) }
    }

    /// Bytes, under a file name.
    pub fn bytes(name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self { name: Some(name.into()), content: Content::Body(Body::from(bytes.into())) }
    }

    /// What a source yields, under a file name. It is read while it is sent. A source that cannot be replayed is sent once:
    /// a second attempt is made only if nothing of it was read.
    pub fn source(name: impl Into<String>, source: impl BodySource + 'static) -> Self {
        Self { name: Some(name.into()), content: Content::Body(Body::from_source(source)) }
    }

    /// The same file under another name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// A file as an argument in JSON: a path, or `{path, name}`.
    pub(crate) fn from_json(argument: &str, value: &Value) -> Result<Self> {
        let wrong = || Error::config(format!("{argument} has to be a path, or {{path, name}}, not {value}"));
        let members = match value {
            Value::String(path) => return Ok(Self::path(path)),
            Value::Object(members) => members,
            _ => return Err(wrong()),
        };
        if let Some(unknown) = members.keys().find(|name| !matches!(name.as_str(), "path" | "name")) {
            return Err(Error::config(format!(
                "{argument} has an unknown member {unknown:?}; members are path and name"
            )));
        }
        let path = members.get("path").and_then(Value::as_str).ok_or_else(wrong)?;
        let name = match members.get("name") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(name.clone()),
            Some(_) => return Err(wrong()),
        };
        Ok(Self { name, ..Self::path(path) })
    }

    /// The content as a body, and the name. An empty file is an error, because the service would store it with success.
    pub(crate) async fn open(&self, argument: &str) -> Result<(Body, String)> {
        let wrong = |text: String| Error::config(format!("{argument}: {text}"));
        let (body, name) = match &self.content {
            Content::Path(path) => {
                (Body::from_source(OnDisk::find(path).await.map_err(wrong)?), name_of(path))
            }
            Content::Body(body) => (body.clone(), None),
        };
        if body.length() == Some(0) {
            return Err(wrong("the file is empty, and the service would store it as it is".into()));
        }
        let name = self.name.clone().or(name);
        let name = name.ok_or_else(|| wrong("the name of the file is not UTF-8; give it another".into()))?;
        if name.trim().is_empty() || name.contains(|letter: char| letter.is_control() || letter == '/') {
            return Err(wrong(format!("{name:?} cannot be the name of a file")));
        }
        Ok((body, name))
    }
}

impl From<&str> for FileSource {
    fn from(path: &str) -> Self {
        Self::path(path)
    }
}

impl From<String> for FileSource {
    fn from(path: String) -> Self {
        Self::path(path)
    }
}

impl From<&Path> for FileSource {
    fn from(path: &Path) -> Self {
        Self::path(path)
    }
}

impl From<PathBuf> for FileSource {
    fn from(path: PathBuf) -> Self {
        Self::path(path)
    }
}

fn name_of(path: &Path) -> Option<String> {
    path.file_name()?.to_str().map(str::to_owned)
}

/// A file on this machine, of the length that it had when it was found.
struct OnDisk {
    path: PathBuf,
    length: u64,
}

impl OnDisk {
    async fn find(path: &Path) -> std::result::Result<Self, String> {
        let shown = path.display();
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
            let file = File::open(&path).await?;
            if file.metadata().await?.len() != length {
                return Err(format!("{} has changed since the call began", path.display()).into());
            }
            let chunks = ReaderStream::with_capacity(file, CHUNK);
            Ok(chunks.map(|chunk| chunk.map_err(SourceError::from)).boxed())
        })
    }
}

/// A multipart body of one file, and its `Content-Type`.
#[derive(Debug, Clone)]
pub(crate) struct Multipart {
    pub(crate) body: Body,
    pub(crate) content_type: String,
}

impl Multipart {
    /// The file as the part of this name. The boundary is one that no file holds.
    pub(crate) fn of(part: &str, file_name: &str, content: Body, boundary: &str) -> Self {
        let quoted = file_name.replace('\\', "\\\\").replace('"', "\\\"");
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
            // Before anything leaves: the service would store an empty file with success.
            let first = loop {
                match chunks.next().await.transpose()? {
                    Some(chunk) if chunk.is_empty() => {}
                    Some(chunk) => break chunk,
                    None => return Err("the file is empty".into()),
                }
            };
            let begin = stream::iter([Ok(head), Ok(first)]);
            Ok(begin.chain(chunks).chain(stream::iter([Ok(tail)])).boxed())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::own::ErrorKind;
    use serde_json::json;

    async fn all(body: &Body) -> std::result::Result<String, String> {
        let mut chunks = body.open().await.map_err(|error| error.to_string())?;
        let mut text = Vec::new();
        while let Some(chunk) = chunks.next().await {
            text.extend(chunk.map_err(|error| error.to_string())?);
        }
        String::from_utf8(text).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_part_is_a_file_with_its_name() {
        let multipart = Multipart::of("file", r#"a "b" \ ü.png"#, Bytes::from_static(b"bytes").into(), "b1");
        let expected = "--b1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\" \\\\ ü.png\"\r\n\
                        Content-Type: application/octet-stream\r\n\r\nbytes\r\n--b1--\r\n";
        assert_eq!(all(&multipart.body).await.unwrap(), expected);
        assert_eq!(all(&multipart.body).await.unwrap(), expected);
        assert_eq!(multipart.body.length(), Some(expected.len() as u64));
        assert_eq!(multipart.content_type, "multipart/form-data; boundary=b1");
    }

    #[tokio::test]
    async fn files_are_checked_before_anything_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(path("empty.png"), "").unwrap();
        std::fs::write(path("front.png"), "front").unwrap();
        for (given, says) in [
            (json!(path("missing.png")), "missing.png: "),
            (json!(folder.path()), "is a folder"),
            (json!(path("empty.png")), "the file is empty"),
            (json!({"path": path("front.png"), "name": " "}), "cannot be the name"),
            (json!({"path": path("front.png"), "name": "a\r\nb"}), "cannot be the name"),
            (json!({"path": path("front.png"), "title": "x"}), "unknown member \"title\""),
            (json!({"name": "x"}), "has to be a path"),
            (json!(7), "has to be a path"),
        ] {
            let opened = match FileSource::from_json("file", &given) {
                Ok(file) => file.open("file").await.map(|_| ()),
                Err(error) => Err(error),
            };
            let error = opened.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.message().starts_with("file") && error.message().contains(says), "{error}");
        }
        #[cfg(unix)]
        assert!(FileSource::path("/dev/null").open("file").await.is_err());
        let named = json!({"path": path("front.png"), "name": "back.png"});
        let (body, name) = FileSource::from_json("file", &named).unwrap().open("file").await.unwrap();
        assert_eq!((all(&body).await.unwrap().as_str(), name.as_str()), ("front", "back.png"));
    }

    #[tokio::test]
    async fn a_file_that_changes_is_not_sent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("front.png");
        std::fs::write(&path, "front").unwrap();
        let (body, name) = FileSource::from(path.as_path()).open("file").await.unwrap();
        assert_eq!((all(&body).await.unwrap().as_str(), name.as_str()), ("front", "front.png"));
        std::fs::write(&path, "longer").unwrap();
        assert!(all(&body).await.unwrap_err().contains("has changed"));
    }

    struct Given(Vec<&'static str>, bool);

    impl BodySource for Given {
        fn length(&self) -> Option<u64> {
            None
        }
        fn replayable(&self) -> bool {
            self.1
        }
        fn open(&self) -> BoxFuture<'static, std::result::Result<Chunks, SourceError>> {
            let chunks: Vec<_> = self.0.iter().map(|text| Ok(Bytes::from_static(text.as_bytes()))).collect();
            Box::pin(async move { Ok(stream::iter(chunks).boxed()) })
        }
    }

    #[tokio::test]
    async fn a_source_without_bytes_is_no_empty_file() {
        for (chunks, expected) in [(vec![], None), (vec!["", ""], None), (vec!["", "a", "", "b"], Some("ab"))]
        {
            let (body, name) = FileSource::source("x.png", Given(chunks, true)).open("file").await.unwrap();
            let multipart = Multipart::of("file", &name, body, "b");
            assert_eq!(multipart.body.length(), None);
            let sent = all(&multipart.body).await.ok();
            assert_eq!(
                sent.as_deref().map(|sent| sent.contains("\r\n\r\nab\r\n--b--")),
                expected.map(|_| true)
            );
        }
        let (body, _) = FileSource::source("x.png", Given(vec!["a"], false)).open("file").await.unwrap();
        let multipart = Multipart::of("file", "x.png", body, "b");
        assert!(multipart.body.can_be_sent());
        all(&multipart.body).await.unwrap();
        assert!(!multipart.body.can_be_sent());
        assert!(all(&multipart.body).await.unwrap_err().contains("cannot be replayed"));
    }
}
