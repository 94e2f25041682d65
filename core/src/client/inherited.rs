//! How a client stands, for a process that goes on with it after a fork.

use crate::auth;
use crate::client::Client;
use crate::quota::Plan;

/// How a client stands, for a process that goes on with it after a fork: its sign-in, its present plan, and whether it is
/// closed.
#[derive(Debug, Clone)]
pub struct Inherited {
    pub(super) sign_in: auth::Inherited,
    pub(super) plan: Plan,
    closed: bool,
}

impl Inherited {
    /// Whether the client is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Says that the client is to be closed from the start, as it was closed in a process that had not used it.
    pub fn close(&mut self) {
        self.closed = true;
    }
}

impl Client {
    /// How the client stands, for a process that goes on with it after a fork.
    #[must_use]
    pub fn inherit(&self) -> Inherited {
        Inherited {
            sign_in: self.auth.tokens.inherit(),
            plan: self.shared.quota.plan(),
            closed: self.auth.closed.is_cancelled(),
        }
    }
}
