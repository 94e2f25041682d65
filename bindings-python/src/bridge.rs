//! Results into an asyncio event loop, many at a time.
//!
//! Handing over each result by itself costs one hand-over of the GIL. Here results gather in a queue, and one
//! `call_soon_threadsafe(drain)` per burst fetches them all in the loop's own thread.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};

use pyo3::prelude::*;

use crate::runtime;

/// Turns a result into a Python object, in the loop's thread.
pub(crate) type Finish = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// The way into one event loop.
#[pyclass(module = "beproduct_client._native", frozen)]
pub(crate) struct Bridge {
    shared: Arc<Shared>,
    /// Futures that wait, by number.
    waiting: Mutex<HashMap<u64, Py<PyAny>>>,
    next: AtomicU64,
}

struct Shared {
    event_loop: Py<PyAny>,
    drain: OnceLock<Py<PyAny>>,
    finished: Mutex<Vec<(u64, Finish)>>,
    scheduled: AtomicBool,
}

#[pymethods]
impl Bridge {
    #[new]
    fn new(event_loop: Py<PyAny>) -> Self {
        let shared = Shared {
            event_loop,
            drain: OnceLock::new(),
            finished: Mutex::default(),
            scheduled: AtomicBool::new(false),
        };
        Self { shared: Arc::new(shared), waiting: Mutex::default(), next: AtomicU64::new(0) }
    }

    /// Gives every result that has come to its future. Called in the loop's thread.
    fn drain(&self, py: Python<'_>) -> PyResult<()> {
        self.shared.scheduled.store(false, Ordering::Release);
        let finished =
            std::mem::take(&mut *self.shared.finished.lock().unwrap_or_else(PoisonError::into_inner));
        for (number, finish) in finished {
            let future = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
            let Some(future) = future.map(|future| future.into_bound(py)) else { continue };
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

    /// Ends every future that waits with this exception. For the child after `fork`, where no result will come.
    fn abandon(&self, py: Python<'_>, error: Py<PyAny>) -> PyResult<()> {
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        for future in waiting.into_values() {
            let future = future.into_bound(py);
            if !future.call_method0("done")?.is_truthy()? {
                future.call_method1("set_exception", (error.bind(py),))?;
            }
        }
        Ok(())
    }
}

impl Bridge {
    /// Runs work on the runtime; its result comes to the future that is returned.
    pub(crate) fn spawn<T: Send + 'static>(
        slf: &Bound<'_, Self>,
        work: impl Future<Output = T> + Send + 'static,
        finish: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> PyResult<Py<PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        if this.shared.drain.get().is_none() {
            let drain = slf.getattr("drain")?.unbind();
            let _ = this.shared.drain.set(drain);
        }
        let handle = runtime::handle()?;
        let notifier = notifier()?;
        let future = this.shared.event_loop.bind(py).call_method0("create_future")?;
        let number = this.next.fetch_add(1, Ordering::Relaxed);
        this.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(number, future.clone().unbind());
        let shared = Arc::clone(&this.shared);
        handle.spawn(async move {
            let result = work.await;
            let finish: Finish = Box::new(move |py| finish(py, result));
            shared.finished.lock().unwrap_or_else(PoisonError::into_inner).push((number, finish));
            if !shared.scheduled.swap(true, Ordering::AcqRel) {
                // Fails only when the thread is gone, with the interpreter.
                let _ = notifier.send(shared);
            }
        });
        Ok(future.unbind())
    }
}

/// The thread that wakes event loops, so that no worker of the runtime ever waits for the GIL.
fn notifier() -> PyResult<mpsc::Sender<Arc<Shared>>> {
    static NOTIFIER: Mutex<Option<(u64, mpsc::Sender<Arc<Shared>>)>> = Mutex::new(None);
    let generation = runtime::generation();
    let mut present = NOTIFIER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, sender)) = present.as_ref().filter(|(of, _)| *of == generation) {
        return Ok(sender.clone());
    }
    let (sender, inbox) = mpsc::channel::<Arc<Shared>>();
    std::thread::Builder::new().name("beproduct-notify".into()).spawn(move || {
        for shared in inbox {
            let woken = Python::try_attach(|py| {
                // A loop that was closed has nobody left to wake.
                if let Some(drain) = shared.drain.get() {
                    let _ = shared.event_loop.bind(py).call_method1("call_soon_threadsafe", (drain,));
                }
                drop(shared);
            });
            if woken.is_none() {
                break;
            }
        }
    })?;
    // The sender of a parent process is left alone, as all that belongs to its threads.
    std::mem::forget(present.replace((generation, sender.clone())));
    Ok(sender)
}
