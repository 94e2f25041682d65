//! How many rows the pages of an operation hold, as far as they have shown.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::catalog::Operation;

/// The longest page of each operation of one company. A shorter one cannot be a cap of the server.
#[derive(Debug, Default)]
pub(crate) struct PageSizes(Mutex<HashMap<&'static str, u64>>);

impl PageSizes {
    pub(crate) fn largest(&self, operation: &'static Operation) -> u64 {
        self.lock().get(operation.id).copied().unwrap_or_default()
    }

    pub(crate) fn learn(&self, operation: &'static Operation, rows: u64) {
        let mut sizes = self.lock();
        let largest = sizes.entry(operation.id).or_default();
        *largest = rows.max(*largest);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<&'static str, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
