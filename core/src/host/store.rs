//! A token store of the host program.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::lane::{Job, Lane};
use super::log::HostLog;
use super::{Hook, HostFailure};
use crate::auth::{Lease, TokenStore, Tokens};
use crate::error::{Error, Result};

const WHO: &str = "the token store";

#[derive(Clone)]
pub(crate) struct HostStore {
    lane: Lane,
    /// Takes what no call could tell.
    log: Option<Arc<HostLog>>,
}

impl HostStore {
    pub(super) fn new(lane: Lane, log: Option<Arc<HostLog>>) -> Self {
        Self { lane, log }
    }

    async fn ask<T: Send + 'static>(
        &self,
        hook: Hook,
        payload: String,
        // What it could not be when it fails.
        done: &'static str,
        read: impl FnOnce(Self, Value) -> std::result::Result<T, String> + Send + 'static,
    ) -> Result<T> {
        let store = self.clone();
        let read = move |answer: std::result::Result<String, HostFailure>| {
            let answer =
                answer.map_err(|failure| Error::of_host(&format!("{WHO} could not be {done}"), failure))?;
            let answer = serde_json::from_str(&answer).unwrap_or(Value::String(answer));
            read(store, answer)
                .map_err(|wrong| Error::of_callback(format!("{WHO} could not be {done}: {wrong}")))
        };
        self.lane.ask(WHO, hook, payload, read).await
    }
}

impl fmt::Debug for HostStore {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("HostStore")
    }
}

impl TokenStore for HostStore {
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>>> {
        Box::pin(self.ask(Hook::LoadTokens, "null".into(), "read", |_, answer| match answer {
            Value::Null => Ok(None),
            // Taken for nothing, it would be replaced by the configured tokens.
            other => Tokens::from_json(&other).map(Some).ok_or_else(|| {
                format!("load has to give an object with tokens or nothing, not {}", form(&other))
            }),
        }))
    }

    fn save(&self, tokens: Tokens) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.ask(Hook::SaveTokens, tokens.to_json().to_string(), "written", |_, _| Ok(())))
    }

    fn try_lease(&self) -> BoxFuture<'_, Result<Option<Lease>>> {
        Box::pin(async {
            if !self.lane.has(Hook::LockTokens) {
                return Ok(Some(Lease::alone()));
            }
            // Made where the answer comes in, so that a lock that comes too late for whoever asked is given back.
            self.ask(Hook::LockTokens, "null".into(), "locked", |store, answer| match answer {
                Value::Bool(locked) => Ok(locked.then(|| Lease::held(Unlock(store)))),
                other => Err(format!("try_lock has to give true or false, not {}", form(&other))),
            })
            .await
        })
    }
}

/// Unlocks the store when it is dropped.
struct Unlock(HostStore);

impl Drop for Unlock {
    fn drop(&mut self) {
        let log = self.0.log.clone();
        self.0.lane.put(Job {
            hook: Hook::UnlockTokens,
            payload: Box::new(|| Some(String::from("null").into())),
            done: Box::new(move |answer| {
                if let (Err(failure), Some(log)) = (answer, log) {
                    log.warn(format!("{WHO} could not be unlocked: {failure}"));
                }
            }),
        });
    }
}

/// What a value is, without the value: it may be a secret.
fn form(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
