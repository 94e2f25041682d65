//! The list, filtered by id. Sources name the filter and none has shown it to work, so it is proven before its answers count: a
//! filter that the service ignores returns everything, and one that it misreads may return less than there is.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;

use super::found::{Found, id_of};
use super::{Many, chunks};
use crate::arguments::filters::MOST_VALUES;
use crate::error::{Error, Result};
use crate::handlers::at_a_time::at_a_time;
use crate::id_filters::Proof;
use crate::own::Meta;
use crate::paging::Pager;

/// How the filter has fared.
pub(super) enum Filtered {
    /// Everything is known.
    Whole,
    /// The service returned the list as if it had no filter, and this is its first page taken.
    Ignored(Pager),
    /// The service refused it, or its answer cannot be trusted.
    Refused,
}

/// What came of one request.
struct Part {
    records: Vec<Bytes>,
    meta: Meta,
    end: Result<Filtered>,
}

impl Part {
    fn has(&self, id: &str) -> bool {
        self.records.iter().any(|record| id_of(record).is_some_and(|found| found == id.to_lowercase()))
    }
}

impl Many<'_> {
    /// Reads all records by the filter, as far as it does what it says.
    pub(super) async fn by_filter(&self, found: &mut Found, meta: &mut Meta) -> Result<Filtered> {
        let filters = self.requester.id_filters();
        let chunks: Vec<&[String]> = chunks(&self.ids).collect();
        let mut rest = &chunks[..];
        while let [first, others @ ..] = rest
            && !filters.of(self.list).covers(first.len())
        {
            match self.prove(first, found, meta).await? {
                Filtered::Whole => rest = others,
                end => {
                    filters.learn(self.list, Proof::Fails);
                    return Ok(end);
                }
            }
            self.report(found);
        }
        self.all_at_once(rest, found, meta).await
    }

    /// The filter is known to work; each answer is checked all the same.
    async fn all_at_once(
        &self,
        chunks: &[&[String]],
        found: &mut Found,
        meta: &mut Meta,
    ) -> Result<Filtered> {
        let has_ended = AtomicBool::new(false);
        let mut work: Vec<BoxFuture<'_, _>> = Vec::with_capacity(chunks.len());
        for chunk in chunks {
            let has_ended = &has_ended;
            work.push(Box::pin(async move {
                // Those that are on their way are paid for: they are waited for. No other begins.
                if has_ended.load(Ordering::Relaxed) {
                    return None;
                }
                let part = self.part(&borrowed(chunk)).await;
                if !matches!(part.end, Ok(Filtered::Whole)) {
                    has_ended.store(true, Ordering::Relaxed);
                }
                Some((chunk, part))
            }));
        }
        let mut requests = at_a_time(self.requester, work);
        let (mut failure, mut is_refused) = (None, false);
        while let Some(outcome) = requests.next().await {
            let Some((chunk, part)) = outcome else { continue };
            meta.absorb(part.meta);
            part.records.into_iter().for_each(|record| found.put(record));
            match part.end {
                Ok(Filtered::Whole) => chunk.iter().for_each(|id| found.miss(id)),
                Ok(_) => is_refused = true,
                Err(error) => drop(failure.get_or_insert(error)),
            }
            self.report(found);
        }
        match failure {
            Some(error) => Err(error),
            None if is_refused => {
                self.requester.id_filters().learn(self.list, Proof::Fails);
                Ok(Filtered::Refused)
            }
            None => Ok(Filtered::Whole),
        }
    }

    /// Reads some records by a filter that has not proven with so many values, and judges it by what comes.
    async fn prove(&self, ids: &[String], found: &mut Found, meta: &mut Meta) -> Result<Filtered> {
        let part = self.part(&borrowed(ids)).await;
        // A list that goes on is accounted for at its end.
        if !matches!(part.end, Ok(Filtered::Ignored(_))) {
            meta.absorb(part.meta.clone());
        }
        let is_proven = proves(&part, ids);
        part.records.into_iter().for_each(|record| found.put(record));
        match part.end {
            Ok(Filtered::Whole) => {}
            Ok(end) => return Ok(end),
            Err(error) if is_about_the_filter(&error) => {
                meta.absorb(error.spent());
                return Ok(Filtered::Refused);
            }
            Err(error) => return Err(error),
        }
        let is_proven = match is_proven {
            true => true,
            false => match self.prove_by_others(ids, meta).await? {
                Others::Proof(is_proven) => is_proven,
                Others::Whole(records) => {
                    records.into_iter().for_each(|record| found.put(record));
                    found.miss_all();
                    return Ok(Filtered::Whole);
                }
            },
        };
        if !is_proven {
            return Ok(Filtered::Refused);
        }
        self.requester.id_filters().learn(self.list, Proof::Works { values: ids.len() });
        ids.iter().for_each(|id| found.miss(id));
        Ok(Filtered::Whole)
    }

    /// Whether the filter finds two records that there are, the last ones that it names, beside these ids.
    async fn prove_by_others(&self, ids: &[String], meta: &mut Meta) -> Result<Others> {
        let pager = self.pager(&[], None)?;
        let page = pager.next_page().await;
        let (spent, total) = (pager.meta().await, pager.total().await);
        meta.absorb(spent);
        let records: Vec<_> = page?.iter().flat_map(|page| page.records()).collect();
        if records.is_empty() || total == Some(records.len() as u64) {
            return Ok(Others::Whole(records));
        }
        let asked: HashSet<_> = ids.iter().map(|id| id.to_lowercase()).collect();
        let others = records.iter().filter_map(|record| id_of(record)).filter(|id| !asked.contains(id));
        let others: Vec<_> = others.take(2).collect();
        let kept = &ids[..ids.len().min(MOST_VALUES - others.len())];
        let asked: Vec<_> = borrowed(kept).into_iter().chain(others.iter().map(String::as_str)).collect();
        let part = self.part(&asked).await;
        meta.absorb(part.meta.clone());
        let finds = others.len() == 2 && others.iter().all(|id| part.has(id));
        match part.end {
            Ok(Filtered::Whole) => Ok(Others::Proof(finds)),
            Ok(_) => Ok(Others::Proof(false)),
            Err(error) if is_about_the_filter(&error) => {
                meta.absorb(error.spent());
                Ok(Others::Proof(false))
            }
            Err(error) => Err(error),
        }
    }

    async fn part(&self, ids: &[&str]) -> Part {
        let mut records = Vec::new();
        let pager = match self.pager(ids, None) {
            Ok(pager) => pager,
            Err(error) => return Part { records, meta: Meta::default(), end: Err(error) },
        };
        let asked: HashSet<_> = ids.iter().map(|id| id.to_lowercase()).collect();
        let end = loop {
            match pager.next_page().await {
                Ok(None) => break Ok(Filtered::Whole),
                Ok(Some(page)) => {
                    let strays =
                        page.records().any(|record| id_of(&record).is_none_or(|id| !asked.contains(&id)));
                    records.extend(page.records());
                    if strays {
                        break Ok(Filtered::Ignored(pager.clone()));
                    }
                }
                Err(error) => break Err(error),
            }
        };
        Part { records, meta: pager.meta().await, end }
    }
}

/// What the first records of the whole list have shown.
enum Others {
    Proof(bool),
    /// That the list has no more records than these.
    Whole(Vec<Bytes>),
}

/// Whether an answer shows that all values of the filter were read: it holds more than one of the records, and the last.
fn proves(part: &Part, ids: &[String]) -> bool {
    part.records.len() >= 2 && ids.last().is_some_and(|last| part.has(last))
}

/// Whether the service takes the request for wrong. Without the filter it may not.
fn is_about_the_filter(error: &Error) -> bool {
    matches!(error.status(), Some(400 | 422 | 500 | 501))
}

fn borrowed(ids: &[String]) -> Vec<&str> {
    ids.iter().map(String::as_str).collect()
}
