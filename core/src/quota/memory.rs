//! A ledger of one client.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use futures_util::future::{BoxFuture, ready};

use super::calendar::{Frame, Window};
use super::ledger::{
    APART, Counts, Entry, Granted, HISTORY, LeaseId, Ledger, Limits, Row, Spent, Standing, lease_size, left,
};
use crate::error::Result;
use crate::own::{QuotaStore, QuotaWindow};

#[derive(Debug, Default)]
pub(crate) struct MemoryLedger(Mutex<HashMap<Arc<str>, Account>>);

/// What is kept for one owner.
#[derive(Debug, Default)]
struct Account {
    counts: HashMap<Window, u64>,
    usage: BTreeMap<u64, HashMap<Entry, u64>>,
    leases: HashMap<Arc<str>, (Frame, u64)>,
    notes: HashMap<(u64, String), String>,
    paused_until: Option<SystemTime>,
}

impl Account {
    fn counts(&self, frame: &Frame) -> Counts {
        frame.windows.map(|window| self.counts.get(&window).copied().unwrap_or(0))
    }

    fn take(&mut self, frame: &Frame, units: u64) -> Counts {
        if !self.counts.contains_key(frame.hour()) {
            self.forget(frame);
        }
        frame.windows.map(|window| {
            let count = self.counts.entry(window).or_default();
            *count = count.saturating_add(units);
            *count
        })
    }

    fn give(&mut self, frame: &Frame, units: u64) {
        for window in &frame.windows {
            if let Some(count) = self.counts.get_mut(window) {
                *count = count.saturating_sub(units);
            }
        }
    }

    fn spend(&mut self, frame: &Frame, spent: &Spent) {
        *self.usage.entry(frame.day().start).or_default().entry(spent.entry.clone()).or_default() +=
            spent.units;
    }

    /// Drops what nobody can ask for any more, and folds the processes of days that are long over.
    fn forget(&mut self, frame: &Frame) {
        let (hour, day) = (frame.hour().start, frame.day().start);
        let oldest = day.saturating_sub(HISTORY * 24 * 3_600);
        self.counts.retain(|window, _| match window.span {
            QuotaWindow::Day => window.start >= oldest,
            QuotaWindow::Hour | QuotaWindow::Minute => window.end.saturating_add(3_600) > hour,
        });
        self.usage.retain(|start, _| *start >= oldest);
        let apart = day.saturating_sub(APART * 24 * 3_600);
        for (_, entries) in self.usage.range_mut(..apart) {
            for (mut entry, units) in std::mem::take(entries) {
                entry.process = "".into();
                *entries.entry(entry).or_default() += units;
            }
        }
        self.notes.retain(|(start, _), _| *start >= oldest);
        self.leases.retain(|_, (frame, _)| frame.day().start >= oldest);
    }
}

impl MemoryLedger {
    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Account>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is counted, for all owners.
    pub(crate) fn counted(&self) -> Vec<(Window, u64)> {
        let accounts = self.lock();
        accounts
            .values()
            .flat_map(|account| account.counts.iter().map(|(window, units)| (*window, *units)))
            .collect()
    }

    /// Units of leases that have not ended, for all owners.
    pub(crate) fn leased(&self) -> u64 {
        self.lock().values().flat_map(|account| account.leases.values()).map(|(_, units)| units).sum()
    }

    /// Does something with what is kept for an owner: at once, as nobody has to be waited for.
    fn done<'a, T: Send + 'a>(
        &self,
        owner: &Arc<str>,
        act: impl FnOnce(&mut Account) -> T,
    ) -> BoxFuture<'a, Result<T>> {
        Box::pin(ready(Ok(self.with(owner, act))))
    }

    fn with<T>(&self, owner: &Arc<str>, act: impl FnOnce(&mut Account) -> T) -> T {
        let mut accounts = self.lock();
        match accounts.get_mut(owner) {
            Some(account) => act(account),
            None => act(accounts.entry(Arc::clone(owner)).or_default()),
        }
    }
}

impl Ledger for MemoryLedger {
    fn store(&self) -> QuotaStore {
        QuotaStore::Memory
    }

    fn standing<'a>(&'a self, frame: &'a Frame) -> BoxFuture<'a, Result<Standing>> {
        self.done(&frame.owner, |account| {
            let before = frame.hour().before();
            Standing {
                counts: account.counts(frame),
                hour_before: account.counts.get(&before).copied().unwrap_or(0),
                leased: account
                    .leases
                    .values()
                    .filter(|(lease, _)| lease.day() == frame.day())
                    .map(|(_, units)| units)
                    .sum(),
                paused_until: account.paused_until,
            }
        })
    }

