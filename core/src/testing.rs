//! For tests and benches: a clock whose pauses return at once, chance without surprises, and the quota without requests.
//!
//! A client gets the first two by its settings: `testing: {"clock": "recorded", "fixed_chance": true}`.

pub use crate::clock::RecordedClock;
pub use crate::rng::FixedRng;

use crate::client::Client;
use crate::error::Result;

/// Takes one request of the client's quota, as a call does just before its bytes leave, and sends nothing.
///
/// # Errors
/// `quota_exceeded` when there is none left, or the error of the ledger.
pub async fn reserve(client: &Client) -> Result<()> {
    client.take_unit().await
}
