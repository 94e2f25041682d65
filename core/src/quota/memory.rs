//! A ledger of one client.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::{BoxFuture, ready};

use super::ledger::{Entry, Granted, Ledger, Usage, Window};
use crate::error::Result;

type Day = HashMap<Entry, u64>;

#[derive(Debug, Default)]
pub(crate) struct MemoryLedger(Mutex<HashMap<(String, String), Day>>);

impl MemoryLedger {
    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), Day>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what another ledger has counted.
    pub(crate) fn restore(&self, window: &Window, usage: Vec<Usage>) {
        self.with(window, |day| {
            for Usage { operation, label, requests } in usage {
                *day.entry(Entry { operation, label }).or_default() += requests;
            }
        });
    }

    fn with<T>(&self, window: &Window, act: impl FnOnce(&mut Day) -> T) -> T {
        act(self.lock().entry((window.owner.clone(), window.day.clone())).or_default())
    }
}

fn sum(day: &Day) -> u64 {
    day.values().sum()
}

impl Ledger for MemoryLedger {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn used<'a>(&'a self, window: &'a Window) -> BoxFuture<'a, Result<u64>> {
        Box::pin(ready(Ok(self.with(window, |day| sum(day)))))
    }

    fn reserve<'a>(
        &'a self,
        window: &'a Window,
        limit: Option<u64>,
        entry: &'a Entry,
    ) -> BoxFuture<'a, Result<Granted>> {
        let granted = self.with(window, |day| {
            let used = sum(day);
            if limit.is_some_and(|limit| used >= limit) {
                return Granted::No;
            }
            *day.entry(entry.clone()).or_default() += 1;
            Granted::Yes
        });
        Box::pin(ready(Ok(granted)))
    }

    fn refund<'a>(&'a self, window: &'a Window, entry: &'a Entry) -> BoxFuture<'a, Result<()>> {
        self.with(window, |day| {
            if let Some(units) = day.get_mut(entry) {
                *units = units.saturating_sub(1);
            }
        });
        Box::pin(ready(Ok(())))
    }

    fn raise<'a>(&'a self, window: &'a Window, at_least: u64) -> BoxFuture<'a, Result<()>> {
        self.with(window, |day| {
            let missing = at_least.saturating_sub(sum(day));
            if missing > 0 {
                *day.entry(Entry { operation: String::new(), label: "others".into() }).or_default() +=
                    missing;
            }
        });
        Box::pin(ready(Ok(())))
    }

    fn usage<'a>(&'a self, window: &'a Window) -> BoxFuture<'a, Result<Vec<Usage>>> {
        let mut usage: Vec<_> = self.with(window, |day| {
            day.iter()
                .filter(|(_, requests)| **requests > 0)
                .map(|(entry, requests)| Usage {
                    operation: entry.operation.clone(),
                    label: entry.label.clone(),
                    requests: *requests,
                })
                .collect()
        });
        usage.sort_by(|a, b| b.requests.cmp(&a.requests).then_with(|| a.operation.cmp(&b.operation)));
        Box::pin(ready(Ok(usage)))
    }
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn behaves_as_a_ledger() {
        super::super::ledger::suite::run(&super::MemoryLedger::default()).await;
    }
}
