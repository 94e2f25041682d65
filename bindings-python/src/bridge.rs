//! Results into an asyncio event loop, many at a time.
//!
//! Handing over each result by itself costs one hand-over of the GIL. Here results gather in a queue, and one wake-up per
//! burst lets the loop fetch them all in its own thread: a byte on a socket that the loop watches, which needs no GIL. A loop
//! that cannot watch sockets is woken by a thread with `call_soon_threadsafe`.

use std::collections::HashMap;
#[cfg(unix)]
use std::io::{Read as _, Write as _};
#[cfg(unix)]
use std::os::fd::AsRawFd as _;
#[cfg(unix)]
use std::os::unix::net::UnixStream;
#[cfg(unix)]
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};

use beproduct::seam;
#[cfg(unix)]
use pyo3::exceptions::PyNotImplementedError;
use pyo3::prelude::*;
use tokio::task::AbortHandle;

use crate::runtime;

/// Turns a result into a Python object, in the loop's thread.
pub(crate) type Finish = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// What Python gets for work that has begun: its number on the bridge, and the future of its result.
pub(crate) type Work = (u64, Py<PyAny>);

struct Waiting {
    future: Py<PyAny>,
    task: AbortHandle,
}

/// The way into one event loop.
#[pyclass(module = "beproduct_client._native", frozen)]
pub(crate) struct Bridge {
    event_loop: Py<PyAny>,
    /// Work that goes on, by number. Never locked while Python code runs, which could hand the GIL to a thread that
    /// wants this lock.
    waiting: Mutex<HashMap<u64, Waiting>>,
    next: AtomicU64,
    finished: Mutex<Vec<(u64, Finish)>>,
    /// Whether `drain` is about to be called.
    scheduled: AtomicBool,
    /// Both ends of the socket that the loop watches: to read, and to write.
    #[cfg(unix)]
    bell: OnceLock<(UnixStream, UnixStream)>,
}

#[pymethods]
impl Bridge {
    #[new]
    fn new(event_loop: Py<PyAny>) -> Self {
        Self {
            event_loop,
            waiting: Mutex::default(),
            next: AtomicU64::new(0),
            finished: Mutex::default(),
            scheduled: AtomicBool::new(false),
            #[cfg(unix)]
            bell: OnceLock::new(),
        }
    }

