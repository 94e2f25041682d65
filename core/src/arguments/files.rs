//! Files to upload: what a caller names, and the multipart body that carries it.

mod disk;
mod multipart;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt as _};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::Url;

use self::disk::OnDisk;
pub(crate) use self::multipart::{Multipart, as_sent};
use super::shown::{shown, shown_text, without_query};
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
    /// Bytes that the content has, as its owner says.
    length: Option<u64>,
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
            // A link that was taken for a path.
            Self::Path(path) => out.write_str(&without_query(&path.to_string_lossy())),
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
        Self::of(Content::Path(path.into()))
    }

    /// Bytes, under a file name.
    pub fn bytes(name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self::of(Content::Body(Body::from(bytes.into()))).named(name)
    }

    /// What a source yields, under a file name. It is read while it is sent. A source that cannot be replayed is sent once:
    /// a second attempt is made only if nothing of it was read.
    pub fn source(name: impl Into<String>, source: impl BodySource + 'static) -> Self {
        Self::of(Content::Body(Body::from_source(source))).named(name)
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
        Ok(Self::of(Content::Url(url)))
    }

    const fn of(content: Content) -> Self {
        Self { name: None, length: None, content }
    }

    /// A file that goes with the call beside its arguments.
    #[cfg(test)]
    fn attached(number: usize) -> Self {
        Self::of(Content::Attached(number))
    }

    pub(crate) fn body(body: Body) -> Self {
        Self::of(Content::Body(body))
    }

    /// The same file under another name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// A file as an argument in JSON: a path, or an object with one of `path`, `url` and `attached`, and a `name` where it is not
    /// the last segment. One that is attached may have a `length`.
    pub(crate) fn from_json(argument: &str, value: &Value) -> Result<Self> {
        let wrong = || {
            let forms = "a path, {path, name}, {url, name}, or a name with content";
            Error::config(format!("{argument} has to be {forms}, not {}", shown(value)))
        };
        let members = match value {
            Value::String(path) => return Ok(Self::path(path)),
            Value::Object(members) => members,
            _ => return Err(wrong()),
        };
        // Those of an attached file are written by a binding.
        let known: &[&str] = match members.contains_key("attached") {
            true => &["attached", "name", "length"],
            false => &["path", "url", "name"],
        };
        let unknown = format!("{argument} has an unknown member");
        near::check(members.keys(), known, &unknown, "its members are")?;
        let given = |name: &str| members.get(name).filter(|value| !value.is_null());
        let member = |name: &str, expected: &str, value: &Value| {
            Error::config(format!("{argument}: {name} has to be {expected}, not {}", shown(value)))
        };
        let text = |name: &str, value: &Value| {
            value.as_str().map(str::to_owned).ok_or_else(|| member(name, "a text", value))
        };
        let mut file = match (given("path"), given("url"), given("attached")) {
            (Some(path), None, None) => Self::path(text("path", path)?),
            (None, Some(url), None) => Self::url(&text("url", url)?)
                .map_err(|error| Error::config(format!("{argument}: {}", error.message())))?,
            (None, None, Some(number)) => {
                let number = number.as_u64().and_then(|number| usize::try_from(number).ok());
                Self::of(Content::Attached(number.ok_or_else(wrong)?))
            }
            _ => return Err(wrong()),
        };
        file.name = given("name").map(|name| text("name", name)).transpose()?;
        if let Some(length) = given("length") {
            let bytes = length.as_u64();
            file.length = Some(bytes.ok_or_else(|| member("length", "a number of bytes, from 0", length))?);
        }
        Ok(file)
    }

    /// The file itself, where this names one of those that go with the call.
    pub(crate) fn among(self, attached: &[Self], argument: &str) -> Result<Self> {
        let Content::Attached(number) = self.content else { return Ok(self) };
        let file = attached.get(number).cloned();
        let file =
            file.ok_or_else(|| Error::config(format!("{argument}: no file {number} goes with the call")))?;
        Ok(Self { name: self.name.or(file.name), length: self.length, ..file })
    }

    /// The URL that it is read from.
    pub(crate) fn address(&self) -> Option<&Url> {
        match &self.content {
            Content::Url(url) => Some(url),
            _ => None,
        }
    }

    /// The path that it is read from.
    pub(crate) fn local(&self) -> Option<&Path> {
        match &self.content {
            Content::Path(path) => Some(path),
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
        match problem_of(&name) {
            None => Ok(name),
            Some(problem) => Err(wrong(format!(
                "{:?} cannot be the name of a file: {problem}; give another name",
                shown_text(&name)
            ))),
        }
    }

    /// The content as a body. An empty file is an error, because the service would store it with success.
    pub(crate) async fn open(&self, argument: &str) -> Result<Body> {
        let wrong = |text: String| Error::config(format!("{argument}: {text}"));
        let body = match &self.content {
            Content::Path(path) => {
                if is_url(path) {
                    let shown = without_query(&path.to_string_lossy());
                    return Err(wrong(format!("{shown} is a URL and no path; give it as a URL")));
                }
                Body::from_source(OnDisk::find(path).await.map_err(wrong)?)
            }
            Content::Body(body) => match (self.length, body.length()) {
                (Some(length), None) => Body::from_source(Announced { body: body.clone(), length }),
                (Some(length), Some(present)) if length != present => {
                    return Err(wrong(format!("length is {length}, and the content has {present} bytes")));
                }
                _ => body.clone(),
            },
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

/// Content whose length its owner knows.
struct Announced {
    body: Body,
    length: u64,
}

impl BodySource for Announced {
    fn length(&self) -> Option<u64> {
        Some(self.length)
    }

    fn replayable(&self) -> bool {
        self.body.is_replayable()
    }

    fn open(&self) -> BoxFuture<'static, std::result::Result<Chunks, SourceError>> {
        let body = self.body.clone();
        Box::pin(async move { body.open().await })
    }
}

/// Why this cannot be the name of a file. A separator would make a path of it, on a server of either kind.
fn problem_of(name: &str) -> Option<&'static str> {
    if name.trim().is_empty() {
        return Some("it is empty");
    }
    if name.contains(char::is_control) {
        return Some("it has a line break or another control character");
    }
    if name.contains(['/', '\\']) {
        return Some("it has a path");
    }
    matches!(name, "." | "..").then_some("it is a folder")
}

/// A link that was given as a path. Some languages take one of its slashes away before it comes here, or put a folder before it.
fn is_url(path: &Path) -> bool {
    let schemes = ["https:", "http:", "ftp:", "file:"];
    path.components().any(|part| schemes.iter().any(|scheme| part.as_os_str().eq_ignore_ascii_case(scheme)))
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
            (json!({"path": path("front.png"), "name": " "}), "it is empty; give another name"),
            (json!({"path": path("front.png"), "name": "a\r\nb"}), "it has a line break"),
            (
                json!({"path": path("front.png"), "name": "a/b.png"}),
                "\"a/b.png\" cannot be the name of a file: it has a path",
            ),
            (json!({"path": path("front.png"), "name": "..\\b.png"}), "it has a path"),
            (json!({"path": path("front.png"), "name": ".."}), "it is a folder"),
            (json!({"path": path("front.png"), "name": 7}), "name has to be a text, not 7"),
            (json!({"path": ["front.png"]}), "path has to be a text, not a list of 1"),
            (json!({"path": path("front.png/x.png")}), "front.png/x.png: "),
            (json!("https://x/y.png?sig=secret"), "https://x/y.png is a URL and no path"),
            (json!("HTTPS:/x/y.png?sig=secret"), "https://x/y.png is a URL and no path"),
            (
                json!({"path": "https://x/y.png?sig=secret", "name": "y.png"}),
                "https://x/y.png is a URL and no path",
            ),
            (json!("file:///etc/passwd"), "is a URL and no path"),
            (json!(path("https:/x/y.png?sig=secret")), "is a URL and no path"),
            (json!(path("x/y.png?sig=secret")), "x/y.png?...: "),
            (json!([{"url": "https://x/y.png?sig=secret"}]), "not a list of 1"),
            (
                json!({"url": {"url": "https://x/y.png?sig=secret"}}),
                "url has to be a text, not an object with url",
            ),
            (
                json!({"url": "https://x/y.png?sig=secret", "length": 7}),
                "unknown member \"length\"; its members are path, url, name",
            ),
            (json!({"attached": 0, "length": -1}), "length has to be a number of bytes, from 0, not -1"),
            (json!({"url": "https://x/a%2Fb.png"}), "it has a path"),
            (json!({"url": "https://x/a%0D%0Ab.png"}), "it has a line break"),
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
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
        #[cfg(unix)]
        {
            let error = FileSource::path("/dev/null").open("file").await.unwrap_err();
            assert!(error.message().contains("/dev/null is no regular file"), "{error}");
        }
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
        for file in [
            FileSource::url("https://x/y.png?sig=secret").unwrap(),
            FileSource::path("https://x/y.png?sig=secret"),
        ] {
            assert!(!format!("{file:?}").contains("secret"), "{file:?}");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_that_may_not_be_read_is_named() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mut path = folder.path().join("front.png");
        std::fs::write(&path, "front").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o0)).unwrap();
        if std::fs::read(&path).is_ok() {
            // An administrator may read all files but those that nobody may.
            path = "/proc/sys/vm/drop_caches".into();
            if std::fs::metadata(&path).is_err() || std::fs::read(&path).is_ok() {
                return;
            }
        }
        let error = FileSource::from(path.as_path()).open("file").await.unwrap_err();
        assert!(error.message().contains(path.to_str().unwrap()), "{error}");
        assert!(error.message().to_lowercase().contains("denied"), "{error}");
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
        let is_written = |length: u64, at: u64| {
            let file = std::fs::File::options().write(true).create(true).truncate(false).open(&path).unwrap();
            file.set_len(length).unwrap();
            file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(at)).unwrap();
        };
        for (length, says) in [
            (600_000, "1400000 bytes and ended after 600000: it became shorter"),
            (1_500_000, "1400000 bytes and has more: it became longer"),
            (1_400_000, "was written while it was sent"),
        ] {
            is_written(1_400_000, 0);
            let body = FileSource::from(path.as_path()).open("file").await.unwrap();
            let multipart = Multipart::of("file", "front.png", body, "b1");
            let mut chunks = multipart.body.open().await.unwrap();
            let mut sent = Vec::new();
            let mut changed = false;
            let error = loop {
                match chunks.next().await.unwrap() {
                    Ok(chunk) => sent.extend(chunk),
                    Err(error) => break error.to_string(),
                }
                // Of the file, one piece of 256 kB arrived and a second is perhaps read already: what comes behind them changes.
                if sent.len() > 262_144 && !std::mem::replace(&mut changed, true) {
                    is_written(length, 1);
                }
            };
            assert!(error.contains(says), "{error}");
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
