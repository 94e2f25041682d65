//! What `permits.rs` shares state with; the model check puts its own in this place.

pub(crate) use std::sync::{Arc, Mutex};
