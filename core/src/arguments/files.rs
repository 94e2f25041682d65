//! Files to upload: what a caller names, and the multipart body that carries it.

mod disk;
mod multipart;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::Url;

use self::disk::OnDisk;
pub(crate) use self::multipart::Multipart;
use crate::error::{Error, Result};
use crate::http::{Body, BodySource, Chunks, SourceError};
use crate::near;
use crate::redact::address;

/// A file to upload.
///
/// A path is opened anew for every attempt. The last segment of a path or of a URL is the name of the file.
#[derive(Debug, Clone)]
pub struct FileSource {
    name: Option<String>,
    content: Content,
}

#[derive(Clone)]
enum Content {
    Path(PathBuf),
    Body(Body),
    Url(Url),
    /// The file of this number among those that go with the call and are no JSON.
    Attached(usize),
}

impl std::fmt::Debug for Content {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(path) => write!(out, "{}", path.display()),
            Self::Body(body) => write!(out, "{body:?}"),
            // A query may be a signature.
            Self::Url(url) => write!(out, "{}", address(url)),
            Self::Attached(number) => write!(out, "attached {number}"),
        }
    }
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

    /// What an https URL leads to, at most 200 MB. It is fetched without the access token and while it is sent. Addresses inside
    /// a network, and http, are for clients with the setting `allow_private_sources`.
    ///
    /// # Errors
    /// `config` for what is no such URL.
    pub fn url(url: &str) -> Result<Self> {
        let url = Url::parse(url).map_err(|error| Error::config(format!("the URL is not valid: {error}")))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(Error::config(format!("{} is not an https URL", address(&url))));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::config("a URL with a user and a password is not fetched; give one without"));
        }
        Ok(Self { name: None, content: Content::Url(url) })
    }

    /// A file that goes with the call beside its arguments.
    #[cfg(test)]
    fn attached(number: usize) -> Self {
        Self { name: None, content: Content::Attached(number) }
    }

    pub(crate) fn body(body: Body) -> Self {
        Self { name: None, content: Content::Body(body) }
    }

    /// The same file under another name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// A file as an argument in JSON: a path, or an object with one of `path`, `url` and `attached`, and a `name` where it is not
    /// the last segment.
    pub(crate) fn from_json(argument: &str, value: &Value) -> Result<Self> {
        let wrong = || {
            let forms = "a path, {path, name}, {url, name}, or bytes with a name";
            Error::config(format!("{argument} has to be {forms}, not {value}"))
        };
        let members = match value {
            Value::String(path) => return Ok(Self::path(path)),
            Value::Object(members) => members,
            _ => return Err(wrong()),
        };
        let known = ["path", "url", "attached", "name"];
        let unknown = format!("{argument} has an unknown member");
        near::check(members.keys(), &known, &unknown, "its members are")?;
        let given = |name: &str| members.get(name).filter(|value| !value.is_null());
        let file = match (given("path"), given("url"), given("attached")) {
            (Some(Value::String(path)), None, None) => Self::path(path),
            (None, Some(Value::String(url)), None) => {
                Self::url(url).map_err(|error| Error::config(format!("{argument}: {}", error.message())))?
            }
            (None, None, Some(number)) => {
                let number = number.as_u64().and_then(|number| usize::try_from(number).ok());
                Self { name: None, content: Content::Attached(number.ok_or_else(wrong)?) }
            }
            _ => return Err(wrong()),
        };
        match given("name") {
            None => Ok(file),
            Some(Value::String(name)) => Ok(file.named(name)),
            Some(_) => Err(wrong()),
        }
    }

    /// The file itself, where this names one of those that go with the call.
    pub(crate) fn among(self, attached: &[Self], argument: &str) -> Result<Self> {
        let Content::Attached(number) = self.content else { return Ok(self) };
        let file = attached.get(number).cloned();
        let file =
            file.ok_or_else(|| Error::config(format!("{argument}: no file {number} goes with the call")))?;
        Ok(Self { name: self.name.or(file.name), ..file })
    }

    /// The URL that it is read from.
    pub(crate) fn address(&self) -> Option<&Url> {
        match &self.content {
            Content::Url(url) => Some(url),
            _ => None,
        }
    }

    /// The name that it is sent under.
    pub(crate) fn file_name(&self, argument: &str) -> Result<String> {
        let wrong = |text: String| Error::config(format!("{argument}: {text}"));
        let name = self.name.clone().or_else(|| match &self.content {
            Content::Path(path) => path.file_name()?.to_str().map(str::to_owned),
            Content::Url(url) => last_segment(url),
            Content::Body(_) | Content::Attached(_) => None,
        });
        let name = name.ok_or_else(|| {
            wrong(match &self.content {
                Content::Path(_) => "the name of the file is not UTF-8; give it another".into(),
                Content::Url(url) => format!("{} ends with no file name; give one", address(url)),
                Content::Body(_) | Content::Attached(_) => {
                    "the file needs a name; the service refuses one without".into()
                }
            })
        })?;
        if name.trim().is_empty() || name.contains(|letter: char| letter.is_control() || letter == '/') {
            return Err(wrong(format!("{name:?} cannot be the name of a file")));
        }
        Ok(name)
    }

    /// The content as a body. An empty file is an error, because the service would store it with success.
    pub(crate) async fn open(&self, argument: &str) -> Result<Body> {
        let wrong = |text: String| Error::config(format!("{argument}: {text}"));
        let body = match &self.content {
            Content::Path(path) => Body::from_source(OnDisk::find(path).await.map_err(wrong)?),
            Content::Body(body) => body.clone(),
            Content::Url(_) | Content::Attached(_) => {
                return Err(Error::internal(format!("{argument} was opened before it was found")));
            }
        };
        if body.length() == Some(0) {
            return Err(wrong("the file is empty, and the service would store it as it is".into()));
        }
        if !body.can_be_sent() {
            return Err(wrong("the source has been read already; open it again".into()));
        }
        Ok(body)
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

/// The last segment of the path, decoded.
fn last_segment(url: &Url) -> Option<String> {
    let segment = url.path_segments()?.next_back().filter(|segment| !segment.is_empty())?;
    Some(percent_decode_str(segment).decode_utf8().ok()?.into_owned())
}

/// A file that cannot be sent as it is.
fn wrong_file(text: impl Into<String>) -> SourceError {
    Error::config(text).into()
}

/// The chunks, which have to be exactly so many bytes. Of more, none is handed on beyond them: the end of the body must not come
/// after what is not the file.
fn measured(chunks: Chunks, length: u64, what: String) -> Chunks {
    let state = Some((chunks, 0_u64));
    let chunks = stream::unfold((state, what), move |(state, what)| async move {
        let (mut chunks, before) = state?;
        let wrong = |text: String| Some((Err(wrong_file(text)), (None, String::new())));
        match chunks.next().await {
            None if before < length => wrong(format!(
                "{what} was to have {length} bytes and ended after {before}: it became shorter while it was sent"
            )),
            None => None,
            Some(Err(error)) => Some((Err(error), (None, what))),
            Some(Ok(chunk)) if chunk.len() as u64 > length - before => wrong(format!(
                "{what} was to have {length} bytes and has more: it became longer while it was sent"
            )),
            Some(Ok(chunk)) => {
                let sent = before + chunk.len() as u64;
                Some((Ok(chunk), (Some((chunks, sent)), what)))
            }
        }
    });
    chunks.boxed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::own::ErrorKind;
    use futures_util::future::BoxFuture;
    use serde_json::json;

    pub(super) async fn all(body: &Body) -> std::result::Result<String, String> {
        let mut chunks = body.open().await.map_err(|error| error.to_string())?;
        let mut text = Vec::new();
        while let Some(chunk) = chunks.next().await {
            text.extend(chunk.map_err(|error| error.to_string())?);
        }
        String::from_utf8(text).map_err(|error| error.to_string())
    }

    /// The file with its name, as an upload finds it.
    async fn opened(given: &Value) -> Result<(Body, String)> {
        let file = FileSource::from_json("file", given)?.among(&[], "file")?;
        let name = file.file_name("file")?;
        Ok((file.open("file").await?, name))
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
            (json!({"path": path("front.png"), "url": "https://x/y.png"}), "has to be a path"),
            (json!({"url": "file:///etc/passwd"}), "not an https URL"),
            (json!({"url": "https://user:secret@x/y.png"}), "with a user and a password"),
            (json!({"url": "https://x/"}), "ends with no file name"),
            (json!({"url": "https://x/%FF"}), "ends with no file name"),
            (json!({"url": "no url"}), "is not valid"),
            (json!({"attached": 0}), "no file 0 goes with the call"),
            (json!({"attached": "x"}), "has to be a path"),
            (json!({"name": "x"}), "has to be a path"),
            (json!(7), "has to be a path"),
        ] {
            let error = opened(&given).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.message().starts_with("file") && error.message().contains(says), "{error}");
        }
        #[cfg(unix)]
        assert!(FileSource::path("/dev/null").open("file").await.is_err());
        let named = json!({"path": path("front.png"), "name": "back.png"});
        let (body, name) = opened(&named).await.unwrap();
        assert_eq!((all(&body).await.unwrap().as_str(), name.as_str()), ("front", "back.png"));
    }

    #[test]
    fn the_name_is_the_last_segment() {
        for (given, name) in [
            (json!({"url": "https://x/a/front%20%C3%BC.png?name=/other.png"}), "front ü.png"),
            (json!({"url": "https://x/", "name": "x.png"}), "x.png"),
            (json!("/a/b/c.png"), "c.png"),
        ] {
            assert_eq!(FileSource::from_json("file", &given).unwrap().file_name("file").unwrap(), name);
        }
        let bytes = FileSource::bytes("own.png", "x");
        let named = FileSource::attached(0).among(std::slice::from_ref(&bytes), "file").unwrap();
        assert_eq!(named.file_name("file").unwrap(), "own.png");
        let named = FileSource::attached(0).named("given.png").among(&[bytes], "file").unwrap();
        assert_eq!(named.file_name("file").unwrap(), "given.png");
        let error = FileSource::body(Body::empty()).file_name("file").unwrap_err();
        assert!(error.message().contains("needs a name"), "{error}");
        let shown = format!("{:?}", FileSource::url("https://x/y.png?sig=secret").unwrap());
        assert!(!shown.contains("secret"), "{shown}");
    }

    #[tokio::test]
    async fn a_file_that_changes_is_not_sent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("front.png");
        std::fs::write(&path, "front").unwrap();
        let body = FileSource::from(path.as_path()).open("file").await.unwrap();
        assert_eq!(all(&body).await.unwrap(), "front");
        std::fs::write(&path, "longer").unwrap();
        assert!(all(&body).await.unwrap_err().contains("had 5 bytes when the call began, and has 6 now"));
        std::fs::remove_file(&path).unwrap();
        assert!(all(&body).await.unwrap_err().contains("front.png: "));
    }

    #[tokio::test]
    async fn a_file_that_changes_while_it_is_sent_is_cut_off_before_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("front.png");
        let change = |length: usize| std::fs::write(&path, vec![b'x'; length]).unwrap();
        for (length, says) in [(300_000, "became shorter"), (900_000, "became longer")] {
            change(600_000);
            let body = FileSource::from(path.as_path()).open("file").await.unwrap();
            let multipart = Multipart::of("file", "front.png", body, "b1");
            let mut chunks = multipart.body.open().await.unwrap();
            let mut sent = Vec::new();
            let error = loop {
                match chunks.next().await.unwrap() {
                    Ok(chunk) => sent.extend(chunk),
                    Err(error) => break error.to_string(),
                }
                change(length);
            };
            assert!(error.contains(says) && error.contains("600000 bytes"), "{error}");
            assert!(!sent.ends_with(b"--b1--\r\n"), "{length}");
            assert!(chunks.next().await.is_none());
        }
    }

    pub(super) struct Given(pub(super) Vec<&'static str>, pub(super) bool);

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
}
