//! What the host program's own code failed with.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// A failure of the host program's own code.
#[derive(Debug, Clone)]
pub struct HostFailure {
    message: String,
    id: Option<u64>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl HostFailure {
    /// With what the program's exception says.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), id: None, source: None }
    }

    /// With a number by which the language finds the exception again: the fields of an error have it as `host_failure`.
    #[must_use]
    pub fn with_id(self, id: u64) -> Self {
        Self { id: Some(id), ..self }
    }

    /// With the exception itself, in a language whose exceptions can be kept here.
    #[must_use]
    pub fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        Self { source: Some(Arc::new(source)), ..self }
    }

    /// The number by which the language finds the exception.
    pub(crate) fn id(&self) -> Option<u64> {
        self.id
    }
}

impl fmt::Display for HostFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl StdError for HostFailure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
