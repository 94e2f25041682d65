//! What is counted in memory while the file of a ledger fails, and has to get into it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use super::calendar::Frame;
use super::ledger::{Entry, LeaseId, Row, Spent, Standing};

/// Something that the file does not know yet.
#[derive(Debug)]
pub(super) enum Item {
    Taken(Frame, Spent),
    Given(Frame, Spent),
    Settled(LeaseId, Vec<Spent>),
    Raised(Frame, u64),
    Paused(Arc<str>, SystemTime),
    Noted(Frame, String, String),
}

#[derive(Debug, Default)]
pub(super) struct Aside {
    /// Units that were taken, less those that were given back.
    units: HashMap<(Frame, Entry), i64>,
    /// Leases that begin and end here.
    leases: HashMap<Arc<str>, (Frame, u64)>,
    /// Ends of leases that began in the file.
    settled: Vec<(LeaseId, Vec<Spent>)>,
    raised: HashMap<Frame, u64>,
    paused: HashMap<Arc<str>, SystemTime>,
    noted: HashMap<(Frame, String), String>,
    /// What the file said last.
    seen: Option<(Frame, Standing)>,
}

fn signed(units: u64) -> i64 {
    i64::try_from(units).unwrap_or(i64::MAX)
}

impl Aside {
    /// Leases that have not ended are not among what the file has to know.
    pub(super) fn is_empty(&self) -> bool {
        self.units.is_empty()
            && self.settled.is_empty()
            && self.raised.is_empty()
            && self.paused.is_empty()
            && self.noted.is_empty()
    }

    /// Takes out something that the file does not know: units before what raises their count.
    pub(super) fn next(&mut self) -> Option<Item> {
        if let Some(key) = self.units.keys().next().cloned() {
            let units = self.units.remove(&key).unwrap_or_default();
            let ((frame, entry), taken) = (key, units >= 0);
            let spent = Spent { entry, units: units.unsigned_abs() };
            return Some(if taken { Item::Taken(frame, spent) } else { Item::Given(frame, spent) });
        }
        if let Some((lease, used)) = self.settled.pop() {
            return Some(Item::Settled(lease, used));
        }
        if let Some(frame) = self.raised.keys().next().cloned() {
            let at_least = self.raised.remove(&frame).unwrap_or_default();
            return Some(Item::Raised(frame, at_least));
        }
        if let Some(owner) = self.paused.keys().next().cloned() {
            return self.paused.remove(&owner).map(|until| Item::Paused(owner, until));
        }
        let (frame, name) = self.noted.keys().next().cloned()?;
        let value = self.noted.remove(&(frame.clone(), name.clone())).unwrap_or_default();
        Some(Item::Noted(frame, name, value))
    }

    /// The file could not take it.
    pub(super) fn put_back(&mut self, item: Item) {
        match item {
            Item::Taken(frame, spent) => self.take(&frame, &spent),
            Item::Given(frame, spent) => self.give(&frame, &spent),
            Item::Settled(lease, used) => self.settled.push((lease, used)),
            Item::Raised(frame, at_least) => {
                self.raise(&frame, at_least);
            }
            Item::Paused(owner, until) => self.pause(&owner, until),
            Item::Noted(frame, name, value) => {
                self.noted.entry((frame, name)).or_insert(value);
            }
        }
    }

    fn add(&mut self, frame: &Frame, spent: &Spent, units: i64) {
        let key = (frame.clone(), spent.entry.clone());
        let sum = self.units.get(&key).copied().unwrap_or_default().saturating_add(units);
        match sum {
            0 => self.units.remove(&key),
            sum => self.units.insert(key, sum),
        };
    }

    pub(super) fn take(&mut self, frame: &Frame, spent: &Spent) {
        self.add(frame, spent, signed(spent.units));
    }

    pub(super) fn give(&mut self, frame: &Frame, spent: &Spent) {
        self.add(frame, spent, -signed(spent.units));
    }

    pub(super) fn lease(&mut self, lease: &LeaseId, units: u64) {
        self.leases.insert(Arc::clone(&lease.id), (lease.frame.clone(), units));
    }

    /// Ends a lease that began here. Whether it did.
    pub(super) fn settle_own(&mut self, lease: &LeaseId, used: &[Spent]) -> bool {
        let own = self.leases.remove(&lease.id).is_some();
        if own {
            for spent in used {
                self.take(&lease.frame, spent);
            }
        }
        own
    }

