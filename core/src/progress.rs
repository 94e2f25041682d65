//! How far a call of several requests is.

use std::sync::Arc;

use crate::own::Progress;

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
