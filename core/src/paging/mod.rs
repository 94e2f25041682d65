//! Lists, page by page: complete, or an error.
//!
//! `rule` decides what a page means, `ahead` fetches pages before they are asked for, `position` keeps account of what
//! was consumed, and the pager here joins them. What the service does with pages is written in docs/service/lists.md, Paging.

mod ahead;
mod fetch;
mod page;
mod position;
mod rule;
#[cfg(test)]
mod rule_tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::json;
use tokio::sync::Mutex as AsyncMutex;
use tokio_util::task::AbortOnDropHandle;

use self::ahead::Ahead;
use self::fetch::{Fetch, Fetched};
use self::position::Account;
use self::rule::{Arrival, Next, Rule, Verdict};
use crate::arguments::{Prepared, short_id};
use crate::caller::{self, Caller};
use crate::catalog::Operation;
use crate::error::{Error, Result};
use crate::filters::FilterCheck;
use crate::options::CallOptions;
use crate::own::{ErrorKind, Meta, Outcome, Position};
use crate::requester::Requester;

pub use self::page::Page;

/// The pages of one list. Clones share them: each page is given to one.
#[derive(Clone)]
pub struct Pager(Arc<Shared>);

impl std::fmt::Debug for Pager {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The request may hold what must not be shown.
        write!(out, "Pager({})", self.0.fetch.prepared.operation.id)
    }
}

struct Shared {
    fetch: Fetch,
    /// Until the first page has been sent for.
    filters: Option<Arc<FilterCheck>>,
    /// Taken for the time of one page.
    progress: AsyncMutex<Progress>,
    ahead: Mutex<AheadOf>,
    account: Mutex<Account>,
}

struct Progress {
    /// Whether the filters were.
    checked: bool,
    rule: Rule,
    /// Pages that were handed out.
    pages: u64,
    /// What all pages took so far, those without a record included.
    meta: Meta,
    /// The array of the page before, where rows or a total do not tell whether a page repeats it.
    before: Option<Bytes>,
}

#[derive(Default)]
struct AheadOf {
    ahead: Ahead,
    /// The page that is worth fetching when half of the present one is consumed: number and size.
    next: Option<(u64, u64)>,
}

/// How a list is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// The caller may stop anywhere.
    Growing,
    /// The caller wants all of it.
    Full,
}

impl Pager {
    /// `filters` checks those of the list before its first page is sent for.
    pub(crate) fn new(
        requester: Requester,
        filters: Option<Arc<FilterCheck>>,
        prepared: Prepared,
        options: CallOptions,
    ) -> Self {
        let size = options.page_size.unwrap_or_else(|| requester.page_size() as u64);
        let first = options.from_page.unwrap_or_default();
        let largest = requester.page_sizes().largest(prepared.operation);
        let progress = Progress {
            checked: false,
            rule: Rule::new(first, size, largest),
            pages: 0,
            meta: Meta::default(),
            before: None,
        };
        Self(Arc::new(Shared {
            fetch: Fetch { requester, prepared, options },
            filters,
            progress: AsyncMutex::new(progress),
            ahead: Mutex::default(),
            account: Mutex::new(Account::new(first)),
        }))
    }

    /// The next page, or none at the end. It implies that the pages before it are consumed.
    ///
    /// # Errors
    /// Any [`ErrorKind`]; `incomplete` after all records that there are. After an error the same page can be asked for
    /// again.
    pub async fn next_page(&self) -> Result<Option<Page>> {
        let mut progress = self.0.progress.lock().await;
        self.account().settle();
        self.advance(&mut progress, Pace::Growing).await
    }

    /// The next page of a list that is wanted as a whole: once its length is known, as many pages are on their way as the
    /// client's concurrency allows.
    ///
    /// # Errors
    /// As [`Pager::next_page`].
    pub async fn next_of_all(&self) -> Result<Option<Page>> {
        let mut progress = self.0.progress.lock().await;
        self.advance(&mut progress, Pace::Full).await
    }

