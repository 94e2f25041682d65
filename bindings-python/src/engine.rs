//! The client behind `BeProduct` and `BeProductAsync`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use beproduct::auth::Inherited;
use beproduct::seam::{self, EnginePager, Hooks};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::bridge::{Bridge, Work};
use crate::convert::{config_error, from_json, parse, raise, to_json};
use crate::host::{HostCode, HostLog, HostThread};
use crate::runtime;

/// How long a program waits for a ledger that takes nothing back.
const LONGEST_CLOSE: Duration = Duration::from_secs(5);

/// One client. After `fork` the child makes its own from the same origin.
#[pyclass(module = "beproduct_client._native", frozen, weakref)]
pub(crate) struct Engine {
    origin: Origin,
    exact: bool,
    closed: AtomicBool,
    // Held only while the GIL is, and never while Python code runs, which could hand the GIL to a thread that wants
    // this lock. So a fork finds it free too.
    present: Mutex<Present>,
}

/// What a client is made from.
enum Origin {
    Settings {
        settings: String,
        code: HostCode,
    },
    /// Acts for another user.
    Acting {
        administrator: Py<Engine>,
        whom: String,
    },
}

struct Present {
    generation: u64,
    engine: seam::Engine,
    log: Arc<HostLog>,
    /// The sign-in at the time of a fork, for the child.
    sign_in: Option<Inherited>,
    /// The plan that replaced the one of the settings, for the child too.
    plan: Option<String>,
}

impl Present {
    fn open(py: Python<'_>, settings: &str, code: &HostCode, inherited: Option<Inherited>) -> PyResult<Self> {
        let thread = HostThread::start()?;
        let log = Arc::new(HostLog::new(py, thread.clone())?);
        let hooks = Hooks {
            token_store: code.token_store(&thread),
            log_sink: Some(Arc::clone(&log) as Arc<dyn beproduct::LogSink>),
            quota_listener: code.quota_listener(&thread),
            inherited,
        };
        let engine =
            seam::Engine::open(settings, hooks, runtime::handle()?).map_err(|error| raise(py, &error))?;
        Ok(Self { generation: runtime::generation(), engine, log, sign_in: None, plan: None })
    }
}

impl Engine {
    fn made(origin: Origin, exact: bool, present: Present) -> Self {
        Self { origin, exact, closed: AtomicBool::new(false), present: Mutex::new(present) }
    }

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
        let (sign_in, plan) = {
            let present = self.lock();
            (present.sign_in.clone(), present.plan.clone())
        };
        let mut fresh = match &self.origin {
            Origin::Settings { settings, code } => Present::open(py, settings, code, sign_in)?,
            Origin::Acting { administrator, whom } => administrator.get().act_as(py, whom)?,
        };
        if let Some(plan) = &plan {
            fresh.engine.change_plan(plan).map_err(|error| raise(py, &error))?;
        }
        fresh.plan = plan;
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

    fn act_as(&self, py: Python<'_>, whom: &str) -> PyResult<Present> {
        let engine = self.engine(py)?.acting_as(whom).map_err(|error| raise(py, &error))?;
        let log = Arc::clone(&self.lock().log);
        Ok(Present { generation: runtime::generation(), engine, log, sign_in: None, plan: None })
    }

    /// Marks the client as closed. Returns the engine that is to be shut down: none for a client that was closed before,
    /// or that this process has from its parent and never used.
    fn take_open(&self) -> Option<seam::Engine> {
        let was_closed = self.closed.swap(true, Ordering::Relaxed);
        let present = self.lock();
        (!was_closed && present.generation == runtime::generation()).then(|| present.engine.clone())
    }

