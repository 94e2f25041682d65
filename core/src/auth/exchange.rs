//! The token endpoint, through the `oauth2` crate over the client's own transport.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AccessToken, AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet,
    EndpointSet, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope,
    StandardRevocableToken, TokenResponse, TokenUrl,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use url::Url;

use super::Tokens;
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Failure, Outcome, Result};
use crate::http::{HttpRequest, Reached, Transport, TransportError};
use crate::redact::{Secret, Secrets, address};

/// Life of an access token that nothing states (docs/service.md, Tokens).
const USUAL_LIFETIME: u64 = 8 * 3600;

/// Pauses before another try when no connection came about.
const BACKOFF: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(1)];

pub(crate) type OAuthClient<HasAuthUrl = EndpointNotSet> = oauth2::Client<
    BasicErrorResponse,
    TokenAnswer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    HasAuthUrl,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// The answer of the token endpoint, as tolerant as the service is loose.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TokenAnswer {
    access_token: AccessToken,
    #[serde(default = "bearer")]
    token_type: BasicTokenType,
    #[serde(default, deserialize_with = "lifetime", skip_serializing)]
    expires_in: Option<u64>,
    #[serde(default)]
    refresh_token: Option<RefreshToken>,
    #[serde(default, skip_serializing)]
    id_token: Option<String>,
}

fn bearer() -> BasicTokenType {
    BasicTokenType::Bearer
}

/// Seconds as a number or as a text; anything else, and zero, counts as not stated.
fn lifetime<'de, D: Deserializer<'de>>(input: D) -> std::result::Result<Option<u64>, D::Error> {
    let seconds = match Value::deserialize(input)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    Ok(seconds.filter(|seconds| *seconds >= 1.0).map(|seconds| seconds as u64))
}

impl TokenResponse for TokenAnswer {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in.map(Duration::from_secs)
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

/// Makes exchanges at the token endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Exchanger {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) token_url: Url,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<Secret>,
    pub(crate) timeout: Duration,
    pub(crate) secrets: Secrets,
}

impl Exchanger {
    pub(crate) fn client(&self) -> OAuthClient {
        let client = oauth2::Client::new(ClientId::new(self.client_id.clone()))
            .set_token_uri(TokenUrl::from_url(self.token_url.clone()))
            // The service reads the form; HTTP Basic is the crate's default.
            .set_auth_type(AuthType::RequestBody);
        match &self.client_secret {
            Some(secret) => client.set_client_secret(ClientSecret::new(secret.expose().to_owned())),
            None => client,
        }
    }

    /// A new access token for a refresh token. `may_repeat`: whether a lost answer may be asked for again.
    pub(crate) async fn refresh(&self, refresh_token: &Secret, mut may_repeat: bool) -> Result<Tokens> {
        let client = self.client();
        let token = RefreshToken::new(refresh_token.expose().to_owned());
        let mut tries = BACKOFF.iter();
        loop {
            let http = Http::new(self);
            let error = match client.exchange_refresh_token(&token).request_async(&http).await {
                Ok(answer) => return Ok(self.tokens(&answer)),
                Err(error) => self.failure(error, &http.last(), "refresh token"),
            };
            let again = match error.failure() {
                Failure::NotSent => true,
                // Once: the lost answer may have held a new refresh token.
                Failure::Interrupted | Failure::Throttled => std::mem::take(&mut may_repeat),
                _ => false,
            };
            match tries.next().filter(|_| again) {
                Some(pause) => self.clock.pause(*pause).await,
                None => return Err(error),
            }
        }
    }

    /// Tokens for a code.
    pub(crate) async fn code(
        &self,
        code: String,
        redirect: RedirectUrl,
        verifier: Option<PkceCodeVerifier>,
    ) -> Result<Tokens> {
        let client = self.client().set_redirect_uri(redirect);
        let mut request = client.exchange_code(AuthorizationCode::new(code));
        if let Some(verifier) = verifier {
            request = request.set_pkce_verifier(verifier);
        }
        let http = Http::new(self);
        match request.request_async(&http).await {
            Ok(answer) => Ok(self.tokens(&answer)),
            Err(error) => Err(self.failure(error, &http.last(), "code")),
        }
    }

    fn tokens(&self, answer: &TokenAnswer) -> Tokens {
        let now = self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let access = answer.access_token.secret();
        let expires_at = answer
            .expires_in
            .map(|seconds| now.saturating_add(seconds))
            .or_else(|| super::expiry_in_token(access).filter(|expiry| *expiry > now))
            .unwrap_or(now + USUAL_LIFETIME);
        let tokens = Tokens {
            access_token: Some(Secret::new(access.clone())),
            expires_at: Some(expires_at),
            lifetime: Some(expires_at - now),
            refresh_token: answer.refresh_token.as_ref().map(|token| Secret::new(token.secret().clone())),
            id_token: answer.id_token.clone().map(Secret::new),
            origin: None,
        };
        for secret in [&tokens.access_token, &tokens.refresh_token, &tokens.id_token].into_iter().flatten() {
            self.secrets.remember(secret);
        }
        tokens
    }

