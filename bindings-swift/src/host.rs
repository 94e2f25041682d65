//! Code of the host program: a token store, a log sink, a listener of the quota.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use beproduct::host::{Hook, Host, HostFailure, Payload};

use crate::RUNTIME;

/// Runs code of the host program.
#[uniffi::export(foreign)]
pub trait EngineHost: Send + Sync {
    /// Names of the hooks that there is code for. See `Hook` of the core.
    fn hooks(&self) -> Vec<String>;

    /// Runs the code for a hook on a thread that may block. Payload and answer are JSON text.
    fn call(&self, hook: String, payload: String) -> Result<String, HostError>;
}

/// A failure of the host program's code.
#[derive(Debug, uniffi::Error)]
pub enum HostError {
    /// It threw an exception.
    Failed {
        /// What the exception says.
        message: String,
        /// A number by which the language finds it again: the error of the call has it as `host_failure`.
        id: Option<u64>,
    },
}

impl fmt::Display for HostError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Failed { message, .. } = self;
        out.write_str(message)
    }
}

impl std::error::Error for HostError {}

impl From<uniffi::UnexpectedUniFFICallbackError> for HostError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed { message: error.reason, id: None }
    }
}

impl From<HostError> for HostFailure {
    fn from(error: HostError) -> Self {
        let HostError::Failed { message, id } = error;
        let failure = Self::new(message);
        match id {
            Some(id) => failure.with_id(id),
            None => failure,
        }
    }
}

/// Host code in another language.
pub(crate) struct ForeignHost {
    host: Arc<dyn EngineHost>,
    hooks: Vec<String>,
}

impl ForeignHost {
    pub(crate) fn new(host: Arc<dyn EngineHost>) -> Self {
        Self { hooks: host.hooks(), host }
    }
}

impl Host for ForeignHost {
    fn has(&self, hook: Hook) -> bool {
        self.hooks.iter().any(|name| name == hook.as_str())
    }

    fn call(
        &self,
        hook: Hook,
        payload: Payload,
    ) -> Pin<Box<dyn Future<Output = Result<String, HostFailure>> + Send>> {
        let host = Arc::clone(&self.host);
        let work = RUNTIME.spawn_blocking(move || host.call(hook.as_str().into(), payload.text));
        Box::pin(async move {
            let answer = work.await.map_err(|panic| HostFailure::new(panic.to_string()))?;
            answer.map_err(HostFailure::from)
        })
    }
}
