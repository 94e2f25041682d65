//! Options of a call, and a call before it is checked.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::cancel::Cancel;
use crate::catalog::Operation;
use crate::error::{Error, Result};
use crate::near;
use crate::own::Progress;
use crate::own::names::OPTIONS;
use crate::progress::OnProgress;

/// Which calls go first when requests are scarce.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Priority {
    /// A person waits for the result.
    #[default]
    Interactive,
    /// Background work: interactive calls go first, and the requests of `quota_floor` are left to them.
    Bulk,
}

/// Options of one call, or of all calls of a client ([`Client::with_options`](crate::Client::with_options)). An option that
/// is not set has the client's value.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct CallOptions {
    /// Time for each request of the call from its first turn in the line: its attempts, the waits between them and the
    /// whole answer.
    pub timeout: Option<Duration>,
    /// Longest wait for the first turn in the line.
    pub turn_timeout: Option<Duration>,
    /// Longest wait for the service to process a file that was uploaded. Default 300 s; 0 for none: the call ends when the file
    /// was taken.
    pub wait_timeout: Option<Duration>,
    /// Highest number of attempts, 1 for no retry.
    pub attempts: Option<u32>,
    /// Name under which the ledger counts the requests. Labels take turns in the line.
    pub label: Option<String>,
    /// Interactive or bulk. Default interactive.
    pub priority: Option<Priority>,
    /// Records a page, 1 to 200 unless the client was built with a higher `max_page_size`.
    pub page_size: Option<usize>,
    /// The page that a list begins with, from 0. Default 0.
    pub from_page: Option<u64>,
    /// Accept a list that ends before its total, with a warning. Default false: an error of kind `incomplete`.
    pub allow_incomplete: Option<bool>,
    /// Query parameters beyond those of the catalogue.
    pub extra_query: Vec<(String, String)>,
    /// Extra headers. Those that carry the sign-in or describe the body are refused.
    pub headers: Vec<(String, String)>,
    /// Whether filter fields are checked before sending. Default: the client's setting.
    pub check_filters: Option<bool>,
    /// Repeat a write whose outcome is unknown, if a repeat leaves the same data. Default false.
    pub allow_repeat: Option<bool>,
    /// Code that is given the progress of a call of several requests, and of a file.
    pub progress: Option<OnProgress>,
    /// Handle that cancels the call.
    pub cancel: Option<Cancel>,
}

impl std::fmt::Debug for CallOptions {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values of headers and of the query may be secrets.
        let names =
            |pairs: &[(String, String)]| pairs.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        out.debug_struct("CallOptions")
            .field("timeout", &self.timeout)
            .field("turn_timeout", &self.turn_timeout)
            .field("wait_timeout", &self.wait_timeout)
            .field("attempts", &self.attempts)
            .field("label", &self.label)
            .field("priority", &self.priority)
            .field("page_size", &self.page_size)
            .field("from_page", &self.from_page)
            .field("allow_incomplete", &self.allow_incomplete)
            .field("extra_query", &names(&self.extra_query))
            .field("headers", &names(&self.headers))
            .field("check_filters", &self.check_filters)
            .field("allow_repeat", &self.allow_repeat)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

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
                    options.attempts = Some(attempts.ok_or_else(|| wrong("a number from 1 to 100"))? as u32);
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
                    options.page_size = Some(usize::try_from(size).map_err(|_| wrong("a smaller number"))?);
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
    /// These options, and the others where these say nothing. Headers and query parameters are put together by their names.
    pub(crate) fn over(self, others: &Self) -> Self {
        let others = others.clone();
        Self {
            timeout: self.timeout.or(others.timeout),
            turn_timeout: self.turn_timeout.or(others.turn_timeout),
            wait_timeout: self.wait_timeout.or(others.wait_timeout),
            attempts: self.attempts.or(others.attempts),
            label: self.label.or(others.label),
            priority: self.priority.or(others.priority),
            page_size: self.page_size.or(others.page_size),
            from_page: self.from_page.or(others.from_page),
            allow_incomplete: self.allow_incomplete.or(others.allow_incomplete),
            extra_query: joined(others.extra_query, self.extra_query, |one, other| one == other),
            headers: joined(others.headers, self.headers, str::eq_ignore_ascii_case),
            check_filters: self.check_filters.or(others.check_filters),
            allow_repeat: self.allow_repeat.or(others.allow_repeat),
            progress: self.progress.or(others.progress),
            cancel: self.cancel.or(others.cancel),
        }
    }
}

impl CallOptions {
    /// What cancels a call of what has no other options.
    pub(crate) fn only_cancel(self, name: &str) -> Result<Cancel> {
        match self {
            Self {
                timeout: None,
                turn_timeout: None,
                wait_timeout: None,
                attempts: None,
                label: None,
                priority: None,
                page_size: None,
                from_page: None,
                allow_incomplete: None,
                check_filters: None,
                allow_repeat: None,
                progress: None,
                extra_query,
                headers,
                cancel,
            } if extra_query.is_empty() && headers.is_empty() => Ok(cancel.unwrap_or_default()),
            _ => Err(Error::config(format!("{name} has no options but cancel"))),
        }
    }

    /// Says how far the call is, where the program wants to know.
    pub(crate) fn report(&self, operation: &'static Operation, done: u64, total: Option<u64>) {
        if let Some(code) = &self.progress {
            code.report(Progress { operation: operation.id.to_owned(), done, total });
        }
    }
}

type Pairs = Vec<(String, String)>;

/// The pairs below of which no name is above, and those above.
fn joined(mut below: Pairs, above: Pairs, is_same: impl Fn(&str, &str) -> bool) -> Pairs {
    below.retain(|(name, _)| !above.iter().any(|(other, _)| is_same(name, other)));
    below.extend(above);
    below
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
