//! How a run is: what goes wrong in it, and how often.

use crate::chance::Chance;
use crate::records::{PageFault, ROW_FAULTS, TOTAL_FAULTS};

#[derive(Debug, Clone)]
pub(crate) struct Weather {
    /// Share of answers with a fault.
    pub(crate) faults: f64,
    /// Share of pages that are not what they should be.
    pub(crate) page_faults: f64,
    pub(crate) of_pages: &'static [PageFault],
    /// Share of answers whose `Date` is wrong.
    pub(crate) wrong_dates: f64,
    /// Longest way of a request and of an answer, in seconds.
    pub(crate) latency: f64,
    /// Longest step of the ledger, in seconds.
    pub(crate) slow_ledger: f64,
    /// Share of ledger steps that fail.
    pub(crate) failing_ledger: f64,
    /// Share of transports' requests of which it is said when they leave.
    pub(crate) held: f64,
    /// How the rows of lists move.
    pub(crate) moving: Moving,
    /// How lists tell their total.
    pub(crate) total: Total,
    /// Rows that the service gives at most, if it has such a limit.
    pub(crate) cap: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moving {
    Still,
    /// Rows are added, newest first, or anywhere.
    Added {
        first: bool,
    },
    Removed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Total {
    Honest,
    /// Larger than the list, on all pages.
    TooHigh(usize),
    /// In a form that is no number, and then there is none.
    Odd,
    /// An array without anything around it.
    Bare,
}

impl Weather {
    pub(crate) fn new(chance: &Chance) -> Self {
        let faults = *chance.one_of(&[0.0, 0.0, 0.05, 0.15, 0.15, 0.4]);
        let moving = match chance.below(8) {
            0 | 1 => Moving::Added { first: true },
            2 => Moving::Added { first: false },
            3 | 4 => Moving::Removed,
            _ => Moving::Still,
        };
        let total = match (moving, chance.below(8)) {
            // Rows that leave cannot be seen without a total that says so.
            (Moving::Removed, _) => Total::Honest,
            (_, 0) => Total::TooHigh(chance.between(1, 300)),
            (_, 1) => Total::Odd,
            (_, 2) => Total::Bare,
            _ => Total::Honest,
        };
        // Without a total a page that lacks rows is the end.
        let told = matches!(total, Total::Honest | Total::TooHigh(_)) && moving == Moving::Still;
        Self {
            faults,
            page_faults: if told { *chance.one_of(&[0.0, 0.1, 0.3]) } else { 0.0 },
            of_pages: if chance.hits(0.7) { ROW_FAULTS } else { TOTAL_FAULTS },
            wrong_dates: *chance.one_of(&[0.0, 0.0, 0.1, 0.5]),
            latency: *chance.one_of(&[0.0, 0.2, 2.0, 10.0]),
            slow_ledger: *chance.one_of(&[0.0, 0.0, 0.1, 3.0]),
            failing_ledger: *chance.one_of(&[0.0, 0.0, 0.0, 0.03]),
            held: *chance.one_of(&[0.0, 0.5, 1.0]),
            moving,
            total,
            cap: match (moving, chance.below(4)) {
                (Moving::Still, 0) => Some(*chance.one_of(&[5, 10, 20])),
                _ => None,
            },
        }
    }
}
