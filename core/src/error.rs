//! The one error of this crate.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::catalog::Operation;
use crate::host_failure::HostFailure;
use crate::own::{Attempt, ErrorKind, Meta, Outcome, Wait};

/// Result of anything that can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an attempt failed, as far as sending again is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nothing left: resolving, connecting or TLS failed.
    NotSent,
    /// Nothing left, for a reason that lasts: a certificate that is not trusted.
    Lasting,
    /// 401 of the API.
    TokenRejected,
    /// 429.
    Throttled,
    /// 502, 503, 504, 408, or a connection lost before a status came.
    Interrupted,
    /// 500.
    Fault,
    /// A 2xx whose body was cut or cannot be read.
    Unreadable,
    /// Signing in failed for the moment; that has been tried again already.
    SignIn,
    /// Its unit is to be taken anew: others took the last one after the check, or its window has ended.
    QuotaRaced,
    /// Anything that another attempt cannot mend.
    Final,
}

impl Failure {
    /// Whether no byte left.
    pub(crate) fn left_nothing(self) -> bool {
        matches!(self, Self::NotSent | Self::Lasting | Self::QuotaRaced)
    }
}

/// An error of a call, or of making a client.
///
/// Cheap to clone. `Display` is one line; the [`fmt::Debug`] form names every field. Neither holds tokens, secrets,
/// request bodies or queries.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    status: Option<u16>,
    code: Option<String>,
    retry_after: Option<Duration>,
    outcome: Outcome,
    /// Whether the operation changes nothing, so that it does not matter whether it arrived.
    reads: bool,
    failure: Failure,
    request_id: Option<String>,
    operation: Option<&'static str>,
    method: Option<&'static str>,
    url: Option<String>,
    attempts: Vec<Attempt>,
    waits: Vec<Wait>,
    /// Requests that were counted against the quota.
    cost: u64,
    body_excerpt: Option<String>,
    details: Option<Value>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            status: None,
            code: None,
            retry_after: None,
            outcome: Outcome::NotSent,
            reads: false,
            failure: Failure::Final,
            request_id: None,
            operation: None,
            method: None,
            url: None,
            attempts: Vec::new(),
            waits: Vec::new(),
            cost: 0,
            body_excerpt: None,
            details: None,
            source: None,
        }))
    }

    /// An error of the kind `config`: a setting, an argument or the use of an object is wrong. Nothing was sent.
    #[must_use]
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    /// An error of the kind `callback`, for implementations of this crate's traits outside of it: a token store, a listener.
    #[must_use]
    pub fn of_callback(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Callback, message)
    }

    /// An error of the kind `callback` for a failure of the host program's code. `what` says what was tried.
    pub(crate) fn of_host(what: &str, failure: HostFailure) -> Self {
        Self::of_callback(format!("{what}: {failure}")).with_source(failure)
    }

    /// The error of a call that its caller has cancelled.
    pub(crate) fn cancelled(outcome: Outcome) -> Self {
        Self::new(ErrorKind::Cancelled, "the call was cancelled").with_outcome(outcome)
    }

    /// An error of the kind `internal`, for a defect of this client or of a binding.
    #[must_use]
    pub fn internal(message: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Internal, format!("{message}; this is a fault of the client, please report it"))
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    pub(crate) fn with_status(self, status: u16) -> Self {
        self.edit(|inner| inner.status = Some(status))
    }

    pub(crate) fn with_code(self, code: impl Into<String>) -> Self {
        self.edit(|inner| inner.code = Some(code.into()))
    }

    pub(crate) fn with_retry_after(self, wait: Option<Duration>) -> Self {
        self.edit(|inner| inner.retry_after = wait)
    }

    pub(crate) fn with_outcome(self, outcome: Outcome) -> Self {
        self.edit(|inner| inner.outcome = outcome)
    }

    pub(crate) fn with_failure(self, failure: Failure) -> Self {
        self.edit(|inner| inner.failure = failure)
    }

    pub(crate) fn with_excerpt(self, excerpt: Option<String>) -> Self {
        self.edit(|inner| inner.body_excerpt = excerpt)
    }

    pub(crate) fn with_details(self, details: Value) -> Self {
        self.edit(|inner| inner.details = Some(details))
    }

    pub(crate) fn with_message(self, message: impl Into<String>) -> Self {
        self.edit(|inner| inner.message = message.into())
    }

    /// The same error with this cause.
    #[must_use]
    pub fn with_source(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.edit(|inner| inner.source = Some(Arc::new(source)))
    }

    /// The same error with the cause of the given one.
    pub(crate) fn with_source_of(self, other: &Self) -> Self {
        self.edit(|inner| inner.source.clone_from(&other.0.source))
    }

    /// The service's id of the request, which replaces the client's.
    pub(crate) fn with_request_id(self, id: Option<String>) -> Self {
        self.edit(|inner| inner.request_id = id)
    }

    pub(crate) fn with_request(
        self,
        operation: &'static Operation,
        method: &'static str,
        url: String,
        id: String,
    ) -> Self {
        self.edit(|inner| {
            inner.operation = Some(operation.id);
            inner.reads = operation.is_read();
            inner.method = Some(method);
            inner.url = Some(url);
            inner.request_id.get_or_insert(id);
        })
    }

    pub(crate) fn with_operation(self, operation: &'static str) -> Self {
        self.edit(|inner| {
            inner.operation.get_or_insert(operation);
        })
    }

    pub(crate) fn with_trace(self, attempts: Vec<Attempt>, waits: Vec<Wait>, cost: u64) -> Self {
        self.edit(|inner| {
            inner.attempts = attempts;
            inner.waits = waits;
            inner.cost = cost;
        })
    }

    /// What the requests took that have failed with it.
    pub(crate) fn spent(&self) -> Meta {
        Meta {
            status: self.status().unwrap_or_default(),
            request_id: self.request_id().unwrap_or_default().to_owned(),
            attempts: self.attempts().to_vec(),
            waits: self.waits().to_vec(),
            cost: self.cost(),
            ..Meta::default()
        }
    }

    /// Kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// A sentence for people: what was wrong, and what to do if that is known.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Status of the last answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// Code of the service or of the identity server, such as `invalid_grant`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// Whether the same call may succeed later and can be repeated without harm.
    #[must_use]
    pub fn retryable(&self) -> bool {
        let passing = matches!(
            self.0.kind,
            ErrorKind::RateLimited | ErrorKind::QuotaExceeded | ErrorKind::Timeout | ErrorKind::Network
        ) || (self.0.kind == ErrorKind::Server && self.0.failure != Failure::Final);
        passing
            && self.0.failure != Failure::Lasting
            && (self.0.reads || !matches!(self.0.outcome, Outcome::Unknown | Outcome::Applied))
    }

    /// How long to wait before the next call, as the service or the quota states it.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// What is known of the effect. For a read, `unknown` only means that no answer came.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    pub(crate) fn failure(&self) -> Failure {
        self.0.failure
    }

    /// Id of the request: the service's own when it sent one, else the client's.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Id of the operation.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// HTTP method of the request.
    #[must_use]
    pub fn method(&self) -> Option<&'static str> {
        self.0.method
    }

    /// Address of the request, without its query.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.0.url.as_deref()
    }

    /// Every attempt that was made.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.attempts
    }

    /// Every pause that was made.
    #[must_use]
    pub fn waits(&self) -> &[Wait] {
        &self.0.waits
    }

    pub(crate) fn cost(&self) -> u64 {
        self.0.cost
    }

    /// Beginning of the answer's body, without secrets.
    #[must_use]
    pub fn body_excerpt(&self) -> Option<&str> {
        self.0.body_excerpt.as_deref()
    }

    /// Outcome of each record, for calls with several; the `id` of a created record whose answer could not be read.
    #[must_use]
    pub fn details(&self) -> Option<&Value> {
        self.0.details.as_ref()
    }

    /// The message with the operation, and a note if the call may have taken effect.
    fn text(&self) -> String {
        let place = match (self.0.operation, self.0.status) {
            (Some(operation), Some(status)) => format!(" ({operation}, status {status})"),
            (Some(operation), None) => format!(" ({operation})"),
            (None, Some(status)) => format!(" (status {status})"),
            (None, None) => String::new(),
        };
        // Of a read it does not matter whether it arrived: it can be repeated.
        let open = self.0.outcome == Outcome::Unknown && !self.0.reads;
        format!("{}{place}{}", self.0.message, if open { "; it may have taken effect" } else { "" })
    }

    /// All fields as a JSON object, for other languages; `text` is the line of `Display` without the kind, `host_failure` the
    /// number of a [`HostFailure`](crate::host::HostFailure).
    #[must_use]
    pub fn to_json(&self) -> Value {
        let inner = &*self.0;
        json!({
            "kind": inner.kind.as_str(),
            "message": inner.message,
            "status": inner.status,
            "code": inner.code,
            "retryable": self.retryable(),
            "retry_after": inner.retry_after.map(|wait| wait.as_secs_f64()),
            "outcome": inner.outcome.as_str(),
            "request_id": inner.request_id,
            "operation": inner.operation,
            "method": inner.method,
            "url": inner.url,
            "attempts": inner.attempts,
            "waits": inner.waits,
            "body_excerpt": inner.body_excerpt,
            "details": inner.details,
            "cause": inner.source.as_ref().map(|source| source.to_string()),
            "host_failure": inner.source.as_ref().and_then(|source| source.downcast_ref()).and_then(HostFailure::id),
            "text": self.text(),
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.0.kind.as_str(), self.text())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Error{:#}", self.to_json())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}
