//! For tests: a clock whose pauses return at once, and chance without surprises.
//!
//! A client gets them by its settings: `testing: {"clock": "recorded", "fixed_chance": true}`.

pub use crate::clock::RecordedClock;
pub use crate::rng::FixedRng;
