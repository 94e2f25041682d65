//! What the pipeline hears of a request on the wire: whether it has left, and when something last moved.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Clock;

/// How far one attempt of a request has got. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Wire(Arc<State>);

#[derive(Debug)]
struct State {
    clock: Arc<dyn Clock>,
    departure: AtomicU8,
    /// When a byte last moved, on the clock's own scale, in nanoseconds.
    moved: AtomicU64,
    /// Whether the connection waits for the source of the body.
    starved: AtomicBool,
}

/// Nothing was handed to a transport.
const HERE: u8 = 0;
/// A transport has it and does not say: it may have left.
const HANDED_OVER: u8 = 1;
/// A transport has it, and has promised to say.
const HELD: u8 = 2;
/// Bytes have left, or are about to.
const LEFT: u8 = 3;

impl Wire {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let (departure, moved, starved) = (AtomicU8::new(HERE), AtomicU64::new(0), AtomicBool::new(false));
        let wire = Self(Arc::new(State { clock, departure, moved, starved }));
        wire.moved();
        wire
    }

    /// The transport has the request from now on.
    pub(crate) fn hand_over(&self) {
        self.0.departure.store(HANDED_OVER, Ordering::Release);
    }

    /// For a transport that knows when the first byte leaves: promises to call [`Wire::leave`] before it does. Until then the
    /// request can be ended as one that was never sent. Without this promise it may have left as soon as the transport has it.
    /// It changes nothing once the first byte has left.
    pub fn hold(&self) {
        let held = |departure| (departure != LEFT).then_some(HELD);
        let _ = self.0.departure.fetch_update(Ordering::AcqRel, Ordering::Acquire, held);
    }

    /// The first byte is about to leave.
    pub fn leave(&self) {
        self.0.departure.store(LEFT, Ordering::Release);
    }

    /// Bytes have moved in either direction.
    pub fn moved(&self) {
        let now = u64::try_from(self.0.clock.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.0.moved.fetch_max(now, Ordering::Relaxed);
    }

    /// Whether the connection waits for the source of the body from now on. What does not move then is not the service.
    pub(crate) fn starve(&self, waits: bool) {
        self.0.starved.store(waits, Ordering::Relaxed);
    }

    pub(crate) fn is_starved(&self) -> bool {
        self.0.starved.load(Ordering::Relaxed)
    }

    /// Whether the service may have received anything of the request.
    pub(crate) fn may_have_left(&self) -> bool {
        matches!(self.0.departure.load(Ordering::Acquire), HANDED_OVER | LEFT)
    }

    /// When a byte last moved, on the clock's own scale.
    pub(crate) fn last_moved(&self) -> Duration {
        Duration::from_nanos(self.0.moved.load(Ordering::Relaxed))
    }
}
