//! Leases: several units in one step, so that the ledger is not asked for each request, and a share for when it is unreachable.
//!
//! A lease is counted as a whole when it is taken, so the count is right even if its process is killed. Unused units are given
//! back when the client is closed, when it is idle, or when another process finds that the owner has died.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::Handle;

use super::calendar::{Frame, Window};
use super::journal::{Journal, Mark};
use super::ledger::{Counts, Entry, Granted, LeaseId, Ledger, Limits, Spent};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::log::Log;
use crate::options::Priority;
use crate::own::ErrorKind;
use crate::rng::Rng;

/// A lease that was not used for so long is given back.
const IDLE: Duration = Duration::from_secs(10);

/// What leases are made of.
pub(crate) struct LeaseSettings {
    pub(crate) ledger: Arc<dyn Ledger>,
    /// Units of a lease; with 1 the store is asked for each.
    pub(crate) size: u64,
    /// Units that are kept for when the store is away.
    pub(crate) share: u64,
    pub(crate) journal: Option<Journal>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) handle: Option<Handle>,
    pub(crate) log: Log,
}

/// The leases of one client.
pub(crate) struct Leases {
    settings: LeaseSettings,
    /// Of interactive and of bulk calls: the latter leave a floor alone, which a lease must do too.
    banks: [Bank; 2],
    spare: Bank,
    /// Leases that have another in their place, and whose end the store does not know yet.
    replaced: Mutex<Vec<Held>>,
    /// The share is not filled up before, on the clock's own scale.
    refill_at: Mutex<Duration>,
    watched: AtomicBool,
}

#[derive(Default)]
struct Bank {
    held: Mutex<Option<Held>>,
    /// One fetches while the others wait for it.
    fetching: tokio::sync::Mutex<()>,
}

/// A lease with what was used of it.
struct Held {
    lease: LeaseId,
    /// It is good for calls with these limits, or for all.
    limits: Option<Limits>,
    units: u64,
    used: u64,
    spent: Vec<Spent>,
    mark: Option<Mark>,
    /// Its file could not be written.
    unwritten: bool,
    last_used: Duration,
}

/// Where a unit came from.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// The store itself.
    Store,
    /// A lease.
    Lease(LeaseId),
}

impl Bank {
    fn lock(&self) -> MutexGuard<'_, Option<Held>> {
        lock(&self.held)
    }
}

impl Held {
    fn new(lease: LeaseId, units: u64, mark: Option<Mark>, last_used: Duration) -> Self {
        Self { lease, limits: None, units, used: 0, spent: Vec::new(), mark, unwritten: false, last_used }
    }

    /// Takes a unit, if one is left that counts in these windows.
    fn take(&mut self, frame: &Frame, limits: &Limits, entry: &Entry, now: Duration) -> Option<Origin> {
        if self.left(frame, limits) == 0 {
            return None;
        }
        if let Some(mark) = &self.mark
            && mark.write(self.used + 1).is_err()
        {
            // What is not written down is not used.
            self.stop();
            self.unwritten = true;
            return None;
        }
        self.used += 1;
        self.last_used = now;
        match self.spent.iter_mut().find(|spent| spent.entry == *entry) {
            Some(spent) => spent.units += 1,
            None => self.spent.push(Spent { entry: entry.clone(), units: 1 }),
        }
        Some(Origin::Lease(self.lease.clone()))
    }

    /// Units that may be used in these windows, with these limits.
    fn left(&self, frame: &Frame, limits: &Limits) -> u64 {
        let unchanged = self.limits.is_none_or(|then| then == *limits);
        match unchanged && serves(&self.lease.frame, frame, limits) {
            true => self.units.saturating_sub(self.used),
            false => 0,
        }
    }

    /// Keeps it from being used.
    fn stop(&mut self) {
        self.units = self.used;
    }

    /// Gives a unit back. The mark stays: it may be above the truth, never below.
    fn untake(&mut self, entry: &Entry) {
        if let Some(spent) = self.spent.iter_mut().find(|spent| spent.entry == *entry) {
            spent.units -= 1;
            self.used -= 1;
            self.spent.retain(|spent| spent.units > 0);
        }
    }
}

/// Whether units that were counted in `then` may be used in `now`: the day is the same, and so is every window with a limit.
pub(crate) fn serves(then: &Frame, now: &Frame, limits: &Limits) -> bool {
    let windows = then.windows.iter().zip(&now.windows).zip(limits).enumerate();
    windows.into_iter().all(|(index, ((then, now), limit))| then == now || (index > 0 && limit.is_none()))
}

