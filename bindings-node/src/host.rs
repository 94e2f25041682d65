//! What the host program hands in: a token store and a log sink. Neither keeps the process alive.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use beproduct::auth::{self, Tokens};
use beproduct::{Error, LogSink, Record, seam};
use futures_util::future::BoxFuture;
use napi::Status;
use napi::bindgen_prelude::{FromNapiValue, Promise};
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
        token_store: token_store.map(|store| Arc::new(HostStore(store)) as Arc<dyn auth::TokenStore>),
        log_sink: log.map(|log| Arc::new(HostLog(log)) as Arc<dyn LogSink>),
    }
}

struct HostStore(TokenStore);

impl fmt::Debug for HostStore {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("HostStore")
    }
}

impl auth::TokenStore for HostStore {
    fn load(&self) -> BoxFuture<'_, beproduct::Result<Option<Tokens>>> {
        Box::pin(async {
            let Some(text) = answer(self.0.load.call_async_catch(())).await? else { return Ok(None) };
            let tokens = serde_json::from_str(&text).ok().as_ref().and_then(Tokens::from_json);
            tokens.map(Some).ok_or_else(|| Error::of_callback("the token store returned no tokens"))
        })
    }

    fn save(&self, tokens: Tokens) -> BoxFuture<'_, beproduct::Result<()>> {
        Box::pin(answer(self.0.save.call_async_catch(tokens.to_json().to_string())))
    }
}

async fn answer<Answer>(
    call: impl Future<Output = napi::Result<Promise<Answer>>> + Send,
) -> beproduct::Result<Answer>
where
    Answer: FromNapiValue + Send + 'static,
{
    let answered = tokio::time::timeout(LONGEST_ANSWER, async { call.await?.await });
    match answered.await {
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
