//! The pages of a list or the bytes of a file, over the seam.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;

use super::{Caller, Reply};
use crate::cancel::CallGuard;
use crate::catalog::Operation;
use crate::error::{Error, Failure, Result};
use crate::handlers::{Piece, Reading};
use crate::host::CallProgress;
use crate::own::{ErrorKind, Outcome};
use crate::paging::Pager;

/// The pages of one list, or the bytes of one file.
#[derive(Debug, Clone)]
pub struct Stream {
    source: Source,
    last: Arc<Mutex<Last>>,
    progress: Option<CallProgress>,
    _guard: Arc<CallGuard>,
}

#[derive(Debug, Clone)]
enum Source {
    Pages(Pager),
    Bytes(&'static Operation, Arc<tokio::sync::Mutex<Reading>>, Arc<Mutex<(u64, Option<u64>)>>),
}

/// The page that was given last, for a far side that could not use it.
#[derive(Debug, Default)]
struct Last {
    page: Option<Reply>,
    again: bool,
}

impl Stream {
    pub(super) fn of_pages(pager: Pager, progress: Option<CallProgress>, guard: CallGuard) -> Self {
        Self::of(Source::Pages(pager), progress, guard)
    }

    pub(super) fn of_file(
        operation: &'static Operation,
        reading: Reading,
        progress: Option<CallProgress>,
        guard: CallGuard,
    ) -> Self {
        let reading = Arc::new(tokio::sync::Mutex::new(reading));
        Self::of(Source::Bytes(operation, reading, Arc::default()), progress, guard)
    }

    fn of(source: Source, progress: Option<CallProgress>, guard: CallGuard) -> Self {
        Self { source, last: Arc::default(), progress, _guard: Arc::new(guard) }
    }

    /// The next page, or none at the end; of a file its next bytes, as the raw body. `all` says that the whole list is wanted:
    /// then as many pages are fetched at a time as the client's concurrency allows. Else the read-ahead grows with the pages
    /// that are consumed. Of a file nothing is read ahead.
    pub fn next(&self, all: bool) -> impl Future<Output = Result<Option<Reply>>> + Send + 'static {
        let this = self.clone();
        async move {
            {
                let mut last = this.last();
                if std::mem::take(&mut last.again) {
                    return Ok(last.page.clone());
                }
                // Its body is not kept while the next one is waited for.
                last.page = None;
            }
            let page = this.source.next(all).await?;
            if let (None, Some(progress)) = (&page, &this.progress) {
                progress.end();
            }
            this.last().page.clone_from(&page);
            Ok(page)
        }
    }

    /// Gives the last page once more: the far side could not use it.
    pub fn again(&self) {
        let mut last = self.last();
        last.again = last.page.is_some();
    }

    /// How far the list was read, as a JSON object: `page`, `records`, `total`; of a file `bytes` and `total`.
    #[must_use]
    pub fn position(&self) -> String {
        match &self.source {
            // Numbers only: this cannot fail.
            Source::Pages(pager) => serde_json::to_string(&pager.position()).unwrap_or_default(),
            Source::Bytes(_, _, position) => {
                let (bytes, total) = *position.lock().unwrap_or_else(PoisonError::into_inner);
                json!({"bytes": bytes, "total": total}).to_string()
            }
        }
    }

    /// Reports records that were consumed; past the half of a page, the next one is fetched, on behalf of whom `caller` gives.
    pub fn consumed(&self, count: usize, caller: impl FnOnce() -> Option<Caller>) {
        if let Source::Pages(pager) = &self.source {
            pager.consumed_by(count, caller);
        }
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source {
    async fn next(&self, all: bool) -> Result<Option<Reply>> {
        match self {
            Self::Pages(pager) => {
                let page = if all { pager.next_of_all().await } else { pager.next_page().await }?;
                Ok(page.map(|page| Reply::of_page(pager.operation(), page)))
            }
            Self::Bytes(operation, reading, position) => {
                let mut reading = reading.lock().await;
                let piece = match reading.next().await {
                    Ok(Some(Piece::Bytes(bytes))) => Ok(Some(bytes)),
                    Ok(None) => Ok(None),
                    // What was given cannot be taken back.
                    Ok(Some(Piece::Anew)) => Err(Error::new(
                        ErrorKind::Network,
                        "the connection broke, and the storage sends the file from its beginning only; download it to a path",
                    )
                    .with_failure(Failure::Unreadable)
                    .with_outcome(Outcome::Refused)),
                    Err(error) => Err(error),
                };
                let bytes = piece.map_err(|error| reading.complete(error))?;
                *position.lock().unwrap_or_else(PoisonError::into_inner) = (reading.done(), reading.total());
                Ok(bytes.map(|bytes| Reply::of_bytes(operation, bytes, reading.meta())))
            }
        }
    }
}
