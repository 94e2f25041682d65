//! How long requests take while one number of them is in flight, operation by operation.

use std::collections::BTreeMap;

/// A latency counts as this many times the mean of its operation at most: one slow answer proves nothing.
const OUTLIER: f64 = 8.0;

/// Requests of an operation from which its mean is used.
const ENOUGH: f64 = 8.0;

/// Relative deviation that is assumed at least, however even the latencies look.
const UNEVEN: f64 = 0.1;

/// Latencies of the requests that ended while one number held callers back.
#[derive(Debug, Clone, Default)]
pub(super) struct Latency(BTreeMap<&'static str, Mean>);

/// Of one operation, in seconds.
#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Mean {
    fn value(&self) -> f64 {
        self.sum / self.count
    }

    fn variance(&self) -> f64 {
        let mean = self.value();
        (self.squares / self.count - mean * mean).max((UNEVEN * mean).powi(2))
    }
}

impl Latency {
    pub(super) fn add(&mut self, operation: &'static str, seconds: f64) {
        let mean = self.0.entry(operation).or_default();
        let seconds = if mean.count < ENOUGH { seconds } else { seconds.min(OUTLIER * mean.value()) };
        mean.count += 1.0;
        mean.sum += seconds;
        mean.squares += seconds * seconds;
    }

    pub(super) fn absorb(&mut self, other: &Self) {
        for (operation, more) in &other.0 {
            let mean = self.0.entry(operation).or_default();
            mean.count += more.count;
            mean.sum += more.sum;
            mean.squares += more.squares;
        }
    }

    /// Lets the past count less.
    pub(super) fn fade(&mut self, kept: f64) {
        for mean in self.0.values_mut() {
            mean.count *= kept;
            mean.sum *= kept;
            mean.squares *= kept;
        }
    }

    /// Requests that it is known from.
    pub(super) fn count(&self) -> f64 {
        self.0.values().map(|mean| mean.count).sum()
    }

    /// Relative standard error of the mean, for the mix of operations that it was seen with.
    pub(super) fn error(&self) -> f64 {
        let sum: f64 = self.0.values().map(|mean| mean.sum).sum();
        let variance: f64 = self.0.values().map(|mean| mean.count * mean.variance()).sum();
        if sum > 0.0 { variance.sqrt() / sum } else { f64::INFINITY }
    }

    /// This latency in units of another, for the same mix of operations.
    pub(super) fn over(&self, other: &Self) -> Option<f64> {
        let common = self.0.iter().filter_map(|(operation, mean)| Some((mean, other.0.get(operation)?)));
        let known = common.filter(|(mean, other)| mean.count >= ENOUGH && other.count >= ENOUGH);
        let (own, others) = known.fold((0.0, 0.0), |(own, others), (mean, other)| {
            let weight = mean.count + other.count;
            (own + weight * mean.value(), others + weight * other.value())
        });
        (own > 0.0 && others > 0.0).then(|| own / others)
    }

    /// This latency in units of the shortest of each operation.
    pub(super) fn over_shortest(&self, shortest: &BTreeMap<&'static str, f64>) -> f64 {
        let known = self.0.iter().filter_map(|(operation, mean)| Some((mean, shortest.get(operation)?)));
        let (own, others) = known.fold((0.0, 0.0), |(own, others), (mean, shortest)| {
            (own + mean.sum, others + mean.count * shortest)
        });
        if own > 0.0 { own / others } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_answer_counts_as_eight_usual_ones_once_these_are_known() {
        for (usual, expected) in [(7, 107.0 / 8.0), (8, 16.0 / 9.0)] {
            let mut latency = Latency::default();
            (0..usual).for_each(|_| latency.add("style.get", 1.0));
            latency.add("style.get", 100.0);
            assert_eq!(latency.0["style.get"].value(), expected, "{usual}");
        }
    }
}
