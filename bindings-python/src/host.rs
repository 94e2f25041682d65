//! Code of the host program: one object of Python that runs all of it (`_host.py`).

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use beproduct::Level;
use beproduct::host::{Hook, Host, HostFailure, Payload};
use beproduct::seam::Caller;
use futures_util::future::BoxFuture;
use pyo3::PyTraverseError;
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use tokio::runtime::Handle;

use crate::{convert, runtime};

/// Python's number of the least important level that the logger takes.
static LEVEL: AtomicU8 = AtomicU8::new(0);

/// Told once a call, as asking for it at every line would take long.
pub(crate) fn set_log_level(level: u8) {
    LEVEL.store(level, Ordering::Relaxed);
}

/// Who makes a call, for the core. What Python sees again is the same object.
pub(crate) fn caller(object: Option<Py<PyAny>>) -> Option<Caller> {
    object.map(|object| Arc::new(CalledBy(Some(object))) as Caller)
}

struct CalledBy(Option<Py<PyAny>>);

impl Drop for CalledBy {
    fn drop(&mut self) {
        // SAFETY: it may be called in any thread, at any time.
        let is_ours = unsafe { ffi::PyGILState_GetThisThreadState() }.is_null();
        // A thread of ours does not wait for the interpreter, and what it drops without it stays until the next call.
        if let (true, Some(object), Ok(handle)) = (is_ours, self.0.take(), Handle::try_current()) {
            handle.spawn_blocking(move || runtime::with_python(|_| drop(object)));
        }
    }
}

/// What a host program hands in, for the client and for those that a fork makes of it.
pub(crate) struct HostCode {
    /// None when the client is closed.
    object: Mutex<Option<Py<PyAny>>>,
    hooks: Vec<String>,
}

impl HostCode {
    pub(crate) fn new(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let hooks = object.getattr("hooks")?.extract()?;
        Ok(Self { object: Mutex::new(Some(object.clone().unbind())), hooks })
    }

    /// Shows the collector what is held here.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        // Whoever has the lock holds the interpreter too, and the collector runs in its thread.
        self.object.try_lock().map_or(Ok(()), |object| visit.call(&*object))
    }

    /// Lets go of it.
    pub(crate) fn clear(&self) {
        let object = self.object().take();
        // Not within the lock: what is let go may run code.
        drop(object);
    }

    fn object(&self) -> MutexGuard<'_, Option<Py<PyAny>>> {
        self.object.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn present<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.object().as_ref().map(|object| object.bind(py).clone())
    }

    /// The answer of the program's code as JSON text.
    fn run(&self, py: Python<'_>, hook: Hook, payload: &Payload) -> PyResult<String> {
        let Some(object) = self.present(py) else {
            return match hook {
                // Their code is no longer there either.
                Hook::Log | Hook::Progress => Ok("null".into()),
                _ => Err(PyRuntimeError::new_err("the client is gone")),
            };
        };
        let mut callers =
            payload.callers.iter().map(|caller| caller.as_ref()?.downcast_ref::<CalledBy>()?.0.as_ref());
        let given = convert::from_json(py, payload.text.as_bytes(), false)?;
        if hook != Hook::Log {
            let answer = object.call_method1("run", (hook.as_str(), given, callers.next().flatten()))?;
            return convert::to_json(hook.as_str(), &answer);
        }
        for (line, caller) in given.try_iter()?.zip(callers) {
            // One handler that fails keeps no other line back.
            if let Err(error) = object.call_method1("run", (hook.as_str(), line?, caller)) {
                error.write_unraisable(py, Some(&object));
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
        self.code.hooks.iter().any(|name| name == hook.as_str())
    }

    fn wants(&self, level: Level) -> bool {
        let number = match level {
            Level::Debug => 10,
            Level::Info => 20,
            Level::Warn => 30,
        };
        number >= LEVEL.load(Ordering::Relaxed)
    }

    fn call(&self, hook: Hook, payload: Payload) -> BoxFuture<'static, Result<String, HostFailure>> {
        let code = Arc::clone(&self.code);
        let answer = self.handle.spawn_blocking(move || {
            let mut answer = Err(HostFailure::new("the program is ending"));
            runtime::with_python(|py| {
                answer = code.run(py, hook, &payload).or_else(|error| match hook {
                    // Nobody waits for these.
                    Hook::QuotaEvent | Hook::UnlockTokens | Hook::Progress | Hook::Log => {
                        let host = code.present(py);
                        let failed = host.and_then(|host| host.call_method1("code", (hook.as_str(),)).ok());
                        error.write_unraisable(py, failed.as_ref());
                        Ok("null".into())
                    }
                    _ => Err(HostFailure::new(error.to_string()).with_source(error)),
                });
                // Here, where Python's objects can be let go at once.
                drop(payload);
            });
            answer
        });
        Box::pin(async { answer.await.unwrap_or_else(|panic| Err(HostFailure::new(panic.to_string()))) })
    }
}