    fn reserve<'a>(
        &'a self,
        frame: &'a Frame,
        limits: &'a Limits,
        spent: &'a Spent,
    ) -> BoxFuture<'a, Result<Granted>> {
        self.done(&frame.owner, |account| match left(&account.counts(frame), limits, spent.units) {
            Err(window) => Granted::No { window },
            Ok(_) => {
                account.spend(frame, spent);
                Granted::Yes { units: spent.units, counts: account.take(frame, spent.units) }
            }
        })
    }

    fn lease<'a>(
        &'a self,
        lease: &'a LeaseId,
        limits: &'a Limits,
        most: u64,
    ) -> BoxFuture<'a, Result<Granted>> {
        self.done(&lease.frame.owner, |account| match left(&account.counts(&lease.frame), limits, 1) {
            _ if account.leases.contains_key(&lease.id) => Granted::Moved,
            Err(window) => Granted::No { window },
            Ok(left) => {
                let units = lease_size(most, left);
                account.leases.insert(Arc::clone(&lease.id), (lease.frame.clone(), units));
                Granted::Yes { units, counts: account.take(&lease.frame, units) }
            }
        })
    }

    fn settle<'a>(&'a self, lease: &'a LeaseId, used: &'a [Spent]) -> BoxFuture<'a, Result<()>> {
        self.done(&lease.frame.owner, |account| {
            let ended = (lease.frame.clone(), 0);
            let (frame, units) = account.leases.remove(&lease.id).unwrap_or_else(|| ended.clone());
            if units == 0 {
                account.leases.insert(Arc::clone(&lease.id), ended);
                return;
            }
            let spent: u64 = used.iter().map(|spent| spent.units).sum();
            for spent in used {
                account.spend(&frame, spent);
            }
            account.give(&frame, units.saturating_sub(spent));
        })
    }

    fn refund<'a>(&'a self, frame: &'a Frame, spent: &'a Spent) -> BoxFuture<'a, Result<()>> {
        self.done(&frame.owner, |account| {
            account.give(frame, spent.units);
            let day = account.usage.get_mut(&frame.day().start);
            if let Some(units) = day.and_then(|day| day.get_mut(&spent.entry)) {
                *units = units.saturating_sub(spent.units);
            }
        })
    }

    fn raise<'a>(&'a self, frame: &'a Frame, at_least: u64) -> BoxFuture<'a, Result<u64>> {
        self.done(&frame.owner, |account| {
            let count = account.counts.entry(*frame.day()).or_default();
            let units = at_least.saturating_sub(*count);
            if units > 0 {
                *count += units;
                account.spend(frame, &Spent { entry: Entry::of_others(), units });
            }
            units
        })
    }

    fn pause<'a>(&'a self, owner: &'a str, until: SystemTime) -> BoxFuture<'a, Result<()>> {
        self.done(&owner.into(), |account| {
            account.paused_until = account.paused_until.max(Some(until));
        })
    }

    fn note<'a>(
        &'a self,
        frame: &'a Frame,
        name: &'a str,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>>> {
        let key = (frame.day().start, name.to_owned());
        self.done(&frame.owner, |account| account.notes.insert(key, value.to_owned()))
    }

    fn recall<'a>(&'a self, frame: &'a Frame, name: &'a str) -> BoxFuture<'a, Result<Option<String>>> {
        let key = (frame.day().start, name.to_owned());
        self.done(&frame.owner, |account| account.notes.get(&key).cloned())
    }

    fn history<'a>(&'a self, owner: &'a str, since: u64) -> BoxFuture<'a, Result<Vec<Row>>> {
        self.done(&owner.into(), |account| {
            let days = account.usage.range(since..);
            days.flat_map(|(day, entries)| {
                let units = entries.iter().filter(|(_, units)| **units > 0);
                units.map(|(entry, units)| Row { day: *day, entry: entry.clone(), units: *units })
            })
            .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::suite;
    use super::*;

    #[tokio::test]
    async fn behaves_as_a_ledger() {
        let ledger = MemoryLedger::default();
        assert_eq!(ledger.store(), QuotaStore::Memory);
        suite::run(&ledger).await;
    }

    #[test]
    fn agrees_with_the_model() {
        suite::compare(1_000, MemoryLedger::default);
    }
}
