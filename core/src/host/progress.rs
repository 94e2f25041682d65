//! The progress of calls, for the host program.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::lane::{Job, Lane};
use super::log::HostLog;
use super::{Hook, Payload};
use crate::caller::{self, Caller};
use crate::own::Progress;
use crate::progress::OnProgress;

#[derive(Clone)]
pub(crate) struct HostProgress {
    lane: Lane,
    log: Option<Arc<HostLog>>,
    /// What the program's code will be given, in order: no more than two for each call that is under way.
    waiting: Arc<Mutex<VecDeque<Report>>>,
}

struct Report {
    call: u64,
    caller: Option<Caller>,
    /// None at the end of the call.
    progress: Option<Progress>,
}

impl HostProgress {
    pub(super) fn new(lane: Lane, log: Option<Arc<HostLog>>) -> Self {
        Self { lane, log, waiting: Arc::default() }
    }

    /// Reports the progress of the call with this number.
    pub(crate) fn of_call(&self, call: u64) -> CallProgress {
        CallProgress(Arc::new(Ending { call, progress: self.clone(), has_ended: AtomicBool::new(false) }))
    }

    fn put(&self, report: Report) {
        let mut waiting = locked(&self.waiting);
        // Code that is slow gets the latest only.
        let before =
            waiting.iter_mut().find(|before| before.call == report.call && before.progress.is_some());
        if let (Some(before), true) = (before, report.progress.is_some()) {
            before.progress = report.progress;
            return;
        }
        waiting.push_back(report);
        drop(waiting);
        let (waiting, log) = (Arc::clone(&self.waiting), self.log.clone());
        self.lane.put(Job {
            hook: Hook::Progress,
            payload: Box::new(move || locked(&waiting).pop_front().map(Report::payload)),
            done: Box::new(move |answer| {
                if let (Err(failure), Some(log)) = (answer, log) {
                    log.warn(format!("progress failed: {failure}"));
                }
            }),
        });
    }
}

impl fmt::Debug for HostProgress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("HostProgress")
    }
}

impl Report {
    fn payload(self) -> Payload {
        let text = self.json().to_string();
        Payload { text, callers: vec![self.caller] }
    }

    fn json(&self) -> Value {
        match &self.progress {
            Some(Progress { operation, done, total }) => {
                json!({"call": self.call, "operation": operation, "done": done, "total": total})
            }
            None => json!({"call": self.call}),
        }
    }
}

/// Reports the progress of one call, and its end once: at the latest when nothing holds it any more.
#[derive(Debug, Clone)]
pub(crate) struct CallProgress(Arc<Ending>);

impl CallProgress {
    pub(crate) fn code(&self) -> OnProgress {
        let Self(ending) = self.clone();
        OnProgress::new(move |progress| ending.report(Some(progress)))
    }

    /// Nothing is reported of this call any more.
    pub(crate) fn end(&self) {
        self.0.end();
    }
}

#[derive(Debug)]
struct Ending {
    call: u64,
    progress: HostProgress,
    has_ended: AtomicBool,
}

impl Ending {
    fn report(&self, progress: Option<Progress>) {
        self.progress.put(Report { call: self.call, caller: caller::present(), progress });
    }

    fn end(&self) {
        if !self.has_ended.swap(true, Ordering::Relaxed) {
            self.report(None);
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.end();
    }
}

fn locked(waiting: &Mutex<VecDeque<Report>>) -> MutexGuard<'_, VecDeque<Report>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}
