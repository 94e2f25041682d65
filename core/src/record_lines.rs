//! Uploads to one record go one after the other, in the order of the calls (docs/service/uploads.md, Uploads). All clients of the
//! process that send to one company share the lines.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use futures_util::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// By process, as a child of a fork has its parent's memory, and by company and record.
type Lines = HashMap<(u32, String), Weak<Semaphore>>;

static LINES: LazyLock<Mutex<Lines>> = LazyLock::new(Mutex::default);

fn lines() -> MutexGuard<'static, Lines> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A place in the line of a record. The next one's turn comes when it is dropped.
pub(crate) struct Place(State);

enum State {
    Waiting(BoxFuture<'static, Option<OwnedSemaphorePermit>>),
    First { _turn: Option<OwnedSemaphorePermit> },
}

impl Place {
    /// Joins the end of the line: at once, whenever the turn is waited for.
    pub(crate) fn join(record: &str) -> Self {
        let key = (std::process::id(), record.to_owned());
        let mut lines = lines();
        lines.retain(|_, line| line.strong_count() > 0);
        let line = lines.get(&key).and_then(Weak::upgrade).unwrap_or_else(|| {
            let line = Arc::new(Semaphore::new(1));
            lines.insert(key, Arc::downgrade(&line));
            line
        });
        let mut turn: BoxFuture<'static, _> = Box::pin(async move { line.acquire_owned().await.ok() });
        // The place is taken as soon as it is looked at.
        let first = turn.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        Self(match first {
            Poll::Ready(turn) => State::First { _turn: turn },
            Poll::Pending => State::Waiting(turn),
        })
    }

    /// Waits until all that were before have ended.
    pub(crate) async fn turn(self) -> Self {
        match self.0 {
            State::Waiting(turn) => Self(State::First { _turn: turn.await }),
            first @ State::First { .. } => Self(first),
        }
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Place")
    }
}

/// Held during a fork. The child begins with lines of its own: a thread that it does not have may have locked them.
pub(crate) struct ForkGuard {
    parent: u32,
    lines: MutexGuard<'static, Lines>,
}

impl ForkGuard {
    pub(crate) fn new() -> Self {
        Self { parent: std::process::id(), lines: lines() }
    }
}

impl Drop for ForkGuard {
    fn drop(&mut self) {
        if std::process::id() != self.parent {
            self.lines.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[tokio::test]
    async fn the_order_is_that_of_joining() {
        let [one, two, three, four] = [(); 4].map(|()| Place::join("order"));
        let mut elsewhere = Box::pin(Place::join("elsewhere").turn());
        assert!(elsewhere.as_mut().now_or_never().is_some());
        let one = one.turn().now_or_never().unwrap();
        let (mut two, mut four) = (Box::pin(two.turn()), Box::pin(four.turn()));
        // The last one asks first, and one that does not wait any more is passed over.
        assert!(four.as_mut().now_or_never().is_none());
        assert!(two.as_mut().now_or_never().is_none());
        drop(one);
        let two = two.await;
        drop(three);
        assert!(four.as_mut().now_or_never().is_none());
        drop(two);
        drop(four.await);
        drop(elsewhere);
        Place::join("other").turn().await;
        assert!(!lines().contains_key(&(std::process::id(), "order".to_owned())));
    }
}
