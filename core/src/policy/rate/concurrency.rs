//! How many requests at once get the most out of the service.
//!
//! Two known algorithms. Refusals, timeouts and the like are answered by AIMD (additive increase, multiplicative
//! decrease): each lowers the number at once, and answers bring it back. Latency is judged by a discounted upper
//! confidence bound (Garivier and Moulines 2008): with `n` requests in flight and callers that wait, the throughput is `n`
//! divided by the mean latency, and each number is worth what is known of its throughput plus its standard error.
//!
//! Vegas and the gradient algorithms, and the crates that offer them (`congestion-limiter`, `tower-acc`), start low, take
//! every queue for a fault and compare with a latency without load, which a client that begins at the full number does not
//! see; where latencies differ widely they were well below the best number.
//!
//! The search begins at the highest number, and goes lower only while requests take longer than the shortest of their
//! operation.

use std::collections::BTreeMap;
use std::time::Duration;

use super::latency::Latency;

/// Requests after which a number is chosen anew: as many as are in flight, and no fewer than these.
const ROUND: usize = 12;

/// What is kept of the past with every round.
const KEPT: f64 = 0.995;

/// A number of which fewer requests are left is as good as unknown.
const FORGOTTEN: f64 = 6.0;

/// Standard errors by which a number may be better than it seems; more for one that few requests tell of.
const HOPE: f64 = 0.8;

/// Latency, in units of the shortest, from which fewer requests at once may be better.
const CROWDED: f64 = 1.3;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// With an answer.
    Good,
    /// As with a service that has too much to do.
    Bad,
    /// With a 429.
    Refused,
}

/// A request that has ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) operation: &'static str,
    pub(crate) sent: Duration,
    pub(crate) now: Duration,
    pub(crate) sign: Sign,
    /// Whether the number of requests in flight is what holds callers back.
    pub(crate) bound: bool,
}

/// The search for the best number.
#[derive(Debug)]
pub(crate) struct Concurrency {
    most: usize,
    number: usize,
    /// When the present number was chosen, and how many requests have yet to end that met its beginning: connections that
    /// are set up, and a queue that was left by the number before.
    since: Duration,
    unsettled: usize,
    round: Latency,
    /// What is known of each number that was in use.
    levels: BTreeMap<usize, Latency>,
    /// Shortest latency of each operation, in seconds.
    shortest: BTreeMap<&'static str, f64>,
    /// After a refusal or a failure: the highest number for now, and the answers since it last grew.
    ceiling: Option<usize>,
    grown: usize,
    lowered: Duration,
}

impl Concurrency {
    /// `most`: the highest number, which is where the search begins.
    pub(crate) fn new(most: usize) -> Self {
        let most = most.max(1);
        Self {
            most,
            number: most,
            since: Duration::ZERO,
            unsettled: most,
            round: Latency::default(),
            levels: BTreeMap::new(),
            shortest: BTreeMap::new(),
            ceiling: None,
            grown: 0,
            lowered: Duration::ZERO,
        }
    }

    /// Lets the number grow this far; at once, unless the service was found to do better with fewer.
    pub(crate) fn allow(&mut self, most: usize) {
        if most <= self.most {
            return;
        }
        if self.number == self.most {
            self.number = most;
            self.unsettled += most - self.most;
            self.round = Latency::default();
        }
        self.most = most;
    }

    /// How many requests may be in flight.
    pub(crate) fn limit(&self) -> usize {
        self.ceiling.map_or(self.number, |ceiling| ceiling.min(self.number))
    }

    /// Learns from a request that has ended.
    pub(crate) fn observe(&mut self, ended: &Ended) {
        match ended.sign {
            Sign::Good => self.grow(),
            Sign::Bad => self.lower(ended, |limit| limit - limit.div_ceil(4)),
            Sign::Refused => self.lower(ended, |limit| limit / 2),
        }
        if ended.sign == Sign::Good {
            self.count(ended);
        }
    }

