//! The client behind `BeProduct` and `BeProductAsync`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use beproduct::auth::{AuthorizationSession, Tokens};
use beproduct::seam::{self, EnginePager, Hooks};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::bridge::{Bridge, Work};
use crate::convert::{from_json, raise, to_json};
use crate::host::{HostLog, HostStore, HostThread};
use crate::runtime;

/// One client. After `fork` the child makes its own from the same settings.
#[pyclass(module = "beproduct_client._native", frozen, weakref)]
pub(crate) struct Engine {
    settings: String,
    token_store: Option<Arc<Py<PyAny>>>,
    exact: bool,
    closed: AtomicBool,
    // Held only while the GIL is, and never while Python code runs, which could hand the GIL to a thread that wants
    // this lock. So a fork finds it free too.
    present: Mutex<Present>,
}

struct Present {
    generation: u64,
    engine: seam::Engine,
    log: Arc<HostLog>,
    /// Tokens at the time of a fork, for the child.
    tokens: Option<Tokens>,
}

impl Present {
    fn open(py: Python<'_>, settings: &str, store: Option<&Arc<Py<PyAny>>>) -> PyResult<Self> {
        let thread = HostThread::start()?;
        let log = Arc::new(HostLog::new(py, thread.clone())?);
        let hooks = Hooks {
            token_store: store.map(|store| {
                Arc::new(HostStore { store: Arc::clone(store), thread })
                    as Arc<dyn beproduct::auth::TokenStore>
            }),
            log_sink: Some(Arc::clone(&log) as Arc<dyn beproduct::LogSink>),
        };
        let engine =
            seam::Engine::open(settings, hooks, runtime::handle()?).map_err(|error| raise(py, &error))?;
        Ok(Self { generation: runtime::generation(), engine, log, tokens: None })
    }
}

