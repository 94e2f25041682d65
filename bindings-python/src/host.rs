//! Code of the host program that the core calls: the token store, the callbacks of the quota and the log.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use beproduct::Level;
use beproduct::host::{Hook, Host, HostFailure};
use futures_util::future::BoxFuture;
use pyo3::PyTraverseError;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tokio::runtime::Handle;

use crate::{convert, runtime};

/// What a host program hands in, for the client and for those that a fork makes of it.
pub(crate) struct HostCode {
    given: Mutex<Given>,
    /// Called with the progress of the call with this number. None when the client is closed, which reports no end of a call.
    progress: Mutex<Option<HashMap<u64, Py<PyAny>>>>,
    /// The logger `beproduct_client`.
    logger: Py<PyAny>,
    /// Python's number of the least important level that the logger takes.
    level: AtomicU8,
}

#[derive(Default)]
pub(crate) struct Given {
    pub(crate) token_store: Option<Py<PyAny>>,
    /// Called with an event as a dict.
    pub(crate) on_quota_event: Option<Py<PyAny>>,
    /// Called with an event as a dict; returns seconds or None.
    pub(crate) on_quota_limit: Option<Py<PyAny>>,
}

impl HostCode {
    pub(crate) fn new(py: Python<'_>, given: Given) -> PyResult<Self> {
        let logger = py.import("logging")?.call_method1("getLogger", ("beproduct_client",))?.unbind();
        let progress = Mutex::new(Some(HashMap::new()));
        Ok(Self { given: Mutex::new(given), progress, logger, level: AtomicU8::new(0) })
    }

    /// Takes the logger's level over: once a call, as asking for it at every line would take long.
    pub(crate) fn refresh(&self, py: Python<'_>) -> PyResult<()> {
        let level: u8 = self.logger.bind(py).call_method0("getEffectiveLevel")?.extract().unwrap_or(u8::MAX);
        self.level.store(level, Ordering::Relaxed);
        Ok(())
    }

    /// Shows the collector what is held here.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        // Whoever has the lock holds the interpreter too, and the collector runs in its thread.
        let (Ok(given), Ok(progress)) = (self.given.try_lock(), self.progress.try_lock()) else {
            return Ok(());
        };
        progress.iter().flat_map(HashMap::values).try_for_each(|code| visit.call(code))?;
        visit.call(&given.token_store)?;
        visit.call(&given.on_quota_event)?;
        visit.call(&given.on_quota_limit)
    }

    /// Lets go of it.
    pub(crate) fn clear(&self) {
        let given = std::mem::take(&mut *self.given());
        let progress = std::mem::take(&mut *self.progress());
        drop((given, progress));
    }

    fn given(&self) -> MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn progress(&self) -> MutexGuard<'_, Option<HashMap<u64, Py<PyAny>>>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has this code called with the progress of the call, until that ends.
    pub(crate) fn watch(&self, call: u64, code: Py<PyAny>) {
        // Not within the lock: what is let go may run code.
        let before = self.progress().as_mut().and_then(|progress| progress.insert(call, code));
        drop(before);
    }

    fn show_progress(&self, py: Python<'_>, payload: &str) -> PyResult<String> {
        let progress = convert::from_json(py, payload.as_bytes(), false)?;
        let call = progress.call_method1("pop", ("call",))?.extract()?;
        if progress.is_empty()? {
            let code = self.progress().as_mut().and_then(|progress| progress.remove(&call));
            drop(code);
            return Ok("null".into());
        }
        let code =
            self.progress().as_ref().and_then(|progress| progress.get(&call)).map(|code| code.clone_ref(py));
        if let Some(code) = code {
            code.call1(py, (progress,))?;
        }
        Ok("null".into())
    }

    fn code(&self, py: Python<'_>, hook: Hook) -> Option<Py<PyAny>> {
        let given = self.given();
        let code = match hook {
            Hook::QuotaEvent => &given.on_quota_event,
            Hook::QuotaLimit => &given.on_quota_limit,
            _ => &given.token_store,
        };
        code.as_ref().map(|code| code.clone_ref(py))
    }

    /// The answer of the program's code as JSON text.
    fn run(&self, py: Python<'_>, hook: Hook, payload: &str) -> PyResult<String> {
        match hook {
            Hook::Log => return self.log(py, payload),
            Hook::Progress => return self.show_progress(py, payload),
            _ => {}
        }
        let Some(code) = self.code(py, hook) else {
            return Err(PyRuntimeError::new_err("the client is gone"));
        };
        let (code, payload) = (code.bind(py), convert::from_json(py, payload.as_bytes(), false)?);
        let (name, answer) = match hook {
            Hook::LoadTokens => ("load", code.call_method0("load")?),
            Hook::SaveTokens => ("save", code.call_method1("save", (payload,))?),
            Hook::LockTokens => ("try_lock", code.call_method0("try_lock")?),
            Hook::UnlockTokens => ("unlock", code.call_method0("unlock")?),
            _ => (hook.as_str(), code.call1((payload,))?),
        };
        if answer.hasattr("__await__")? {
            if let Ok(close) = answer.getattr("close") {
                close.call0()?;
            }
            return Err(PyTypeError::new_err(format!(
                "{name} has to be a plain function, not a coroutine function: it runs outside of any event loop"
            )));
        }
        match hook {
            Hook::QuotaLimit if answer.extract::<f64>().is_ok_and(|seconds| seconds == f64::INFINITY) => {
                Ok("\"Infinity\"".into())
            }
            Hook::LoadTokens | Hook::LockTokens | Hook::QuotaLimit => convert::to_json(name, &answer),
            _ => Ok("null".into()),
        }
    }

    fn log(&self, py: Python<'_>, lines: &str) -> PyResult<String> {
        let logger = self.logger.bind(py);
        for line in convert::from_json(py, lines.as_bytes(), false)?.try_iter()? {
            let line = line?;
            let level = match line.get_item("level")?.extract()? {
                "debug" => 10,
                "info" => 20,
                _ => 30,
            };
            let extra = PyDict::new(py);
            for name in ["operation", "request_id"] {
                extra.set_item(name, line.call_method1("get", (name, ""))?)?;
            }
            extra.set_item("attributes", line.get_item("attributes")?)?;
            let keywords = PyDict::new(py);
            keywords.set_item("extra", extra)?;
            // One handler that fails keeps no other line back.
            let logged = logger.call_method("log", (level, "%s", line.get_item("message")?), Some(&keywords));
            if let Err(error) = logged {
                error.write_unraisable(py, Some(logger));
            }
        }
        Ok("null".into())
    }
}

