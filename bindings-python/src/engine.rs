//! What stands behind the objects of this package: a client, or a sign-in of a person.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use beproduct::seam::{self, Caller, Inherited, Supply, on_behalf};
use pyo3::PyTraverseError;
use pyo3::exceptions::PyBaseException;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};

use crate::bridge::{Bridge, Work};
use crate::convert::{arguments_to_json, from_json, parse, raise, to_json};
use crate::host::{HostCode, PythonHost, caller};
use crate::{files, runtime};

/// A client or a sign-in. After `fork` the child makes its own client from the same origin.
#[pyclass(module = "beproduct_client._native", frozen, weakref)]
pub(crate) struct Engine {
    origin: Origin,
    exact: bool,
    // Held only while the GIL is, and never while Python code runs, which could hand the GIL to a thread that wants
    // this lock. So a fork finds it free too.
    present: Mutex<Present>,
}

/// What it is made from.
enum Origin {
    Settings {
        settings: String,
        code: Arc<HostCode>,
    },
    /// A client that acts for another user.
    Acting {
        administrator: Py<Engine>,
        whom: String,
    },
    /// A client with options for all of its calls.
    Optioned {
        base: Py<Engine>,
        options: String,
    },
    SignIn,
}

struct Present {
    generation: u64,
    engine: seam::Engine,
    /// How it stands at the time of a fork, for the child.
    inherited: Option<Inherited>,
}

impl Present {
    fn of(engine: seam::Engine) -> Self {
        Self { generation: runtime::generation(), engine, inherited: None }
    }

    fn open(
        py: Python<'_>,
        settings: &str,
        code: &Arc<HostCode>,
        inherited: Option<&Inherited>,
    ) -> PyResult<Self> {
        let handle = runtime::handle()?;
        let host = PythonHost { code: Arc::clone(code), handle: handle.clone() };
        let engine = seam::Engine::open(settings, Some(Arc::new(host)), inherited, handle);
        engine.map(Self::of).map_err(|error| raise(py, &error))
    }
}

impl Engine {
    fn made(origin: Origin, exact: bool, present: Present) -> Self {
        Self { origin, exact, present: Mutex::new(present) }
    }