    pub(super) fn settle(&mut self, lease: &LeaseId, used: &[Spent]) {
        self.settled.push((lease.clone(), used.to_vec()));
    }

    pub(super) fn raise(&mut self, frame: &Frame, at_least: u64) -> u64 {
        let units = at_least.saturating_sub(self.standing(frame, None).counts[0]);
        let highest = self.raised.entry(frame.clone()).or_default();
        *highest = at_least.max(*highest);
        units
    }

    pub(super) fn pause(&mut self, owner: &str, until: SystemTime) {
        let present = self.paused.entry(owner.into()).or_insert(until);
        *present = until.max(*present);
    }

    pub(super) fn note(&mut self, frame: &Frame, name: &str, value: &str) -> Option<String> {
        let before = self.recall(frame, name);
        self.noted.retain(|(then, noted), _| then.day() != frame.day() || noted != name);
        self.noted.insert((frame.clone(), name.to_owned()), value.to_owned());
        before
    }

    pub(super) fn recall(&self, frame: &Frame, name: &str) -> Option<String> {
        let mut noted = self.noted.iter();
        let found = noted.find(|((then, noted), _)| {
            then.owner == frame.owner && then.day() == frame.day() && noted == name
        });
        found.map(|(_, value)| value.clone())
    }

    /// How a frame stands: by the file, or by what it said last, and with what it does not know.
    pub(super) fn standing(&mut self, frame: &Frame, by_file: Option<Standing>) -> Standing {
        let mut standing = match by_file {
            Some(standing) => {
                self.seen = Some((frame.clone(), standing.clone()));
                standing
            }
            None => self.last_seen(frame),
        };
        let of_owner = |then: &Frame| then.owner == frame.owner;
        let units = self.units.iter().filter(|((then, _), _)| of_owner(then));
        let leases = self.leases.values().filter(|(then, _)| of_owner(then));
        let leased: Vec<_> = leases.map(|(then, units)| (then, signed(*units))).collect();
        let all: Vec<_> = units.map(|((then, _), units)| (then, *units)).chain(leased.clone()).collect();
        for (index, window) in frame.windows.iter().enumerate() {
            let within = all.iter().filter(|(then, _)| then.windows[index] == *window);
            for (_, units) in within {
                standing.counts[index] = standing.counts[index].saturating_add_signed(*units);
            }
        }
        let hour = frame.hour().before();
        for (_, units) in all.iter().filter(|(then, _)| *then.hour() == hour) {
            standing.hour_before = standing.hour_before.saturating_add_signed(*units);
        }
        for (_, units) in leased.iter().filter(|(then, _)| then.day() == frame.day()) {
            standing.leased = standing.leased.saturating_add_signed(*units);
        }
        let raised = self.raised.iter().filter(|(then, _)| of_owner(then) && then.day() == frame.day());
        for (_, at_least) in raised {
            standing.counts[0] = standing.counts[0].max(*at_least);
        }
        standing.paused_until = standing.paused_until.max(self.paused.get(&frame.owner).copied());
        standing
    }

    fn last_seen(&self, frame: &Frame) -> Standing {
        let Some((then, seen)) = self.seen.as_ref().filter(|(then, _)| then.owner == frame.owner) else {
            return Standing::default();
        };
        let mut standing = Standing { paused_until: seen.paused_until, ..Standing::default() };
        for (index, window) in frame.windows.iter().enumerate() {
            if then.windows[index] == *window {
                standing.counts[index] = seen.counts[index];
            }
        }
        if then.day() == frame.day() {
            standing.leased = seen.leased;
        }
        if then.hour() == frame.hour() {
            standing.hour_before = seen.hour_before;
        }
        standing
    }

    /// What the file has of the days since, with what it does not know.
    pub(super) fn history(&self, owner: &str, since: u64, rows: Vec<Row>) -> Vec<Row> {
        let mut sums: HashMap<(u64, Entry), u64> = HashMap::new();
        for row in rows {
            *sums.entry((row.day, row.entry)).or_default() += row.units;
        }
        for ((frame, entry), units) in &self.units {
            let day = frame.day().start;
            if *frame.owner == *owner && day >= since {
                let sum = sums.entry((day, entry.clone())).or_default();
                *sum = sum.saturating_add_signed(*units);
            }
        }
        let rows = sums.into_iter().filter(|(_, units)| *units > 0);
        rows.map(|((day, entry), units)| Row { day, entry, units }).collect()
    }
}
