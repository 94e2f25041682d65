//! How an answer or an error came about: attempts, pauses, and what both cost.

use serde::Serialize;

/// One attempt to send a request.
#[derive(Debug, Clone, Serialize, PartialEq)]
#[non_exhaustive]
pub struct Attempt {
    /// Status of the answer, if one came.
    pub status: Option<u16>,
    /// Kind of the failure, if it failed.
    pub error: Option<&'static str>,
    /// Time from sending to the end of the answer's body, in seconds.
    pub seconds: f64,
}

/// Why a call paused.
#[derive(Debug, Clone, Copy, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WaitReason {
    /// Backoff before the next attempt.
    Backoff,
    /// The service asked for it.
    RetryAfter,
    /// The limit of requests at this time was reached, or the service had asked another call for a pause.
    Rate,
    /// The daily quota was used up.
    Quota,
    /// The service processed a file.
    Processing,
}

/// One pause of a call.
#[derive(Debug, Clone, Serialize, PartialEq)]
#[non_exhaustive]
pub struct Wait {
    /// Reason of the pause.
    pub reason: WaitReason,
    /// Length in seconds.
    pub seconds: f64,
}

/// What is known about how an answer came about.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct Meta {
    /// Status of the answer.
    pub status: u16,
    /// Headers of the answer, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Id of the request: the service's own when it sent one, else the client's.
    pub request_id: String,
    /// Every attempt.
    pub attempts: Vec<Attempt>,
    /// Every pause.
    pub waits: Vec<Wait>,
    /// The service's rate limit, if the answer stated it.
    pub rate: Option<RateFigures>,
    /// Requests that were counted against the quota for this call.
    pub cost: u32,
}

impl Meta {
    /// Adds attempts, pauses and cost of an earlier request of the same call. Everything else is that of the later answer.
    pub(crate) fn absorb(&mut self, other: Self) {
        let (mut attempts, mut waits) = (std::mem::take(&mut self.attempts), std::mem::take(&mut self.waits));
        let cost = self.cost;
        *self = other;
        attempts.append(&mut self.attempts);
        waits.append(&mut self.waits);
        (self.attempts, self.waits) = (attempts, waits);
        self.cost += cost;
    }
}

/// `X-RateLimit-*` of an answer.
#[derive(Debug, Clone, Copy, Default, Serialize, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateFigures {
    /// Requests allowed in the window.
    pub limit: Option<u64>,
    /// Requests left in it.
    pub remaining: Option<u64>,
    /// End of the window, Unix seconds.
    pub reset: Option<u64>,
}
