//! How an answer or an error came about: what is known beside the answer.

use serde::Serialize;

use crate::own::{Attempt, RateFigures, Wait};

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
