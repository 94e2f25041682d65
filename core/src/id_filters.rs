//! Whether the lists of a company can be filtered by the ids of their records, as far as that has shown
//! (docs/service/lists.md, Filters).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::catalog::Operation;

/// What is known of the filter of one list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Proof {
    #[default]
    Open,
    /// It has found records by so many values.
    Works { values: usize },
    /// The service ignores or refuses it, or misreads it.
    Fails,
}

impl Proof {
    /// Whether it works with so many values.
    pub(crate) fn covers(self, values: usize) -> bool {
        matches!(self, Self::Works { values: most } if values <= most)
    }
}

/// By the operation of the list.
#[derive(Debug, Default)]
pub(crate) struct IdFilters(Mutex<HashMap<&'static str, Proof>>);

impl IdFilters {
    pub(crate) fn of(&self, list: &Operation) -> Proof {
        self.lock().get(list.id).copied().unwrap_or_default()
    }

    /// What has failed stays so; a proof with fewer values than another adds nothing.
    pub(crate) fn learn(&self, list: &'static Operation, proof: Proof) {
        let mut proofs = self.lock();
        let known = proofs.entry(list.id).or_default();
        *known = match (*known, proof) {
            (Proof::Fails, _) | (_, Proof::Fails) => Proof::Fails,
            (Proof::Works { values: one }, Proof::Works { values: other }) => {
                Proof::Works { values: one.max(other) }
            }
            (known, Proof::Open) => known,
            (Proof::Open, proof) => proof,
        };
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<&'static str, Proof>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
