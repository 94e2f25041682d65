//! The time limits of a call.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::error::{Error, Failure};
use crate::own::ErrorKind;
use crate::trace::Trace;

/// How long a call may take. Clones are the same limits.
#[derive(Debug, Clone)]
pub(crate) struct Limits(Arc<Mutex<State>>);

#[derive(Debug, Clone, Copy)]
struct State {
    /// When the call joined, on the clock's own scale.
    joined: Duration,
    /// From the first turn on. None for a transfer without a limit.
    timeout: Option<Duration>,
    /// Until the first turn.
    turn_timeout: Option<Duration>,
    /// When the first turn came, for a request that goes on with a call whose turn was before.
    began: Option<Duration>,
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
        Self(Arc::new(Mutex::new(State { joined: now, timeout, turn_timeout, began: None })))
    }

    /// The same limits for a request that goes on with a call whose first turn came at this time.
    pub(crate) fn going_on(self, began: Option<Duration>) -> Self {
        Self(Arc::new(Mutex::new(State { began, ..self.state() })))
    }

    fn state(&self) -> State {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same limits for a request that others may join.
    pub(crate) fn shared(&self) -> Self {
        Self(Arc::new(Mutex::new(self.state())))
    }

    /// A call joins a shared request, which goes on for the one with the most time.
    pub(crate) fn join(&self, other: &Self) {
        let other = other.state();
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        own.joined = own.joined.max(other.joined);
        own.timeout = own.timeout.zip(other.timeout).map(|(one, two)| one.max(two));
        own.turn_timeout = own.turn_timeout.zip(other.turn_timeout).map(|(one, two)| one.max(two));
    }

    /// When the call ends at the latest.
    pub(crate) fn end(&self, trace: &Trace) -> End {
        let State { joined, timeout, turn_timeout, began } = self.state();
        if let (Some(began), Some(limit)) = (began, timeout) {
            return End::Answer(began.saturating_add(limit).saturating_add(trace.excused()));
        }
        match trace.turn() {
            None => turn_timeout.map_or(End::Open, |limit| {
                End::Turn(joined.saturating_add(limit).saturating_add(trace.excused()))
            }),
            Some(turn) => timeout.map_or(End::Open, |limit| {
                let excused = trace.excused_since_turn();
                End::Answer(turn.max(joined).saturating_add(limit).saturating_add(excused))
            }),
        }
    }
}

impl Limits {
    /// Ends when a limit of the call has passed, with the error.
    pub(crate) async fn passed(&self, clock: &dyn Clock, trace: &Trace) -> Error {
        loop {
            match self.end(trace) {
                End::Open if trace.turn().is_some() => std::future::pending().await,
                End::Open => trace.turned().await,
                End::Turn(end) => tokio::select! {
                    biased;
                    () = trace.turned() => {}
                    () = clock.alarm(end) => {}
                },
                End::Answer(end) => clock.alarm(end).await,
            }
            // The turn may have come meanwhile, or a wait that does not count.
            let end = self.end(trace);
            if end.time().is_some_and(|end| end <= clock.elapsed()) {
                return self.error(end, trace);
            }
        }
    }

    /// The error of a call that has reached this end.
    pub(crate) fn error(&self, end: End, trace: &Trace) -> Error {
        let state = self.state();
        let (text, name, limit) = match end {
            End::Turn(_) => ("the call got no turn within", "turn_timeout", state.turn_timeout),
            End::Answer(_) | End::Open => ("no answer within", "timeout", state.timeout),
        };
        let seconds = limit.unwrap_or_default().as_secs_f64();
        Error::new(ErrorKind::Timeout, format!("{text} {seconds} s; the option {name} sets another limit"))
            .with_failure(Failure::Interrupted)
            .with_outcome(trace.outcome())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::own::WaitReason;

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
    fn a_wait_for_the_quota_counts_neither_before_the_turn_nor_after_it() {
        let (limits, trace) = (Limits::new(seconds(0), Some(seconds(60)), Some(seconds(5))), Trace::new());
        trace.waited(WaitReason::Quota, seconds(100));
        assert_eq!(limits.end(&trace), End::Turn(seconds(105)));
        trace.take_turn(seconds(101));
        assert_eq!(limits.end(&trace), End::Answer(seconds(161)));
        trace.waited(WaitReason::Quota, seconds(1000));
        assert_eq!(limits.end(&trace), End::Answer(seconds(1161)));
    }

    #[test]
    fn a_request_that_goes_on_with_a_call_has_what_is_left_of_its_time() {
        let limits = |began| Limits::new(seconds(50), Some(seconds(60)), None).going_on(began);
        let trace = Trace::new();
        assert_eq!(limits(Some(seconds(5))).end(&trace), End::Answer(seconds(65)));
        trace.take_turn(seconds(52));
        assert_eq!(limits(Some(seconds(5))).end(&trace), End::Answer(seconds(65)));
        assert_eq!(limits(None).end(&trace), End::Answer(seconds(112)));
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
        shared.join(&Limits::new(seconds(50), Some(seconds(70)), None));
        assert_eq!(shared.end(&leader), End::Answer(seconds(120)));
        assert_eq!(first.end(&leader), End::Answer(seconds(60)));
    }
}
