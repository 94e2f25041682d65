//! Code of the host program that the core calls: the token store, the callbacks of the quota and the log. It runs on one
//! thread per client.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use beproduct::auth::{Lease, TokenStore, Tokens};
use beproduct::{Error, Level, LogSink, QuotaEvent, QuotaListener, Record};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};
use tokio::sync::oneshot;

use crate::{convert, runtime};

/// How long the host's code may take to answer.
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

    /// What the host's code answers. Its errors are told as those of `what`.
    async fn ask<T: Send + 'static>(
        &self,
        what: &'static str,
        act: impl FnOnce(Python<'_>) -> PyResult<T> + Send + 'static,
    ) -> beproduct::Result<T> {
        let (sender, receiver) = oneshot::channel();
        self.run(move |py| {
            let result = act(py)
                .map_err(|error| Error::of_callback(format!("{what} failed: {error}")).with_source(error));
            let _ = sender.send(result);
        });
        match tokio::time::timeout(PATIENCE, receiver).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Error::of_callback(format!("{what} ended without a result"))),
            Err(_) => Err(Error::of_callback(format!("{what} took longer than {} s", PATIENCE.as_secs()))),
        }
    }
}

/// What a host program hands in, for the client and for those that a fork makes of it.
pub(crate) struct HostCode {
    pub(crate) token_store: Option<Arc<Py<PyAny>>>,
    /// Called with an event as a dict.
    pub(crate) on_quota_event: Option<Arc<Py<PyAny>>>,
    /// Called with an event as a dict; returns seconds or None.
    pub(crate) on_quota_limit: Option<Arc<Py<PyAny>>>,
}

impl HostCode {
    pub(crate) fn token_store(&self, thread: &HostThread) -> Option<Arc<dyn TokenStore>> {
        let store = Arc::clone(self.token_store.as_ref()?);
        Some(Arc::new(HostStore { store, thread: thread.clone() }))
    }

    pub(crate) fn quota_listener(&self, thread: &HostThread) -> Option<Arc<dyn QuotaListener>> {
        let (on_event, on_limit) = (self.on_quota_event.clone(), self.on_quota_limit.clone());
        (on_event.is_some() || on_limit.is_some()).then(|| {
            Arc::new(HostListener { on_event, on_limit, thread: thread.clone() }) as Arc<dyn QuotaListener>
        })
    }
}

/// A token store in Python: `load() -> dict | None`, `save(tokens: dict) -> None`, and where several processes use it
/// `try_lock() -> bool`, `unlock() -> None`.
struct HostStore {
    store: Arc<Py<PyAny>>,
    thread: HostThread,
}

impl HostStore {
    async fn ask<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T> + Send + 'static,
    ) -> beproduct::Result<T> {
        let store = Arc::clone(&self.store);
        self.thread.ask("the token store", move |py| act(store.bind(py))).await
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

/// The callbacks of the quota.
struct HostListener {
    on_event: Option<Arc<Py<PyAny>>>,
    on_limit: Option<Arc<Py<PyAny>>>,
    thread: HostThread,
}

impl QuotaListener for HostListener {
    fn notice(&self, event: &QuotaEvent) {
        let Some(callback) = self.on_event.clone() else { return };
        let event = text_of(event);
        self.thread.run(move |py| {
            let callback = callback.bind(py);
            let told =
                convert::from_json(py, event.as_bytes(), false).and_then(|event| callback.call1((event,)));
            if let Err(error) = told {
                error.write_unraisable(py, Some(callback));
            }
        });
    }

    fn at_limit<'a>(&'a self, event: &'a QuotaEvent) -> Boxed<'a, Option<Duration>> {
        Box::pin(async move {
            let Some(callback) = self.on_limit.clone() else { return Ok(None) };
            let event = text_of(event);
            self.thread
                .ask("on_quota_limit", move |py| {
                    let event = convert::from_json(py, event.as_bytes(), false)?;
                    longest_wait(&callback.bind(py).call1((event,))?)
                })
                .await
        })
    }
}

fn text_of(event: &QuotaEvent) -> String {
    // Texts and numbers only: this cannot fail.
    serde_json::to_string(event).unwrap_or_default()
}

/// The seconds that a callback returned.
fn longest_wait(returned: &Bound<'_, PyAny>) -> PyResult<Option<Duration>> {
    if returned.is_none() {
        return Ok(None);
    }
    let seconds = match returned.extract::<f64>() {
        Ok(seconds) if !returned.is_instance_of::<PyBool>() => seconds,
        _ => {
            let kind = returned.get_type().name()?;
            return Err(PyTypeError::new_err(format!(
                "it returned a {kind}, not a number of seconds or None"
            )));
        }
    };
    if seconds.is_nan() || seconds < 0.0 {
        return Err(PyValueError::new_err(format!(
            "it returned {seconds}; seconds are a number that is not negative"
        )));
    }
    // What is longer than a duration can be, infinity included, is as long as it takes.
    Ok(Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)))
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
            if let Err(error) = log(logger.bind(py), record) {
                error.write_unraisable(py, Some(logger.bind(py)));
            }
        });
    }
}

fn log(logger: &Bound<'_, PyAny>, record: Record) -> PyResult<()> {
    let py = logger.py();
    let attributes = record.attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let attributes = serde_json::Value::Object(attributes).to_string();
    let extra = PyDict::new(py);
    extra.set_item("operation", record.operation)?;
    extra.set_item("request_id", &record.request_id)?;
    extra.set_item("attributes", convert::from_json(py, attributes.as_bytes(), false)?)?;
    let keywords = PyDict::new(py);
    keywords.set_item("extra", extra)?;
    logger.call_method("log", (number(record.level), "%s", &record.message), Some(&keywords))?;
    Ok(())
}
