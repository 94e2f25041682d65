//! The token endpoint, through the `oauth2` crate over the client's own transport.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::http::header::{ACCEPT, CONTENT_TYPE};
use ::http::{HeaderMap, HeaderValue};
use futures_util::future::BoxFuture;
use oauth2::basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse};
use oauth2::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet,
    PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope, StandardRevocableToken,
    TokenResponse, TokenUrl,
};
use url::{Url, form_urlencoded};

use super::grant::{Grant, Last};
use super::refusal::refused;
use super::server::{IdentityServer, unreachable};
use super::token_answer::{TokenAnswer, plain};
use super::tokens::{Tokens, expiry_in_token};
use crate::error::{Failure, Result};
use crate::http::{HttpRequest, TransportError};
use crate::redact::Secret;

/// Life of an access token that nothing states (docs/service/sign-in.md, Tokens).
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

/// What a client shows to the identity server, and the exchanges that it makes there.
#[derive(Debug, Clone)]
pub(crate) struct Exchanger {
    pub(crate) server: IdentityServer,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<Secret>,
    /// Separated by blanks.
    pub(crate) scope: String,
}

impl Exchanger {
    pub(crate) fn client(&self) -> OAuthClient {
        let client = oauth2::Client::new(ClientId::new(self.client_id.clone()))
            .set_token_uri(TokenUrl::from_url(self.server.token_url.clone()))
            // The service reads the form; HTTP Basic is the crate's default.
            .set_auth_type(AuthType::RequestBody);
        match &self.client_secret {
            Some(secret) => client.set_client_secret(ClientSecret::new(secret.expose().to_owned())),
            None => client,
        }
    }

