//! The limiters of this process. All clients that send to one company at one host share one.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use super::limiter::Limiter;
use crate::clock::SystemClock;

/// By process, as a child of a fork has its parent's memory, and by origin and company.
type Limiters = HashMap<(u32, String), Weak<Limiter>>;

static LIMITERS: LazyLock<Mutex<Limiters>> = LazyLock::new(Mutex::default);

fn limiters() -> MutexGuard<'static, Limiters> {
    LIMITERS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Limiter {
    /// The one of this process for an origin and company. The highest number of requests at once that any client asks for
    /// holds for all of them.
    pub(crate) fn shared(owner: &str, concurrency: usize) -> Arc<Self> {
        let mut limiters = limiters();
        limiters.retain(|_, limiter| limiter.strong_count() > 0);
        let key = (std::process::id(), owner.to_owned());
        if let Some(limiter) = limiters.get(&key).and_then(Weak::upgrade) {
            limiter.allow(concurrency);
            return limiter;
        }
        let limiter = Arc::new(Self::new(Arc::new(SystemClock::new()), concurrency));
        limiters.insert(key, Arc::downgrade(&limiter));
        limiter
    }
}

/// Held during a fork. The child begins with limiters of its own: a thread that it does not have may have locked one.
pub(crate) struct ForkGuard {
    parent: u32,
    limiters: MutexGuard<'static, Limiters>,
}

impl ForkGuard {
    pub(crate) fn new() -> Self {
        Self { parent: std::process::id(), limiters: limiters() }
    }
}

impl Drop for ForkGuard {
    fn drop(&mut self) {
        if std::process::id() != self.parent {
            self.limiters.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_of_one_company_share_a_limiter() {
        let one = Limiter::shared("https://example.com acme", 4);
        let same = Limiter::shared("https://example.com acme", 2);
        let other = Limiter::shared("https://example.com other", 2);
        assert!(Arc::ptr_eq(&one, &same) && !Arc::ptr_eq(&one, &other));
        drop((one, same));
        assert!(!limiters().iter().any(|((_, owner), limiter)| {
            owner == "https://example.com acme" && limiter.strong_count() > 0
        }));
    }

    #[test]
    fn a_fork_takes_nothing_from_the_parent() {
        let limiter = Limiter::shared("https://example.com parent", 4);
        drop(ForkGuard::new());
        assert!(Arc::ptr_eq(&limiter, &Limiter::shared("https://example.com parent", 4)));
    }
}