/// Whether the ledger cannot be reached, as opposed to anything else that may be wrong with it.
fn is_away(error: &Error) -> bool {
    error.kind() == ErrorKind::Network
}

impl Leases {
    pub(crate) fn new(settings: LeaseSettings) -> Arc<Self> {
        Arc::new(Self {
            settings,
            banks: Default::default(),
            spare: Bank::default(),
            replaced: Mutex::default(),
            refill_at: Mutex::default(),
            watched: AtomicBool::new(false),
        })
    }

    fn bank(&self, priority: Priority) -> &Bank {
        &self.banks[usize::from(priority == Priority::Bulk)]
    }

    /// Whether a unit is at hand without asking the store.
    pub(crate) fn covers(&self, priority: Priority, frame: &Frame, limits: &Limits) -> bool {
        self.settings.size > 1 && has_left(&self.bank(priority).lock(), frame, limits)
    }

    /// Whether a unit was set aside for when the store is away.
    pub(crate) fn spares(&self, frame: &Frame, limits: &Limits) -> bool {
        has_left(&self.spare.lock(), frame, limits)
    }

    /// One unit, by a lease unless it is to be a single one. The counts are those of the store, where it was asked.
    pub(crate) async fn take(
        self: &Arc<Self>,
        priority: Priority,
        single: bool,
        frame: &Frame,
        limits: &Limits,
        entry: &Entry,
    ) -> Result<(Granted, Origin)> {
        let taken = if single || self.settings.size <= 1 {
            let spent = Spent { entry: entry.clone(), units: 1 };
            let granted = self.settings.ledger.reserve(frame, limits, &spent).await;
            granted.map(|granted| (granted, Origin::Store))
        } else {
            self.take_leased(self.bank(priority), frame, limits, entry).await
        };
        match taken {
            Ok(taken) => {
                self.keep_share(frame, limits).await;
                Ok(taken)
            }
            Err(error) if is_away(&error) => {
                let now = self.settings.clock.elapsed();
                let spare = self.spare.lock().as_mut().and_then(|held| held.take(frame, limits, entry, now));
                spare.map(|origin| (granted(Counts::default()), origin)).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    async fn take_leased(
        self: &Arc<Self>,
        bank: &Bank,
        frame: &Frame,
        limits: &Limits,
        entry: &Entry,
    ) -> Result<(Granted, Origin)> {
        let take = || {
            let now = self.settings.clock.elapsed();
            let origin = bank.lock().as_mut().and_then(|held| held.take(frame, limits, entry, now));
            origin.map(|origin| (granted(Counts::default()), origin))
        };
        if let Some(taken) = take() {
            return Ok(taken);
        }
        let _fetching = bank.fetching.lock().await;
        if let Some(taken) = take() {
            return Ok(taken);
        }
        self.recover().await;
        match self.fetch(bank, frame, limits, self.settings.size).await? {
            Granted::Yes { counts, .. } => {
                self.watch();
                if let Some((_, origin)) = take() {
                    return Ok((granted(counts), origin));
                }
                match bank.lock().as_ref().is_some_and(|held| held.unwritten) {
                    true => Err(Error::config("the use of a lease cannot be written to its file")),
                    // Another call was quicker.
                    false => Ok((Granted::Moved, Origin::Store)),
                }
            }
            refused => Ok((refused, Origin::Store)),
        }
    }

    /// Ends what the bank holds, and takes a new lease for it.
    async fn fetch(&self, bank: &Bank, frame: &Frame, limits: &Limits, most: u64) -> Result<Granted> {
        self.end(bank).await?;
        let (granted, held) = self.begin(frame, limits, most).await?;
        if let Some(held) = held {
            *bank.lock() = Some(Held { limits: Some(*limits), ..held });
        }
        granted
    }

    /// Takes a lease. One whose answer was lost may have begun: it holds nothing, and is to be ended before another is taken.
    async fn begin(
        &self,
        frame: &Frame,
        limits: &Limits,
        most: u64,
    ) -> Result<(Result<Granted>, Option<Held>)> {
        let lease = LeaseId { frame: frame.clone(), id: self.settings.rng.unique_id().into() };
        let mark = match &self.settings.journal {
            Some(journal) => Some(journal.begin(&lease).map_err(|error| {
                Error::config(format!(
                    "leases of the quota need a folder for the record of their use: {error}"
                ))
            })?),
            None => None,
        };
        let granted = self.settings.ledger.lease(&lease, limits, most).await;
        let units = match &granted {
            Ok(Granted::Yes { units, .. }) => *units,
            // Nothing is leased under this name.
            Ok(_) => {
                if let Some(mark) = mark {
                    mark.remove();
                }
                return Ok((granted, None));
            }
            Err(_) => 0,
        };
        Ok((granted, Some(Held::new(lease, units, mark, self.settings.clock.elapsed()))))
    }

    /// Ends what the bank holds: the store learns what was used of it, and gets the rest back.
    async fn end(&self, bank: &Bank) -> Result<()> {
        let Some(held) = bank.lock().take() else { return Ok(()) };
        let Err((error, held)) = self.settle(held).await else { return Ok(()) };
        let mut present = bank.lock();
        match *present {
            None => *present = Some(held),
            Some(_) => lock(&self.replaced).push(held),
        }
        Err(error)
    }

    /// Ends what has another lease in its place.
    async fn end_replaced(&self) -> Result<()> {
        loop {
            let Some(held) = lock(&self.replaced).pop() else { return Ok(()) };
            if let Err((error, held)) = self.settle(held).await {
                lock(&self.replaced).push(held);
                return Err(error);
            }
        }
    }

    async fn settle(&self, mut held: Held) -> std::result::Result<(), (Error, Held)> {
        match self.settings.ledger.settle(&held.lease, &held.spent).await {
            Ok(()) => {
                if let Some(mark) = held.mark {
                    mark.remove();
                }
                Ok(())
            }
            Err(error) => {
                // The store may have done it all the same: then what was not used is others' by now.
                held.stop();
                Err((error, held))
            }
        }
    }

    /// Sets aside what is kept for when the store is away.
    async fn keep_share(&self, frame: &Frame, limits: &Limits) {
        if self.settings.share == 0 {
            return;
        }
        let full = |held: &Option<Held>| {
            held.as_ref().is_some_and(|held| held.used == 0 && held.left(frame, limits) > 0)
        };
        if full(&self.spare.lock()) {
            return;
        }
        let Ok(_fetching) = self.spare.fetching.try_lock() else { return };
        match self.refill(frame, limits).await {
            Err(error) if !is_away(&error) => {
                self.settings
                    .log
                    .warn(&format!("no requests are set aside for when the ledger is unreachable: {error}"));
            }
            _ => {}
        }
    }

    /// Takes a new share. The old one ends only when the new one is there, and stays where nothing better is to be had.
    async fn refill(&self, frame: &Frame, limits: &Limits) -> Result<()> {
        let now = self.settings.clock.elapsed();
        let left = self.spare.lock().as_ref().map_or(0, |held| held.left(frame, limits));
        if left > 0 && now < *lock(&self.refill_at) {
            return Ok(());
        }
        self.end_replaced().await?;
        let (granted, fresh) = self.begin(frame, limits, self.settings.share).await?;
        let better = fresh.as_ref().is_some_and(|fresh| fresh.units > left);
        let replaced = match better || left == 0 {
            true => std::mem::replace(&mut *self.spare.lock(), fresh),
            false => {
                if granted.is_ok() {
                    // Little is left in the ledger: it is not asked again with each request.
                    *lock(&self.refill_at) = now.saturating_add(IDLE);
                }
                fresh
            }
        };
        lock(&self.replaced).extend(replaced);
        granted?;
        self.end_replaced().await
    }

    /// Looks at everything that is held, until something was found.
    fn find<T>(&self, mut look: impl FnMut(&mut Held) -> Option<T>) -> Option<T> {
        let in_bank = self.all().find_map(|bank| bank.lock().as_mut().and_then(&mut look));
        in_bank.or_else(|| lock(&self.replaced).iter_mut().find_map(look))
    }

    /// Does something with everything that is held.
    fn each(&self, mut act: impl FnMut(&mut Held)) {
        self.find(|held| {
            act(held);
            None::<()>
        });
    }

    /// Gives one unit back. Whether that was possible here.
    pub(crate) fn untake(&self, lease: &LeaseId, entry: &Entry) -> bool {
        self.find(|held| (held.lease == *lease).then(|| held.untake(entry))).is_some()
    }

    /// What was used of the leases of this day that are held.
    pub(crate) fn unsettled(&self, day: &Window) -> Vec<Spent> {
        let mut spent = Vec::new();
        self.each(|held| {
            if held.lease.frame.day() == day {
                spent.extend(held.spent.iter().cloned());
            }
        });
        spent
    }

    /// Keeps what is held from being used: the limits are others than when it was taken. It is given back in time.
    pub(crate) fn stop(&self) {
        self.each(Held::stop);
    }

    /// Units that are held and not used.
    pub(crate) fn unused(&self) -> u64 {
        let mut unused = 0;
        self.each(|held| unused += held.units.saturating_sub(held.used));
        unused
    }

    /// Gives back what processes left that have died. Whether there was anything.
    pub(crate) async fn recover(&self) -> bool {
        let Some(journal) = &self.settings.journal else { return false };
        let mut recovered = false;
        for left in journal.left() {
            // After a power cut nobody knows: it stays counted.
            let Some(units) = left.used else {
                left.done();
                continue;
            };
            let entry = Entry { operation: "".into(), label: "".into(), process: Arc::clone(&left.process) };
            let spent = (units > 0).then_some(Spent { entry, units });
            match self.settings.ledger.settle(&left.lease, spent.as_slice()).await {
                Ok(()) => {
                    left.done();
                    recovered = true;
                }
                Err(error) => {
                    let text =
                        format!("the unused units of a process that ended are not given back yet: {error}");
                    self.settings.log.warn(&text);
                    // It would be the same with the others.
                    break;
                }
            }
        }
        recovered
    }

    /// Gives everything back that is not used.
    pub(crate) async fn release(&self) {
        for bank in self.all() {
            if let Err(error) = self.end(bank).await {
                self.settings.log.warn(&not_given_back(&error));
            }
        }
        if let Err(error) = self.end_replaced().await {
            self.settings.log.warn(&not_given_back(&error));
        }
    }

    fn all(&self) -> impl Iterator<Item = &Bank> {
        self.banks.iter().chain([&self.spare])
    }

    /// Gives leases back that nobody uses.
    fn watch(self: &Arc<Self>) {
        let Some(handle) = &self.settings.handle else { return };
        if self.watched.swap(true, Ordering::SeqCst) {
            return;
        }
        let (leases, clock) = (Arc::downgrade(self), Arc::clone(&self.settings.clock));
        handle.spawn(async move {
            let mut next = clock.elapsed() + IDLE;
            loop {
                clock.alarm(next).await;
                let Some(leases) = Weak::upgrade(&leases) else { return };
                next = clock.elapsed() + IDLE;
                for bank in &leases.banks {
                    let _fetching = bank.fetching.lock().await;
                    let due = bank.lock().as_ref().map(|held| held.last_used + IDLE);
                    match due {
                        Some(due) if due <= clock.elapsed() => {
                            if let Err(error) = leases.end(bank).await {
                                leases.settings.log.warn(&not_given_back(&error));
                            }
                        }
                        Some(due) => next = next.min(due),
                        None => {}
                    }
                }
                // Whoever takes one from now on begins to watch; one that was taken just before is seen here.
                leases.watched.store(false, Ordering::SeqCst);
                let idle = leases.banks.iter().all(|bank| bank.lock().is_none());
                if idle || leases.watched.swap(true, Ordering::SeqCst) {
                    return;
                }
            }
        });
    }
}

fn has_left(held: &Option<Held>, frame: &Frame, limits: &Limits) -> bool {
    held.as_ref().is_some_and(|held| held.left(frame, limits) > 0)
}

fn not_given_back(error: &Error) -> String {
    format!("the unused units of a lease are not given back yet: {error}")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn granted(counts: Counts) -> Granted {
    Granted::Yes { units: 1, counts }
}

impl Drop for Leases {
    fn drop(&mut self) {
        let replaced = std::mem::take(&mut *lock(&self.replaced));
        let held: Vec<_> = self.all().filter_map(|bank| bank.lock().take()).chain(replaced).collect();
        let Some(handle) = self.settings.handle.clone().filter(|_| !held.is_empty()) else { return };
        let ledger = Arc::clone(&self.settings.ledger);
        // Where the runtime has ended too, the files tell the next process.
        handle.spawn(async move {
            for held in held {
                let settled = ledger.settle(&held.lease, &held.spent).await;
                if let Some(mark) = held.mark.filter(|_| settled.is_ok()) {
                    mark.remove();
                }
            }
        });
    }
}

#[cfg(test)]
mod tests;
