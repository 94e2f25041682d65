//! Reads a file, into memory or to a path (docs/service/uploads.md, Downloads).

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde_json::json;
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt as _;

use crate::answer::Answer;
use crate::arguments;
use crate::catalog::{Base, Operation};
use crate::error::{Error, Failure, Result};
use crate::http::AnswerBody;
use crate::options::Call;
use crate::own::{ErrorKind, Outcome};
use crate::requester::{Requester, Transfer};

/// Reads the file of the call.
pub(crate) async fn download(
    requester: &Requester,
    operation: &'static Operation,
    call: &Call,
) -> Result<Answer> {
    let prepared = arguments::prepare(operation, &call.arguments)?;
    let explained = |error: Error| match operation.base {
        Base::Link if error.kind() == ErrorKind::Permission => {
            let text = format!(
                "{}; a link is valid for about twelve hours: read the record again for a new one",
                error.message()
            );
            error.with_message(text)
        }
        _ => error,
    };
    let Some(path) = prepared.target.clone() else {
        let answer = requester.send(operation, prepared, &call.options).await.map_err(explained)?;
        let body = json!({"path": null, "size": answer.raw.len()}).to_string().into();
        return Ok(Answer { body, ..answer });
    };
    let mut part = Part::beside(&path).await.map_err(|error| error.with_operation(operation.id))?;
    let transfer = requester.transfer(prepared, None, &call.options).await.map_err(explained)?;
    let Transfer { meta, mut body, url, limits, trace } = transfer;
    let cancel = call.options.cancel.clone().unwrap_or_default();
    let size = tokio::select! {
        biased;
        () = cancel.cancelled() => Err(Error::cancelled(Outcome::Unknown)),
        error = limits.passed(requester.clock(), &trace) => Err(error),
        size = part.fill(&mut body) => size,
    };
    match size {
        Ok(size) => {
            let body = json!({"path": path.to_string_lossy(), "size": size}).to_string();
            Ok(Answer { body: body.into(), raw: Bytes::new(), meta })
        }
        Err(error) => Err(error
            .with_request(operation, operation.method.as_str(), url, meta.request_id)
            .with_status(meta.status)
            .with_trace(meta.attempts, meta.waits, meta.cost)),
    }
}

/// A file that becomes another one when it is complete. Until then it lies beside that, and is removed if it never is.
struct Part {
    file: File,
    here: PathBuf,
    target: PathBuf,
    complete: bool,
}

impl Part {
    async fn beside(target: &Path) -> Result<Self> {
        let shown = target.display();
        // Where a link leads to is replaced, and not the link.
        let target = tokio::fs::canonicalize(target).await.unwrap_or_else(|_| target.to_owned());
        let present = tokio::fs::metadata(&target).await.ok();
        let name = match target.file_name() {
            Some(name) if !present.as_ref().is_some_and(Metadata::is_dir) => name.to_string_lossy(),
            _ => return Err(Error::config(format!("{shown} is a folder; name a file in it"))),
        };
        if present.is_some_and(|present| !present.is_file()) {
            return Err(Error::config(format!("{shown} is no regular file; name one, or a new one")));
        }
        let here = target.with_file_name(format!(".{name}.{}.part", uuid::Uuid::new_v4()));
        let file = OpenOptions::new().write(true).create_new(true).open(&here).await;
        let file = file.map_err(|error| failed(&target, &error))?;
        Ok(Self { file, here, target, complete: false })
    }

    /// Takes the whole body, and puts the file in its place.
    async fn fill(&mut self, body: &mut AnswerBody) -> Result<u64> {
        let mut size = 0;
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| {
                Error::new(ErrorKind::Network, error.message.clone())
                    .with_failure(Failure::Unreadable)
                    .with_outcome(Outcome::Refused)
                    .with_source(error)
            })?;
            self.file.write_all(&chunk).await.map_err(|error| self.failed(&error))?;
            size += chunk.len() as u64;
        }
        let finished = async {
            self.file.flush().await?;
            self.file.sync_all().await?;
            tokio::fs::rename(&self.here, &self.target).await
        };
        finished.await.map_err(|error| self.failed(&error))?;
        self.complete = true;
        Ok(size)
    }

    fn failed(&self, error: &std::io::Error) -> Error {
        failed(&self.target, error).with_outcome(Outcome::Applied)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.complete {
            // What cannot be removed now is of no use to anybody, and hurts nobody.
            let _ = std::fs::remove_file(&self.here);
        }
    }
}

fn failed(target: &Path, error: &std::io::Error) -> Error {
    Error::config(format!("{} cannot be written: {error}", target.display()))
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    async fn put(target: &Path) -> Result<u64> {
        let mut part = Part::beside(target).await?;
        part.fill(&mut AnswerBody::from_stream(stream::iter([Ok("new".into())]))).await
    }

    #[tokio::test]
    async fn a_file_takes_the_place_of_another_one_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "old").unwrap();
        drop(Part::beside(&file).await.unwrap());
        assert_eq!(std::fs::read(&file).unwrap(), b"old");
        assert_eq!(put(&file).await.unwrap(), 3);
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        #[cfg(unix)]
        {
            std::fs::write(&file, "old").unwrap();
            std::os::unix::fs::symlink(&file, &link).unwrap();
            put(&link).await.unwrap();
            assert!(link.is_symlink());
            assert_eq!(std::fs::read(&file).unwrap(), b"new");
        }
        let left: Vec<_> =
            folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| name == "file" || name == "link"), "{left:?}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_a_regular_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let error = put(&socket).await.unwrap_err();
        assert!(error.message().contains("is no regular file"), "{error}");
        let error = put(folder.path()).await.unwrap_err();
        assert!(error.message().contains("is a folder"), "{error}");
        assert_eq!(error.outcome(), Outcome::NotSent);
    }
}
