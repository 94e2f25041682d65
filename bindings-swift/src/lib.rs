//! The engine for Swift and Kotlin, by uniffi. Everything crosses as JSON text; the public API of each language stands
//! above it (`swift/`, `kotlin/`).
//!
//! An exported async function is polled by the foreign executor, so the work itself is spawned on the runtime of this
//! library and only awaited there.

use std::future::Future;
use std::sync::{Arc, LazyLock, mpsc};

use beproduct::auth::{TokenStore, Tokens};
use beproduct::seam;
use tokio::runtime::{Builder, Runtime};

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

/// Keeps tokens on the host's side: a JSON object with the tokens in clear, to be kept like a password.
#[uniffi::export(foreign)]
pub trait EngineTokenStore: Send + Sync {
    /// What was saved last, or null.
    fn load(&self) -> Result<Option<String>, HostError>;

    /// Replaces what was saved.
    fn save(&self, tokens: String) -> Result<(), HostError>;
}

/// Takes log lines on the host's side.
#[uniffi::export(foreign)]
pub trait EngineLogSink: Send + Sync {
    /// One line; level is `debug`, `info` or `warning`.
    fn log(&self, level: String, message: String, operation: String, request_id: String);
}

/// An exception of the host's own code.
#[derive(Debug, uniffi::Error)]
pub enum HostError {
    /// What it said.
    Failed {
        /// The text.
        message: String,
    },
}

impl std::fmt::Display for HostError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self::Failed { message } = self;
        out.write_str(message)
    }
}

impl std::error::Error for HostError {}

impl From<uniffi::UnexpectedUniFFICallbackError> for HostError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed { message: error.reason }
    }
}

struct HostStore(Arc<dyn EngineTokenStore>);

impl std::fmt::Debug for HostStore {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("HostStore")
    }
}

type Future1<'a, T> = std::pin::Pin<Box<dyn Future<Output = beproduct::Result<T>> + Send + 'a>>;

impl TokenStore for HostStore {
    fn load(&self) -> Future1<'_, Option<Tokens>> {
        let store = Arc::clone(&self.0);
        Box::pin(async move {
            let text = host(move || store.load()).await?;
            Ok(text.and_then(|text| serde_json::from_str(&text).ok()).as_ref().and_then(Tokens::from_json))
        })
    }

    fn save(&self, tokens: Tokens) -> Future1<'_, ()> {
        let store = Arc::clone(&self.0);
        Box::pin(async move { host(move || store.save(tokens.to_json().to_string())).await })
    }
}

/// Runs code of the host where it may block.
async fn host<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, HostError> + Send + 'static,
) -> beproduct::Result<T> {
    match RUNTIME.spawn_blocking(act).await {
        Ok(result) => {
            result.map_err(|error| beproduct::Error::of_callback(format!("the token store failed: {error}")))
        }
        Err(error) => Err(beproduct::Error::of_callback(format!("the token store failed: {error}"))),
    }
}

/// Lines go through one thread a client: in order, and without holding up the call.
struct HostSink(mpsc::Sender<beproduct::Record>);

impl HostSink {
    fn start(sink: Arc<dyn EngineLogSink>) -> Self {
        let (sender, lines) = mpsc::channel::<beproduct::Record>();
        RUNTIME.spawn_blocking(move || {
            for line in lines {
                sink.log(line.level.as_str().into(), line.message, line.operation.into(), line.request_id);
            }
        });
        Self(sender)
    }
}

impl beproduct::LogSink for HostSink {
    fn enabled(&self, _level: beproduct::Level) -> bool {
        true
    }

    fn write(&self, record: beproduct::Record) {
        // Fails only when the host's sink has panicked; the call goes on without it.
        let _ = self.0.send(record);
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
    ) -> Result<Arc<Self>, EngineError> {
        let hooks = seam::Hooks {
            token_store: token_store.map(|store| Arc::new(HostStore(store)) as Arc<dyn TokenStore>),
            log_sink: log_sink.map(|sink| Arc::new(HostSink::start(sink)) as Arc<dyn beproduct::LogSink>),
        };
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
    /// The next page, or null at the end.
    pub async fn next_page(&self) -> Result<Option<EngineReply>, EngineError> {
        Ok(spawned(self.0.next_page()).await?.map(EngineReply::from))
    }

    /// All records that are left, as one JSON array.
    pub async fn collect(&self) -> Result<String, EngineError> {
        Ok(text(&spawned(self.0.collect()).await?))
    }

    /// Tells how many more records of the present page were taken.
    pub fn consumed(&self, count: u32) {
        self.0.consumed(count as usize);
    }
}

/// One sign-in of a person by the authorization code flow.
#[derive(uniffi::Object)]
pub struct EngineAuthorization(Arc<beproduct::auth::AuthorizationSession>);

#[uniffi::export]
impl EngineAuthorization {
    /// Begins a sign-in with settings as a JSON object.
    #[uniffi::constructor]
    pub fn begin(settings: String) -> Result<Arc<Self>, EngineError> {
        let _runtime = RUNTIME.enter();
        Ok(Arc::new(Self(Arc::new(seam::authorize(&settings)?))))
    }

    /// Where the person signs in.
    pub fn url(&self) -> String {
        self.0.url().to_owned()
    }

    /// Takes the address that the person was sent back to; the tokens as a JSON object.
    pub async fn finish(&self, redirected: String) -> Result<String, EngineError> {
        let session = Arc::clone(&self.0);
        let tokens = spawned(async move { session.finish(&redirected).await }).await?;
        Ok(tokens.to_json().to_string())
    }
}

/// Awaits work on this library's runtime; dropping the future ends the work.
async fn spawned<T: Send + 'static>(
    work: impl Future<Output = beproduct::Result<T>> + Send + 'static,
) -> beproduct::Result<T> {
    let task = RUNTIME.spawn(work);
    let _abort = AbortOnDrop(task.abort_handle());
    match task.await {
        Ok(result) => result,
        Err(error) => Err(beproduct::Error::of_callback(format!("the call ended without a result: {error}"))),
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