    /// Lets the loop watch for results, where it can. Called once, in the loop's thread.
    fn watch(slf: &Bound<'_, Self>) -> PyResult<()> {
        #[cfg(unix)]
        {
            let (reader, writer) = UnixStream::pair()?;
            reader.set_nonblocking(true)?;
            writer.set_nonblocking(true)?;
            let watched = (reader.as_raw_fd(), slf.getattr("drain")?);
            match slf.get().event_loop.bind(slf.py()).call_method1("add_reader", watched) {
                Ok(_) => drop(slf.get().bell.set((reader, writer))),
                Err(error) if error.is_instance_of::<PyNotImplementedError>(slf.py()) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Gives every result that has come to its future. Called in the loop's thread.
    fn drain(&self, py: Python<'_>) -> PyResult<()> {
        self.silence();
        self.scheduled.store(false, Ordering::Release);
        let finished = std::mem::take(&mut *self.finished.lock().unwrap_or_else(PoisonError::into_inner));
        for (number, finish) in finished {
            let waiting = self.waiting().remove(&number);
            let Some(future) = waiting.map(|waiting| waiting.future.into_bound(py)) else { continue };
            if future.call_method0("done")?.is_truthy()? {
                continue;
            }
            match finish(py) {
                Ok(value) => future.call_method1("set_result", (value,))?,
                Err(error) => future.call_method1("set_exception", (error,))?,
            };
        }
        Ok(())
    }

    /// A new future for the result of this work, in place of one that was cancelled. None when the result has come.
    fn wait_again(&self, py: Python<'_>, number: u64) -> PyResult<Option<Py<PyAny>>> {
        let future = self.event_loop.bind(py).call_method0("create_future")?.unbind();
        let mut replaced = None;
        if let Some(waiting) = self.waiting().get_mut(&number) {
            replaced = Some(std::mem::replace(&mut waiting.future, future.clone_ref(py)));
        }
        Ok(replaced.map(|_| future))
    }

    /// Ends this work without a result.
    fn abort(&self, number: u64) {
        let waiting = self.waiting().remove(&number);
        if let Some(waiting) = waiting {
            waiting.task.abort();
        }
    }

    /// Ends every future that waits with this exception. For the child after `fork`, where no result will come.
    fn abandon(&self, py: Python<'_>, error: Py<PyAny>) -> PyResult<()> {
        let waiting = std::mem::take(&mut *self.waiting());
        for future in waiting.into_values().map(|waiting| waiting.future) {
            let future = future.into_bound(py);
            if !future.call_method0("done")?.is_truthy()? {
                future.call_method1("set_exception", (error.bind(py),))?;
            }
        }
        Ok(())
    }
}

impl Bridge {
    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs work on the runtime; its result comes to the future that is returned.
    pub(crate) fn spawn<T: Send + 'static>(
        slf: &Bound<'_, Self>,
        work: impl Future<Output = beproduct::Result<T>> + Send + 'static,
        finish: impl FnOnce(Python<'_>, beproduct::Result<T>) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> PyResult<Work> {
        let (py, this) = (slf.py(), slf.get());
        let handle = runtime::handle()?;
        let future = this.event_loop.bind(py).call_method0("create_future")?;
        let number = this.next.fetch_add(1, Ordering::Relaxed);
        let bridge = slf.clone().unbind();
        let task = handle.spawn(async move {
            let result = seam::guarded(work).await;
            let finish: Finish = Box::new(move |py| finish(py, result));
            let this = bridge.get();
            this.finished.lock().unwrap_or_else(PoisonError::into_inner).push((number, finish));
            if !this.scheduled.swap(true, Ordering::AcqRel) && !this.ring() {
                // Fails only when the thread is gone, with the interpreter.
                let _ = notifier().map(|notifier| notifier.send(bridge));
            }
        });
        // In time: `drain` runs in this same thread.
        let waiting = Waiting { future: future.clone().unbind(), task: task.abort_handle() };
        this.waiting().insert(number, waiting);
        Ok((number, future.unbind()))
    }

    /// Wakes the loop through the socket. Whether it watches one.
    fn ring(&self) -> bool {
        #[cfg(unix)]
        if let Some((_, writer)) = self.bell.get() {
            // A full socket wakes the loop as well, and a closed loop has nobody left to wake.
            let _ = (&*writer).write(&[0]);
            return true;
        }
        false
    }

    /// Takes what has been rung, before the results: what comes later rings again.
    fn silence(&self) {
        #[cfg(unix)]
        if let Some((reader, _)) = self.bell.get() {
            let mut rung = [0; 64];
            while matches!((&*reader).read(&mut rung), Ok(taken) if taken == rung.len()) {}
        }
    }

    fn wake(slf: &Bound<'_, Self>) {
        let event_loop = slf.get().event_loop.bind(slf.py());
        // A loop that was closed has nobody left to wake.
        let _ =
            slf.getattr("drain").and_then(|drain| event_loop.call_method1("call_soon_threadsafe", (drain,)));
    }
}

/// The thread that wakes loops which watch no socket, so that no worker of the runtime ever waits for the GIL.
fn notifier() -> PyResult<mpsc::Sender<Py<Bridge>>> {
    static NOTIFIER: Mutex<Option<(u64, mpsc::Sender<Py<Bridge>>)>> = Mutex::new(None);
    let generation = runtime::generation();
    let mut present = NOTIFIER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, sender)) = present.as_ref().filter(|(of, _)| *of == generation) {
        return Ok(sender.clone());
    }
    let (sender, inbox) = mpsc::channel::<Py<Bridge>>();
    std::thread::Builder::new().name("beproduct-notify".into()).spawn(move || {
        for bridge in inbox {
            if !runtime::with_python(|py| Bridge::wake(bridge.bind(py))) {
                break;
            }
        }
    })?;
    // The sender of a parent process is left alone, as all that belongs to its threads.
    std::mem::forget(present.replace((generation, sender.clone())));
    Ok(sender)
}
