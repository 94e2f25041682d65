//! One thing at a time, in order: how a token store, a listener and a log are called.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

use super::{Hook, Host, HostFailure, Payload};
use crate::clock::{Clock as _, SystemClock};
use crate::error::{Error, Result};

/// How long the program's code may take. It runs on the machine's time, whatever clock the client has.
const PATIENCE: Duration = Duration::from_secs(30);

/// Calls code of the program, one thing at a time and in order. A task runs only while there is something to do.
#[derive(Clone)]
pub(super) struct Lane {
    host: Arc<RwLock<Option<Arc<dyn Host>>>>,
    has: Arc<[Hook]>,
    handle: Handle,
    line: Arc<Line>,
}

struct Line {
    jobs: Mutex<Jobs>,
    /// How the code is doing that runs now.
    pace: watch::Sender<Pace>,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    /// Whether a task works them off.
    busy: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// Nothing runs.
    Idle,
    Busy,
    /// It has taken longer than anyone waits.
    Late,
}

/// Something for the program's code to do.
pub(super) struct Job {
    pub(super) hook: Hook,
    /// What it is given; nothing when it is not wanted any more. Asked when its turn has come.
    pub(super) payload: Box<dyn FnOnce() -> Option<Payload> + Send>,
    /// Takes the answer, also when nobody waits for it any more.
    pub(super) done: Box<dyn FnOnce(std::result::Result<String, HostFailure>) + Send>,
}

impl Lane {
    pub(super) fn new(host: Arc<RwLock<Option<Arc<dyn Host>>>>, has: Arc<[Hook]>, handle: Handle) -> Self {
        let line = Line { jobs: Mutex::default(), pace: watch::Sender::new(Pace::Idle) };
        Self { host, has, handle, line: Arc::new(line) }
    }

    pub(super) fn has(&self, hook: Hook) -> bool {
        self.has.contains(&hook)
    }

    pub(super) fn host(&self) -> Option<Arc<dyn Host>> {
        self.host.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts something to do at the end of the line.
    pub(super) fn put(&self, job: Job) {
        let mut jobs = self.jobs();
        jobs.waiting.push_back(job);
        if !jobs.busy {
            jobs.busy = true;
            self.line.pace.send_replace(Pace::Busy);
            let lane = self.clone();
            self.handle.spawn(async move { lane.work().await });
        }
    }

    /// How much there is to do.
    pub(super) fn waiting(&self) -> usize {
        self.jobs().waiting.len()
    }

    /// Asks the program's code. `read` takes its answer, also when whoever asked does not wait any more. `who` names the code.
    ///
    /// The wait for its turn has no limit of its own as long as the code before it keeps to its time.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        who: &'static str,
        hook: Hook,
        payload: String,
        read: impl FnOnce(std::result::Result<String, HostFailure>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, answer) = oneshot::channel();
        let sender = Arc::new(Mutex::new(Some(sender)));
        let asked = Arc::clone(&sender);
        let payload = move || {
            let sender = asked.lock().unwrap_or_else(PoisonError::into_inner);
            sender.as_ref().is_some_and(|sender| !sender.is_closed()).then_some(payload.into())
        };
        let done = move |answer| {
            let answer = read(answer);
            let sender = sender.lock().unwrap_or_else(PoisonError::into_inner).take();
            // Nobody may wait any more. What the answer has to give back then is given back as it is dropped.
            let _ = sender.map(|sender| sender.send(answer));
        };
        let mut pace = self.line.pace.subscribe();
        self.put(Job { hook, payload: Box::new(payload), done: Box::new(done) });
        tokio::select! {
            biased;
            answer = answer => answer.unwrap_or_else(|_| Err(Error::internal(format!("{who} was not asked")))),
            _ = pace.wait_for(|pace| *pace == Pace::Late) => Err(Error::of_callback(format!(
                "{who} has not answered within {} s; it must not wait for this client",
                PATIENCE.as_secs()
            ))),
        }
    }

    /// Ends when there is nothing to do.
    pub(super) async fn idle(&self) {
        // The sender lives as long as this lane.
        let _ = self.line.pace.subscribe().wait_for(|pace| *pace == Pace::Idle).await;
    }

    async fn work(&self) {
        while let Some(job) = self.next() {
            let Some(payload) = (job.payload)() else { continue };
            (job.done)(self.run(job.hook, payload).await);
        }
    }

    fn next(&self) -> Option<Job> {
        let mut jobs = self.jobs();
        let job = jobs.waiting.pop_front();
        if job.is_none() {
            jobs.busy = false;
            self.line.pace.send_replace(Pace::Idle);
        }
        job
    }

    async fn run(&self, hook: Hook, payload: Payload) -> std::result::Result<String, HostFailure> {
        let Some(host) = self.host() else { return Err(HostFailure::new("the client is closed")) };
        let mut answer = host.call(hook, payload);
        drop(host);
        tokio::select! {
            biased;
            answer = &mut answer => return answer,
            () = SystemClock::new().pause(PATIENCE) => {}
        }
        self.line.pace.send_replace(Pace::Late);
        let answer = answer.await;
        self.line.pace.send_replace(Pace::Busy);
        answer
    }

    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.line.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
