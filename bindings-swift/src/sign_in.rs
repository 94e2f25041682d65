//! Signing a person in, and what a client can ask about its sign-in.

use std::future::Future;
use std::sync::Arc;

use beproduct::seam;
use tokio_util::sync::CancellationToken;

use crate::{Engine, EngineError, RUNTIME, spawned};

/// Gives a request of the sign-in up, before its start or during it. Such requests have no call numbers.
#[derive(uniffi::Object)]
pub struct EngineCancellation(CancellationToken);

#[uniffi::export]
impl EngineCancellation {
    /// For one request.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::new(Self(CancellationToken::new()))
    }

    /// Gives it up.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

#[uniffi::export]
impl Engine {
    /// Who is signed in, as a JSON object.
    pub async fn userinfo(&self, cancellation: Arc<EngineCancellation>) -> Result<String, EngineError> {
        request(&cancellation, self.0.userinfo()).await
    }

    /// The address that ends the sign-in in the browser.
    pub async fn end_session_url(
        &self,
        post_logout_redirect_uri: Option<String>,
        cancellation: Arc<EngineCancellation>,
    ) -> Result<String, EngineError> {
        request(&cancellation, self.0.end_session_url(post_logout_redirect_uri)).await
    }

    /// Ends the sign-in. Whether the tokens were revoked.
    pub async fn sign_out(&self, cancellation: Arc<EngineCancellation>) -> Result<bool, EngineError> {
        request(&cancellation, self.0.sign_out()).await
    }

    /// The discovery document of the identity server, as a JSON object.
    pub async fn discovery(&self, cancellation: Arc<EngineCancellation>) -> Result<String, EngineError> {
        request(&cancellation, self.0.discovery()).await
    }
}

/// One sign-in of a person.
#[derive(uniffi::Object)]
pub struct EngineAuthorization {
    session: Arc<beproduct::auth::AuthorizationSession>,
    given_up: CancellationToken,
}

#[uniffi::export]
impl EngineAuthorization {
    /// Begins a sign-in with settings as a JSON object.
    #[uniffi::constructor]
    pub fn begin(settings: String) -> Result<Arc<Self>, EngineError> {
        let _runtime = RUNTIME.enter();
        let session = Arc::new(seam::authorize(&settings)?);
        Ok(Arc::new(Self { session, given_up: CancellationToken::new() }))
    }

    /// Where the person signs in.
    pub fn url(&self) -> String {
        self.session.url().to_owned()
    }

    /// Gives the sign-in up, before its end or during it.
    pub fn cancel(&self) {
        self.given_up.cancel();
    }

    /// Takes the address that the person was sent back to; the tokens as a JSON object.
    pub async fn finish(&self, redirected: String) -> Result<String, EngineError> {
        let session = Arc::clone(&self.session);
        let work = async move { session.finish(&redirected).await };
        let tokens = unless(&self.given_up, "the sign-in was given up: begin another", work).await?;
        Ok(tokens.to_json().to_string())
    }
}

async fn request<T: Send + 'static>(
    cancellation: &EngineCancellation,
    work: impl Future<Output = beproduct::Result<T>> + Send + 'static,
) -> Result<T, EngineError> {
    unless(&cancellation.0, "the request to the identity server was given up", work).await
}

/// Work on this library's runtime, which ends with `message` when it is given up.
async fn unless<T: Send + 'static>(
    given_up: &CancellationToken,
    message: &str,
    work: impl Future<Output = beproduct::Result<T>> + Send + 'static,
) -> Result<T, EngineError> {
    if given_up.is_cancelled() {
        return Err(EngineError::cancelled(message, "not_sent"));
    }
    tokio::select! {
        result = spawned(work) => Ok(result?),
        () = given_up.cancelled() => Err(EngineError::cancelled(message, "unknown")),
    }
}
