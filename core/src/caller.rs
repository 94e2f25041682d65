//! Who made a call: a value of the host program that goes with the log lines and the progress of the call.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;

tokio::task_local! {
    static PRESENT: Option<Caller>;
}

/// Whatever a binding wants to see again with what a call reports. It is kept as long as something of the call runs, or waits to
/// be reported.
pub type Caller = Arc<dyn Any + Send + Sync>;

/// Work that is done for this caller, with all the tasks that it begins.
pub fn on_behalf<F: Future>(caller: Option<Caller>, work: F) -> impl Future<Output = F::Output> {
    PRESENT.scope(caller, work)
}

/// Does something at once for this caller.
pub(crate) fn at_once<T>(caller: Option<Caller>, act: impl FnOnce() -> T) -> T {
    PRESENT.sync_scope(caller, act)
}

/// Work of another task, for whom the present one works.
pub(crate) fn inherit<F: Future>(work: F) -> impl Future<Output = F::Output> {
    on_behalf(present(), work)
}

/// For whom the present task works.
pub(crate) fn present() -> Option<Caller> {
    PRESENT.try_with(Clone::clone).ok().flatten()
}
