//! Lists, page by page.
//!
//! The first page is fetched alone, the next one when half of the present page is consumed: whoever stops after `k`
//! records has caused at most `ceil(k / size) + 1` requests. `collect` fetches several pages at a time once the total is
//! known. The guards against what the service does with pages are those of docs/service.md, Paging.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::Mutex as AsyncMutex;
use tokio_util::task::AbortOnDropHandle;

use crate::answer;
use crate::arguments::Prepared;
use crate::error::{Error, ErrorKind, Result};
use crate::filters::FilterCheck;
use crate::history::Meta;
use crate::options::CallOptions;
use crate::requester::Requester;

/// Sizes at which a short first page looks like a cap of the server rather than the end of the list.
const CAPS: &[usize] = &[20, 30, 50, 100, 200, 500, 1000];

/// Requests that one piece of work keeps on their way at a time.
pub(crate) const WINDOW: usize = 8;

/// One page of records.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Page {
    /// The records, as a JSON array. Records that an earlier page held already are left out.
    pub rows: Bytes,
    /// Number of records in `rows`.
    pub len: usize,
    /// Records of the whole list, where the service says it.
    pub total: Option<u64>,
    /// The body as it came from the service.
    pub raw: Bytes,
    /// How the page came about.
    pub meta: Meta,
}

/// The pages of one list. Clones go on where the other stands.
#[derive(Clone)]
pub struct Pager(Arc<Shared>);

impl std::fmt::Debug for Pager {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The request may hold what is nobody's business.
        write!(out, "Pager({})", self.0.prepared.operation.id)
    }
}

struct Shared {
    requester: Requester,
    /// Until the first page has been sent for.
    filters: Option<Arc<FilterCheck>>,
    prepared: Prepared,
    options: CallOptions,
    /// Taken for the time of one page.
    progress: AsyncMutex<Progress>,
    /// Pages fetched ahead, and how far the consumer is.
    ahead: Mutex<Ahead>,
}

struct Progress {
    /// Whether the filters were.
    checked: bool,
    number: usize,
    size: usize,
    delivered: u64,
    total: Option<u64>,
    ended: bool,
    seen: HashSet<u64>,
    /// What all pages took so far, those without a record included.
    meta: Meta,
    /// Pages that a `collect` which failed has left.
    collected: Vec<Page>,
}

#[derive(Default)]
struct Ahead {
    fetched: Option<(usize, usize, AbortOnDropHandle<Result<Fetched>>)>,
    /// Records of the present page, and how many of them are consumed.
    page: usize,
    consumed: usize,
    /// The page that is worth fetching ahead: number and size.
    next: Option<(usize, usize)>,
}

struct Fetched {
    rows: Vec<Box<RawValue>>,
    total: Option<u64>,
    raw: Bytes,
    meta: Meta,
}

impl Pager {
    /// `filters` checks those of the list before its first page is sent for.
    pub(crate) fn new(
        requester: Requester,
        filters: Option<Arc<FilterCheck>>,
        prepared: Prepared,
        options: CallOptions,
    ) -> Self {
        let size = options.page_size.unwrap_or_else(|| requester.page_size());
        let progress = Progress {
            checked: false,
            number: 0,
            size,
            delivered: 0,
            total: None,
            ended: false,
            seen: HashSet::new(),
            meta: Meta::default(),
            collected: Vec::new(),
        };
        Self(Arc::new(Shared {
            requester,
            filters,
            prepared,
            options,
            progress: AsyncMutex::new(progress),
            ahead: Mutex::default(),
        }))
    }

    /// The next page, or none at the end.
    ///
    /// # Errors
    /// Any [`ErrorKind`]. After an error the same page can be asked for again.
    pub async fn next_page(&self) -> Result<Option<Page>> {
        let mut progress = self.0.progress.lock().await;
        self.advance(&mut progress).await
    }

