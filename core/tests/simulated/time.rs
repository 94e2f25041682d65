//! Simulated time, which goes on when one runtime ends and another one begins.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use beproduct::Clock;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

/// A client that asks for the time so often is in a loop without end.
const MOST_LOOKS: u64 = 20_000_000;

/// The time of tokio, which is paused: it goes on when nothing else is left to do.
#[derive(Debug, Clone)]
pub(crate) struct Time(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Unix seconds.
    start: u64,
    /// What had passed when the present runtime began, and when that was.
    present: Mutex<(Duration, Option<Instant>)>,
    looks: AtomicU64,
}

impl Time {
    pub(crate) fn new(start: u64) -> Self {
        Self(Arc::new(Inner { start, present: Mutex::new((Duration::ZERO, None)), looks: AtomicU64::new(0) }))
    }

    /// To be called in each runtime before anything else.
    pub(crate) fn begin(&self) {
        self.0.present.lock().unwrap().1 = Some(Instant::now());
    }

    /// To be called in each runtime at its end.
    pub(crate) fn end(&self) {
        let mut present = self.0.present.lock().unwrap();
        let passed = present.1.take().map_or(Duration::ZERO, |begin| begin.elapsed());
        present.0 += passed;
    }

    pub(crate) fn passed(&self) -> Duration {
        let (before, begin) = *self.0.present.lock().unwrap();
        before + begin.map_or(Duration::ZERO, |begin| begin.elapsed())
    }

    /// Unix seconds of a moment.
    pub(crate) fn second(&self, moment: Duration) -> u64 {
        self.0.start + moment.as_secs()
    }

    fn look(&self) {
        let looks = self.0.looks.fetch_add(1, Ordering::Relaxed);
        assert!(
            looks < MOST_LOOKS,
            "a client asks for the time again and again: it is in a loop without end"
        );
    }
}

impl Clock for Time {
    fn now(&self) -> SystemTime {
        self.look();
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.0.start) + self.passed()
    }

    fn elapsed(&self) -> Duration {
        self.look();
        self.passed()
    }

    fn pause(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn alarm(&self, at: Duration) -> BoxFuture<'static, ()> {
        // No run lasts so long.
        let left = at.saturating_sub(self.passed()).min(Duration::from_secs(1 << 30));
        Box::pin(tokio::time::sleep(left))
    }
}
