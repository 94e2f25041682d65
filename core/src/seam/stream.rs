//! The pages of a list, over the seam.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Caller, Reply};
use crate::cancel::CallGuard;
use crate::error::Result;
use crate::host::CallProgress;
use crate::paging::Pager;

/// The pages of one list.
#[derive(Debug, Clone)]
pub struct Stream {
    pager: Pager,
    last: Arc<Mutex<Last>>,
    progress: Option<CallProgress>,
    _guard: Arc<CallGuard>,
}

/// The page that was given last, for a far side that could not use it.
#[derive(Debug, Default)]
struct Last {
    page: Option<Reply>,
    again: bool,
}

impl Stream {
    pub(super) fn new(pager: Pager, progress: Option<CallProgress>, guard: CallGuard) -> Self {
        Self { pager, last: Arc::default(), progress, _guard: Arc::new(guard) }
    }

    /// The next page, or none at the end. `all` says that the whole list is wanted: then as many pages are fetched at a
    /// time as the client's concurrency allows. Else the read-ahead grows with the pages that are consumed.
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
            let page = if all { this.pager.next_of_all().await } else { this.pager.next_page().await }?;
            let page = page.map(|page| Reply::of_page(this.pager.operation(), page));
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

    /// How far the list was read, as a JSON object: `page`, `records`, `total`.
    #[must_use]
    pub fn position(&self) -> String {
        // Numbers only: this cannot fail.
        serde_json::to_string(&self.pager.position()).unwrap_or_default()
    }

    /// Reports records that were consumed; past the half of a page, the next one is fetched, on behalf of whom `caller` gives.
    pub fn consumed(&self, count: usize, caller: impl FnOnce() -> Option<Caller>) {
        self.pager.consumed_by(count, caller);
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
