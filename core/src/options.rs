//! Options of a call, and a call before it is checked.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::cancel::Cancel;
use crate::catalog::Operation;
use crate::error::{Error, Result};
use crate::near;
use crate::own::Progress;
use crate::own::names::OPTIONS;

pub use crate::call_options::{CallOptions, Priority};

/// No list has more pages.
const MOST_PAGES: u64 = 1_000_000_000;

impl CallOptions {
    /// Reads options from a JSON object. Seconds for `timeout`.
    ///
    /// # Errors
    /// `config` for an unknown name or a value of the wrong type.
    pub fn from_json(value: &Value) -> Result<Self> {
        let mut options = Self::default();
        let members = match value {
            Value::Null => return Ok(options),
            Value::Object(members) => members,
            _ => return Err(Error::config("options have to be an object")),
        };
        for (name, value) in members {
            let wrong =
                |expected: &str| Error::config(format!("option {name} has to be {expected}, not {value}"));
            if value.is_null() {
                continue;
            }
            match name.as_str() {
                "timeout" => {
                    options.timeout =
                        Some(seconds(value).ok_or_else(|| wrong("a positive number of seconds"))?);
                }
                "turn_timeout" => {
                    options.turn_timeout =
                        Some(seconds(value).ok_or_else(|| wrong("a positive number of seconds"))?);
                }
                "wait_timeout" => {
                    let none = value.as_f64().filter(|seconds| *seconds == 0.0).map(|_| Duration::ZERO);
                    let wait = seconds(value).or(none);
                    options.wait_timeout = Some(wait.ok_or_else(|| wrong("a number of seconds from 0"))?);
                }
                "attempts" => {
                    let attempts = value.as_u64().filter(|attempts| (1..=100).contains(attempts));
                    options.attempts = Some(attempts.ok_or_else(|| wrong("a number from 1 to 100"))?);
                }
                "label" => options.label = Some(text(value).ok_or_else(|| wrong("a text"))?),
                "priority" => {
                    options.priority = Some(match value.as_str() {
                        Some("interactive") => Priority::Interactive,
                        Some("bulk") => Priority::Bulk,
                        _ => return Err(wrong("\"interactive\" or \"bulk\"")),
                    });
                }
                "page_size" => {
                    let size =
                        value.as_u64().filter(|size| *size > 0).ok_or_else(|| wrong("a number from 1"))?;
                    options.page_size = Some(size);
                }
                "from_page" => {
                    let page = value.as_u64().filter(|page| *page <= MOST_PAGES);
                    options.from_page =
                        Some(page.ok_or_else(|| wrong("a page number from 0 to 1000000000"))?);
                }
                "allow_incomplete" => {
                    options.allow_incomplete = Some(value.as_bool().ok_or_else(|| wrong("true or false"))?);
                }
                "extra_query" => options.extra_query = pairs(value).ok_or_else(|| wrong("a map of texts"))?,
                "headers" => options.headers = pairs(value).ok_or_else(|| wrong("a map of texts"))?,
                "check_filters" => {
                    options.check_filters = Some(value.as_bool().ok_or_else(|| wrong("true or false"))?);
                }
                "allow_repeat" => {
                    options.allow_repeat = Some(value.as_bool().ok_or_else(|| wrong("true or false"))?);
                }
                _ => {
                    let hint = near::hint_or_all(name, OPTIONS, "options are");
                    return Err(Error::config(format!("there is no option {name:?}{hint}")));
                }
            }
        }
        Ok(options)
    }
}

impl CallOptions {
    /// What cancels a call of what has no other options.
    pub(crate) fn only_cancel(self, name: &str) -> Result<Cancel> {
        match self.are_none() {
            true => Ok(self.cancel.unwrap_or_default()),
            false => Err(Error::config(format!("{name} has no options but cancel"))),
        }
    }

    /// Says how far the call is, where the program wants to know.
    pub(crate) fn report(&self, operation: &'static Operation, done: u64, total: Option<u64>) {
        if let Some(code) = &self.progress {
            code.report(Progress { operation: operation.id.to_owned(), done, total });
        }
    }
}

/// No time limit is longer: some thirty years.
pub(crate) const LONGEST_SECONDS: f64 = 1e9;

/// A positive number of seconds, within bounds.
pub(crate) fn duration(seconds: f64) -> Option<Duration> {
    let duration = Duration::try_from_secs_f64(seconds).ok()?;
    (seconds <= LONGEST_SECONDS && !duration.is_zero()).then_some(duration)
}

/// The same from JSON.
pub(crate) fn seconds(value: &Value) -> Option<Duration> {
    duration(value.as_f64()?)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// A map of texts; numbers and booleans are taken as written.
pub(crate) fn pairs(value: &Value) -> Option<Vec<(String, String)>> {
    value
        .as_object()?
        .iter()
        .map(|(name, value)| match value {
            Value::String(text) => Some((name.clone(), text.clone())),
            Value::Number(_) | Value::Bool(_) => Some((name.clone(), value.to_string())),
            _ => None,
        })
        .collect()
}

/// A call before it is checked.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) arguments: Map<String, Value>,
    pub(crate) options: CallOptions,
}
