//! The identity server: where it is, and requests to it. They never count against the quota.

use std::sync::Arc;
use std::time::Duration;

use ::http::header::{ACCEPT, AUTHORIZATION};
use ::http::{HeaderMap, HeaderValue};
use bytes::Bytes;
use serde_json::Value;
use url::Url;

use super::keys::ProviderCache;
use crate::answer;
use crate::clock::ServerTime;
use crate::error::{Error, Failure, Result};
use crate::http::{
    Body, Extent, HttpRequest, Reach, Reached, Transport, TransportError, WholeResponse, Wire,
};
use crate::own::{ErrorKind, Outcome};
use crate::redact::{Secret, Secrets, address};

/// Bytes that are read of an answer: documents of keys are some thousand.
const ANSWER_SIZE: usize = 1_000_000;

#[derive(Debug, Clone)]
pub(crate) struct IdentityServer {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) time: ServerTime,
    /// With a slash at its end.
    pub(crate) base: Url,
    pub(crate) token_url: Url,
    pub(crate) timeout: Duration,
    pub(crate) secrets: Secrets,
    pub(crate) cache: Arc<ProviderCache>,
}

impl IdentityServer {
    /// One of the documented addresses.
    pub(crate) fn url(&self, path: &str) -> Result<Url> {
        self.base.join(path).map_err(|error| Error::config(format!("identity_url: {error}")))
    }

    /// Sends the request once.
    pub(crate) async fn send(
        &self,
        request: HttpRequest,
    ) -> std::result::Result<WholeResponse, TransportError> {
        let clock = self.time.clock();
        let alarm = clock.alarm(clock.elapsed().saturating_add(self.timeout));
        let wire = request.wire.clone();
        wire.hand_over();
        let answer = tokio::select! {
            biased;
            answer = self.whole(request) => answer?,
            () = alarm => {
                let message =
                    format!("no answer from the identity server within {} s", self.timeout.as_secs_f64());
                let reached = if wire.may_have_left() { Reached::Sent } else { Reached::Nothing };
                return Err(TransportError::new(reached, message.clone(), message));
            }
        };
        self.time.observe(&answer.headers);
        Ok(answer)
    }

    async fn whole(&self, request: HttpRequest) -> std::result::Result<WholeResponse, TransportError> {
        let answer = self.transport.send(request).await?;
        let (body, extent) = answer.body.read(ANSWER_SIZE, || {}).await;
        let text = match extent {
            Extent::Whole => {
                return Ok(WholeResponse { status: answer.status, headers: answer.headers, body });
            }
            Extent::Limit => format!("the answer of the identity server has more than {ANSWER_SIZE} bytes"),
            Extent::Cut(cut) => cut.message.clone(),
        };
        Err(TransportError::new(Reached::Sent, text.clone(), text))
    }

    /// A request with its body.
    pub(crate) fn request(
        &self,
        method: &'static str,
        url: Url,
        headers: HeaderMap,
        body: impl Into<Bytes>,
    ) -> HttpRequest {
        let wire = Wire::new(Arc::clone(self.time.clock()));
        let (body, reach) = (Body::from(body.into()), Reach::Any);
        HttpRequest { method, url, headers, body, reach, moves_file: false, wire }
    }

    /// A JSON document of the identity server. `what` names it in errors.
    pub(crate) async fn get(&self, what: &str, url: &Url, bearer: Option<&Secret>) -> Result<Value> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(bearer) = bearer {
            headers.insert(AUTHORIZATION, authorization(bearer)?);
        }
        let request = self.request("GET", url.clone(), headers, Bytes::new());
        let answer = self.send(request).await.map_err(|error| unreachable(what, error))?;
        if !(200..300).contains(&answer.status) {
            return Err(self.failed(what, url, &answer));
        }
        serde_json::from_slice(answer::text_of(&answer.body)).map_err(|_| {
            let text =
                format!("{} did not answer with JSON: no {what}; is identity_url right?", address(url));
            Error::new(ErrorKind::Decode, text)
                .with_status(answer.status)
                .with_excerpt(self.secrets.excerpt(&answer.body))
        })
    }

    /// Whether an access token is not good any more.
    pub(crate) async fn rejects(&self, bearer: &Secret) -> bool {
        let Ok(url) = self.url("connect/userinfo") else { return false };
        let answer = self.get("user information", &url, Some(bearer)).await;
        answer.is_err_and(|error| error.failure() == Failure::TokenRejected)
    }

    /// The error of an answer that is no success.
    pub(crate) fn failed(&self, what: &str, url: &Url, answer: &WholeResponse) -> Error {
        let (kind, failure, text) = match answer.status {
            401 => (
                ErrorKind::Auth,
                Failure::TokenRejected,
                format!("the identity server did not return the {what}: it does not accept the access token"),
            ),
            403 => (
                ErrorKind::Permission,
                Failure::Final,
                format!("the identity server did not return the {what}: permission or scope is missing"),
            ),
            404 => (
                ErrorKind::NotFound,
                Failure::Final,
                format!("there is no {what} at {}; is identity_url right?", address(url)),
            ),
            408 | 429 | 500..=599 => (
                ErrorKind::Server,
                Failure::Interrupted,
                format!(
                    "the identity server did not return the {what}: it failed with status {}",
                    answer.status
                ),
            ),
            status => (
                ErrorKind::Auth,
                Failure::Final,
                format!(
                    "the identity server did not return the {what}: status {status}{}",
                    answer::said_by_oauth(&answer.body)
                ),
            ),
        };
        Error::new(kind, self.secrets.scrub(&text))
            .with_status(answer.status)
            .with_failure(failure)
            .with_outcome(Outcome::Refused)
            .with_excerpt(self.secrets.excerpt(&answer.body))
    }
}

/// The error of a request that has no answer.
pub(crate) fn unreachable(what: &str, error: TransportError) -> Error {
    let failure = match error.reached {
        Reached::Nothing if error.lasting => Failure::Lasting,
        Reached::Nothing => Failure::NotSent,
        Reached::Sent => Failure::Interrupted,
    };
    Error::new(ErrorKind::Network, format!("no {what}: {}", error.message))
        .with_failure(failure)
        .with_outcome(Outcome::NotSent)
        .with_source(error)
}

/// The header that carries an access token.
pub(crate) fn authorization(bearer: &Secret) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", bearer.expose()))
        .map_err(|_| Error::config("the access token has characters that are not allowed in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}
