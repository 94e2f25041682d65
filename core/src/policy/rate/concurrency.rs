//! How many requests at once get the most out of the service.
//!
//! With `n` requests in flight and callers that wait, the throughput is `n` divided by the mean latency. So each number
//! has a score, fed by the requests that ended while that number was what held callers back. The best one, its
//! neighbours and its half are tried by how good they may be at most: one that is little known, or was long ago, gets its
//! chance.
//! Operations differ in latency: each has a weight, its latency in units of the first one's at the same number.
//!
//! A refusal or a failure lowers the number at once, below what the scores ask for; it comes back step by step.

use std::collections::HashMap;
use std::time::Duration;

/// Begin of the search: what the official clients were seen to do well with (docs/service.md, Rate limits).
const START: usize = 8;

/// Requests after which a number is chosen anew.
const ROUND: f64 = 12.0;

/// What a score keeps of its past with every round of its own, and of its certainty with every round of another.
const MEMORY: f64 = 0.97;
const CERTAINTY: f64 = 0.995;

/// How far a score of one request may be off.
const SPREAD: f64 = 0.8;

/// A lower number is as good as the best when its score is this near: requests wait here rather than there.
const NEAR: f64 = 0.97;

/// Requests that a weight is the mean of, and how many it takes to be used.
const WEIGHT_OF: f64 = 500.0;
const WEIGHT_FROM: f64 = 8.0;

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
    /// By number, from 1.
    scores: Vec<Score>,
    round: Score,
    number: usize,
    /// When the present number was chosen.
    since: Duration,
    weights: HashMap<&'static str, Weight>,
    anchor: Option<&'static str>,
    /// After a refusal or a failure: the highest number for now, and the answers since it last grew.
    ceiling: Option<usize>,
    grown: usize,
    lowered: Duration,
}

