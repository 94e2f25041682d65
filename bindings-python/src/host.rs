//! Code of the host program that the core calls: the token store and the log. It runs on one thread per client.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use beproduct::auth::{Lease, TokenStore, Tokens};
use beproduct::{Error, Level, LogSink, Record};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::{convert, runtime};

/// How long the host's token store may take.
const PATIENCE: Duration = Duration::from_secs(30);

type Job = Box<dyn FnOnce(Python<'_>) + Send>;

/// The thread that runs the host's code.
#[derive(Clone)]
pub(crate) struct HostThread(mpsc::Sender<Job>);

impl HostThread {
    pub(crate) fn start() -> PyResult<Self> {
        let (sender, inbox) = mpsc::channel::<Job>();
        std::thread::Builder::new().name("beproduct-host".into()).spawn(move || {
            for job in inbox {
                if !runtime::with_python(job) {
                    break;
                }
            }
        })?;
        Ok(Self(sender))
    }

    fn run(&self, job: impl FnOnce(Python<'_>) + Send + 'static) {
        // Fails only when the interpreter is shutting down.
        let _ = self.0.send(Box::new(job));
    }
}

/// A token store in Python: `load() -> dict | None`, `save(tokens: dict) -> None`, and where several processes use it
/// `try_lock() -> bool`, `unlock() -> None`.
pub(crate) struct HostStore {
    pub(crate) store: Arc<Py<PyAny>>,
    pub(crate) thread: HostThread,
}

impl HostStore {
    async fn ask<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T> + Send + 'static,
    ) -> beproduct::Result<T> {
        let (sender, receiver) = oneshot::channel();
        let store = Arc::clone(&self.store);
        self.thread.run(move |py| {
            let result = act(store.bind(py)).map_err(|error| {
                Error::of_callback(format!("the token store failed: {error}")).with_source(error)
            });
            let _ = sender.send(result);
        });
        match tokio::time::timeout(PATIENCE, receiver).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Error::of_callback("the token store ended without a result")),
            Err(_) => {
                Err(Error::of_callback(format!("the token store took longer than {} s", PATIENCE.as_secs())))
            }
        }
    }
}

impl std::fmt::Debug for HostStore {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("HostStore")
    }
}

type Boxed<'a, T> = std::pin::Pin<Box<dyn Future<Output = beproduct::Result<T>> + Send + 'a>>;

impl TokenStore for HostStore {
    fn load(&self) -> Boxed<'_, Option<Tokens>> {
        Box::pin(self.ask(|store| {
            let loaded = store.call_method0("load")?;
            if loaded.is_none() {
                return Ok(None);
            }
            let text = convert::to_json("tokens", &loaded)?;
            // Taken for none, they would be replaced by the configured ones.
            let tokens = serde_json::from_str(&text).ok().as_ref().and_then(Tokens::from_json);
            tokens.map(Some).ok_or_else(|| {
                let kind = loaded.get_type().name().map(|name| name.to_string()).unwrap_or_default();
                PyTypeError::new_err(format!("load() returned a {kind}, not a dict of tokens or None"))
            })
        }))
    }

    fn save(&self, tokens: Tokens) -> Boxed<'_, ()> {
        Box::pin(self.ask(move |store| {
            let text = tokens.to_json().to_string();
            let tokens = convert::from_json(store.py(), text.as_bytes(), false)?;
            store.call_method1("save", (tokens,)).map(|_| ())
        }))
    }

    fn try_lease(&self) -> Boxed<'_, Option<Lease>> {
        let (owner, thread) = (Arc::clone(&self.store), self.thread.clone());
        Box::pin(self.ask(move |store| {
            if !store.hasattr("try_lock")? {
                return Ok(Some(Lease::alone()));
            }
            // Made here, so that a lock that comes too late for whoever asked is given back.
            let locked = store.call_method0("try_lock")?.is_truthy()?;
            Ok(locked.then(|| Lease::held(Unlock { store: owner, thread })))
        }))
    }
}

/// Unlocks the store when it is dropped.
struct Unlock {
    store: Arc<Py<PyAny>>,
    thread: HostThread,
}

impl Drop for Unlock {
    fn drop(&mut self) {
        let store = Arc::clone(&self.store);
        self.thread.run(move |py| {
            if let Err(error) = store.bind(py).call_method0("unlock") {
                error.write_unraisable(py, Some(store.bind(py)));
            }
        });
    }
}

/// The logger `beproduct_client`, asked for its level at every call and not at every line.
pub(crate) struct HostLog {
    logger: Arc<Py<PyAny>>,
    level: AtomicU8,
    thread: HostThread,
}

impl HostLog {
    pub(crate) fn new(py: Python<'_>, thread: HostThread) -> PyResult<Self> {
        let logger = py.import("logging")?.call_method1("getLogger", ("beproduct_client",))?.unbind();
        let log = Self { logger: Arc::new(logger), level: AtomicU8::new(0), thread };
        log.refresh(py)?;
        Ok(log)
    }

    /// Takes the logger's level over.
    pub(crate) fn refresh(&self, py: Python<'_>) -> PyResult<()> {
        let level: u8 = self.logger.bind(py).call_method0("getEffectiveLevel")?.extract().unwrap_or(u8::MAX);
        self.level.store(level, Ordering::Relaxed);
        Ok(())
    }
}

/// Python's numbers for levels.
fn number(level: Level) -> u8 {
    match level {
        Level::Debug => 10,
        Level::Info => 20,
        Level::Warn => 30,
    }
}

impl LogSink for HostLog {
    fn enabled(&self, level: Level) -> bool {
        number(level) >= self.level.load(Ordering::Relaxed)
    }

    fn write(&self, record: Record) {
        let logger = Arc::clone(&self.logger);
        self.thread.run(move |py| {
            let extra = pyo3::types::PyDict::new(py);
            let logged = extra
                .set_item("operation", record.operation)
                .and_then(|()| extra.set_item("request_id", &record.request_id))
                .and_then(|()| {
                    let keywords = pyo3::types::PyDict::new(py);
                    keywords.set_item("extra", extra)?;
                    let arguments = (number(record.level), "%s", &record.message);
                    logger.bind(py).call_method("log", arguments, Some(&keywords))
                });
            if let Err(error) = logged {
                error.write_unraisable(py, Some(logger.bind(py)));
            }
        });
    }
}