    pub(crate) fn scopes(&self) -> impl Iterator<Item = Scope> + '_ {
        self.scope.split_whitespace().map(|scope| Scope::new(scope.to_owned()))
    }

    /// A new access token for a refresh token. `may_repeat`: whether a lost answer may be asked for again.
    pub(crate) async fn refresh(&self, refresh_token: &Secret, may_repeat: bool) -> Result<Tokens> {
        let client = self.client();
        let token = RefreshToken::new(refresh_token.expose().to_owned());
        self.repeated(may_repeat, || async {
            let http = Http::new(&self.server);
            let answer = client.exchange_refresh_token(&token).request_async(&http).await;
            self.tokens(answer, &http, &Grant::Refresh)
        })
        .await
        // Who signed in was verified when they did.
        .map(|tokens| Tokens { id_token: None, ..tokens })
    }

    /// An access token for the application itself.
    pub(crate) async fn client_credentials(&self) -> Result<Tokens> {
        let client = self.client();
        self.repeated(true, || async {
            let http = Http::new(&self.server);
            // No refresh token comes of it, so it is not asked for one.
            let scopes = self
                .scopes()
                .filter(|scope| scope.as_str() != "offline_access" && scope.as_str() != "openid");
            let answer = client.exchange_client_credentials().add_scopes(scopes).request_async(&http).await;
            self.tokens(answer, &http, &Grant::ClientCredentials)
        })
        .await
    }

    /// An access token for another user, by that of an administrator.
    pub(crate) async fn act_as(&self, administrator: &Secret, user_id: &str) -> Result<Tokens> {
        self.repeated(true, || async {
            let form = [
                ("grant_type", "actas"),
                ("token", administrator.expose()),
                ("actas", user_id),
                ("scope", self.scope.as_str()),
            ];
            let http = Http::new(&self.server);
            let answer = self.extension_grant(&form, &http).await;
            self.tokens(answer, &http, &Grant::ActAs(user_id.to_owned()))
        })
        .await
    }

    /// Tokens for a code.
    pub(crate) async fn code(
        &self,
        code: String,
        redirect: &RedirectUrl,
        verifier: Option<&Secret>,
    ) -> Result<Tokens> {
        let client = self.client();
        // A code works once, so a lost answer is not asked for again.
        self.repeated(false, || async {
            let mut request = client
                .exchange_code(AuthorizationCode::new(code.clone()))
                .set_redirect_uri(Cow::Borrowed(redirect));
            if let Some(verifier) = verifier {
                request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier.expose().to_owned()));
            }
            let http = Http::new(&self.server);
            self.tokens(request.request_async(&http).await, &http, &Grant::Code)
        })
        .await
    }

    /// Takes a token back (RFC 7009), at the address that the identity server has announced.
    pub(crate) async fn revoke(&self, url: Url, token: &Secret, kind: &str) -> Result<()> {
        let form = [("token", token.expose()), ("token_type_hint", kind)];
        let request = self.form(url.clone(), &form);
        let answer = self.server.send(request).await.map_err(|error| unreachable("revocation", error))?;
        if (200..300).contains(&answer.status) {
            Ok(())
        } else {
            Err(self.server.failed("revocation", &url, &answer))
        }
    }

    /// Tries again when nothing was sent, and once more when the answer was lost, if that may be.
    async fn repeated<F: Future<Output = Result<Tokens>>>(
        &self,
        mut may_repeat: bool,
        exchange: impl Fn() -> F,
    ) -> Result<Tokens> {
        let mut pauses = BACKOFF.iter();
        loop {
            let error = match exchange().await {
                Ok(tokens) => return Ok(tokens),
                Err(error) => error,
            };
            let again = match error.failure() {
                Failure::NotSent => true,
                // Once: the lost answer may have held a new refresh token.
                Failure::Interrupted | Failure::Throttled => std::mem::take(&mut may_repeat),
                _ => false,
            };
            match pauses.next().filter(|_| again) {
                Some(pause) => self.server.time.clock().pause(*pause).await,
                None => return Err(error),
            }
        }
    }

    /// A form with the client's credentials.
    fn form(&self, url: Url, pairs: &[(&str, &str)]) -> HttpRequest {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(pairs).append_pair("client_id", &self.client_id);
        if let Some(secret) = &self.client_secret {
            form.append_pair("client_secret", secret.expose());
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        self.server.request("POST", url, headers, form.finish())
    }

    /// A grant that the `oauth2` crate does not know, with answers as of any other.
    async fn extension_grant(
        &self,
        pairs: &[(&str, &str)],
        http: &Http<'_>,
    ) -> std::result::Result<TokenAnswer, Refusal> {
        let request = self.form(self.server.token_url.clone(), pairs);
        let (status, body) = http.send(request).await.map_err(RequestTokenError::Request)?;
        if status == 200 {
            return serde_json::from_slice(&body)
                .map_err(|error| RequestTokenError::Other(error.to_string()));
        }
        match serde_json::from_slice(&body) {
            Ok(error) => Err(RequestTokenError::ServerResponse(error)),
            Err(error) => Err(RequestTokenError::Other(error.to_string())),
        }
    }

    fn tokens(
        &self,
        answer: std::result::Result<TokenAnswer, Refusal>,
        http: &Http<'_>,
        grant: &Grant,
    ) -> Result<Tokens> {
        let has_secret = self.client_secret.is_some();
        let answer = answer.map_err(|error| {
            let server = &self.server;
            refused(error, &server.token_url, &server.secrets, &http.last(), grant, has_secret)
        })?;
        Ok(self.accept(&answer))
    }

    /// The tokens of an answer. From here on nothing that is shown holds one of them.
    pub(crate) fn accept(&self, answer: &TokenAnswer) -> Tokens {
        let now = self.server.time.now();
        let access = answer.access_token().secret();
        let expires_at = answer
            .expires_in()
            .map(|life| now.saturating_add(life.as_secs()))
            .or_else(|| expiry_in_token(access).filter(|expiry| *expiry > now))
            .unwrap_or(now + USUAL_LIFETIME);
        let tokens = Tokens {
            access_token: Some(Secret::new(access.clone())),
            expires_at: Some(expires_at),
            lifetime: Some(expires_at - now),
            refresh_token: answer.refresh_token().map(|token| Secret::new(token.secret().clone())),
            id_token: answer.id_token.clone().map(Secret::new),
            scope: answer.scope.clone(),
            origin: None,
        };
        for secret in tokens.secrets() {
            self.server.secrets.remember(secret);
        }
        tokens
    }
}

type Refusal = RequestTokenError<TransportError, BasicErrorResponse>;

/// The transport as the crate wants it. What came back is noted for the error text.
struct Http<'a> {
    server: &'a IdentityServer,
    last: Arc<Mutex<Last>>,
}

impl<'a> Http<'a> {
    fn new(server: &'a IdentityServer) -> Self {
        Self { server, last: Arc::default() }
    }

    fn last(&self) -> Last {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Status and body, in the form that the crate takes.
    async fn send(&self, request: HttpRequest) -> std::result::Result<(u16, Vec<u8>), TransportError> {
        let answer = self.server.send(request).await?;
        let plain = plain(answer.status, &answer.body);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) =
            Last { status: Some(answer.status), body: answer.body };
        Ok(plain)
    }
}

impl<'c> AsyncHttpClient<'c> for Http<'_> {
    type Error = TransportError;
    type Future = BoxFuture<'c, std::result::Result<oauth2::HttpResponse, TransportError>>;

    fn call(&'c self, request: oauth2::HttpRequest) -> Self::Future {
        let (parts, body) = request.into_parts();
        let request = self.server.request("POST", self.server.token_url.clone(), parts.headers, body);
        Box::pin(async move {
            let (status, body) = self.send(request).await?;
            // Without headers: the crate would take no content type but one.
            let mut response = oauth2::HttpResponse::new(body);
            *response.status_mut() = ::http::StatusCode::from_u16(status).unwrap_or_default();
            Ok(response)
        })
    }
}
