//! The engine for Swift and Kotlin, by uniffi. Everything crosses as JSON text; the public API of each language is built on
//! top of it (`swift/`, `kotlin/`).
//!
//! An exported async function is polled by the foreign executor, so the work itself is spawned on the runtime of this
//! library and only awaited there.

mod bytes;
mod host;

use std::future::Future;
use std::sync::{Arc, LazyLock};

use beproduct::host::Host;
use beproduct::seam::{self, Attachment, Supply, Wanted};
use tokio::runtime::{Builder, Runtime};

pub use bytes::EngineBytes;
pub use host::{EngineHost, HostError};

uniffi::setup_scaffolding!();

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).thread_name("beproduct").enable_all();
    #[cfg(unix)]
    builder.on_thread_start(|| {
        // A write to a connection that the other side has closed is an error of it, and not the end of the program.
        let _ = nix::sys::signal::SigSet::from_iter([nix::sys::signal::Signal::SIGPIPE]).thread_block();
    });
    let runtime = builder.build();
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

impl From<beproduct::Error> for EngineError {
    fn from(error: beproduct::Error) -> Self {
        Self::Failed { fields: fields(&error) }
    }
}

/// The values of a record by field id, from a JSON text, as the JSON text of an array of ids and values.
#[uniffi::export]
pub fn values_of(record: String) -> Result<String, EngineError> {
    Ok(seam::values_of(&record)?)
}

/// An event that the service has sent to a webhook, as JSON text.
#[uniffi::export]
pub fn parse_event(body: Vec<u8>) -> Result<String, EngineError> {
    Ok(seam::parse_event(&body)?)
}

/// What a program hands in of a stream.
#[derive(uniffi::Enum)]
pub enum EngineSupply {
    /// Nothing yet.
    Begin,
    /// The next bytes.
    Chunk {
        /// The bytes.
        bytes: Arc<EngineBytes>,
    },
    /// The stream has ended.
    End,
    /// The stream has failed.
    Failed {
        /// What the exception says.
        message: String,
        /// A number by which the language finds it again.
        id: Option<u64>,
    },
}

impl From<EngineSupply> for Supply {
    fn from(supply: EngineSupply) -> Self {
        match supply {
            EngineSupply::Begin => Self::Nothing,
            EngineSupply::Chunk { bytes } => Self::Chunk(bytes.0.clone()),
            EngineSupply::End => Self::End,
            EngineSupply::Failed { message, id } => Self::Failed(HostError::Failed { message, id }.into()),
        }
    }
}

/// What is wanted next of a stream.
#[derive(uniffi::Enum)]
pub enum EngineWanted {
    /// The stream from its beginning.
    Start,
    /// The next chunk.
    More,
    /// Nothing more.
    Stop,
}

/// A client, or a sign-in of a person. What it can do is called by name; arguments and options are JSON objects.
#[derive(uniffi::Object)]
pub struct Engine(seam::Engine);

#[uniffi::export]
impl Engine {
    /// Makes a client from settings as a JSON object.
    #[uniffi::constructor]
    pub fn open(settings: String, host: Arc<dyn EngineHost>) -> Result<Arc<Self>, EngineError> {
        let host: Arc<dyn Host> = Arc::new(host::ForeignHost::new(host));
        let engine = seam::Engine::open(&settings, Some(host), None, RUNTIME.handle().clone())?;
        Ok(Arc::new(Self(engine)))
    }

    /// Begins a sign-in with settings as a JSON object. `sign_in.finish` ends it.
    #[uniffi::constructor]
    pub fn sign_in(settings: String) -> Result<Arc<Self>, EngineError> {
        Ok(Arc::new(Self(seam::Engine::sign_in(&settings, RUNTIME.handle().clone())?)))
    }

    /// A client that acts for another user, from a JSON object.
    pub fn child(&self, whom: String) -> Result<Arc<Self>, EngineError> {
        Ok(Arc::new(Self(self.0.child(&whom, None)?)))
    }

    /// The same client with options for all of its calls, from a JSON object.
    pub fn with_options(&self, options: String) -> Result<Arc<Self>, EngineError> {
        Ok(Arc::new(Self(self.0.with_options(&options)?)))
    }

    /// A number for a call that has not started yet.
    pub fn issue_call(&self) -> u64 {
        self.0.issue_call()
    }

    /// Cancels the call with this number.
    pub fn cancel(&self, call: u64) {
        self.0.cancel(call);
    }

    /// Gives bytes to a call that has not started, and returns their number there.
    pub fn attach_bytes(&self, call: u64, bytes: Arc<EngineBytes>) -> u32 {
        number(self.0.attach(call, Attachment::Bytes(bytes.0.clone())))
    }

    /// The same of a stream, whose chunks `supply` hands in.
    pub fn attach_stream(&self, call: u64, replayable: bool) -> u32 {
        number(self.0.attach(call, Attachment::Stream { replayable }))
    }

