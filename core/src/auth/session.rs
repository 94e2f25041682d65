//! Signing a person in, without opening the browser.

use std::sync::{Mutex, PoisonError};

use oauth2::{AuthUrl, CsrfToken, PkceCodeChallenge, RedirectUrl, ResponseType};
use url::{Url, form_urlencoded};

use super::exchange::Exchanger;
use super::id_token::Expected;
use super::refusal;
use super::token_answer::TokenAnswer;
use super::tokens::Tokens;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::own::ErrorKind;
use crate::redact::{Secret, address};

/// One sign-in of a person: open [`AuthorizationSession::url`] in a browser, then pass the URL where the browser ends to
/// [`AuthorizationSession::finish`].
///
/// State, nonce and PKCE are random and checked, and the ID token is verified. A session works once.
pub struct AuthorizationSession {
    exchanger: Exchanger,
    url: Url,
    redirect: RedirectUrl,
    state: CsrfToken,
    nonce: Option<Secret>,
    flow: Flow,
    once: Mutex<Option<Once>>,
}

/// Content of the redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// A code, which is exchanged for tokens.
    Code,
    /// The tokens themselves, in the fragment of the address: `id_token token`, for old registrations.
    Implicit,
}

impl Flow {
    /// The one of settings that have been checked.
    fn of(config: &Config) -> Self {
        match config.response_type.as_deref() {
            None | Some("code") => Self::Code,
            Some(_) => Self::Implicit,
        }
    }
}

/// What only the first redirect may use.
struct Once {
    verifier: Option<Secret>,
}

impl std::fmt::Debug for AuthorizationSession {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address holds the state, which is a secret of this sign-in.
        write!(out, "AuthorizationSession({})", address(&self.url))
    }
}

impl AuthorizationSession {
    /// Begins a sign-in. The configuration needs `client_id` and `redirect_uri`; a client without a secret works.
    /// Nothing is sent.
    ///
    /// # Errors
    /// `config` when something is missing or malformed.
    pub fn new(config: &Config) -> Result<Self> {
        let config = config.clone().with_clean_credentials()?;
        config.check_sign_in()?;
        let exchanger = Exchanger::alone(&config)?;
        let flow = Flow::of(&config);
        let redirect = config.redirect_uri.clone().ok_or_else(|| {
            Error::config("redirect_uri is missing: give the address that is registered for the client")
        })?;
        let redirect = RedirectUrl::new(redirect)
            .map_err(|error| Error::config(format!("redirect_uri is not a valid URL: {error}")))?;
        let is_openid = exchanger.scope.split_whitespace().any(|scope| scope == "openid");
        if flow == Flow::Implicit && !is_openid {
            return Err(Error::config(
                "scope has to contain openid for the response type \"id_token token\"",
            ));
        }
        let authorize = AuthUrl::from_url(exchanger.server.url("connect/authorize")?);
        let client = exchanger.client().set_auth_uri(authorize).set_redirect_uri(redirect.clone());
        let mut request = client.authorize_url(CsrfToken::new_random).add_scopes(exchanger.scopes());
        // As unguessable as a state, and as long.
        let nonce = is_openid.then(|| Secret::new(CsrfToken::new_random().secret()));
        if let Some(nonce) = &nonce {
            request = request.add_extra_param("nonce", nonce.expose().to_owned());
        }
        let mut verifier = None;
        match flow {
            Flow::Code if config.pkce => {
                let (challenge, secret) = PkceCodeChallenge::new_random_sha256();
                request = request.set_pkce_challenge(challenge);
                verifier = Some(Secret::new(secret.secret()));
            }
            Flow::Code => {}
            Flow::Implicit => {
                request = request.set_response_type(&ResponseType::new("id_token token".into()));
            }
        }
        let (url, state) = request.url();
        let secrets = &exchanger.server.secrets;
        secrets.keep(&Secret::new(state.secret()));
        for secret in [&nonce, &verifier].into_iter().flatten() {
            secrets.keep(secret);
        }
        let once = Mutex::new(Some(Once { verifier }));
        Ok(Self { exchanger, url, redirect, state, nonce, flow, once })
    }

    /// The URL where the person signs in.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The URL where the browser ends.
    #[must_use]
    pub fn redirect_uri(&self) -> &str {
        self.redirect.url().as_str()
    }

