//! The public API of a sign-in.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::exchange::Exchanger;
use super::holder::TokenHolder;
use super::refusals::{CallKey, Refusal};
use super::server::IdentityServer;
use super::tokens::Tokens;
use crate::cancel::Cancel;
use crate::error::{Error, Failure, Result};
use crate::own::ErrorKind;

/// The sign-in of a client: who is signed in, and signing out. The requests go to the identity server and do not count
/// against the quota.
#[derive(Debug, Clone)]
pub struct Auth {
    pub(crate) tokens: Arc<TokenHolder>,
    pub(crate) server: IdentityServer,
    /// None for a client without a client id.
    pub(crate) exchanger: Option<Exchanger>,
    /// The end of the client.
    pub(crate) closed: Cancel,
}

/// Who is signed in (docs/service/sign-in.md, Sign-in).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct UserInfo {
    /// Id of the user.
    pub sub: Option<String>,
    /// User name.
    pub preferred_username: Option<String>,
    /// Full name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Whether the address was verified.
    pub email_verified: Option<bool>,
    /// All other members.
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

/// The user for whom a client acts, and the application for it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ActAs {
    /// Id of the user.
    pub user_id: String,
    /// Id of the application that is registered for impersonation.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
}

impl ActAs {
    /// Acts for the user with this id, with the application that is registered for impersonation.
    pub fn new(
        user_id: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Self {
        Self { user_id: user_id.into(), client_id: client_id.into(), client_secret: client_secret.into() }
    }
}

impl std::fmt::Debug for ActAs {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "ActAs({:?})", self.user_id)
    }
}

impl Auth {
    /// Who is signed in, as JSON: `sub`, `preferred_username`, `name`, `email`, `email_verified` (a Boolean, even if the
    /// service sends a text), null for missing members, and the service's other members.
    ///
    /// # Errors
    /// As for any call.
    pub async fn userinfo_json(&self) -> Result<Map<String, Value>> {
        self.while_open(self.fetch_userinfo()).await
    }

    async fn fetch_userinfo(&self) -> Result<Map<String, Value>> {
        let url = self.server.url("connect/userinfo")?;
        let (call, mut renewed) = (CallKey::of("userinfo", ""), false);
        let answer = loop {
            let bearer = self.tokens.bearer().await?;
            match self.server.get("user information", &url, Some(&bearer)).await {
                Err(error) if error.failure() == Failure::TokenRejected => {
                    let refusal = self.tokens.reject(&bearer, call);
                    if std::mem::replace(&mut renewed, true) || refusal != Refusal::Renewable {
                        return Err(error);
                    }
                }
                answer => {
                    let answer = answer?;
                    self.tokens.accept(&bearer, call);
                    break answer;
                }
            }
        };
        let Value::Object(mut members) = answer else {
            return Err(Error::new(ErrorKind::Decode, "the user information is not an object"));
        };
        // A member of the 2019 documentation that says nothing.
        members.remove("userinfo");
        for name in ["sub", "preferred_username", "name", "email", "email_verified"] {
            members.entry(name).or_insert(Value::Null);
        }
        if let Some(Value::String(text)) = members.get("email_verified") {
            let verified = text.eq_ignore_ascii_case("true");
            members.insert("email_verified".into(), verified.into());
        }
        Ok(members)
    }

    /// Who is signed in.
    ///
    /// # Errors
    /// As for any call.
    pub async fn userinfo(&self) -> Result<UserInfo> {
        let members = self.userinfo_json().await?;
        UserInfo::deserialize(Value::Object(members))
            .map_err(|error| Error::new(ErrorKind::Decode, format!("the user information: {error}")))
    }

    /// The URL that ends the sign-in in the browser. It contains the ID token, if there is one: give it to the browser
    /// only. It does not revoke the refresh token.
    ///
    /// # Errors
    /// `config` when `post_logout_redirect_uri` is not a valid URL; those of the token store.
    pub async fn end_session_url(&self, post_logout_redirect_uri: Option<&str>) -> Result<String> {
        let mut url = self.server.url("connect/endsession")?;
        let tokens = self.while_open(self.tokens.tokens()).await?;
        {
            let mut query = url.query_pairs_mut();
            if let Some(hint) = &tokens.id_token {
                query.append_pair("id_token_hint", hint.expose());
            }
            if let Some(redirect) = post_logout_redirect_uri {
                Url::parse(redirect).map_err(|error| {
                    Error::config(format!("post_logout_redirect_uri is not a valid URL: {error}"))
                })?;
                query.append_pair("post_logout_redirect_uri", redirect);
            }
        }
        if url.query() == Some("") {
            url.set_query(None);
        }
        Ok(url.into())
    }

    /// Signs out: revokes the refresh token if the identity server announces that it supports this, and always removes the
    /// tokens from this client and its store. The client can make no more calls then.
    ///
    /// Returns whether a token was revoked.
    ///
    /// # Errors
    /// When revoking failed and the token is still valid; when the store cannot be written.
    pub async fn sign_out(&self) -> Result<bool> {
        self.while_open(self.tokens.sign_out(|tokens| self.revoke(tokens))).await
    }

    async fn revoke(&self, tokens: Tokens) -> Result<bool> {
        let (token, kind) = match (&tokens.refresh_token, &tokens.access_token) {
            (Some(token), _) => (token, "refresh_token"),
            (None, Some(token)) => (token, "access_token"),
            (None, None) => return Ok(false),
        };
        let Some(exchanger) = &self.exchanger else { return Ok(false) };
        let kept = |error: Error| {
            let text = format!("the tokens are removed here, but not revoked: {}", error.message());
            error.with_message(text)
        };
        let Some(url) = self.revocation(false).await.map_err(kept)? else { return Ok(false) };
        match exchanger.revoke(url.clone(), token, kind).await {
            Ok(()) => Ok(true),
            // What is kept of the announcement may be old.
            Err(error) if error.kind() == ErrorKind::NotFound => match self.revocation(true).await {
                Ok(None) => Ok(false),
                Ok(Some(other)) if other != url => {
                    exchanger.revoke(other, token, kind).await.map(|()| true).map_err(kept)
                }
                _ => Err(kept(error)),
            },
            Err(error) => Err(kept(error)),
        }
    }

    /// Where tokens are revoked, if the identity server announces it.
    async fn revocation(&self, fresh: bool) -> Result<Option<Url>> {
        match self.server.discovery(fresh).await {
            Ok(discovery) => Ok(discovery.revocation_endpoint),
            // A server without the document announces nothing.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The discovery document of the identity server, unchanged.
    ///
    /// # Errors
    /// `not_found` when there is none, `network` when the server cannot be reached.
    pub async fn discovery(&self) -> Result<Value> {
        Ok((*self.while_open(self.server.document(false)).await?).clone())
    }

    /// Scopes of the present access token; `None` if nothing states them. Fetches a token if that is needed.
    ///
    /// # Errors
    /// Those of signing in.
    pub async fn scopes(&self) -> Result<Vec<String>> {
        self.while_open(self.tokens.bearer()).await?;
        Ok(self.tokens.scopes())
    }

    /// The work, as long as the client is open.
    async fn while_open<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        if self.closed.is_cancelled() {
            return Err(Error::new(ErrorKind::Closed, "the client is closed"));
        }
        tokio::select! {
            biased;
            // What a token store says may quote what it was given.
            result = work => result.map_err(|error| {
                let text = self.server.secrets.scrub(error.message());
                error.with_message(text)
            }),
            () = self.closed.cancelled() => {
                Err(Error::new(ErrorKind::Cancelled, "the client was closed during the call"))
            }
        }
    }
}