    fn failure(
        &self,
        error: RequestTokenError<TransportError, BasicErrorResponse>,
        last: &Last,
        what: &str,
    ) -> Error {
        let status = last.status.unwrap_or_default();
        let excerpt = self.secrets.excerpt(&last.body);
        let with_answer = |error: Error| {
            let error = error.with_excerpt(excerpt.clone()).with_outcome(Outcome::Refused);
            last.status.map_or(error.clone(), |status| error.with_status(status))
        };
        let transient = match status {
            429 => Some(Failure::Throttled),
            408 | 500..=599 => Some(Failure::Interrupted),
            _ => None,
        };
        match error {
            RequestTokenError::Request(error) => {
                let failure =
                    if error.reached == Reached::Nothing { Failure::NotSent } else { Failure::Interrupted };
                let message = format!("signing in failed: {}", error.message);
                Error::new(ErrorKind::Network, message)
                    .with_failure(failure)
                    .with_outcome(Outcome::NotSent)
                    .with_source(error)
            }
            RequestTokenError::ServerResponse(answer) if transient.is_none() => {
                let code = answer.error().to_string();
                let description =
                    answer.error_description().map(|text| format!(" ({text})")).unwrap_or_default();
                let text = match code.as_str() {
                    "invalid_grant" => {
                        format!("the {what} was revoked, used up or has expired: sign in again{description}")
                    }
                    "invalid_client" => format!(
                        "the identity server does not accept client_id and client_secret{description}"
                    ),
                    "unauthorized_client" => {
                        format!(
                            "this client may not sign in this way, or the {what} is no longer valid: sign in again{description}"
                        )
                    }
                    code => format!("the identity server refused the {what}: {code}{description}"),
                };
                with_answer(Error::new(ErrorKind::Auth, text).with_code(code))
            }
            _ if transient.is_some() => {
                let text = format!("the identity server failed with status {status}");
                let failure = transient.unwrap_or(Failure::Final);
                with_answer(Error::new(ErrorKind::Server, text).with_failure(failure))
            }
            _ if (200..300).contains(&status) => {
                let text =
                    "the identity server answered without an access_token; is the identity address right?";
                with_answer(Error::new(ErrorKind::Auth, text))
            }
            _ => {
                let url = address(&self.token_url);
                let text = format!(
                    "{url} answered with status {status} and no OAuth error; is the identity address right?"
                );
                with_answer(Error::new(ErrorKind::Auth, text))
            }
        }
    }
}

/// The transport as the crate wants it. What came back is noted for the error text.
struct Http {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    url: Url,
    timeout: Duration,
    last: Arc<Mutex<Last>>,
}

#[derive(Clone, Default)]
struct Last {
    status: Option<u16>,
    body: Bytes,
}

impl Http {
    fn new(exchanger: &Exchanger) -> Self {
        Self {
            transport: Arc::clone(&exchanger.transport),
            clock: Arc::clone(&exchanger.clock),
            url: exchanger.token_url.clone(),
            timeout: exchanger.timeout,
            last: Arc::default(),
        }
    }

    fn last(&self) -> Last {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl AsyncHttpClient<'_> for Http {
    type Error = TransportError;
    type Future = BoxFuture<'static, std::result::Result<oauth2::HttpResponse, TransportError>>;

    fn call(&self, request: oauth2::HttpRequest) -> Self::Future {
        let (parts, body) = request.into_parts();
        let request = HttpRequest {
            method: "POST",
            url: self.url.clone(),
            headers: parts.headers,
            body: Bytes::from(body),
        };
        let sent = self.transport.send(request);
        let alarm = self.clock.alarm(self.clock.elapsed().saturating_add(self.timeout));
        let (last, timeout) = (Arc::clone(&self.last), self.timeout);
        Box::pin(async move {
            let answer = tokio::select! {
                biased;
                answer = sent => answer?,
                () = alarm => {
                    let message = format!("no answer of the identity server within {} s", timeout.as_secs_f64());
                    return Err(TransportError { reached: Reached::Sent, message: message.clone(), source: message.into() });
                }
            };
            *last.lock().unwrap_or_else(PoisonError::into_inner) =
                Last { status: Some(answer.status), body: answer.body.clone() };
            let mut response = oauth2::HttpResponse::new(answer.body.to_vec());
            *response.status_mut() = ::http::StatusCode::from_u16(answer.status).unwrap_or_default();
            *response.headers_mut() = answer.headers;
            Ok(response)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_in_every_form() {
        for (given, seconds) in [
            ("28800", Some(28800)),
            ("\"3600\"", Some(3600)),
            ("0", None),
            ("-5", None),
            ("\"soon\"", None),
            ("null", None),
            ("1.5", Some(1)),
        ] {
            let answer: TokenAnswer =
                serde_json::from_str(&format!(r#"{{"access_token": "a", "expires_in": {given}}}"#)).unwrap();
            assert_eq!(answer.expires_in, seconds, "{given}");
        }
        let answer: TokenAnswer =
            serde_json::from_str(r#"{"access_token": "a", "token_endpoint": "x"}"#).unwrap();
        assert_eq!(answer.expires_in, None);
    }
}