/// The way of the core to that code.
pub(crate) struct PythonHost {
    pub(crate) code: Arc<HostCode>,
    pub(crate) handle: Handle,
}

/// The core has let go of the program.
impl Drop for PythonHost {
    fn drop(&mut self) {
        self.code.clear();
    }
}

impl Host for PythonHost {
    fn has(&self, hook: Hook) -> bool {
        let name = match hook {
            Hook::LockTokens => "try_lock",
            Hook::UnlockTokens => "unlock",
            Hook::Log | Hook::Progress => return true,
            _ => return Python::attach(|py| self.code.code(py, hook).is_some()),
        };
        Python::attach(|py| {
            let store = self.code.code(py, hook);
            store.is_some_and(|store| store.bind(py).hasattr(name).unwrap_or(false))
        })
    }

    fn wants(&self, level: Level) -> bool {
        let number = match level {
            Level::Debug => 10,
            Level::Info => 20,
            Level::Warn => 30,
        };
        number >= self.code.level.load(Ordering::Relaxed)
    }

    fn call(&self, hook: Hook, payload: String) -> BoxFuture<'static, Result<String, HostFailure>> {
        let code = Arc::clone(&self.code);
        let answer = self.handle.spawn_blocking(move || {
            let mut answer = Err(HostFailure::new("the program is ending"));
            runtime::with_python(|py| {
                answer = code.run(py, hook, &payload).or_else(|error| match hook {
                    // Nobody waits for these.
                    Hook::QuotaEvent | Hook::UnlockTokens | Hook::Progress | Hook::Log => {
                        let code = code.code(py, hook);
                        error.write_unraisable(py, code.as_ref().map(|code| code.bind(py)));
                        Ok("null".into())
                    }
                    _ => Err(HostFailure::new(error.to_string()).with_source(error)),
                });
            });
            answer
        });
        Box::pin(async { answer.await.unwrap_or_else(|panic| Err(HostFailure::new(panic.to_string()))) })
    }
}