    /// Reports records that the caller has consumed, of the pages that it was given. Past the half of a page, the next one
    /// is fetched.
    pub fn consumed(&self, count: usize) {
        self.consumed_by(count, caller::present);
    }

    /// The same; who consumed them is asked when the next page is sent for.
    pub(crate) fn consumed_by(&self, count: usize, caller: impl FnOnce() -> Option<Caller>) {
        let is_due = self.account().consume(count as u64);
        if !is_due || self.ahead().next.is_none() {
            return;
        }
        // Not within the lock: it is code of the host.
        let caller = caller();
        let mut ahead = self.ahead();
        if let Some((number, size)) = ahead.next.take() {
            let fetch = &self.0.fetch;
            let pages = number..=number;
            caller::at_once(caller, || ahead.ahead.fill(pages, size, fetch, fetch.requester.handle()));
        }
    }

    pub(crate) fn operation(&self) -> &'static Operation {
        self.0.fetch.prepared.operation
    }

    /// How far the list was read.
    #[must_use]
    pub fn position(&self) -> Position {
        self.account().position()
    }

    /// Records of the whole list, once a page has told.
    pub async fn total(&self) -> Option<u64> {
        self.0.progress.lock().await.rule.total()
    }

    /// What all pages took so far.
    pub(crate) async fn meta(&self) -> Meta {
        self.0.progress.lock().await.meta.clone()
    }

    /// Ends what is fetched ahead, and waits for that.
    pub(crate) async fn stop(&self) {
        let on_their_way = self.ahead().ahead.take_all();
        on_their_way.iter().for_each(AbortOnDropHandle::abort);
        for task in on_their_way {
            let _ = task.await;
        }
    }

    fn ahead(&self) -> MutexGuard<'_, AheadOf> {
        self.0.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.0.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Boxed, so that it is compiled here and not in each crate that reads lists.
    fn advance<'a>(&'a self, progress: &'a mut Progress, pace: Pace) -> BoxFuture<'a, Result<Option<Page>>> {
        Box::pin(self.read_on(progress, pace))
    }

    async fn read_on(&self, progress: &mut Progress, pace: Pace) -> Result<Option<Page>> {
        let Fetch { requester, prepared, options } = &self.0.fetch;
        if let Some(filters) = self.0.filters.as_ref().filter(|_| !progress.checked) {
            filters.check(requester, prepared, options).await?;
            progress.checked = true;
        }
        loop {
            let (number, size) = match progress.rule.next() {
                Next::Page { number, size } => (number, size),
                Next::End => return Ok(None),
                Next::Incomplete => {
                    progress.rule.accept();
                    return self.fail_incomplete(progress).map(|()| None);
                }
            };
            let fetched = match self.fetch(progress, pace, number, size).await {
                Ok(fetched) => fetched,
                Err(error) => {
                    self.ahead().ahead.stop();
                    return Err(error);
                }
            };
            if let Some(page) = self.take(progress, number, size, fetched)? {
                return Ok(Some(page));
            }
        }
    }

    /// Fetches the page, and sends for those behind it.
    async fn fetch(&self, progress: &Progress, pace: Pace, number: u64, size: u64) -> Result<Fetched> {
        let fetch = &self.0.fetch;
        let on_its_way = {
            let mut of = self.ahead();
            of.next = None;
            let on_its_way = of.ahead.take(number, size);
            if let Some(last) = progress.rule.last() {
                let concurrency = fetch.requester.concurrency() as u64;
                let most = match pace {
                    Pace::Growing => concurrency.min(progress.pages + 1),
                    // The page itself is one of them.
                    Pace::Full => concurrency.saturating_sub(1),
                };
                let pages = number.saturating_add(1)..=last.min(number.saturating_add(most));
                of.ahead.fill(pages, size, fetch, fetch.requester.handle());
            }
            on_its_way
        };
        match on_its_way {
            Some(task) => ahead::arrival(task, fetch).await,
            None => fetch.page(number, size).await,
        }
    }

    /// Applies the rule to a page, and returns what is new in it.
    fn take(
        &self,
        progress: &mut Progress,
        number: u64,
        size: u64,
        fetched: Fetched,
    ) -> Result<Option<Page>> {
        let Fetched { list, raw, meta } = fetched;
        let operation = self.0.fetch.prepared.operation;
        progress.meta.absorb(meta.clone());
        let array = list.array(&raw);
        let arrival = Arrival {
            rows: list.rows.iter().map(|row| row.identity).collect(),
            total: list.total,
            repeats: progress.before.as_ref() == Some(&array),
        };
        let kept = match progress.rule.take(&arrival) {
            Verdict::Deliver(kept) => kept,
            Verdict::Again => return Ok(None),
            Verdict::Incomplete => {
                self.ahead().ahead.stop();
                self.fail_incomplete(progress)?;
                progress.rule.accept();
                return Ok(None);
            }
        };
        self.0.fetch.requester.page_sizes().learn(operation, progress.rule.largest());
        let is_untold = progress.rule.total().is_none() || arrival.rows.iter().all(Option::is_none);
        progress.before = (is_untold && !list.rows.is_empty()).then_some(array);
        let next = match progress.rule.next() {
            Next::Page { number: next, size: next_size } => {
                if (next, next_size) != (number + 1, size) {
                    self.ahead().ahead.clear();
                }
                Some((next, next_size))
            }
            Next::End | Next::Incomplete => {
                self.ahead().ahead.clear();
                None
            }
        };
        if progress.rule.is_hollow() {
            self.warn(&meta, "the list is empty, although the service reports a total above 0");
        }
        let total = progress.rule.total();
        let mut account = self.account();
        account.go_on(Some(next.map_or(number + 1, |(next, _)| next)), total);
        if kept.is_empty() {
            return Ok(None);
        }
        account.hand_out(number, kept.len() as u64);
        drop(account);
        self.0.fetch.options.report(operation, progress.rule.received(), total);
        progress.pages += 1;
        self.ahead().next = next;
        Ok(Some(Page::new(number, &list, &kept, total, raw, meta)))
    }

    /// An error, or a warning where the caller accepts that records are missing.
    fn fail_incomplete(&self, progress: &Progress) -> Result<()> {
        let (received, total) = (progress.rule.received(), progress.rule.total());
        let count = total.map_or_else(String::new, |total| format!(" of {total}"));
        let (text, others) = match total {
            Some(total) if received >= total => {
                let text = "the list changed while it was read";
                (format!("{text}: {received} records came, and some may be missing"), "")
            }
            _ => {
                let text = format!("the list ended early: {received}{count} records came");
                (text, ", and the service did not return the rest")
            }
        };
        if self.0.fetch.options.allow_incomplete == Some(true) {
            self.warn(&progress.meta, &text);
            return Ok(());
        }
        let operation = self.0.fetch.prepared.operation;
        let text = format!("{text}{others}; read the list again, or accept what came with allow_incomplete");
        let meta = progress.meta.clone();
        Err(Error::new(ErrorKind::Incomplete, text)
            .with_outcome(Outcome::Refused)
            .with_details(json!({"received": received, "total": total}))
            .with_operation(operation.id)
            .with_status(meta.status)
            .with_request_id(Some(meta.request_id))
            .with_trace(meta.attempts, meta.waits, meta.cost))
    }

    fn warn(&self, meta: &Meta, text: &str) {
        let operation = self.0.fetch.prepared.operation;
        let line = || format!("{}: {text}", short_id(operation)).into();
        self.0.fetch.requester.log().write(crate::log::Level::Warn, operation.id, &meta.request_id, line);
    }
}