impl Engine {
    fn lock(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The engine of this process.
    fn engine(&self, py: Python<'_>) -> PyResult<seam::Engine> {
        if self.lock().generation != runtime::generation() {
            self.reopen(py)?;
        }
        let (engine, log) = {
            let present = self.lock();
            (present.engine.clone(), Arc::clone(&present.log))
        };
        log.refresh(py)?;
        Ok(engine)
    }

    /// Makes the engine anew in the child of a fork.
    fn reopen(&self, py: Python<'_>) -> PyResult<()> {
        let tokens = self.lock().tokens.clone();
        let fresh = Present::open(py, &self.settings_after_fork(tokens.as_ref()), self.token_store.as_ref())?;
        if self.closed.load(Ordering::Relaxed) {
            fresh.engine.close();
        }
        let mut present = self.lock();
        // Another thread may have been faster.
        if present.generation != fresh.generation {
            // Dropping what the parent's threads own could block.
            std::mem::forget(std::mem::replace(&mut *present, fresh));
        }
        Ok(())
    }

    /// The settings with the tokens that the parent had when it forked.
    fn settings_after_fork(&self, tokens: Option<&Tokens>) -> String {
        let Ok(mut settings) = serde_json::from_str::<serde_json::Value>(&self.settings) else {
            return self.settings.clone();
        };
        if let Some(access) = tokens.and_then(|tokens| tokens.access_token.as_ref()) {
            settings["access_token"] = access.expose().into();
        }
        // With a store, the store has it, under the name of the configured one.
        let stored = self.token_store.is_some() || settings["token_store"].is_object();
        if let Some(refresh) = tokens.and_then(|tokens| tokens.refresh_token.as_ref()).filter(|_| !stored) {
            settings["refresh_token"] = refresh.expose().into();
        }
        settings.to_string()
    }
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (settings, token_store, exact))]
    fn new(settings: &Bound<'_, PyAny>, token_store: Option<Py<PyAny>>, exact: bool) -> PyResult<Self> {
        let py = settings.py();
        let settings = to_json("settings", settings)?;
        let token_store = token_store.map(Arc::new);
        let present = Present::open(py, &settings, token_store.as_ref())?;
        Ok(Self {
            settings,
            token_store,
            exact,
            closed: AtomicBool::new(false),
            present: Mutex::new(present),
        })
    }

    /// Calls an operation and waits for the answer.
    fn call(
        &self,
        py: Python<'_>,
        operation: &str,
        arguments: &Bound<'_, PyAny>,
        options: &Bound<'_, PyAny>,
    ) -> PyResult<Reply> {
        let engine = self.engine(py)?;
        let (arguments, options) = (to_json("arguments", arguments)?, to_json("options", options)?);
        let call = engine.issue_call();
        let work = engine.call(call, operation, &arguments, &options);
        let reply = runtime::wait(py, work, || engine.cancel(call))?.map_err(|error| raise(py, &error))?;
        Ok(Reply { reply, exact: self.exact })
    }

    /// Calls an operation; returns the number to cancel it by, and the work.
    fn call_async(
        &self,
        py: Python<'_>,
        bridge: &Bound<'_, Bridge>,
        operation: &str,
        arguments: &Bound<'_, PyAny>,
        options: &Bound<'_, PyAny>,
    ) -> PyResult<(u64, Work)> {
        let engine = self.engine(py)?;
        let (arguments, options) = (to_json("arguments", arguments)?, to_json("options", options)?);
        let call = engine.issue_call();
        let work = engine.call(call, operation, &arguments, &options);
        Ok((call, Bridge::spawn(bridge, work, Reply::finish(self.exact))?))
    }

    /// The pages of a list operation.
    fn pages(
        &self,
        py: Python<'_>,
        operation: &str,
        arguments: &Bound<'_, PyAny>,
        options: &Bound<'_, PyAny>,
    ) -> PyResult<Pager> {
        let engine = self.engine(py)?;
        let (arguments, options) = (to_json("arguments", arguments)?, to_json("options", options)?);
        let call = engine.issue_call();
        let pager = engine.pages(call, operation, &arguments, &options).map_err(|error| raise(py, &error))?;
        Ok(Pager { pager, call, engine, exact: self.exact, generation: runtime::generation() })
    }

    /// Gives the call with this number up.
    fn cancel(&self, py: Python<'_>, call: u64) -> PyResult<()> {
        self.engine(py)?.cancel(call);
        Ok(())
    }

    /// How the quota stands.
    fn quota_status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let status =
            runtime::wait(py, self.engine(py)?.quota_status(), || ())?.map_err(|error| raise(py, &error))?;
        from_json(py, status.as_bytes(), false)
    }

    /// The same for an event loop.
    fn quota_status_async(&self, bridge: &Bound<'_, Bridge>) -> PyResult<Work> {
        let work = self.engine(bridge.py())?.quota_status();
        Bridge::spawn(bridge, work, |py, result| {
            let status = result.map_err(|error| raise(py, &error))?;
            Ok(from_json(py, status.as_bytes(), false)?.unbind())
        })
    }

    /// Ends all calls; later ones fail.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.closed.store(true, Ordering::Relaxed);
        self.engine(py)?.close();
        Ok(())
    }

    /// Moves the clock of a client on that was built for tests.
    fn advance_clock(&self, py: Python<'_>, seconds: f64) -> PyResult<()> {
        self.engine(py)?.advance_clock(seconds).map_err(|error| raise(py, &error))
    }

    /// To be called before `fork`: keeps the present tokens for the child.
    fn prepare_fork(&self) {
        let mut present = self.lock();
        if present.generation == runtime::generation() {
            let tokens = present.engine.tokens();
            present.tokens = Some(tokens);
        }
    }
}

/// An answer, or a page of one.
#[pyclass(module = "beproduct_client._native", frozen)]
pub(crate) struct Reply {
    reply: seam::Reply,
    exact: bool,
}

impl Reply {
    fn finish(
        exact: bool,
    ) -> impl FnOnce(Python<'_>, beproduct::Result<seam::Reply>) -> PyResult<Py<PyAny>> + Send {
        move |py, result| {
            let reply = result.map_err(|error| raise(py, &error))?;
            Ok(Py::new(py, Self { reply, exact })?.into_any())
        }
    }
}

#[pymethods]
impl Reply {
    /// The record, or the page's records.
    fn body<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        from_json(py, &self.reply.body, self.exact)
    }

    /// The body as it came from the service.
    fn raw<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.reply.raw)
    }

    /// How the answer came about.
    fn meta<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        from_json(py, self.reply.meta.as_bytes(), false)
    }

    /// Records of the whole list, for a page.
    fn total(&self) -> Option<u64> {
        self.reply.total
    }
}

