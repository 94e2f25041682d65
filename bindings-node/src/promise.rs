//! The runtime of the process, and promises that it settles.

use std::future::Future;
use std::io;
use std::sync::LazyLock;

use beproduct::{Error, seam};
use napi::bindgen_prelude::{Object, ToNapiValue};
use napi::{Env, Status};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::sync::CancellationToken;

/// Never shut down: several JavaScript threads share it, and any of them may be the last to end.
static RUNTIME: LazyLock<io::Result<Runtime>> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(2).thread_name("beproduct").enable_all().build()
});

thread_local! {
    static THREAD: JavaScriptThread = JavaScriptThread(CancellationToken::new());
}

/// Cancels the calls of a worker thread that is terminated while they are open.
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

/// Is cancelled when this JavaScript thread ends.
pub(crate) fn end_of_thread() -> CancellationToken {
    THREAD.with(|thread| thread.0.clone())
}

/// Runs the work on the runtime and returns the promise of its result. While it is open, the process stays alive.
pub(crate) fn promise<'env, Value, Answer>(
    env: &'env Env,
    work: impl Future<Output = beproduct::Result<Value>> + Send + 'static,
    convert: impl FnOnce(Value) -> Answer + Send + 'static,
) -> napi::Result<Object<'env>>
where
    Value: Send + 'static,
    Answer: ToNapiValue + 'static,
{
    let runtime = runtime()?;
    let (deferred, promise) = env.create_deferred()?;
    let ended = end_of_thread();
    runtime.spawn(async move {
        tokio::select! {
            biased;
            () = ended.cancelled() => {}
            result = seam::guarded(work) => match result {
                Ok(value) => deferred.resolve(move |_| Ok(convert(value))),
                Err(error) => deferred.reject(crossing(&error)),
            },
        }
    });
    Ok(promise)
}

/// The error as the other half reads it.
pub(crate) fn crossing(error: &Error) -> napi::Error {
    napi::Error::new(Status::GenericFailure, error.to_json().to_string())
}
