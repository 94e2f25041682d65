//! What the host program hands in: a token store, callbacks of the quota and a log sink. None keeps the process alive.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use beproduct::auth::{self, Lease, Tokens};
use beproduct::{Error, LogSink, QuotaEvent, Record, seam};
use futures_util::future::BoxFuture;
use napi::Status;
use napi::bindgen_prelude::{FromNapiValue, JsValuesTupleIntoVec, Promise};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode, UnknownReturnValue};
use napi_derive::napi;

/// A function of the host that returns `Answer`. Weak: it does not keep the event loop alive.
type Callback<Argument, Answer> = ThreadsafeFunction<Argument, Answer, Argument, Status, false, true>;

pub(crate) type Log = Callback<LogRecord, UnknownReturnValue>;

/// Code of the host that does not answer must not hold up all calls for ever.
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

/// Callbacks of the quota. Events cross as JSON text.
#[napi(object, object_to_js = false)]
pub struct QuotaListener {
    /// Takes an event, and tells of its failures itself.
    pub notice: Option<Callback<String, UnknownReturnValue>>,
    /// Resolves to how many seconds a call may wait at most, or to null.
    pub at_limit: Option<Callback<String, Promise<Option<f64>>>>,
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
    /// What was measured, as JSON text.
    pub attributes: String,
}

pub(crate) fn hooks(
    token_store: Option<TokenStore>,
    quota_listener: Option<QuotaListener>,
    log: Option<Log>,
) -> seam::Hooks {
    seam::Hooks {
        token_store: token_store.map(|store| Arc::new(HostStore(store.into())) as Arc<dyn auth::TokenStore>),
        log_sink: log.map(|log| Arc::new(HostLog(log)) as Arc<dyn LogSink>),
        quota_listener: quota_listener
            .map(|listener| Arc::new(HostListener(listener)) as Arc<dyn beproduct::QuotaListener>),
        inherited: None,
    }
}

const STORE: &str = "the token store";

struct HostStore(Arc<TokenStore>);

impl fmt::Debug for HostStore {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("HostStore")
    }
}

impl auth::TokenStore for HostStore {
    fn load(&self) -> BoxFuture<'_, beproduct::Result<Option<Tokens>>> {
        Box::pin(async {
            let Some(text) = answer(STORE, returned(&self.0.load, ())).await? else { return Ok(None) };
            let tokens = serde_json::from_str(&text).ok().as_ref().and_then(Tokens::from_json);
            tokens.map(Some).ok_or_else(|| Error::of_callback("the token store returned no tokens"))
        })
    }

    fn save(&self, tokens: Tokens) -> BoxFuture<'_, beproduct::Result<()>> {
        Box::pin(answer(STORE, returned(&self.0.save, tokens.to_json().to_string())))
    }

    fn try_lease(&self) -> BoxFuture<'_, beproduct::Result<Option<Lease>>> {
        Box::pin(async {
            // A task of its own, so that a lock that comes too late for whoever asked is given back.
            let asked = tokio::spawn(lock(Arc::clone(&self.0)));
            answer(STORE, async {
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

/// What the host's code answers in time. `who` names it.
async fn answer<Answer>(
    who: &str,
    returned: impl Future<Output = napi::Result<Answer>>,
) -> beproduct::Result<Answer> {
    match tokio::time::timeout(LONGEST_ANSWER, returned).await {
        Ok(result) => result.map_err(|error| Error::of_callback(error.reason.as_str())),
        Err(_) => Err(Error::of_callback(format!(
            "{who} did not answer within {} seconds",
            LONGEST_ANSWER.as_secs()
        ))),
    }
}

struct HostListener(QuotaListener);

impl beproduct::QuotaListener for HostListener {
    fn notice(&self, event: &QuotaEvent) {
        if let Some(notice) = &self.0.notice {
            // A thread that has ended takes no more events.
            let _status = notice.call(text_of(event), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    fn at_limit<'a>(&'a self, event: &'a QuotaEvent) -> BoxFuture<'a, beproduct::Result<Option<Duration>>> {
        Box::pin(async move {
            let Some(at_limit) = &self.0.at_limit else { return Ok(None) };
            let seconds = answer("onQuotaLimit", returned(at_limit, text_of(event))).await?;
            // The other half has refused what is no time. What is too long for a duration is as long as it takes.
            Ok(seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)))
        })
    }
}

fn text_of(event: &QuotaEvent) -> String {
    // Texts and numbers only: this cannot fail.
    serde_json::to_string(event).unwrap_or_default()
}

struct HostLog(Log);

impl LogSink for HostLog {
    fn enabled(&self, _level: beproduct::Level) -> bool {
        true
    }

    fn write(&self, record: Record) {
        let given = |text: String| (!text.is_empty()).then_some(text);
        let attributes =
            record.attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let record = LogRecord {
            level: record.level.as_str(),
            message: record.message,
            operation: (!record.operation.is_empty()).then_some(record.operation),
            request_id: given(record.request_id),
            attributes: serde_json::Value::Object(attributes).to_string(),
        };
        // A thread that has ended takes no more lines.
        let _status = self.0.call(record, ThreadsafeFunctionCallMode::NonBlocking);
    }
}