    fn lock(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_here(&self) -> bool {
        self.lock().generation == runtime::generation()
    }

    /// The engine of this process.
    fn engine(&self, py: Python<'_>) -> PyResult<seam::Engine> {
        if !self.is_here() {
            self.reopen(py)?;
        }
        Ok(self.lock().engine.clone())
    }

    /// Makes the engine anew in the child of a fork.
    fn reopen(&self, py: Python<'_>) -> PyResult<()> {
        let inherited = self.lock().inherited.clone();
        let fresh = match &self.origin {
            Origin::Settings { settings, code } => Present::open(py, settings, code, inherited.as_ref())?,
            Origin::Acting { administrator, whom } => {
                administrator.get().child(py, whom, inherited.as_ref())?
            }
            Origin::Optioned { base, options } => base.get().optioned(py, options)?,
            // Its secrets are the parent's.
            Origin::SignIn => return Err(after_fork(py)?),
        };
        let mut present = self.lock();
        // Another thread may have been faster.
        if present.generation != fresh.generation {
            // Dropping what the parent's threads own could block.
            std::mem::forget(std::mem::replace(&mut *present, fresh));
        }
        Ok(())
    }

    fn child(&self, py: Python<'_>, whom: &str, inherited: Option<&Inherited>) -> PyResult<Present> {
        let child = self.engine(py)?.child(whom, inherited);
        child.map(Present::of).map_err(|error| raise(py, &error))
    }

    fn optioned(&self, py: Python<'_>, options: &str) -> PyResult<Present> {
        self.engine(py)?.with_options(options).map(Present::of).map_err(|error| raise(py, &error))
    }

    /// Begins a call: its engine and number, its arguments and options as text.
    fn begin(
        &self,
        arguments: &Bound<'_, PyAny>,
        options: &Bound<'_, PyAny>,
        file: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<(seam::Engine, u64, String, String)> {
        let py = options.py();
        let engine = self.engine(py)?;
        let (arguments, options) = (arguments_to_json(arguments)?, to_json("options", options)?);
        let call = engine.issue_call();
        if let Some(file) = file {
            files::attach(&engine, call, file)?;
        }
        Ok((engine, call, arguments, options))
    }

    /// The engine to be closed. One that this process has from its parent and never used needs only be marked.
    fn to_close(&self) -> Option<seam::Engine> {
        if let Origin::Optioned { base, .. } = &self.origin {
            return base.get().to_close();
        }
        let mut present = self.lock();
        if present.generation == runtime::generation() {
            return Some(present.engine.clone());
        }
        if let Some(inherited) = &mut present.inherited {
            inherited.close();
        }
        None
    }
}

#[pymethods]
impl Engine {
    /// A client.
    #[new]
    fn new(settings: &Bound<'_, PyAny>, host: &Bound<'_, PyAny>, exact: bool) -> PyResult<Self> {
        let (text, code) = (to_json("settings", settings)?, Arc::new(HostCode::new(host)?));
        let present = Present::open(settings.py(), &text, &code, None)?;
        Ok(Self::made(Origin::Settings { settings: text, code }, exact, present))
    }

    /// A client that acts for another user, from `{"user_id", "client_id", "client_secret"}`.
    fn acting_as(this: &Bound<'_, Self>, whom: &Bound<'_, PyAny>) -> PyResult<Self> {
        let whom = to_json("acting_as", whom)?;
        let present = this.get().child(this.py(), &whom, None)?;
        let administrator = this.clone().unbind();
        Ok(Self::made(Origin::Acting { administrator, whom }, this.get().exact, present))
    }

    /// The same client with options for all of its calls.
    fn with_options(this: &Bound<'_, Self>, options: &Bound<'_, PyAny>) -> PyResult<Self> {
        let options = to_json("options", options)?;
        let present = this.get().optioned(this.py(), &options)?;
        let base = this.clone().unbind();
        Ok(Self::made(Origin::Optioned { base, options }, this.get().exact, present))
    }

    /// A sign-in whose program brings the person back.
    #[staticmethod]
    fn sign_in(settings: &Bound<'_, PyAny>) -> PyResult<Self> {
        let engine = seam::Engine::sign_in(&to_json("settings", settings)?, runtime::handle()?);
        let engine = engine.map_err(|error| raise(settings.py(), &error))?;
        Ok(Self::made(Origin::SignIn, false, Present::of(engine)))
    }

    /// A sign-in with the browser of this machine.
    #[staticmethod]
    fn login(settings: &Bound<'_, PyAny>, options: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (given, options) = (to_json("settings", settings)?, to_json("login", options)?);
        let engine = seam::Engine::login(&given, &options, runtime::handle()?);
        let engine = engine.map_err(|error| raise(settings.py(), &error))?;
        Ok(Self::made(Origin::SignIn, false, Present::of(engine)))
    }

    /// Calls an operation or a method of the client and waits for the answer. A file that is no argument in JSON goes beside.
    #[pyo3(signature = (name, arguments, options, made_by, file=None))]
    fn call(
        &self,
        py: Python<'_>,
        name: &str,
        arguments: &Bound<'_, PyAny>,
        options: &Bound<'_, PyAny>,
        made_by: Option<Py<PyAny>>,
        file: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Reply> {
        let (engine, call, arguments, options) = self.begin(arguments, options, file)?;
        // Held until the end, as it is best let go in this thread.
        let caller = caller(made_by);
        let work = on_behalf(caller.clone(), engine.call(call, name, &arguments, &options));
        let ended = |reply: &seam::Reply| reply.too_late();
        let reply = match file.filter(|file| !file.is_instance_of::<PyBytes>()) {
            Some(source) => files::wait_reading(py, &engine, call, source, work)?,
            None => runtime::wait(py, work, || engine.cancel(call), ended)?,
        };
        Ok(Reply { reply: reply.map_err(|error| raise(py, &error))?, exact: self.exact })
    }

    /// The same for an event loop; returns the number to cancel it by, and the work.
    #[pyo3(signature = (bridge, name, arguments, options, made_by, file=None))]
    fn call_async(
        &self,
        bridge: &Bound<'_, Bridge>,
        name: &str,
        arguments: &Bound<'_, PyAny>,
        options: &Bound<'_, PyAny>,
        made_by: Option<Py<PyAny>>,
        file: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<(u64, Work)> {
        let (engine, call, arguments, options) = self.begin(arguments, options, file)?;
        let caller = caller(made_by);
        let work = on_behalf(caller.clone(), engine.call(call, name, &arguments, &options));
        Ok((call, Bridge::spawn(bridge, work, Reply::finish(self.exact, caller))?))
    }

    /// Hands in a part of a file that is read while it is sent: bytes, none at its end, an exception, or nothing at first. Gives
    /// what is wanted next: `start`, `more` or `stop`.
    #[pyo3(signature = (bridge, call, *piece))]
    fn supply_async(
        &self,
        bridge: &Bound<'_, Bridge>,
        call: u64,
        piece: &Bound<'_, PyTuple>,
    ) -> PyResult<Work> {
        let supply = match piece.get_item(0) {
            Err(_) => Supply::Nothing,
            Ok(piece) if piece.is_instance_of::<PyBaseException>() => {
                files::supply(Err(PyErr::from_value(piece)))
            }
            Ok(piece) => files::supply(files::bytes(&piece)),
        };
        let wanted = self.engine(bridge.py())?.supply(call, 0, supply);
        Bridge::spawn(bridge, async move { Ok(wanted.await) }, |py, wanted| match wanted {
            Ok(wanted) => Ok(PyString::new(py, wanted.as_str()).into_any().unbind()),
            Err(error) => Err(raise(py, &error)),
        })
    }

    /// The pages of a list operation, or the bytes of a file.
    fn stream(
        &self,
        py: Python<'_>,
        name: &str,
        arguments: &Bound<'_, PyAny>,
        options: &Bound<'_, PyAny>,
    ) -> PyResult<Stream> {
        let (engine, call, arguments, options) = self.begin(arguments, options, None)?;
        let stream = engine.stream(call, name, &arguments, &options);
        let stream = stream.map_err(|error| raise(py, &error))?;
        Ok(Stream { stream, call, engine, exact: self.exact, generation: runtime::generation() })
    }

    /// Cancels the call with this number.
    fn cancel(&self, py: Python<'_>, call: u64) -> PyResult<()> {
        self.engine(py)?.cancel(call);
        Ok(())
    }

    /// Where the person of a sign-in goes, once that is known.
    fn url(&self) -> Option<String> {
        self.lock().engine.url()
    }

    /// Ends all calls; later ones fail. Waits until the leases are given back, within the core's limit.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let Some(engine) = self.to_close() else { return Ok(()) };
        runtime::wait(py, engine.close(), || (), |()| None)?.map_err(|error| raise(py, &error))
    }

    /// The same for an event loop. None when there is nothing to wait for.
    fn close_async(&self, bridge: &Bound<'_, Bridge>) -> PyResult<Option<Work>> {
        let Some(engine) = self.to_close() else { return Ok(None) };
        let work = Bridge::spawn(bridge, engine.close(), |py, result| {
            result.map(|()| py.None()).map_err(|error| raise(py, &error))
        });
        work.map(Some)
    }

    /// Moves the clock of a client on that was built for tests.
    fn advance_clock(&self, py: Python<'_>, seconds: f64) -> PyResult<()> {
        self.engine(py)?.advance_clock(seconds).map_err(|error| raise(py, &error))
    }

    /// To be called before `fork`: keeps how the client stands for the child.
    fn prepare_fork(&self) {
        let mut present = self.lock();
        if present.generation == runtime::generation() {
            let inherited = present.engine.inherit();
            present.inherited = inherited;
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match &self.origin {
            Origin::Settings { code, .. } => code.traverse(&visit),
            Origin::Acting { administrator, .. } => visit.call(administrator),
            Origin::Optioned { base, .. } => visit.call(base),
            Origin::SignIn => Ok(()),
        }
    }

    fn __clear__(&self) {
        if let Origin::Settings { code, .. } = &self.origin {
            code.clear();
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
        caller: Option<Caller>,
    ) -> impl FnOnce(Python<'_>, beproduct::Result<seam::Reply>) -> PyResult<Py<PyAny>> + Send {
        move |py, result| {
            drop(caller);
            let reply = result.map_err(|error| raise(py, &error))?;
            Ok(Py::new(py, Self { reply, exact })?.into_any())
        }
    }
}

#[pymethods]
impl Reply {
    /// The record, or the page's records.
    fn body<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        parse(py, self.reply.body(), self.exact).map_err(|message| raise(py, &self.reply.unreadable(message)))
    }

    /// The body as it came from the service.
    fn raw<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.reply.raw())
    }

    /// How the answer came about.
    fn meta<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        from_json(py, self.reply.meta().as_bytes(), false)
    }

    /// Records of the whole list, for a page.
    fn total(&self) -> Option<u64> {
        self.reply.total
    }

    /// Number of records, for a page.
    fn records(&self) -> usize {
        self.reply.records
    }

    /// The error of a caller that was cancelled when this answer was there already.
    fn too_late(&self, py: Python<'_>) -> Option<PyErr> {
        self.reply.too_late().map(|error| raise(py, &error))
    }
}

/// The pages of one list, or the bytes of one file.
#[pyclass(module = "beproduct_client._native", frozen)]
pub(crate) struct Stream {
    stream: seam::Stream,
    call: u64,
    engine: seam::Engine,
    exact: bool,
    generation: u64,
}

impl Stream {
    fn check(&self, py: Python<'_>) -> PyResult<()> {
        if self.generation == runtime::generation() {
            return Ok(());
        }
        Err(after_fork(py)?)
    }
}

#[pymethods]
impl Stream {
    /// Waits for the next page; none at the end. `whole` says that all pages are wanted.
    fn next(&self, py: Python<'_>, whole: bool, made_by: Option<Py<PyAny>>) -> PyResult<Option<Reply>> {
        self.check(py)?;
        let caller = caller(made_by);
        let work = on_behalf(caller.clone(), self.stream.next(whole));
        let page = runtime::wait(py, work, || self.cancel(), |_| None)?.map_err(|error| raise(py, &error))?;
        Ok(page.map(|reply| Reply { reply, exact: self.exact }))
    }