    async fn advance(&self, progress: &mut Progress) -> Result<Option<Page>> {
        if let Some(filters) = self.0.filters.as_ref().filter(|_| !progress.checked) {
            filters.check(&self.0.requester, &self.0.prepared, &self.0.options).await?;
            progress.checked = true;
        }
        while !progress.ended {
            let fetched = self.fetch_next(progress.number, progress.size).await?;
            if let Some(page) = self.take(progress, fetched)? {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    /// Tells how many more records of the present page the consumer has taken. Past the half, the next page is fetched.
    pub fn consumed(&self, count: usize) {
        let mut ahead = self.ahead();
        ahead.consumed += count;
        let half = ahead.consumed * 2 >= ahead.page && ahead.fetched.is_none();
        if let Some((number, size)) = half.then(|| ahead.next.take()).flatten() {
            let fetch = self.page_request().fetch(number, size);
            let task = self.0.requester.handle().spawn(fetch);
            ahead.fetched = Some((number, size, AbortOnDropHandle::new(task)));
        }
    }

    /// Records of the whole list, once a page has told.
    pub async fn total(&self) -> Option<u64> {
        self.0.progress.lock().await.total
    }

    /// What all pages took so far.
    pub(crate) async fn meta(&self) -> Meta {
        self.0.progress.lock().await.meta.clone()
    }

    /// All pages that are left, several at a time.
    ///
    /// # Errors
    /// Any [`ErrorKind`]. After an error, what had come is kept for the next `collect`.
    pub async fn collect(&self) -> Result<Vec<Page>> {
        let mut progress = self.0.progress.lock().await;
        if let Some(first) = self.advance(&mut progress).await? {
            progress.collected.push(first);
        }
        let size = progress.size;
        let left = progress.total.map_or(0, |total| total.saturating_sub(progress.delivered));
        let count =
            if progress.ended { 0 } else { usize::try_from(left).unwrap_or(usize::MAX).div_ceil(size) };
        let numbers = progress.number..progress.number.saturating_add(count);
        let mut fetches =
            stream::iter(numbers.map(|number| self.page_request().fetch(number, size))).buffered(WINDOW);
        while let Some(fetched) = fetches.next().await {
            if progress.ended {
                break;
            }
            let page = self.take(&mut progress, fetched?)?;
            progress.collected.extend(page);
        }
        drop(fetches);
        while let Some(page) = self.advance(&mut progress).await? {
            progress.collected.push(page);
        }
        Ok(std::mem::take(&mut progress.collected))
    }

    fn ahead(&self) -> MutexGuard<'_, Ahead> {
        self.0.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn page_request(&self) -> Fetch {
        Fetch {
            requester: self.0.requester.clone(),
            prepared: self.0.prepared.clone(),
            options: self.0.options.clone(),
        }
    }

    async fn fetch_next(&self, number: usize, size: usize) -> Result<Fetched> {
        let fetched = {
            let mut ahead = self.ahead();
            // The page is being fetched here: it is not to be fetched ahead as well.
            ahead.next = None;
            ahead.fetched.take()
        };
        match fetched {
            Some((ahead_number, ahead_size, task)) if (ahead_number, ahead_size) == (number, size) => {
                let cancel = self.0.options.cancel.clone().unwrap_or_default();
                match task.await {
                    Ok(result) => result,
                    Err(_) if cancel.is_cancelled() => {
                        Err(Error::new(ErrorKind::Cancelled, "the call was given up"))
                    }
                    Err(error) => {
                        Err(Error::new(ErrorKind::Closed, format!("the page was not fetched: {error}")))
                    }
                }
            }
            _ => self.page_request().fetch(number, size).await,
        }
    }

    /// Checks a page, moves on, and says whether the page holds anything new.
    fn take(&self, progress: &mut Progress, fetched: Fetched) -> Result<Option<Page>> {
        let Fetched { rows, total, raw, meta } = fetched;
        progress.meta.absorb(meta.clone());
        let received = rows.len();
        let first = progress.number == 0 && progress.delivered == 0;
        progress.total = total.or(progress.total);

        let mut fresh = Vec::with_capacity(received);
        for row in rows {
            if progress.seen.insert(identity(&row)) {
                fresh.push(row);
            }
        }
        let repeated = received > 0 && fresh.is_empty();
        progress.delivered += received as u64;

        let short = received < progress.size;
        let capped = short
            && first
            && received > 0
            && match progress.total {
                Some(total) => (received as u64) < total,
                None => CAPS.contains(&received),
            };
        if received == 0 || repeated {
            // An empty page ends the list even where the total promises more; a repeated one means that paging is ignored.
            progress.ended = true;
        } else if capped {
            // The offset is page number times the size that the service really uses.
            progress.size = received;
        } else {
            progress.ended = match progress.total {
                Some(total) => progress.delivered >= total,
                None => short,
            };
        }
        progress.number += 1;
        if fresh.is_empty() {
            return Ok(None);
        }
        let mut ahead = self.ahead();
        ahead.page = fresh.len();
        ahead.consumed = 0;
        ahead.next = (!progress.ended).then_some((progress.number, progress.size));
        drop(ahead);
        let len = fresh.len();
        let rows = serde_json::to_vec(&fresh).map_err(|error| {
            Error::new(ErrorKind::Decode, format!("a page could not be put together: {error}"))
        })?;
        Ok(Some(Page { rows: rows.into(), len, total: progress.total, raw, meta }))
    }
}

/// What is needed to fetch a page, without the pager: a page on its way does not keep an abandoned pager alive.
struct Fetch {
    requester: Requester,
    prepared: Prepared,
    options: CallOptions,
}

impl Fetch {
    async fn fetch(self, number: usize, size: usize) -> Result<Fetched> {
        let paging = [("pageSize", size.to_string()), ("pageNumber", number.to_string())];
        let read = |body: &Bytes| {
            let list = answer::read_list(body)?;
            let rows: Vec<Box<RawValue>> = serde_json::from_slice(&list.rows)
                .map_err(|error| Error::new(ErrorKind::Decode, format!("the page is no list: {error}")))?;
            Ok((rows, list.total))
        };
        let ((rows, total), raw, meta) =
            self.requester.send_and_read(self.prepared, &self.options, &paging, read).await?;
        Ok(Fetched { rows, total, raw, meta })
    }
}

/// What tells a record from others: its id, or all of it where it has none.
fn identity(row: &RawValue) -> u64 {
    #[derive(Deserialize)]
    struct Identified<'a> {
        #[serde(borrow)]
        id: Option<&'a RawValue>,
    }
    match serde_json::from_str::<Identified<'_>>(row.get()) {
        Ok(Identified { id: Some(id) }) if id.get() != "null" && id.get() != "\"\"" => hash([id.get()]),
        _ => hash([row.get()]),
    }
}

fn hash<'a>(texts: impl IntoIterator<Item = &'a str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    texts.into_iter().for_each(|text| text.hash(&mut hasher));
    hasher.finish()
}
