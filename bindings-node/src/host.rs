//! Code of the host program: one function of JavaScript that runs all of it.

use std::sync::Arc;

use beproduct::host::{Hook, Host, HostFailure, Payload};
use futures_util::future::BoxFuture;
use napi::Status;
use napi::bindgen_prelude::{FnArgs, Promise};
use napi::threadsafe_function::ThreadsafeFunction;
use napi_derive::napi;
use tokio_util::sync::CancellationToken;

use crate::promise::end_of_thread;

type Arguments = FnArgs<(String, String)>;

/// Is called with the name of a hook and its payload, and keeps no process alive.
pub(crate) type HostFunction =
    ThreadsafeFunction<Arguments, Promise<HostAnswer>, Arguments, Status, false, true>;

/// What the program's code answered.
#[napi(object, object_to_js = false)]
pub struct HostAnswer {
    /// JSON text.
    pub answer: Option<String>,
    /// What its exception says, when it failed.
    pub failure: Option<String>,
    /// The number by which JavaScript finds the exception.
    pub id: Option<u32>,
}

/// Reaches the host program in the JavaScript thread that made it.
pub(crate) struct NodeHost {
    hooks: Vec<String>,
    function: Arc<HostFunction>,
    ended: CancellationToken,
}

impl NodeHost {
    /// Has to be called in the JavaScript thread of the function.
    pub(crate) fn new(hooks: Vec<String>, function: HostFunction) -> Self {
        Self { hooks, function: Arc::new(function), ended: end_of_thread() }
    }
}

impl Host for NodeHost {
    fn has(&self, hook: Hook) -> bool {
        self.hooks.iter().any(|name| name == hook.as_str())
    }

    fn call(&self, hook: Hook, payload: Payload) -> BoxFuture<'static, Result<String, HostFailure>> {
        let (function, ended) = (Arc::clone(&self.function), self.ended.clone());
        Box::pin(async move {
            let answer = async {
                let promise =
                    function.call_async_catch((hook.as_str().to_owned(), payload.text).into()).await?;
                // The client may let go of the program while its code is at work.
                drop(function);
                promise.await
            };
            let answer = tokio::select! {
                biased;
                () = ended.cancelled() => return Err(HostFailure::new("the JavaScript thread has ended")),
                answer = answer => answer,
            };
            match answer {
                Ok(HostAnswer { answer: Some(answer), .. }) => Ok(answer),
                Ok(HostAnswer { failure, id, .. }) => {
                    let failure = HostFailure::new(failure.unwrap_or_default());
                    Err(id.map_or(failure.clone(), |id| failure.with_id(id.into())))
                }
                Err(error) => Err(HostFailure::new(error.reason.clone())),
            }
        })
    }
}
