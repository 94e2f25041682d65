//! One unit that was taken, and what becomes of it.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::Quota;
use super::calendar::Frame;
use super::lease::Origin;
use super::ledger::{Entry, Limits};
use crate::caller;
use crate::error::{Error, Result};

/// One unit that was taken. It is given back when this is dropped, unless bytes may have left.
pub(crate) struct Reservation {
    quota: Arc<Quota>,
    unit: Option<Unit>,
    kept: AtomicBool,
}

pub(super) struct Unit {
    pub(super) frame: Frame,
    /// The limits under which it was taken.
    pub(super) limits: Limits,
    pub(super) entry: Entry,
    pub(super) origin: Origin,
}

impl Reservation {
    pub(super) fn new(quota: Arc<Quota>, unit: Unit) -> Self {
        Self { quota, unit: Some(unit), kept: AtomicBool::new(false) }
    }

    /// Bytes may have left: the unit stays counted, whatever happens to this.
    pub(crate) fn keep(&self) {
        self.kept.store(true, Ordering::Release);
    }

    /// Gives the unit back: nothing has left. It is done to the end also when nobody waits for that any more.
    pub(crate) async fn refund(mut self) -> Result<()> {
        let Some(unit) = self.unit.take() else { return Ok(()) };
        let quota = Arc::clone(&self.quota);
        let handle = quota.handle.clone();
        to_its_end(handle.as_ref(), Box::pin(async move { quota.give_back(unit).await })).await?
    }

    /// Ends when a window is over in which the unit had to be counted: what leaves from then on is another window's.
    pub(crate) async fn over(&self) {
        let Unit { frame, limits, .. } = self.unit();
        let windows = frame.windows.iter().zip(limits).enumerate();
        let binding = windows.filter(|(index, (_, limit))| *index == 0 || limit.is_some());
        let Some(end) = binding.map(|(_, (window, _))| window.end()).min() else { return };
        // Where the windows go by another clock than the alarm, the two may disagree.
        while let Ok(left) = end.duration_since(self.quota.now())
            && !left.is_zero()
        {
            let clock = self.quota.clock();
            clock.alarm(clock.elapsed().saturating_add(left)).await;
        }
    }

    fn unit(&self) -> &Unit {
        // Only `refund` and `drop` take it out.
        self.unit.as_ref().expect("a reservation has a unit until its end")
    }

    pub(super) fn frame(&self) -> &Frame {
        &self.unit().frame
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let Some(unit) = self.unit.take().filter(|_| !self.kept.load(Ordering::Acquire)) else { return };
        let quota = Arc::clone(&self.quota);
        let handle = quota.handle.clone();
        let mut work: BoxFuture<'static, ()> = Box::pin(async move {
            if let Err(error) = quota.give_back(unit).await {
                quota.log.warn(&format!("a request that was not sent stays counted: {error}"));
            }
        });
        // It may be dropped anywhere.
        let _context = handle.as_ref().map(Handle::enter);
        // What is done at once needs no task.
        if work.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
            && let Some(handle) = handle
        {
            handle.spawn(caller::inherit(work));
        }
    }
}

/// Does some work to its end, also when whoever waits for it is dropped. Without a runtime it ends with its caller.
pub(super) async fn to_its_end<T: Send + 'static>(
    handle: Option<&Handle>,
    mut work: BoxFuture<'static, T>,
) -> Result<T> {
    // What is done at once needs no task.
    if let Poll::Ready(done) = poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await {
        return Ok(done);
    }
    let Some(handle) = handle else { return Ok(work.await) };
    let (sender, receiver) = oneshot::channel();
    let work = caller::inherit(work);
    handle.spawn(async move {
        let done = work.await;
        let _ = sender.send(done);
    });
    receiver.await.map_err(|_| Error::config("the quota's work was stopped: its runtime has ended"))
}
