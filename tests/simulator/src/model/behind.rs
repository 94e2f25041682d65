//! Lists that lag behind a write: they show a record as it was before, for so many lists or so long.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::calendar::Millis;

use super::{Master, Slot};

/// How long lists do not show a write.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub(crate) enum Lag {
    /// So many lists of the master folder.
    Lists(u64),
    /// So many seconds of the simulator's clock.
    Seconds(f64),
}

impl Lag {
    pub(crate) fn from(self, now: Millis) -> Until {
        match self {
            Lag::Lists(count) => Until::Lists(count),
            Lag::Seconds(seconds) => Until::Moment(now + (seconds * 1000.0) as Millis),
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Until {
    Lists(u64),
    Moment(Millis),
}

#[derive(Clone)]
pub(super) struct Behind {
    at: usize,
    /// None for a record that is new.
    before: Option<Slot>,
    until: Until,
}

impl Behind {
    pub(super) fn new(at: usize, before: Option<Slot>, until: Until) -> Self {
        Behind { at, before, until }
    }
}

/// The records as a list shows them.
pub(crate) struct Listed {
    slots: Arc<Vec<Slot>>,
    /// What is shown in the place of some.
    before: HashMap<usize, Option<Slot>>,
}

impl Listed {
    pub(crate) fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().enumerate().filter_map(|(at, slot)| match self.before.get(&at) {
            Some(before) => before.as_ref(),
            None => Some(slot),
        })
    }
}

impl Master {
    /// Asking counts as a list.
    pub(crate) fn listed(&mut self, now: Millis) -> Listed {
        self.behind.retain(|behind| match behind.until {
            Until::Lists(left) => left > 0,
            Until::Moment(moment) => now < moment,
        });
        let mut before = HashMap::new();
        // The oldest write that is not shown decides what is.
        for behind in self.behind.iter_mut().rev() {
            before.insert(behind.at, behind.before.clone());
            if let Until::Lists(left) = &mut behind.until {
                *left -= 1;
            }
        }
        Listed { slots: self.slots.clone(), before }
    }
}
