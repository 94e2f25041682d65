//! How far a call of several requests is.

use std::sync::Arc;

use serde::Serialize;

/// How far a call of several requests is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Progress {
    /// Id of the operation.
    pub operation: &'static str,
    /// Records of a list that came, rows of a table that were sent, numbers that were looked up.
    pub done: u64,
    /// Records of the whole list, rows or numbers that were given. None for a list whose length the service does not state.
    pub total: Option<u64>,
}

/// Code that is given the progress of a call, after each of its requests. It must not block.
#[derive(Clone)]
pub struct OnProgress(Arc<dyn Fn(Progress) + Send + Sync>);

impl OnProgress {
    /// Wraps a function.
    pub fn new(code: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self(Arc::new(code))
    }

    pub(crate) fn report(&self, progress: Progress) {
        (self.0)(progress);
    }
}

impl std::fmt::Debug for OnProgress {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("OnProgress")
    }
}
