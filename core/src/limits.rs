//! The time limits of a call.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::error::{Error, ErrorKind, Failure};
use crate::trace::Trace;

/// How long a call may take. Clones share the time at which the call joined.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// When the call joined, or the last of those that share a request, in nanoseconds on the clock's own scale.
    joined: Arc<AtomicU64>,
    /// From the first turn on. None for a transfer without a limit.
    timeout: Option<Duration>,
    /// Until the first turn.
    turn_timeout: Option<Duration>,
}

/// When a call ends at the latest, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Never, or the limit has not begun.
    Open,
    /// The turn has to come before this time.
    Turn(Duration),
    /// The answer has to be there at this time.
    Answer(Duration),
}

impl End {
    /// On the clock's own scale.
    pub(crate) fn time(self) -> Option<Duration> {
        match self {
            Self::Open => None,
            Self::Turn(time) | Self::Answer(time) => Some(time),
        }
    }
}

impl Limits {
    pub(crate) fn new(now: Duration, timeout: Option<Duration>, turn_timeout: Option<Duration>) -> Self {
        Self { joined: Arc::new(AtomicU64::new(nanos(now))), timeout, turn_timeout }
    }

    /// The same limits for a request that others may join.
    pub(crate) fn shared(&self) -> Self {
        Self { joined: Arc::new(AtomicU64::new(self.joined.load(Ordering::Relaxed))), ..self.clone() }
    }

    /// A call joins a request that is shared: it ends with the last of them.
    pub(crate) fn join(&self, other: &Self) {
        self.joined.fetch_max(other.joined.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    pub(crate) fn turn_timeout(&self) -> Option<Duration> {
        self.turn_timeout
    }

    /// When the call ends at the latest.
    pub(crate) fn end(&self, trace: &Trace) -> End {
        let joined = Duration::from_nanos(self.joined.load(Ordering::Relaxed));
        match trace.turn() {
            None => self.turn_timeout.map_or(End::Open, |limit| {
                End::Turn(joined.saturating_add(limit).saturating_add(trace.excused()))
            }),
            Some(turn) => self.timeout.map_or(End::Open, |limit| {
                End::Answer(turn.max(joined).saturating_add(limit).saturating_add(trace.excused()))
            }),
        }
    }
}

impl Limits {
    /// The error of a call that has reached this end.
    pub(crate) fn error(&self, end: End, trace: &Trace) -> Error {
        let (text, name, limit) = match end {
            End::Turn(_) => ("the turn of the call did not come within", "turn_timeout", self.turn_timeout),
            End::Answer(_) | End::Open => ("no answer within", "timeout", self.timeout),
        };
        let seconds = limit.unwrap_or_default().as_secs_f64();
        Error::new(ErrorKind::Timeout, format!("{text} {seconds} s; the option {name} sets another limit"))
            .with_failure(Failure::Interrupted)
            .with_outcome(trace.outcome())
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_timeout_begins_with_the_first_turn() {
        let (limits, trace) = (Limits::new(seconds(10), Some(seconds(60)), Some(seconds(5))), Trace::new());
        assert_eq!(limits.end(&trace), End::Turn(seconds(15)));
        trace.take_turn(seconds(14));
        assert_eq!(limits.end(&trace), End::Answer(seconds(74)));
        // That of a retry is another one.
        trace.take_turn(seconds(40));
        assert_eq!(limits.end(&trace), End::Answer(seconds(74)));
        let without = Limits::new(seconds(10), None, None);
        assert_eq!((without.end(&trace), without.end(&Trace::new())), (End::Open, End::Open));
    }

    #[test]
    fn who_joins_later_has_its_own_time() {
        let (first, leader) = (Limits::new(seconds(0), Some(seconds(60)), None), Trace::new());
        leader.take_turn(seconds(0));
        let (later, trace) = (Limits::new(seconds(50), Some(seconds(60)), None), Trace::new());
        trace.follow(&leader);
        let shared = first.shared();
        shared.join(&later);
        assert_eq!(later.end(&trace), End::Answer(seconds(110)));
        assert_eq!(shared.end(&leader), End::Answer(seconds(110)));
        assert_eq!(first.end(&leader), End::Answer(seconds(60)));
    }
}
