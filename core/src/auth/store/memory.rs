//! Tokens that end with the process.

use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;

use super::{TokenStore, Tokens};
use crate::error::Result;

/// Keeps tokens as long as the process lives.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Option<Tokens>>);

impl TokenStore for MemoryStore {
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>>> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move { Ok(tokens) })
    }

    fn save(&self, tokens: Tokens) -> BoxFuture<'_, Result<()>> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(tokens);
        Box::pin(async { Ok(()) })
    }
}
