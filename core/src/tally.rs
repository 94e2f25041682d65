//! How many requests some work has taken, and how many it may take.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};
use crate::own::ErrorKind;

/// Counts requests as the quota does: each unit as it is reserved, until it is given back. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Tally(Arc<Counts>);

impl PartialEq for Tally {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Tally {}

impl Hash for Tally {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

#[derive(Debug)]
struct Counts {
    spent: AtomicU64,
    most: AtomicU64,
    /// That of the work that this one is a part of.
    whole: Option<Tally>,
}

impl Tally {
    /// Of work that may take as many requests as it likes.
    pub(crate) fn new() -> Self {
        Self::within(None)
    }

    /// Of a part of other work.
    pub(crate) fn within(whole: Option<Self>) -> Self {
        Self(Arc::new(Counts { spent: AtomicU64::new(0), most: AtomicU64::new(u64::MAX), whole }))
    }

    /// From now on it may have taken so many requests, and no more.
    pub(crate) fn limit(&self, most: u64) {
        self.0.most.store(most, Ordering::Relaxed);
    }

    /// Whose limit may refuse a request, if any does.
    pub(crate) fn limited(&self) -> Option<Self> {
        match self.left() {
            Some(_) => Some(self.clone()),
            None => self.0.whole.as_ref()?.limited(),
        }
    }

    pub(crate) fn spent(&self) -> u64 {
        self.0.spent.load(Ordering::Relaxed)
    }

    /// What it may still take. None without a limit.
    pub(crate) fn left(&self) -> Option<u64> {
        let most = self.0.most.load(Ordering::Relaxed);
        (most < u64::MAX).then(|| most.saturating_sub(self.spent()))
    }

    /// Counts a request, or refuses it.
    pub(crate) fn take(&self) -> Result<()> {
        let most = self.0.most.load(Ordering::Relaxed);
        let one_more = |spent: u64| (spent < most).then(|| spent + 1);
        self.0.spent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).map_err(|_| used_up())?;
        let taken = self.0.whole.as_ref().map_or(Ok(()), Self::take);
        if taken.is_err() {
            self.0.spent.fetch_sub(1, Ordering::Relaxed);
        }
        taken
    }

    /// A request that was counted has not left.
    pub(crate) fn give_back(&self) {
        self.0.spent.fetch_sub(1, Ordering::Relaxed);
        if let Some(whole) = &self.0.whole {
            whole.give_back();
        }
    }
}

/// What a limit does not have is refused as the quota does it.
pub(crate) fn used_up() -> Error {
    Error::new(ErrorKind::QuotaExceeded, "the budget of the run is used up")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_counts_for_the_whole_and_neither_goes_beyond_its_limit() {
        let whole = Tally::new();
        let part = Tally::within(Some(whole.clone()));
        assert_eq!((whole.left(), part.left(), part.limited()), (None, None, None));
        whole.limit(2);
        assert_eq!(part.limited(), Some(whole.clone()));
        assert!(part.take().is_ok() && whole.take().is_ok());
        assert_eq!((part.spent(), whole.spent(), whole.left()), (1, 2, Some(0)));
        assert_eq!(part.take().unwrap_err().kind(), ErrorKind::QuotaExceeded);
        assert_eq!((part.spent(), whole.spent()), (1, 2));
        part.give_back();
        assert_eq!((part.spent(), whole.spent()), (0, 1));
        part.limit(0);
        assert!(part.take().is_err() && whole.take().is_ok());
        whole.limit(1);
        assert_eq!(whole.left(), Some(0));
    }
}
