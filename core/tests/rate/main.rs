//! The rate limiter, by whole clients against services in this process. Time is simulated: an hour takes a moment.

// A test may stop at once.
#![allow(clippy::unwrap_used)]

mod concurrency;
mod limits;
mod order;
mod world;
