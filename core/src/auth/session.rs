//! Signing a person in by the authorization code flow, without opening the browser.

use oauth2::{AuthUrl, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};
use url::Url;

use super::{Exchanger, Tokens};
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};

/// One sign-in of a person: send them to [`AuthorizationSession::url`], then give the address they were sent back to
/// to [`AuthorizationSession::finish`].
///
/// State and PKCE are made at random and checked; a session works once.
pub struct AuthorizationSession {
    exchanger: Exchanger,
    url: Url,
    redirect: RedirectUrl,
    state: CsrfToken,
    verifier: std::sync::Mutex<Option<PkceCodeVerifier>>,
}

impl std::fmt::Debug for AuthorizationSession {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address holds the state, which is a secret of this sign-in.
        write!(out, "AuthorizationSession({})", crate::redact::address(&self.url))
    }
}

impl AuthorizationSession {
    /// Begins a sign-in. The configuration needs `client_id` and `redirect_uri`; a client without a secret works.
    ///
    /// # Errors
    /// `config` when something is missing or malformed.
    pub fn new(config: &Config) -> Result<Self> {
        let config = config.clone().without_blanks();
        let exchanger = config.exchanger()?;
        let redirect = config.redirect_uri.clone().ok_or_else(|| {
            Error::config("redirect_uri is missing: give the address that is registered for the client")
        })?;
        let redirect = RedirectUrl::new(redirect)
            .map_err(|error| Error::config(format!("redirect_uri is no address: {error}")))?;
        let authorize = config.identity("connect/authorize")?;
        let client =
            exchanger.client().set_auth_uri(AuthUrl::from_url(authorize)).set_redirect_uri(redirect.clone());
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state) = client
            .authorize_url(CsrfToken::new_random)
            .add_scopes(config.scope().split_whitespace().map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(challenge)
            .url();
        Ok(Self { exchanger, url, redirect, state, verifier: std::sync::Mutex::new(Some(verifier)) })
    }

    /// Where the person signs in.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Takes the address that the person was sent back to, and fetches the tokens.
    ///
    /// # Errors
    /// `auth` when consent was denied, the state differs, or the code is refused.
    pub async fn finish(&self, redirected: &str) -> Result<Tokens> {
        let auth = |text: String| Error::new(ErrorKind::Auth, text);
        let address = Url::parse(redirected.trim())
            .map_err(|error| Error::config(format!("this is not the address of the redirect: {error}")))?;
        let value = |name: &str| {
            address.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        // Before anything else is believed.
        if value("state").as_deref() != Some(self.state.secret()) {
            return Err(auth("the state of the redirect is not the one of this sign-in: begin again".into()));
        }
        if let Some(code) = value("error") {
            let description = value("error_description").map(|text| format!(" ({text})")).unwrap_or_default();
            let text = match code.as_str() {
                "access_denied" => format!("the sign-in was denied{description}"),
                code => format!("the identity server refused the sign-in: {code}{description}"),
            };
            return Err(auth(text).with_code(code));
        }
        let code = value("code").ok_or_else(|| auth("the redirect holds no code".into()))?;
        let verifier = self.verifier.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let verifier = verifier.ok_or_else(|| Error::config("this sign-in is finished; begin another"))?;
        self.exchanger.code(code, self.redirect.clone(), Some(verifier)).await
    }
}