    #[cfg(feature = "login")]
    pub(crate) fn flow(&self) -> Flow {
        self.flow
    }

    /// Accepts the whole redirect URL, and fetches the tokens.
    ///
    /// # Errors
    /// `auth` when consent was denied, the state differs, the code is refused or the ID token is not accepted; `config`
    /// for an invalid URL, and when the session was used before.
    pub async fn finish(&self, redirected: &str) -> Result<Tokens> {
        let auth = |text: String| Error::new(ErrorKind::Auth, text);
        let answer = Answer::read(redirected)?;
        // Before anything else is believed.
        if answer.get("state") != Some(self.state.secret()) {
            return Err(auth(
                "the redirect belongs to another sign-in, its state differs: begin again, and use the address at which that sign-in ends"
                    .into(),
            )
            .with_code("state_mismatch"));
        }
        // Another server's answer to a sign-in that was begun here (RFC 9207).
        let server = self.exchanger.server.base.as_str().trim_end_matches('/');
        if answer.get("iss").is_some_and(|issuer| issuer.trim_end_matches('/') != server) {
            return Err(auth(format!("the redirect does not come from {server}: begin again"))
                .with_code("issuer_mismatch"));
        }
        let once = self.once.lock().unwrap_or_else(PoisonError::into_inner).take();
        let once = once.ok_or_else(|| Error::config("this sign-in is finished; begin another"))?;
        if let Some(code) = answer.get("error") {
            let description = answer.get("error_description").unwrap_or_default();
            let denied = refusal::denied(code, description, once.verifier.is_some());
            let text = self.exchanger.server.secrets.scrub(denied.message());
            return Err(denied.with_message(text));
        }
        let tokens = match self.flow {
            Flow::Code => {
                let code = answer.get("code").ok_or_else(|| auth("the redirect has no code".into()))?;
                self.exchanger.server.secrets.keep(&Secret::new(code));
                self.exchanger.code(code.to_owned(), &self.redirect, once.verifier.as_ref()).await?
            }
            Flow::Implicit => {
                let token = |name: &str| {
                    let missing = || auth(format!("the redirect has no {name}: is it the whole address?"));
                    let token = answer.get_from_fragment(name).filter(|token| !token.is_empty());
                    token.map(str::to_owned).ok_or_else(missing)
                };
                let id_token = token("id_token")?;
                let mut tokens =
                    TokenAnswer::new(token("access_token")?, answer.get_from_fragment("expires_in"));
                tokens.id_token = Some(id_token);
                tokens.scope = answer.get_from_fragment("scope").map(str::to_owned);
                self.exchanger.accept(&tokens)
            }
        };
        self.verify(&tokens).await?;
        Ok(tokens)
    }

    async fn verify(&self, tokens: &Tokens) -> Result<()> {
        let (Some(id_token), Some(access_token)) = (&tokens.id_token, &tokens.access_token) else {
            return Ok(());
        };
        let expected = Expected {
            client_id: &self.exchanger.client_id,
            nonce: self.nonce.as_ref().map(Secret::expose),
            access_token,
            needs_at_hash: self.flow == Flow::Implicit,
        };
        self.exchanger.server.verify(id_token, &expected).await
    }

    /// Whether the sign-in still waits for its redirect.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.once.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

/// What a redirect carries, in its query or in its fragment.
struct Answer {
    query: Vec<(String, String)>,
    fragment: Vec<(String, String)>,
}

impl Answer {
    fn read(redirected: &str) -> Result<Self> {
        let address = Url::parse(redirected.trim())
            .map_err(|error| Error::config(format!("this is not the redirect URL: {error}")))?;
        let fragment = address.fragment().unwrap_or_default().as_bytes();
        Ok(Self {
            query: address.query_pairs().into_owned().collect(),
            fragment: form_urlencoded::parse(fragment).into_owned().collect(),
        })
    }

    fn get(&self, name: &str) -> Option<&str> {
        find(&self.query, name).or_else(|| find(&self.fragment, name))
    }

    /// Tokens in a query would have been sent to whoever serves the address.
    fn get_from_fragment(&self, name: &str) -> Option<&str> {
        find(&self.fragment, name)
    }
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}
