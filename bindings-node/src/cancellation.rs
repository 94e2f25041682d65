//! Giving work up that has no call number.

use napi_derive::napi;
use tokio_util::sync::CancellationToken;

/// Ends the work that it was handed to, before its start or during it.
#[napi]
#[derive(Default)]
pub struct Cancellation(CancellationToken);

#[napi]
impl Cancellation {
    /// For one piece of work.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the work up; in vain after its end.
    #[napi]
    pub fn cancel(&self) {
        self.0.cancel();
    }

    pub(crate) fn token(&self) -> CancellationToken {
        self.0.clone()
    }
}