    /// The same for an event loop.
    fn next_async(
        &self,
        bridge: &Bound<'_, Bridge>,
        whole: bool,
        made_by: Option<Py<PyAny>>,
    ) -> PyResult<Work> {
        self.check(bridge.py())?;
        let exact = self.exact;
        let caller = caller(made_by);
        let work = on_behalf(caller.clone(), self.stream.next(whole));
        Bridge::spawn(bridge, work, move |py, result| {
            drop(caller);
            match result.map_err(|error| raise(py, &error))? {
                Some(reply) => Ok(Py::new(py, Reply { reply, exact })?.into_any()),
                None => Ok(py.None()),
            }
        })
    }

    /// Gives the last page once more.
    fn again(&self) {
        self.stream.again();
    }

    /// How far the list was read.
    fn position<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        from_json(py, self.stream.position().as_bytes(), false)
    }

    /// Reports records that were taken; `by_whom` is asked when that sends for a page.
    fn consumed(&self, count: usize, by_whom: &Bound<'_, PyAny>) -> PyResult<()> {
        let mut asked = Ok(None);
        if self.generation == runtime::generation() {
            self.stream.consumed(count, || {
                asked = by_whom.call0().map(|made_by| caller(Some(made_by.unbind())));
                asked.as_ref().ok().cloned().flatten()
            });
        }
        asked.map(|_| ())
    }

    /// Cancels all pages.
    fn cancel(&self) {
        if self.generation == runtime::generation() {
            self.engine.cancel(self.call);
        }
    }
}

/// The error for what the parent process had begun.
fn after_fork(py: Python<'_>) -> PyResult<PyErr> {
    let error = py.import("beproduct_client._errors")?.getattr("after_fork")?.call0()?;
    Ok(PyErr::from_value(error))
}
