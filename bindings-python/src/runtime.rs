//! One tokio runtime per process.
//!
//! Threads do not survive `fork`. The child leaves the parent's runtime alone (shutting it down would wait for threads
//! that are not there) and makes its own; everything that belongs to a runtime carries the number of its generation.

use std::cell::RefCell;
use std::future::Future;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use beproduct::seam::{self, ForkGuard};
use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::convert;

static RUNTIME: AtomicPtr<Runtime> = AtomicPtr::new(std::ptr::null_mut());
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Read by our own threads while they are in the interpreter; holds whether it is about to end. After a fork the child
/// makes its own, as a thread that is not there may have left the parent's locked.
static ENDING: AtomicPtr<RwLock<bool>> = AtomicPtr::new((&raw const FIRST_ENDING).cast_mut());
static FIRST_ENDING: RwLock<bool> = RwLock::new(false);

/// How often a blocked call looks for signals.
const SIGNALS: Duration = Duration::from_millis(50);

/// Number of the present runtime; it grows with every fork.
pub(crate) fn generation() -> u64 {
    GENERATION.load(Ordering::Acquire)
}

thread_local! {
    /// While this thread forks.
    static FORKING: RefCell<Option<ForkGuard>> = const { RefCell::new(None) };
}

/// Closes what must not be open across a fork.
pub(crate) fn before_fork() {
    FORKING.set(Some(seam::before_fork()));
}

/// Goes on after a fork. The child leaves the parent's runtime alone.
pub(crate) fn after_fork(child: bool) {
    FORKING.take();
    if child {
        RUNTIME.store(std::ptr::null_mut(), Ordering::Release);
        ENDING.store(Box::into_raw(Box::default()), Ordering::Release);
        GENERATION.fetch_add(1, Ordering::AcqRel);
    }
}

fn ending() -> &'static RwLock<bool> {
    // SAFETY: the pointer is that of a static or comes from `Box::into_raw`, and is never freed.
    unsafe { &*ENDING.load(Ordering::Acquire) }
}

/// Runs Python code in a thread of our own, and says whether that was still possible.
///
/// The interpreter ends threads that are in it when it ends itself, and frames of Rust on their stacks would turn that
/// into an abort.
pub(crate) fn with_python(act: impl FnOnce(Python<'_>)) -> bool {
    let ending = ending().read().unwrap_or_else(PoisonError::into_inner);
    !*ending && Python::try_attach(act).is_some()
}

/// Waits until none of our own threads is in the interpreter, and keeps them out.
pub(crate) fn before_exit(py: Python<'_>) {
    py.detach(|| *ending().write().unwrap_or_else(PoisonError::into_inner) = true);
}

/// The runtime of this process. Called with the GIL held, so two threads cannot make two.
pub(crate) fn handle() -> PyResult<Handle> {
    let present = RUNTIME.load(Ordering::Acquire);
    if present.is_null() {
        let runtime =
            Builder::new_multi_thread().worker_threads(2).thread_name("beproduct").enable_all().build()?;
        let handle = runtime.handle().clone();
        // Never freed: the process ends without waiting for it.
        RUNTIME.store(Box::into_raw(Box::new(runtime)), Ordering::Release);
        return Ok(handle);
    }
    // SAFETY: the pointer comes from `Box::into_raw` above and is never freed.
    Ok(unsafe { &*present }.handle().clone())
}

/// How long a cancelled call may take to say what became of it. It does so at once, unless the engine is stuck.
const LONGEST_END: Duration = Duration::from_secs(1);

/// Runs work on the runtime and waits for it with the GIL released. A signal handler that raises ends the wait: `cancel` is
/// called, and the error of the work becomes the cause of what the handler raised, or what `too_late` makes of its answer.
pub(crate) fn wait<T: Send + 'static>(
    py: Python<'_>,
    work: impl Future<Output = beproduct::Result<T>> + Send + 'static,
    cancel: impl Fn(),
    too_late: impl Fn(&T) -> Option<beproduct::Error>,
) -> PyResult<beproduct::Result<T>> {
    let (sender, receiver) = sync_channel(1);
    // A receiver may not be shared between threads, and `detach` takes what may.
    let receiver = Mutex::new(receiver);
    handle()?.spawn(async move {
        // The work is gone before whoever waits goes on.
        let result = seam::guarded(work).await;
        // Nobody waits any more when a signal ended the call.
        let _ = sender.send(result);
    });
    let receive =
        |longest| py.detach(|| receiver.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(longest));
    loop {
        match receive(SIGNALS) {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Timeout) => {
                let Err(raised) = py.check_signals() else { continue };
                cancel();
                let ended = receive(LONGEST_END).ok().and_then(|result| match result {
                    Ok(answer) => too_late(&answer),
                    Err(error) => Some(error),
                });
                if let Some(error) = ended {
                    raised.set_cause(py, Some(convert::raise(py, &error)));
                }
                return Err(raised);
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Ok(Err(beproduct::Error::internal("the call ended without a result")));
            }
        }
    }
}