/// Weight of the requests that ended, and the time that they took.
#[derive(Debug, Clone, Copy, Default)]
struct Score {
    work: f64,
    time: f64,
    count: f64,
    /// Like `count`, but falls while the number is not in use.
    certain: f64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Weight {
    mean: f64,
    count: f64,
}

impl Score {
    fn is_known(&self) -> bool {
        self.work > 0.0 && self.time > 0.0
    }
}

impl Concurrency {
    /// `most`: the highest number.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            scores: vec![Score::default(); most],
            round: Score::default(),
            number: START.min(most),
            since: Duration::ZERO,
            weights: HashMap::new(),
            anchor: None,
            ceiling: None,
            grown: 0,
            lowered: Duration::ZERO,
        }
    }

    /// Lets the number grow this far.
    pub(crate) fn allow(&mut self, most: usize) {
        if self.scores.len() < most {
            self.scores.resize(most, Score::default());
        }
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
        // Neither what was sent under another number nor what could have been more tells of this one.
        if ended.bound && ended.sent >= self.since && self.ceiling.is_none() && ended.sign != Sign::Refused {
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

    fn grow(&mut self) {
        let Some(ceiling) = self.ceiling else { return };
        self.grown += 1;
        if self.grown >= ceiling {
            self.grown = 0;
            self.ceiling = Some(ceiling + 1).filter(|ceiling| *ceiling < self.number);
        }
    }

    fn count(&mut self, ended: &Ended) {
        let latency = ended.now.saturating_sub(ended.sent).as_secs_f64();
        self.round.time += latency;
        self.round.count += 1.0;
        if ended.sign == Sign::Good
            && let Some(weight) = self.weigh(ended.operation, latency)
        {
            self.round.work += weight;
        }
        if self.round.count >= ROUND.max(self.number as f64) {
            self.close_round(ended.now);
        }
    }

    /// Weight of the operation, once it is known.
    fn weigh(&mut self, operation: &'static str, latency: f64) -> Option<f64> {
        if *self.anchor.get_or_insert(operation) == operation {
            return Some(1.0);
        }
        let past = &self.scores[self.number - 1];
        let (work, time) = (past.work + self.round.work, past.time + self.round.time - latency);
        let weight = self.weights.entry(operation).or_default();
        if work > 0.0 && time > 0.0 {
            weight.count = (weight.count + 1.0).min(WEIGHT_OF);
            weight.mean += (latency * work / time - weight.mean) / weight.count;
        }
        let known = weight.count >= WEIGHT_FROM;
        if !known {
            // Time without work would count against the number.
            self.round.time -= latency;
        }
        known.then_some(weight.mean)
    }

    fn close_round(&mut self, now: Duration) {
        for score in &mut self.scores {
            score.certain *= CERTAINTY;
        }
        let round = std::mem::take(&mut self.round);
        let score = &mut self.scores[self.number - 1];
        for (kept, new) in
            [(&mut score.work, round.work), (&mut score.time, round.time), (&mut score.count, round.count)]
        {
            *kept = *kept * MEMORY + new;
        }
        score.certain = score.count;
        let next = self.choose();
        if next != self.number {
            (self.number, self.since) = (next, now);
        }
    }

    /// Requests a second, in units of the first operation.
    fn score(&self, number: usize) -> Option<f64> {
        let score = self.scores.get(number.checked_sub(1)?)?;
        score.is_known().then(|| number as f64 * score.work / score.time)
    }

    fn choose(&self) -> usize {
        let known = || (1..=self.scores.len()).filter_map(|number| Some((number, self.score(number)?)));
        let top = known().map(|(_, score)| score).fold(0.0, f64::max);
        let Some((best, _)) = known().find(|(_, score)| *score >= top * NEAR) else { return self.number };
        let promise = |number: usize| {
            let score = self.score(number)?;
            let certain = self.scores[number - 1].certain;
            Some(score + top * SPREAD / certain.max(1.0).sqrt())
        };
        let mut choice = (best, promise(best).unwrap_or(f64::INFINITY));
        for number in [best - 1, best + 1, best / 2] {
            if (1..=self.scores.len()).contains(&number) {
                let promise = promise(number).unwrap_or(f64::INFINITY);
                if promise > choice.1 {
                    choice = (number, promise);
                }
            }
        }
        choice.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ends requests one after the other, at one a second, each having taken so many seconds.
    struct Ending {
        concurrency: Concurrency,
        now: u64,
    }

    impl Ending {
        fn new(most: usize) -> Self {
            Self { concurrency: Concurrency::new(most), now: 1000 }
        }

        fn end(&mut self, operation: &'static str, latency: u64, sign: Sign, bound: bool) -> usize {
            self.now += 1;
            let (now, sent) = (Duration::from_secs(self.now), Duration::from_secs(self.now - latency));
            self.concurrency.observe(&Ended { operation, sent, now, sign, bound });
            self.concurrency.limit()
        }
    }

    #[test]
    fn a_refusal_halves_once_and_answers_bring_it_back() {
        let mut ending = Ending::new(10);
        assert_eq!(ending.concurrency.limit(), 8);
        assert_eq!(ending.end("a", 5, Sign::Refused, true), 4);
        // These were on their way already.
        for _ in 0..4 {
            assert_eq!(ending.end("a", 5, Sign::Refused, true), 4);
        }
        assert_eq!(ending.end("a", 3, Sign::Refused, true), 2);
        let limits: Vec<_> = (0..27).map(|_| ending.end("a", 1, Sign::Good, false)).collect();
        assert_eq!(limits[..9], [2, 3, 3, 3, 4, 4, 4, 4, 5]);
        assert_eq!(limits[26], 8);
        for _ in 0..5 {
            ending.end("a", 0, Sign::Refused, true);
        }
        assert_eq!(ending.concurrency.limit(), 1);
    }

    #[test]
    fn a_failure_takes_a_quarter_and_the_highest_number_holds() {
        let mut ending = Ending::new(3);
        assert_eq!(ending.concurrency.limit(), 3);
        assert_eq!(ending.end("a", 1, Sign::Bad, true), 2);
        for _ in 0..200 {
            assert!(ending.end("a", 1, Sign::Good, true) <= 3);
        }
        ending.concurrency.allow(20);
        assert!((0..2000).any(|_| ending.end("a", 1, Sign::Good, true) > 3));
    }

    #[test]
    fn what_is_not_held_back_changes_nothing() {
        let mut ending = Ending::new(10);
        for latency in 0..500 {
            assert_eq!(ending.end("a", latency, Sign::Good, false), 8);
        }
    }

    #[test]
    fn another_mix_is_no_other_latency() {
        let mut ending = Ending::new(8);
        let score = |ending: &Ending| ending.concurrency.score(8).unwrap();
        // Eight and nothing else, as it is the best of those that are known.
        let settle = |ending: &mut Ending, operations: [(&'static str, u64); 2]| {
            for _ in 0..300 {
                for (operation, latency) in operations {
                    ending.concurrency.number = 8;
                    ending.concurrency.since = Duration::ZERO;
                    ending.end(operation, latency, Sign::Good, true);
                }
            }
        };
        settle(&mut ending, [("page", 2), ("directory", 12)]);
        let before = score(&ending);
        settle(&mut ending, [("directory", 12), ("directory", 12)]);
        assert!((score(&ending) / before - 1.0).abs() < 0.05, "{before} {}", score(&ending));
        settle(&mut ending, [("page", 3), ("directory", 18)]);
        assert!(score(&ending) < before * 0.8, "{before} {}", score(&ending));
    }
}