    fn lower(&mut self, ended: &Ended, less: impl FnOnce(usize) -> usize) {
        self.grown = 0;
        // What was on its way when the number was lowered knows nothing of that.
        if ended.sent >= self.lowered {
            self.ceiling = Some(less(self.limit()).max(1));
            self.lowered = ended.now;
        }
    }

    /// With as many answers as are in flight, by a tenth: from 1 back to the top in five times as many answers as that is.
    fn grow(&mut self) {
        let Some(ceiling) = self.ceiling else { return };
        self.grown += 1;
        if self.grown >= ceiling {
            self.grown = 0;
            let more = self.number.div_ceil(10);
            self.ceiling = Some(ceiling.saturating_add(more)).filter(|ceiling| *ceiling < self.number);
        }
    }

    fn count(&mut self, ended: &Ended) {
        let seconds = ended.now.saturating_sub(ended.sent).as_secs_f64();
        let shortest = self.shortest.entry(ended.operation).or_insert(seconds);
        *shortest = shortest.min(seconds);
        // Neither what was sent under another number nor what could have been more tells of this one.
        if !ended.bound || ended.sent < self.since || self.ceiling.is_some() {
            return;
        }
        if self.unsettled > 0 {
            self.unsettled -= 1;
            return;
        }
        self.round.add(ended.operation, seconds);
        if self.round.count() >= ROUND.max(self.number) as f64 {
            self.close_round(ended.now);
        }
    }

    fn close_round(&mut self, now: Duration) {
        let round = std::mem::take(&mut self.round);
        self.levels.values_mut().for_each(|level| level.fade(KEPT));
        self.levels.retain(|_, level| level.count() >= FORGOTTEN);
        self.levels.entry(self.number).or_default().absorb(&round);
        let next = self.choose();
        if next != self.number {
            (self.number, self.since, self.unsettled) = (next, now, next);
        }
    }

    /// The best number that is known, or a neighbour that may be better.
    fn choose(&self) -> usize {
        let highest_first = self.levels.keys().rev().copied();
        let best = highest_first.reduce(|best, lower| if self.is_better(lower, best) { lower } else { best });
        let Some((&best, level)) = best.and_then(|best| self.levels.get_key_value(&best)) else {
            return self.number;
        };
        let step = (best / 8).max(1);
        let crowded = level.over_shortest(&self.shortest) > CROWDED;
        let lower = [best / 2, best - step].into_iter().filter(|number| crowded && *number > 0);
        let higher = Some(best.saturating_add(step).min(self.most)).filter(|number| *number > best);
        let promises = lower.chain(higher).map(|number| (number, self.promise(number, best)));
        let own = (best, self.promise(best, best));
        promises.fold(own, |top, other| if other.1 > top.1 { other } else { top }).0
    }

    /// Whether a lower number gets more out of the service, by more than the standard error of that.
    fn is_better(&self, lower: usize, than: usize) -> bool {
        let error = |number| self.levels.get(&number).map_or(f64::INFINITY, Latency::error);
        self.gain(lower, than).is_some_and(|gain| gain > 1.0 + error(lower).hypot(error(than)))
    }

    /// Throughput at a number in units of that at a base, once both are known.
    fn gain(&self, number: usize, base: usize) -> Option<f64> {
        let longer = self.levels.get(&base)?.over(self.levels.get(&number)?)?;
        Some(longer * number as f64 / base as f64)
    }

    /// The same, as good as it may be.
    fn promise(&self, number: usize, base: usize) -> f64 {
        let Some((level, gain)) = self.levels.get(&number).zip(self.gain(number, base)) else {
            return f64::INFINITY;
        };
        let all: f64 = self.levels.values().map(Latency::count).sum();
        let errors = HOPE * (1.0 + (all / level.count()).ln()).sqrt();
        gain * (1.0 + errors * level.error())
    }
}

#[cfg(test)]
#[path = "concurrency_tests.rs"]
mod tests;
