//! Time, injected: no other file asks the machine for it or sleeps.

mod server_time;

use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use tokio::sync::watch;

use crate::error::{Error, Result};
use crate::testing_config::TestingConfig;

pub(crate) use self::server_time::ServerTime;

/// A source of time.
pub trait Clock: std::fmt::Debug + Send + Sync {
    /// Time of day.
    fn now(&self) -> SystemTime;

    /// Time since some fixed moment, never going back.
    fn elapsed(&self) -> Duration;

    /// A pause that the client makes on purpose: backoff, Retry-After, waiting for a limit.
    fn pause(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// Ends when `elapsed` has reached this value: deadlines.
    fn alarm(&self, at: Duration) -> BoxFuture<'static, ()>;
}

/// Begin of the machine's clock: one for the process, so that all who use it mean the same by a time.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The machine's clock.
#[derive(Debug)]
pub(crate) struct SystemClock(Instant);

impl SystemClock {
    pub(crate) fn new() -> Self {
        Self(*START)
    }

    /// Blocks the thread.
    #[cfg(feature = "sqlite")]
    pub(crate) fn block(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn pause(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn alarm(&self, at: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(at.saturating_sub(self.elapsed())))
    }
}

/// The clock of the settings: the machine's, unless a test asks for another.
pub(crate) fn of(testing: Option<&TestingConfig>) -> Result<(Arc<dyn Clock>, Option<RecordedClock>)> {
    let Some(testing) = testing else { return Ok((Arc::new(SystemClock::new()), None)) };
    let manual = match testing.clock.as_deref() {
        None => return Ok((Arc::new(SystemClock::new()), None)),
        Some("recorded") => false,
        Some("manual") => true,
        Some(other) => return Err(Error::config(format!("testing: clock {other:?} is unknown"))),
    };
    let start = testing.start.map(|start| UNIX_EPOCH + Duration::from_secs(start));
    let recorded = RecordedClock::make(start.unwrap_or_else(SystemTime::now), manual);
    Ok((Arc::new(recorded.clone()), Some(recorded)))
}

/// A clock for tests: pauses return at once and move it on by their length; alarms ring only when it gets there.
///
/// Several pauses that begin together move it on by the longest of them, as on a real clock.
#[derive(Debug, Clone)]
pub struct RecordedClock(Arc<Recorded>);

#[derive(Debug)]
struct Recorded {
    start: SystemTime,
    elapsed: watch::Sender<Duration>,
    pauses: Mutex<Vec<Duration>>,
    manual: bool,
}

impl RecordedClock {
    /// A clock that starts at the machine's present time.
    #[must_use]
    pub fn new() -> Self {
        Self::starting_at(SystemTime::now())
    }

    /// A clock that starts at a given time.
    #[must_use]
    pub fn starting_at(start: SystemTime) -> Self {
        Self::make(start, false)
    }

    /// A clock on which pauses last until [`RecordedClock::advance`] has moved it far enough.
    #[must_use]
    pub fn manual() -> Self {
        Self::make(SystemTime::now(), true)
    }

    fn make(start: SystemTime, manual: bool) -> Self {
        let (elapsed, _) = watch::channel(Duration::ZERO);
        Self(Arc::new(Recorded { start, elapsed, pauses: Mutex::default(), manual }))
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.0.elapsed.send_modify(|elapsed| *elapsed += by);
    }

    /// Every pause so far, in the order in which they began.
    #[must_use]
    pub fn pauses(&self) -> Vec<Duration> {
        self.0.pauses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Default for RecordedClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for RecordedClock {
    fn now(&self) -> SystemTime {
        self.0.start + *self.0.elapsed.borrow()
    }

    fn elapsed(&self) -> Duration {
        *self.0.elapsed.borrow()
    }

    fn pause(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.pauses.lock().unwrap_or_else(PoisonError::into_inner).push(duration);
        let end = self.elapsed() + duration;
        if self.0.manual {
            return self.alarm(end);
        }
        let clock = self.clone();
        Box::pin(async move {
            // Another task may run before time moves, so that pauses which begin together overlap.
            tokio::task::yield_now().await;
            clock.0.elapsed.send_if_modified(|elapsed| {
                let later = end > *elapsed;
                *elapsed = end.max(*elapsed);
                later
            });
        })
    }

    fn alarm(&self, at: Duration) -> BoxFuture<'static, ()> {
        let mut elapsed = self.0.elapsed.subscribe();
        // Keeps the sender alive, without which the watch would end and the alarm would never ring.
        let clock = self.clone();
        Box::pin(async move {
            let _rang = elapsed.wait_for(|elapsed| *elapsed >= at).await;
            drop(clock);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_clock_of_a_test_has_its_start() {
        for clock in ["recorded", "manual"] {
            let testing =
                TestingConfig { clock: Some(clock.into()), start: Some(1_700_000_000), ..Default::default() };
            let (clock, recorded) = of(Some(&testing)).unwrap();
            assert_eq!(clock.now(), UNIX_EPOCH + Duration::from_secs(1_700_000_000));
            assert!(recorded.is_some());
        }
        let unknown = TestingConfig { clock: Some("sundial".into()), ..Default::default() };
        assert_eq!(of(Some(&unknown)).unwrap_err().message(), "testing: clock \"sundial\" is unknown");
    }
}
