//! Sign-in of a person.

use std::sync::Arc;

use beproduct::{auth, seam};
use napi::Env;
use napi::bindgen_prelude::{Object, Result};
use napi_derive::napi;

use crate::promise::{crossing, promise};

/// One sign-in.
#[napi]
pub struct AuthorizationSession(Arc<auth::AuthorizationSession>);

#[napi]
impl AuthorizationSession {
    /// Begins a sign-in with settings as JSON text.
    #[napi(constructor)]
    pub fn new(settings: String) -> Result<Self> {
        seam::authorize(&settings).map(|session| Self(Arc::new(session))).map_err(|error| crossing(&error))
    }

    /// Where the person signs in.
    #[napi(getter)]
    pub fn url(&self) -> &str {
        self.0.url()
    }

    /// Takes the address that the person was sent back to; the tokens come as JSON text.
    #[napi]
    pub fn finish<'env>(&self, env: &'env Env, redirected: String) -> Result<Object<'env>> {
        let session = Arc::clone(&self.0);
        promise(env, async move { session.finish(&redirected).await }, |tokens| {
            Ok(tokens.to_json().to_string())
        })
    }
}
