//! The runtime of the process, and promises that it settles.

use std::future::Future;
use std::io;
use std::sync::LazyLock;

use beproduct::{Error, ErrorKind, Outcome, seam};
use napi::bindgen_prelude::{Object, ToNapiValue};
use napi::{Env, Status};
use serde_json::json;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::sync::CancellationToken;

/// Never shut down: several JavaScript threads share it, and any of them may be the last to end.
static RUNTIME: LazyLock<io::Result<Runtime>> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(2).thread_name("beproduct").enable_all().build()
});

thread_local! {
    static THREAD: JavaScriptThread = JavaScriptThread(CancellationToken::new());
}

/// Gives up the calls of a worker thread that is terminated while they are open.
struct JavaScriptThread(CancellationToken);

impl Drop for JavaScriptThread {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

pub(crate) fn runtime() -> napi::Result<Handle> {
    match &*RUNTIME {
        Ok(runtime) => Ok(runtime.handle().clone()),
        Err(error) => Err(napi::Error::from_reason(format!("no runtime could be started: {error}"))),
    }
}

/// Runs the work on the runtime and returns the promise of its result. While it is open, the process stays alive.
pub(crate) fn promise<'env, Value, Answer>(
    env: &'env Env,
    work: impl Future<Output = beproduct::Result<Value>> + Send + 'static,
    convert: impl FnOnce(Value) -> napi::Result<Answer> + Send + 'static,
) -> napi::Result<Object<'env>>
where
    Value: Send + 'static,
    Answer: ToNapiValue + 'static,
{
    cancellable(env, CancellationToken::new(), work, convert)
}

/// As [`promise`]. The token drops the work, and the promise is rejected as a call is that was given up.
pub(crate) fn cancellable<'env, Value, Answer>(
    env: &'env Env,
    cancel: CancellationToken,
    work: impl Future<Output = beproduct::Result<Value>> + Send + 'static,
    convert: impl FnOnce(Value) -> napi::Result<Answer> + Send + 'static,
) -> napi::Result<Object<'env>>
where
    Value: Send + 'static,
    Answer: ToNapiValue + 'static,
{
    let runtime = runtime()?;
    let (deferred, promise) = env.create_deferred()?;
    let ended = THREAD.with(|thread| thread.0.clone());
    let has_begun = !cancel.is_cancelled();
    runtime.spawn(async move {
        tokio::select! {
            biased;
            () = ended.cancelled() => {}
            () = cancel.cancelled() => deferred.reject(given_up(has_begun)),
            result = seam::guarded(work) => match result {
                Ok(value) => deferred.resolve(move |_| convert(value)),
                Err(error) => deferred.reject(crossing(&error)),
            },
        }
    });
    Ok(promise)
}

/// In the form of [`Error::to_json`]: the core has no error for work that was dropped.
fn given_up(has_begun: bool) -> napi::Error {
    let message = "it was given up";
    let error = json!({
        "kind": ErrorKind::Cancelled.as_str(),
        "message": message,
        "retryable": false,
        "outcome": if has_begun { Outcome::Unknown } else { Outcome::NotSent }.as_str(),
        "attempts": [],
        "waits": [],
        "text": message,
    });
    napi::Error::new(Status::GenericFailure, error.to_string())
}

/// The error as the other half reads it.
pub(crate) fn crossing(error: &Error) -> napi::Error {
    napi::Error::new(Status::GenericFailure, error.to_json().to_string())
}
