//! Log lines of the client. They contain no secrets, no bodies and no queries.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::redact::Secrets;

/// Level of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Every attempt.
    Debug,
    /// Every call.
    Info,
    /// A problem that a person should know about.
    Warn,
}

impl Level {
    /// `debug`, `info` or `warning`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warning",
        }
    }
}

/// One line.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Record {
    /// Level of the line.
    pub level: Level,
    /// Text of the line.
    pub message: String,
    /// Operation of the line, or empty.
    pub operation: &'static str,
    /// Request id of the line, or empty.
    pub request_id: String,
    /// Measurements, with the names of OpenTelemetry's conventions: `http.response.status_code`.
    pub attributes: Attributes,
}

/// Names and values that go with a line.
pub type Attributes = Vec<(&'static str, Value)>;

/// A line before it is written.
pub(crate) struct Line {
    pub(crate) message: String,
    pub(crate) attributes: Attributes,
}

impl From<String> for Line {
    fn from(message: String) -> Self {
        Self { message, attributes: Attributes::new() }
    }
}

/// Receives log lines.
pub trait LogSink: Send + Sync {
    /// Whether lines of this level are wanted.
    fn enabled(&self, level: Level) -> bool;

    /// Receives a line. Must not block.
    fn write(&self, record: Record);
}

/// Writes lines to `tracing`, for programs in Rust.
pub(crate) struct TracingSink;

impl LogSink for TracingSink {
    fn enabled(&self, _level: Level) -> bool {
        true
    }

    fn write(&self, record: Record) {
        // What was measured goes to `tracing` by spans and metrics of their own (`telemetry.rs`).
        let Record { level, message, operation, request_id, .. } = record;
        match level {
            Level::Debug => tracing::debug!(operation, request_id, "{message}"),
            Level::Info => tracing::info!(operation, request_id, "{message}"),
            Level::Warn => tracing::warn!(operation, request_id, "{message}"),
        }
    }
}

/// Keeps what is written, for tests.
#[cfg(test)]
#[derive(Default)]
pub(crate) struct Lines(std::sync::Mutex<Vec<(Level, String)>>);

#[cfg(test)]
impl Lines {
    /// What was written since the last time.
    pub(crate) fn take(&self) -> Vec<(Level, String)> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

#[cfg(test)]
impl LogSink for Lines {
    fn enabled(&self, _level: Level) -> bool {
        true
    }

    fn write(&self, record: Record) {
        self.0.lock().unwrap().push((record.level, record.message));
    }
}

/// The sink of one client, behind the redaction.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) sink: Arc<dyn LogSink>,
    pub(crate) secrets: Secrets,
}

impl Log {
    pub(crate) fn write(
        &self,
        level: Level,
        operation: &'static str,
        request_id: &str,
        line: impl FnOnce() -> Line,
    ) {
        if self.sink.enabled(level) {
            let Line { message, attributes } = line();
            let message = self.secrets.scrub(&message);
            let request_id = request_id.to_owned();
            self.sink.write(Record { level, message, operation, request_id, attributes });
        }
    }

    pub(crate) fn info(&self, line: &str) {
        self.write(Level::Info, "", "", || line.to_owned().into());
    }

    pub(crate) fn warn(&self, line: &str) {
        self.write(Level::Warn, "", "", || line.to_owned().into());
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Log")
    }
}
