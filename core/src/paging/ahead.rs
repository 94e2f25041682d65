//! Pages that are fetched before they are asked for.
//!
//! The read-ahead grows by a page for each page that is consumed, up to the concurrency of the client: whoever stops in
//! page `p`, counted from 1, has caused at most `p + min(p, concurrency)` requests.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;

use super::fetch::{Fetch, Fetched};
use crate::caller;
use crate::error::{Error, Result};
use crate::own::{ErrorKind, Outcome};

/// Pages on their way, in order. Dropping it ends those that have not come.
#[derive(Default)]
pub(super) struct Ahead {
    flights: VecDeque<Flight>,
}

struct Flight {
    number: u64,
    size: u64,
    state: Arc<AtomicU8>,
    task: AbortOnDropHandle<Result<Fetched>>,
}

const RUNNING: u8 = 0;
const ARRIVED: u8 = 1;
const FAILED: u8 = 2;

impl Flight {
    fn is(&self, state: u8) -> bool {
        self.state.load(Ordering::Acquire) == state
    }
}

impl Ahead {
    /// Sends for all pages of a range that are not on their way, unless one before them has failed.
    pub(super) fn fill(
        &mut self,
        pages: impl Iterator<Item = u64>,
        size: u64,
        fetch: &Fetch,
        handle: &Handle,
    ) {
        for number in pages {
            if self.flights.iter().any(|flight| flight.is(FAILED)) {
                return;
            }
            if self.flights.iter().any(|flight| flight.number == number && flight.size == size) {
                continue;
            }
            let state = Arc::new(AtomicU8::new(RUNNING));
            let (fetch, arrival) = (fetch.clone(), Arc::clone(&state));
            let caller = caller::present();
            let task = handle.spawn(async move {
                let result = caller::on_behalf(caller, fetch.page(number, size)).await;
                arrival.store(if result.is_ok() { ARRIVED } else { FAILED }, Ordering::Release);
                result
            });
            self.flights.push_back(Flight { number, size, state, task: AbortOnDropHandle::new(task) });
        }
    }

    /// The page, if it is on its way or has come.
    pub(super) fn take(&mut self, number: u64, size: u64) -> Option<AbortOnDropHandle<Result<Fetched>>> {
        let place = self.flights.iter().position(|flight| flight.number == number && flight.size == size)?;
        self.flights.remove(place).map(|flight| flight.task)
    }

    /// Drops what will not be asked for any more.
    pub(super) fn clear(&mut self) {
        self.flights.clear();
    }

    /// Takes all that are on their way, or have come.
    pub(super) fn take_all(&mut self) -> Vec<AbortOnDropHandle<Result<Fetched>>> {
        self.flights.drain(..).map(|flight| flight.task).collect()
    }

    /// Ends what has not come, and forgets what has failed.
    pub(super) fn stop(&mut self) {
        self.flights.retain(|flight| flight.is(ARRIVED));
    }
}

/// The result of a page that was fetched ahead.
pub(super) async fn arrival(task: AbortOnDropHandle<Result<Fetched>>, fetch: &Fetch) -> Result<Fetched> {
    match task.await {
        Ok(result) => result,
        Err(_) if fetch.is_cancelled() => Err(Error::cancelled(Outcome::NotSent)),
        Err(error) if error.is_panic() => Err(Error::new(
            ErrorKind::Internal,
            format!("reading a page failed: {error}; please report this"),
        )),
        Err(_) => Err(Error::new(ErrorKind::Closed, "the runtime ended before the page came")),
    }
}