    /// Those who act for others have the quota of their administrator's client.
    fn take_plan(&self, py: Python<'_>, plan: String) -> PyResult<()> {
        if let Origin::Acting { administrator, .. } = &self.origin {
            return administrator.get().take_plan(py, plan);
        }
        self.engine(py)?.change_plan(&plan).map_err(|error| raise(py, &error))?;
        self.lock().plan = Some(plan);
        Ok(())
    }
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (settings, token_store, on_quota_event, on_quota_limit, exact))]
    fn new(
        settings: &Bound<'_, PyAny>,
        token_store: Option<Py<PyAny>>,
        on_quota_event: Option<Py<PyAny>>,
        on_quota_limit: Option<Py<PyAny>>,
        exact: bool,
    ) -> PyResult<Self> {
        let py = settings.py();
        let settings = to_json("settings", settings)?;
        let code = HostCode {
            token_store: token_store.map(Arc::new),
            on_quota_event: on_quota_event.map(Arc::new),
            on_quota_limit: on_quota_limit.map(Arc::new),
        };
        let present = Present::open(py, &settings, &code, None)?;
        Ok(Self::made(Origin::Settings { settings, code }, exact, present))
    }

    /// A client that acts for another user, from `{"user_id", "client_id", "client_secret"}`.
    fn acting_as(this: &Bound<'_, Self>, whom: &Bound<'_, PyAny>) -> PyResult<Self> {
        let whom = to_json("acting_as", whom)?;
        let present = this.get().act_as(this.py(), &whom)?;
        let administrator = this.clone().unbind();
        Ok(Self::made(Origin::Acting { administrator, whom }, this.get().exact, present))
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
    fn quota_status(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        waited(py, self.engine(py)?.quota_status(), json)
    }

    /// The same for an event loop.
    fn quota_status_async(&self, bridge: &Bound<'_, Bridge>) -> PyResult<Work> {
        spawned(bridge, self.engine(bridge.py())?.quota_status(), json)
    }

    /// Who used the quota during the last days.
    fn quota_report(&self, py: Python<'_>, days: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let days = number_of_days(days)?;
        waited(py, self.engine(py)?.quota_report(days), json)
    }

    /// The same for an event loop.
    fn quota_report_async(&self, bridge: &Bound<'_, Bridge>, days: &Bound<'_, PyAny>) -> PyResult<Work> {
        let days = number_of_days(days)?;
        spawned(bridge, self.engine(bridge.py())?.quota_report(days), json)
    }

    /// The requests that some work takes.
    fn quota_estimate(&self, py: Python<'_>, work: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let work = to_json("work", work)?;
        waited(py, self.engine(py)?.quota_estimate(&work), json)
    }

    /// The same for an event loop.
    fn quota_estimate_async(&self, bridge: &Bound<'_, Bridge>, work: &Bound<'_, PyAny>) -> PyResult<Work> {
        let work = to_json("work", work)?;
        spawned(bridge, self.engine(bridge.py())?.quota_estimate(&work), json)
    }

    /// Goes on with another plan.
    fn change_plan(&self, plan: &Bound<'_, PyAny>) -> PyResult<()> {
        self.take_plan(plan.py(), to_json("plan", plan)?)
    }

    /// Who is signed in.
    fn userinfo(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        waited(py, self.engine(py)?.userinfo(), json)
    }

    /// The same for an event loop.
    fn userinfo_async(&self, bridge: &Bound<'_, Bridge>) -> PyResult<Work> {
        spawned(bridge, self.engine(bridge.py())?.userinfo(), json)
    }

    /// The address that ends the sign-in in the browser.
    fn end_session_url(
        &self,
        py: Python<'_>,
        post_logout_redirect_uri: Option<String>,
    ) -> PyResult<Py<PyAny>> {
        waited(py, self.engine(py)?.end_session_url(post_logout_redirect_uri), plain)
    }

    /// The same for an event loop.
    fn end_session_url_async(
        &self,
        bridge: &Bound<'_, Bridge>,
        post_logout_redirect_uri: Option<String>,
    ) -> PyResult<Work> {
        spawned(bridge, self.engine(bridge.py())?.end_session_url(post_logout_redirect_uri), plain)
    }

    /// Revokes and forgets the tokens; whether they were revoked.
    fn sign_out(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        waited(py, self.engine(py)?.sign_out(), plain)
    }

    /// The same for an event loop.
    fn sign_out_async(&self, bridge: &Bound<'_, Bridge>) -> PyResult<Work> {
        spawned(bridge, self.engine(bridge.py())?.sign_out(), plain)
    }

    /// What the identity server tells of itself.
    fn discovery(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        waited(py, self.engine(py)?.discovery(), json)
    }

    /// The same for an event loop.
    fn discovery_async(&self, bridge: &Bound<'_, Bridge>) -> PyResult<Work> {
        spawned(bridge, self.engine(bridge.py())?.discovery(), json)
    }

    /// Ends all calls; later ones fail. Waits until the leases are given back, which goes on where the wait ends.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let Some(engine) = self.take_open() else { return Ok(()) };
        let ended = engine.shut_down();
        let ended = async move { tokio::time::timeout(LONGEST_CLOSE, ended).await.unwrap_or(Ok(())) };
        runtime::wait(py, ended, || ())?.map_err(|error| raise(py, &error))
    }

    /// The same for an event loop. None when there is nothing to wait for.
    fn close_async(&self, bridge: &Bound<'_, Bridge>) -> PyResult<Option<Work>> {
        let Some(engine) = self.take_open() else { return Ok(None) };
        spawned(bridge, engine.shut_down(), plain).map(Some)
    }

    /// Moves the clock of a client on that was built for tests.
    fn advance_clock(&self, py: Python<'_>, seconds: f64) -> PyResult<()> {
        self.engine(py)?.advance_clock(seconds).map_err(|error| raise(py, &error))
    }

    /// To be called before `fork`: keeps the present sign-in for the child.
    fn prepare_fork(&self) {
        let mut present = self.lock();
        if present.generation == runtime::generation() {
            let sign_in = present.engine.inherit();
            present.sign_in = Some(sign_in);
        }
    }
}

