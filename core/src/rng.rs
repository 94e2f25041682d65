//! Chance, injected: the spread of pauses and the ids of requests.

use std::sync::atomic::{AtomicU64, Ordering};

/// A source of chance.
pub trait Rng: std::fmt::Debug + Send + Sync {
    /// A number from 0 up to, not including, 1.
    fn fraction(&self) -> f64;

    /// An id for a request.
    fn request_id(&self) -> String;

    /// An id that nobody else has, whoever shares the ledger.
    fn unique_id(&self) -> String {
        uuid::Uuid::new_v4().to_string()
    }

    /// An id for a new row, which the service keeps.
    fn row_id(&self) -> String {
        uuid::Uuid::new_v4().to_string()
    }
}

/// The operating system's chance.
#[derive(Debug)]
pub(crate) struct SystemRng;

impl Rng for SystemRng {
    fn fraction(&self) -> f64 {
        rand::random()
    }

    fn request_id(&self) -> String {
        uuid::Uuid::new_v4().to_string()
    }
}

/// For tests: always the middle, and ids in order.
#[derive(Debug, Default)]
pub struct FixedRng {
    requests: AtomicU64,
    rows: AtomicU64,
}

impl Rng for FixedRng {
    fn fraction(&self) -> f64 {
        0.5
    }

    fn request_id(&self) -> String {
        format!("request-{}", self.requests.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn row_id(&self) -> String {
        let number = u128::from(self.rows.fetch_add(1, Ordering::Relaxed) + 1);
        uuid::Uuid::from_u128(0x4000_8000_0000_0000_0000 + number).to_string()
    }
}
