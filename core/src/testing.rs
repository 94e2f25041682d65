//! For tests and benches: a clock whose pauses return at once, chance without surprises, and the quota without requests.
//!
//! A client gets the first two by its settings: `testing: {"clock": "recorded", "fixed_chance": true}`.

pub use crate::clock::RecordedClock;
pub use crate::rng::FixedRng;

use crate::answer::list::List;
use crate::client::Client;
use crate::error::Result;

/// Finds the rows of a list's body, as a pager does, and says how many there are.
///
/// # Errors
/// `decode` when the body is no list.
pub fn rows_of(body: &[u8], identity: &str) -> Result<usize> {
    List::read(body, identity).map(|list| list.rows.len())
}

/// Takes one request of the client's quota, as a call does just before its bytes leave, and sends nothing.
///
/// # Errors
/// `quota_exceeded` when there is none left, or the error of the ledger.
pub async fn reserve(client: &Client) -> Result<()> {
    client.take_unit().await
}