/// Waits for work of the core that is no call.
fn waited<T: Send + 'static>(
    py: Python<'_>,
    work: impl Future<Output = beproduct::Result<T>> + Send + 'static,
    convert: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>>,
) -> PyResult<Py<PyAny>> {
    convert(py, runtime::wait(py, work, || ())?.map_err(|error| raise(py, &error))?)
}

/// The same for an event loop.
fn spawned<T: Send + 'static>(
    bridge: &Bound<'_, Bridge>,
    work: impl Future<Output = beproduct::Result<T>> + Send + 'static,
    convert: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
) -> PyResult<Work> {
    Bridge::spawn(bridge, work, |py, result| convert(py, result.map_err(|error| raise(py, &error))?))
}

/// The core says how many there may be.
fn number_of_days(days: &Bound<'_, PyAny>) -> PyResult<u64> {
    match days.extract() {
        Ok(number) => Ok(number),
        Err(_) => {
            let message = format!("days has to be a positive whole number, not {}", days.repr()?);
            Err(config_error(days.py(), &message))
        }
    }
}

fn json(py: Python<'_>, text: String) -> PyResult<Py<PyAny>> {
    Ok(from_json(py, text.as_bytes(), false)?.unbind())
}

fn plain<T: for<'py> IntoPyObjectExt<'py>>(py: Python<'_>, value: T) -> PyResult<Py<PyAny>> {
    value.into_py_any(py)
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
        parse(py, &self.reply.body, self.exact).map_err(|message| raise(py, &self.reply.unreadable(message)))
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

    /// Number of records, for a page.
    fn records(&self) -> usize {
        self.reply.records
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
    /// Waits for the next page; none at the end. `whole` says that all pages are wanted.
    fn next_page(&self, py: Python<'_>, whole: bool) -> PyResult<Option<Reply>> {
        self.check(py)?;
        let page = runtime::wait(py, self.pager.next_page(whole), || self.cancel())?
            .map_err(|error| raise(py, &error))?;
        Ok(page.map(|reply| Reply { reply, exact: self.exact }))
    }

    /// The same for an event loop.
    fn next_page_async(&self, bridge: &Bound<'_, Bridge>, whole: bool) -> PyResult<Work> {
        self.check(bridge.py())?;
        let exact = self.exact;
        Bridge::spawn(bridge, self.pager.next_page(whole), move |py, result| {
            match result.map_err(|error| raise(py, &error))? {
                Some(reply) => Ok(Py::new(py, Reply { reply, exact })?.into_any()),
                None => Ok(py.None()),
            }
        })
    }

    /// Gives the last page once more.
    fn again(&self) {
        self.pager.again();
    }

    /// How far the list was read.
    fn position<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        from_json(py, self.pager.position().as_bytes(), false)
    }

    /// Reports records that were taken.
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