    /// Hands in a part of a stream, and waits for what is wanted next.
    pub async fn supply(&self, call: u64, attachment: u32, supply: EngineSupply) -> EngineWanted {
        let supplied = self.0.supply(call, attachment as usize, supply.into());
        // It cannot fail, and an engine that has ended wants nothing.
        match spawned(async move { Ok(supplied.await) }).await {
            Ok(Wanted::Start) => EngineWanted::Start,
            Ok(Wanted::More) => EngineWanted::More,
            Ok(Wanted::Stop) | Err(_) => EngineWanted::Stop,
        }
    }

    /// Calls an operation or a method of the client.
    pub async fn call(
        &self,
        call: u64,
        name: String,
        arguments: String,
        options: String,
    ) -> Result<Arc<EngineReply>, EngineError> {
        let reply = spawned(self.0.call(call, &name, &arguments, &options)).await?;
        Ok(Arc::new(EngineReply(reply)))
    }

    /// The pages of a list operation, or the bytes of a file.
    pub fn stream(
        &self,
        call: u64,
        name: String,
        arguments: String,
        options: String,
    ) -> Result<Arc<EngineStream>, EngineError> {
        Ok(Arc::new(EngineStream(self.0.stream(call, &name, &arguments, &options)?)))
    }

    /// Where the person of a sign-in goes; null for a client.
    pub fn url(&self) -> Option<String> {
        self.0.url()
    }

    /// Ends all calls; later ones fail. Waits until the host program has got everything, within the core's limit.
    pub async fn close(&self) -> Result<(), EngineError> {
        Ok(spawned(self.0.close()).await?)
    }

    /// Moves the clock of a client on that was built for tests.
    pub fn advance_clock(&self, seconds: f64) -> Result<(), EngineError> {
        Ok(self.0.advance_clock(seconds)?)
    }
}

/// An answer, or a page of one.
#[derive(uniffi::Object)]
pub struct EngineReply(seam::Reply);

#[uniffi::export]
impl EngineReply {
    /// JSON text: the record, or the page's records as an array.
    pub fn body(&self) -> Result<String, EngineError> {
        let text = std::str::from_utf8(self.0.body());
        Ok(text
            .map_err(|error| self.0.unreadable(format!("the answer is no UTF-8 text: {error}")))?
            .to_owned())
    }

    /// The body as it came from the service.
    pub fn raw(&self) -> Arc<EngineBytes> {
        Arc::new(EngineBytes(self.0.raw().clone()))
    }

    /// How the answer came about, as a JSON object; `null` for an answer of the client itself.
    pub fn meta(&self) -> String {
        self.0.meta().to_owned()
    }

    /// Records of the whole list, for a page.
    pub fn total(&self) -> Option<u64> {
        self.0.total
    }

    /// Number of records, for a page.
    pub fn records(&self) -> u64 {
        self.0.records as u64
    }

    /// The fields of the error for a body that the language cannot read.
    pub fn unreadable(&self, message: String) -> String {
        fields(&self.0.unreadable(message))
    }

    /// The fields of the error for a caller that was cancelled when the answer had come; null where it changed nothing.
    pub fn too_late(&self) -> Option<String> {
        self.0.too_late().as_ref().map(fields)
    }
}

/// The pages of one list, or the bytes of one file.
#[derive(uniffi::Object)]
pub struct EngineStream(seam::Stream);

#[uniffi::export]
impl EngineStream {
    /// The next page, or null at the end. `all` says that all pages are wanted.
    pub async fn next(&self, all: bool) -> Result<Option<Arc<EngineReply>>, EngineError> {
        Ok(spawned(self.0.next(all)).await?.map(|reply| Arc::new(EngineReply(reply))))
    }

    /// Gives the last page once more.
    pub fn again(&self) {
        self.0.again();
    }

    /// Reports records that were taken.
    pub fn consumed(&self, count: u32) {
        self.0.consumed(count as usize, || None);
    }

    /// How far the list was read, as a JSON object.
    pub fn position(&self) -> String {
        self.0.position()
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

fn number(attachment: usize) -> u32 {
    u32::try_from(attachment).unwrap_or(u32::MAX)
}

fn fields(error: &beproduct::Error) -> String {
    error.to_json().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use beproduct::ErrorKind;

    #[tokio::test]
    async fn a_panic_is_an_internal_error() {
        let error = spawned::<()>(async { panic!("the engine is broken") }).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert_eq!(spawned(async { Ok(1) }).await.unwrap(), 1);
    }

    /// Sockets are written to by `writev`, which raises SIGPIPE where the other side has closed. A host other than the Java
    /// machine and Swift on Apple's systems ends with it.
    #[cfg(unix)]
    #[tokio::test]
    async fn a_write_to_a_closed_connection_ends_no_program() {
        let mask = spawned(async { Ok(nix::sys::signal::SigSet::thread_get_mask().unwrap()) }).await.unwrap();
        assert!(mask.contains(nix::sys::signal::Signal::SIGPIPE));
    }
}
