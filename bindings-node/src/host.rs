//! What the host program hands in: a token store and a log sink. Neither keeps the process alive.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use beproduct::auth::{self, Lease, Tokens};
use beproduct::{Error, LogSink, Record, seam};
use futures_util::future::BoxFuture;
use napi::Status;
use napi::bindgen_prelude::{FromNapiValue, JsValuesTupleIntoVec, Promise};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode, UnknownReturnValue};
use napi_derive::napi;

/// A function of the host that returns `Answer`. Weak: it does not keep the event loop alive.
type Callback<Argument, Answer> = ThreadsafeFunction<Argument, Answer, Argument, Status, false, true>;

pub(crate) type Log = Callback<LogRecord, UnknownReturnValue>;

/// A store that does not answer must not hold up all calls for ever.
const LONGEST_ANSWER: Duration = Duration::from_secs(30);

/// Tokens cross as the JSON text of [`Tokens::to_json`].
#[napi(object, object_to_js = false)]
pub struct TokenStore {
    /// Resolves to what was saved, or to null.
    pub load: Callback<(), Promise<Option<String>>>,
    /// Resolves when the tokens are saved.
    pub save: Callback<String, Promise<()>>,
    /// Resolves to whether others are kept from renewing now. Missing where no others are.
    pub try_lock: Option<Callback<(), Promise<bool>>>,
    /// Lets them renew again. It is there where `try_lock` is, and tells of its failures itself.
    pub unlock: Option<Callback<(), UnknownReturnValue>>,
}

/// One log line.
#[napi(object, object_from_js = false)]
pub struct LogRecord {
    /// `debug`, `info` or `warning`.
    pub level: &'static str,
    /// The line.
    pub message: String,
    /// Operation that it is about.
    pub operation: Option<&'static str>,
    /// Request that it is about.
    pub request_id: Option<String>,
}

pub(crate) fn hooks(token_store: Option<TokenStore>, log: Option<Log>) -> seam::Hooks {
    seam::Hooks {
        token_store: token_store.map(|store| Arc::new(HostStore(store.into())) as Arc<dyn auth::TokenStore>),
        log_sink: log.map(|log| Arc::new(HostLog(log)) as Arc<dyn LogSink>),
        inherited: None,
    }
}

struct HostStore(Arc<TokenStore>);

impl fmt::Debug for HostStore {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("HostStore")
    }
}

impl auth::TokenStore for HostStore {
    fn load(&self) -> BoxFuture<'_, beproduct::Result<Option<Tokens>>> {
        Box::pin(async {
            let Some(text) = answer(returned(&self.0.load, ())).await? else { return Ok(None) };
            let tokens = serde_json::from_str(&text).ok().as_ref().and_then(Tokens::from_json);
            tokens.map(Some).ok_or_else(|| Error::of_callback("the token store returned no tokens"))
        })
    }

    fn save(&self, tokens: Tokens) -> BoxFuture<'_, beproduct::Result<()>> {
        Box::pin(answer(returned(&self.0.save, tokens.to_json().to_string())))
    }

    fn try_lease(&self) -> BoxFuture<'_, beproduct::Result<Option<Lease>>> {
        Box::pin(async {
            // A task of its own, so that a lock that comes too late for whoever asked is given back.
            let asked = tokio::spawn(lock(Arc::clone(&self.0)));
            answer(async {
                asked.await.unwrap_or_else(|error| Err(napi::Error::from_reason(error.to_string())))
            })
            .await
        })
    }
}

async fn lock(store: Arc<TokenStore>) -> napi::Result<Option<Lease>> {
    let Some(try_lock) = &store.try_lock else { return Ok(Some(Lease::alone())) };
    let locked = returned(try_lock, ()).await?;
    Ok(locked.then(|| Lease::held(Unlock(store))))
}

/// Unlocks the store when it is dropped.
struct Unlock(Arc<TokenStore>);

impl Drop for Unlock {
    fn drop(&mut self) {
        if let Some(unlock) = &self.0.unlock {
            // A thread that has ended unlocks nothing any more.
            let _status = unlock.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

/// What a function of the host resolves to.
async fn returned<Argument, Answer>(
    function: &Callback<Argument, Promise<Answer>>,
    argument: Argument,
) -> napi::Result<Answer>
where
    Argument: JsValuesTupleIntoVec + Send + 'static,
    Answer: FromNapiValue + Send + 'static,
{
    function.call_async_catch(argument).await?.await
}

async fn answer<Answer>(returned: impl Future<Output = napi::Result<Answer>>) -> beproduct::Result<Answer> {
    match tokio::time::timeout(LONGEST_ANSWER, returned).await {
        Ok(result) => result.map_err(|error| Error::of_callback(error.reason.as_str())),
        Err(_) => Err(Error::of_callback("the token store did not answer within 30 seconds")),
    }
}

struct HostLog(Log);

impl LogSink for HostLog {
    fn enabled(&self, _level: beproduct::Level) -> bool {
        true
    }

    fn write(&self, record: Record) {
        let given = |text: String| (!text.is_empty()).then_some(text);
        let record = LogRecord {
            level: record.level.as_str(),
            message: record.message,
            operation: (!record.operation.is_empty()).then_some(record.operation),
            request_id: given(record.request_id),
        };
        // A thread that has ended takes no more lines.
        let _status = self.0.call(record, ThreadsafeFunctionCallMode::NonBlocking);
    }
}
