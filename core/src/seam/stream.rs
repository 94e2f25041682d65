//! The pages of a list or the bytes of a file, over the seam.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;
use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;

use super::{Caller, Reply};
use crate::cancel::CallGuard;
use crate::catalog::Operation;
use crate::error::Result;
use crate::handlers::Reading;
use crate::host::CallProgress;
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
    Bytes(Arc<File>),
}

/// A file that is read.
#[derive(Debug)]
struct File {
    operation: &'static Operation,
    reading: Arc<tokio::sync::Mutex<Reading>>,
    /// Bytes that were given, and those of the whole file.
    position: Mutex<(u64, Option<u64>)>,
    /// Lets the connection go when the call is cancelled, whoever still holds the stream.
    _closing: AbortOnDropHandle<()>,
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
        handle: &Handle,
    ) -> Self {
        let cancel = reading.cancel();
        let reading = Arc::new(tokio::sync::Mutex::new(reading));
        let held = Arc::downgrade(&reading);
        let closing = AbortOnDropHandle::new(handle.spawn(async move {
            cancel.cancelled().await;
            if let Some(reading) = held.upgrade() {
                reading.lock().await.close();
            }
        }));
        let file = File { operation, reading, position: Mutex::default(), _closing: closing };
        Self::of(Source::Bytes(Arc::new(file)), progress, guard)
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
            Source::Bytes(file) => {
                let (bytes, total) = *file.position.lock().unwrap_or_else(PoisonError::into_inner);
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
            Self::Bytes(file) => {
                let mut reading = file.reading.lock().await;
                let bytes = reading.bytes().await?;
                let position = (reading.done(), reading.total());
                *file.position.lock().unwrap_or_else(PoisonError::into_inner) = position;
                Ok(bytes.map(|bytes| Reply::of_bytes(file.operation, bytes, reading.meta())))
            }
        }
    }
}
