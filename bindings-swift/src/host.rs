//! What the host program hands in: a token store and a log sink.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use beproduct::auth::{TokenStore, Tokens};
use beproduct::{Error, seam};
use tokio::sync::Mutex;

use crate::RUNTIME;

/// A store that does not answer must not hold up all calls for ever.
const LONGEST_ANSWER: Duration = Duration::from_secs(30);

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

impl fmt::Display for HostError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
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

pub(crate) fn hooks(
    token_store: Option<Arc<dyn EngineTokenStore>>,
    log_sink: Option<Arc<dyn EngineLogSink>>,
) -> seam::Hooks {
    seam::Hooks {
        token_store: token_store.map(|store| Arc::new(HostStore::new(store)) as Arc<dyn TokenStore>),
        log_sink: log_sink.map(|sink| Arc::new(HostSink::start(sink)) as Arc<dyn beproduct::LogSink>),
    }
}

struct HostStore {
    store: Arc<dyn EngineTokenStore>,
    /// Held while the store works, also when nobody waits for it any more: it is asked one thing at a time, in order.
    turn: Arc<Mutex<()>>,
}

impl HostStore {
    fn new(store: Arc<dyn EngineTokenStore>) -> Self {
        Self { store, turn: Arc::default() }
    }

    /// Runs code of the store where it may block. `done` is what it could not be when it fails.
    async fn ask<T: Send + 'static>(
        &self,
        done: &str,
        act: impl FnOnce(&dyn EngineTokenStore) -> Result<T, HostError> + Send + 'static,
    ) -> beproduct::Result<T> {
        let failed = || Error::of_callback(format!("the token store could not be {done}"));
        let (store, turn) = (Arc::clone(&self.store), Arc::clone(&self.turn));
        let answer = tokio::time::timeout(LONGEST_ANSWER, async {
            let turn = turn.lock_owned().await;
            RUNTIME
                .spawn_blocking(move || {
                    let _turn = turn;
                    act(&*store)
                })
                .await
        });
        match answer.await {
            Ok(Ok(result)) => result.map_err(|error| failed().with_source(error)),
            Ok(Err(panic)) => Err(failed().with_source(panic)),
            Err(_) => Err(Error::of_callback("the token store did not answer within 30 seconds")),
        }
    }
}

impl fmt::Debug for HostStore {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("HostStore")
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = beproduct::Result<T>> + Send + 'a>>;

impl TokenStore for HostStore {
    fn load(&self) -> Answer<'_, Option<Tokens>> {
        Box::pin(async {
            let Some(text) = self.ask("read", |store| store.load()).await? else { return Ok(None) };
            // Taken for none, they would be replaced by the configured ones.
            let tokens = serde_json::from_str(&text).ok().as_ref().and_then(Tokens::from_json);
            let unreadable = || Error::of_callback("the token store does not hold tokens; sign in again");
            tokens.map(Some).ok_or_else(unreadable)
        })
    }

    fn save(&self, tokens: Tokens) -> Answer<'_, ()> {
        Box::pin(self.ask("written", move |store| store.save(tokens.to_json().to_string())))
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    struct Held {
        release: std::sync::Mutex<Receiver<()>>,
        saved: Sender<String>,
    }

    impl EngineTokenStore for Held {
        fn load(&self) -> Result<Option<String>, HostError> {
            let _released = self.release.lock().map(|release| release.recv());
            Ok(Some("[]".into()))
        }

        fn save(&self, tokens: String) -> Result<(), HostError> {
            let _ = self.saved.send(tokens);
            Err(HostError::Failed { message: "the vault is locked".into() })
        }
    }

    async fn error<T>(answer: impl Future<Output = beproduct::Result<T>>) -> serde_json::Value {
        answer.await.err().map(|error| error.to_json()).unwrap_or_default()
    }

    // Time that is paused passes by itself when nothing but a timer is waited for.
    #[tokio::test(start_paused = true)]
    async fn a_store_that_does_not_answer_is_not_waited_for() {
        let (release, released) = channel();
        let (saved, saves) = channel();
        let store = HostStore::new(Arc::new(Held { release: released.into(), saved }));
        let late = error(store.load()).await;
        assert_eq!(late["message"], "the token store did not answer within 30 seconds");
        // What comes next waits for it, so that nothing is written while it is at work.
        assert_eq!(error(store.save(Tokens::default())).await["message"], late["message"]);
        assert!(saves.try_recv().is_err());

        drop(release);
        tokio::time::resume();
        let unreadable = error(store.load()).await;
        assert_eq!(unreadable["message"], "the token store does not hold tokens; sign in again");
        let refused = error(store.save(Tokens::default())).await;
        assert_eq!(refused["kind"], "auth");
        assert_eq!(refused["message"], "the token store could not be written");
        assert_eq!(refused["cause"], "the vault is locked");
    }
}
