//! A pause that the service asked one of those who share a ledger for.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::Quota;

/// A pause lasts no longer for those who share a ledger: whoever comes then asks the service again.
pub(crate) const LONGEST: Duration = Duration::from_secs(3_600);

/// By how much the clocks of those who share a ledger may be apart. A pause that ends later than the longest and this is the
/// work of a wrong clock.
const APART: Duration = Duration::from_secs(300);

/// How old the knowledge of a pause may be when a unit is taken, so that not each unit of a lease asks the ledger.
const LOOK: Duration = Duration::from_secs(1);

/// What is known of the pause.
#[derive(Debug, Default)]
pub(super) struct SharedPause(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    until: Option<SystemTime>,
    /// When the ledger was asked last, on the clock's own scale.
    read: Option<Duration>,
}

impl SharedPause {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the ledger says now.
    pub(super) fn read(&self, until: Option<SystemTime>, now: Duration) {
        *self.lock() = Known { until, read: Some(now) };
    }

    /// Whether the caller is to ask the ledger; nobody else is then.
    fn is_due(&self, now: Duration) -> bool {
        let mut known = self.lock();
        let due = known.read.is_none_or(|read| now.saturating_sub(read) >= LOOK);
        if due {
            known.read = Some(now);
        }
        due
    }

    fn until(&self) -> Option<SystemTime> {
        self.lock().until
    }
}

impl Quota {
    /// How long nothing is to be sent, by what is known.
    pub(super) fn pause(&self) -> Option<Duration> {
        let left = self.pause.until()?.duration_since(self.now()).ok()?;
        (!left.is_zero() && left <= LONGEST + APART).then_some(left)
    }

    /// How long nothing is to be sent. The ledger is asked when it was not for a second, also while a lease covers the call.
    pub(super) async fn look_at_pause(&self) -> Option<Duration> {
        if self.pause.is_due(self.clock().elapsed()) {
            // Without the ledger the unit itself decides: a lease or a share may be good for it.
            let _ = self.standing().await;
        }
        self.pause()
    }
}
