//! The engine for Swift and Kotlin, by uniffi. Everything crosses as JSON text; the public API of each language stands
//! above it (`swift/`, `kotlin/`).
//!
//! An exported async function is polled by the foreign executor, so the work itself is spawned on the runtime of this
//! library and only awaited there.

mod host;
mod sign_in;

use std::future::Future;
use std::sync::{Arc, LazyLock};

use beproduct::seam;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

pub use host::{EngineLogSink, EngineQuotaListener, EngineTokenStore, HostError};
pub use sign_in::{EngineAuthorization, EngineCancellation};

uniffi::setup_scaffolding!();

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("beproduct").enable_all().build();
    // Without threads there is nothing that this library could do.
    runtime.unwrap_or_else(|error| panic!("the BeProduct client cannot start its threads: {error}"))
});

/// Why a call failed: the fields of the error as a JSON object.
#[derive(Debug, uniffi::Error)]
pub enum EngineError {
    /// See `Error::to_json` of the core.
    Failed {
        /// The JSON object.
        fields: String,
    },
}

impl std::fmt::Display for EngineError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self::Failed { fields } = self;
        out.write_str(fields)
    }
}

impl std::error::Error for EngineError {}

impl EngineError {
    /// The core ends what is about a sign-in when its future is dropped, and has no error for it.
    fn cancelled(message: &str, outcome: &str) -> Self {
        let fields = json!({"kind": "cancelled", "message": message, "outcome": outcome});
        Self::Failed { fields: fields.to_string() }
    }
}

impl From<beproduct::Error> for EngineError {
    fn from(error: beproduct::Error) -> Self {
        Self::Failed { fields: error.to_json().to_string() }
    }
}

/// An answer, or a page of one.
#[derive(uniffi::Record)]
pub struct EngineReply {
    /// JSON text: the record, or the page's records as an array.
    pub body: String,
    /// The body as it came from the service.
    pub raw: Vec<u8>,
    /// How the answer came about, as a JSON object.
    pub meta: String,
    /// Records of the whole list, for a page.
    pub total: Option<u64>,
}

impl From<seam::Reply> for EngineReply {
    fn from(reply: seam::Reply) -> Self {
        Self { body: text(&reply.body), raw: reply.raw.to_vec(), meta: reply.meta, total: reply.total }
    }
}

/// The client behind the public one.
#[derive(uniffi::Object)]
pub struct Engine(seam::Engine);

#[uniffi::export]
impl Engine {
    /// Makes a client from settings as a JSON object.
    #[uniffi::constructor]
    pub fn open(
        settings: String,
        token_store: Option<Arc<dyn EngineTokenStore>>,
        log_sink: Option<Arc<dyn EngineLogSink>>,
        quota_listener: Option<Arc<dyn EngineQuotaListener>>,
    ) -> Result<Arc<Self>, EngineError> {
        let hooks = host::hooks(token_store, log_sink, quota_listener);
        Ok(Arc::new(Self(seam::Engine::open(&settings, hooks, RUNTIME.handle().clone())?)))
    }

    /// A number for a call that has not started yet.
    pub fn issue_call(&self) -> u64 {
        self.0.issue_call()
    }

    /// Gives the call with this number up.
    pub fn cancel(&self, call: u64) {
        self.0.cancel(call);
    }

    /// Calls an operation.
    pub async fn call(
        &self,
        call: u64,
        operation: String,
        arguments: String,
        options: String,
    ) -> Result<EngineReply, EngineError> {
        Ok(spawned(self.0.call(call, &operation, &arguments, &options)).await?.into())
    }

    /// The pages of a list operation.
    pub fn pages(
        &self,
        call: u64,
        operation: String,
        arguments: String,
        options: String,
    ) -> Result<Arc<EnginePager>, EngineError> {
        Ok(Arc::new(EnginePager(self.0.pages(call, &operation, &arguments, &options)?)))
    }

    /// How the quota stands, as a JSON object.
    pub async fn quota_status(&self) -> Result<String, EngineError> {
        Ok(spawned(self.0.quota_status()).await?)
    }

    /// Who used the quota during the last days, as a JSON object.
    pub async fn quota_report(&self, days: u64) -> Result<String, EngineError> {
        Ok(spawned(self.0.quota_report(days)).await?)
    }

    /// Compares the requests of some work, a JSON array, with those that are left; a JSON object.
    pub async fn quota_estimate(&self, work: String) -> Result<String, EngineError> {
        Ok(spawned(self.0.quota_estimate(&work)).await?)
    }

    /// Goes on with another plan, from a JSON object.
    pub fn change_plan(&self, plan: String) -> Result<(), EngineError> {
        Ok(self.0.change_plan(&plan)?)
    }

    /// A client that acts for another user, from a JSON object.
    pub fn acting_as(&self, whom: String) -> Result<Arc<Self>, EngineError> {
        Ok(Arc::new(Self(self.0.acting_as(&whom)?)))
    }

    /// Ends all calls; later ones fail.
    pub fn close(&self) {
        self.0.close();
    }

    /// Moves the clock of a client on that was built for tests.
    pub fn advance_clock(&self, seconds: f64) -> Result<(), EngineError> {
        Ok(self.0.advance_clock(seconds)?)
    }
}

/// The pages of one list.
#[derive(uniffi::Object)]
pub struct EnginePager(seam::EnginePager);

#[uniffi::export]
impl EnginePager {
    /// The next page, or null at the end. `whole` says that all pages are wanted.
    pub async fn next_page(&self, whole: bool) -> Result<Option<EngineReply>, EngineError> {
        Ok(spawned(self.0.next_page(whole)).await?.map(EngineReply::from))
    }

    /// How far the list was read, as a JSON object.
    pub fn position(&self) -> String {
        self.0.position()
    }

    /// Reports records that were taken.
    pub fn consumed(&self, count: u32) {
        self.0.consumed(count as usize);
    }
}

/// Awaits work on this library's runtime; dropping the future ends the work.
async fn spawned<T: Send + 'static>(
    work: impl Future<Output = beproduct::Result<T>> + Send + 'static,
) -> beproduct::Result<T> {
    let task = RUNTIME.spawn(seam::guarded(work));
    let _abort = AbortOnDrop(task.abort_handle());
    match task.await {
        Ok(result) => result,
        // Its task was cancelled, which only the runtime could do.
        Err(_) => Err(beproduct::Error::internal("the call ended without a result")),
    }
}

struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use beproduct::ErrorKind;

    #[tokio::test]
    async fn a_panic_is_not_a_failed_sign_in() {
        let error = spawned::<()>(async { panic!("the engine is broken") }).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert_eq!(spawned(async { Ok(1) }).await.unwrap(), 1);
    }
}