/// The pages of one list.
#[pyclass(module = "beproduct_client._native", frozen)]
pub(crate) struct Pager {
    pager: EnginePager,
    call: u64,
    engine: seam::Engine,
    exact: bool,
    generation: u64,
}

impl Pager {
    fn check(&self, py: Python<'_>) -> PyResult<()> {
        if self.generation == runtime::generation() {
            return Ok(());
        }
        let error = py.import("beproduct_client._errors")?.getattr("after_fork")?.call0()?;
        Err(PyErr::from_value(error))
    }
}

#[pymethods]
impl Pager {
    /// Waits for the next page; none at the end.
    fn next_page(&self, py: Python<'_>) -> PyResult<Option<Reply>> {
        self.check(py)?;
        let page = runtime::wait(py, self.pager.next_page(), || self.cancel())?
            .map_err(|error| raise(py, &error))?;
        Ok(page.map(|reply| Reply { reply, exact: self.exact }))
    }

    /// The same for an event loop.
    fn next_page_async(&self, bridge: &Bound<'_, Bridge>) -> PyResult<Work> {
        self.check(bridge.py())?;
        let exact = self.exact;
        Bridge::spawn(bridge, self.pager.next_page(), move |py, result| {
            match result.map_err(|error| raise(py, &error))? {
                Some(reply) => Ok(Py::new(py, Reply { reply, exact })?.into_any()),
                None => Ok(py.None()),
            }
        })
    }

    /// Waits for all records that are left.
    fn collect<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.check(py)?;
        let all =
            runtime::wait(py, self.pager.collect(), || self.cancel())?.map_err(|error| raise(py, &error))?;
        from_json(py, &all, self.exact)
    }

    /// The same for an event loop.
    fn collect_async(&self, bridge: &Bound<'_, Bridge>) -> PyResult<Work> {
        self.check(bridge.py())?;
        let exact = self.exact;
        Bridge::spawn(bridge, self.pager.collect(), move |py, result| {
            let all = result.map_err(|error| raise(py, &error))?;
            Ok(from_json(py, &all, exact)?.unbind())
        })
    }

    /// Tells how many more records of the present page were taken.
    fn consumed(&self, count: usize) {
        if self.generation == runtime::generation() {
            self.pager.consumed(count);
        }
    }

    /// Gives all pages up.
    fn cancel(&self) {
        if self.generation == runtime::generation() {
            self.engine.cancel(self.call);
        }
    }
}

/// One sign-in of a person by the authorization code flow.
#[pyclass(module = "beproduct_client._native", frozen)]
pub(crate) struct Authorization(Arc<AuthorizationSession>);

#[pymethods]
impl Authorization {
    #[new]
    fn new(settings: &Bound<'_, PyAny>) -> PyResult<Self> {
        let text = to_json("settings", settings)?;
        let session = seam::authorize(&text).map_err(|error| raise(settings.py(), &error))?;
        Ok(Self(Arc::new(session)))
    }

    /// Where the person signs in.
    fn url(&self) -> &str {
        self.0.url()
    }

    /// Takes the address that the person was sent back to, and waits for the tokens.
    fn finish<'py>(&self, py: Python<'py>, redirected: String) -> PyResult<Bound<'py, PyAny>> {
        let tokens = runtime::wait(py, self.tokens(redirected), || ())?.map_err(|error| raise(py, &error))?;
        from_json(py, tokens.to_json().to_string().as_bytes(), false)
    }

    /// The same for an event loop.
    fn finish_async(&self, bridge: &Bound<'_, Bridge>, redirected: String) -> PyResult<Work> {
        Bridge::spawn(bridge, self.tokens(redirected), |py, result| {
            let tokens = result.map_err(|error| raise(py, &error))?;
            Ok(from_json(py, tokens.to_json().to_string().as_bytes(), false)?.unbind())
        })
    }
}

impl Authorization {
    fn tokens(
        &self,
        redirected: String,
    ) -> impl Future<Output = beproduct::Result<Tokens>> + Send + 'static + use<> {
        let session = Arc::clone(&self.0);
        async move { session.finish(&redirected).await }
    }
}
