//! For tests and benches: a clock whose pauses return at once, chance without surprises, and the quota without requests.
//!
//! A client gets the first two by its settings: `testing: {"clock": "recorded", "fixed_chance": true}`.

pub(crate) mod ledger;

#[cfg(feature = "sqlite")]
pub use self::ledger::LedgerFile;
pub use self::ledger::{Counted, Counts, StepLedger, Steps};
pub use crate::clock::RecordedClock;
pub use crate::rng::FixedRng;

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::answer::list::List;
use crate::client::{Client, ClientBuilder};
use crate::error::Result;
use crate::http::Body;
use crate::options::CallOptions;
use crate::requester::Transfer;
use crate::rng::Rng;

/// A client that counts in this ledger, with others that do so, and takes its chances from this source.
#[must_use]
pub fn simulated(builder: ClientBuilder, ledger: &StepLedger, rng: Arc<dyn Rng>) -> ClientBuilder {
    builder.simulated(ledger.clone(), rng)
}

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

/// Gives back what processes left of their leases that have ended. Whether there was anything.
pub async fn recover(client: &Client) -> bool {
    client.recover_leases().await
}

/// Sends a body that may be a stream with an operation, and hands on the body of the answer as it arrives.
///
/// # Errors
/// Any kind.
pub async fn transfer(
    client: &Client,
    operation: &str,
    arguments: Map<String, Value>,
    body: Option<Body>,
    options: CallOptions,
) -> Result<Transfer> {
    client.transfer(operation, &arguments, body, options).await
}

/// Reads what a signed link leads to.
///
/// # Errors
/// Any kind.
pub async fn read_link(client: &Client, link: &str, options: CallOptions) -> Result<Transfer> {
    client.read_link(link, options).await
}
