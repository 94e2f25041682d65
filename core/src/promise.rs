//! A result that several wait for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Whoever brings the result. When it is dropped without one, nobody waits any more.
#[derive(Debug)]
pub(crate) struct Promise<T>(Arc<Shared<T>>);

/// Waits for the result. Clones wait for the same one, and hear of it in the order in which they came.
#[derive(Debug)]
pub(crate) struct Promised<T>(Arc<Shared<T>>);

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Notify,
}

#[derive(Debug)]
enum State<T> {
    Open,
    Kept(T),
    Broken,
}

pub(crate) fn promise<T>() -> (Promise<T>, Promised<T>) {
    let shared = Arc::new(Shared { state: Mutex::new(State::Open), changed: Notify::new() });
    (Promise(Arc::clone(&shared)), Promised(shared))
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, with: State<T>) {
        {
            let mut state = self.lock();
            if matches!(*state, State::Open) {
                *state = with;
            }
        }
        self.changed.notify_waiters();
    }
}

impl<T> Promise<T> {
    pub(crate) fn keep(self, value: T) {
        self.0.settle(State::Kept(value));
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        self.0.settle(State::Broken);
    }
}

impl<T> Clone for Promised<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Clone> Promised<T> {
    /// The result, or none when nobody brings it any more.
    pub(crate) async fn wait(&self) -> Option<T> {
        let mut changed = std::pin::pin!(self.0.changed.notified());
        changed.as_mut().enable();
        if !self.is_open() {
            return self.result();
        }
        changed.await;
        self.result()
    }

    /// Whether it waits for the same result.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether there is no result and nobody who brings it.
    pub(crate) fn is_broken(&self) -> bool {
        matches!(*self.0.lock(), State::Broken)
    }

    fn is_open(&self) -> bool {
        matches!(*self.0.lock(), State::Open)
    }

    fn result(&self) -> Option<T> {
        match &*self.0.lock() {
            State::Kept(value) => Some(value.clone()),
            State::Open | State::Broken => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream::{FuturesUnordered, StreamExt as _};

    #[tokio::test]
    async fn those_who_wait_hear_of_it_in_their_order() {
        let (promise, promised) = promise();
        let waiting = |index: usize| {
            let promised = promised.clone();
            async move { (index, promised.wait().await) }
        };
        let mut all: FuturesUnordered<_> = (0..100).map(waiting).collect();
        assert!(futures_util::FutureExt::now_or_never(all.next()).is_none());
        assert!(!promised.is_broken());
        promise.keep("done");
        let heard: Vec<_> = all.map(|(index, result)| (index, result.unwrap())).collect().await;
        assert_eq!(heard, (0..100).map(|index| (index, "done")).collect::<Vec<_>>());
        assert_eq!(promised.wait().await, Some("done"));
    }

    #[tokio::test]
    async fn nobody_waits_for_what_does_not_come() {
        let (promise, promised) = promise::<()>();
        let waiting = promised.clone();
        let (result, ()) = tokio::join!(waiting.wait(), async { drop(promise) });
        assert_eq!((result, promised.wait().await, promised.is_broken()), (None, None, true));
    }
}
