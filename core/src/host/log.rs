//! The log of the host program.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};

use super::lane::{Job, Lane};
use super::{Hook, Payload};
use crate::caller::{self, Caller};
use crate::log::{Level, LogSink, Record};

/// Lines that wait for a log that is slow. What does not fit is left out, and said.
const MOST: usize = 10_000;

/// Lines that are handed over at once.
const BATCH: usize = 200;

pub(crate) struct HostLog {
    lane: Lane,
    lines: Arc<Mutex<Lines>>,
}

#[derive(Default)]
struct Lines {
    /// With who made the call that a line is about.
    waiting: std::collections::VecDeque<(Value, Option<Caller>)>,
    left_out: u64,
    /// Whether the program's code will be called for them.
    announced: bool,
}

impl HostLog {
    pub(super) fn new(lane: Lane) -> Self {
        Self { lane, lines: Arc::default() }
    }

    pub(super) fn warn(&self, message: String) {
        self.put(json!({"level": Level::Warn.as_str(), "message": message, "attributes": {}}));
    }

    fn put(&self, line: Value) {
        let mut lines = locked(&self.lines);
        if lines.waiting.len() < MOST {
            lines.waiting.push_back((line, caller::present()));
        } else {
            lines.left_out += 1;
        }
        if std::mem::replace(&mut lines.announced, true) {
            return;
        }
        drop(lines);
        announce(&self.lane, &self.lines);
    }
}

/// Has the program's code called for the lines that wait.
fn announce(lane: &Lane, lines: &Arc<Mutex<Lines>>) {
    let (taken, rest, again) = (Arc::clone(lines), Arc::clone(lines), lane.clone());
    lane.put(Job {
        hook: Hook::Log,
        payload: Box::new(move || Some(locked(&taken).take())),
        // What fails there the language tells in its own way: there is no log to tell it.
        done: Box::new(move |_| {
            let more = {
                let mut lines = locked(&rest);
                lines.announced = !lines.waiting.is_empty() || lines.left_out > 0;
                lines.announced
            };
            if more {
                announce(&again, &rest);
            }
        }),
    });
}

impl Lines {
    fn take(&mut self) -> Payload {
        let count = self.waiting.len().min(BATCH);
        let (mut batch, mut callers): (Vec<_>, Vec<_>) = self.waiting.drain(..count).unzip();
        // Said where they are missing.
        if self.left_out > 0 && self.waiting.is_empty() {
            let left_out = std::mem::take(&mut self.left_out);
            let message = format!("{left_out} log lines were left out: the log takes them too slowly");
            batch.push(json!({"level": Level::Warn.as_str(), "message": message, "attributes": {}}));
            callers.push(None);
        }
        Payload { text: Value::Array(batch).to_string(), callers }
    }
}

fn locked(lines: &Mutex<Lines>) -> MutexGuard<'_, Lines> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LogSink for HostLog {
    fn enabled(&self, level: Level) -> bool {
        self.lane.host().is_some_and(|host| host.wants(level))
    }

    fn write(&self, record: Record) {
        let Record { level, message, operation, request_id, attributes } = record;
        let attributes: Map<_, _> =
            attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        self.put(json!({
            "level": level.as_str(),
            "message": message,
            "operation": given(operation),
            "request_id": given(&request_id),
            "attributes": attributes,
        }));
    }
}
