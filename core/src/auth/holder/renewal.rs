//! How a new access token comes about, and what is done when none does.

use std::sync::Arc;

use super::super::exchange::Exchanger;
use super::super::refusals::{CallKey, Refusal};
use super::super::tokens::{Bearer, Tokens};
use super::{PATIENCE, Source, State, TokenHolder, signed_out};
use crate::config::BY_COMMAND;
use crate::error::{Error, Failure, Result};
use crate::own::ErrorKind;
use crate::redact::Secret;

impl TokenHolder {
    pub(super) async fn renew(&self) -> Result<Bearer> {
        let result = self.renewed().await;
        if result.is_err() {
            // The call that it was refused to has nothing better; others may be accepted with it.
            let mut state = self.lock();
            state.doubted |= state.rejected;
            state.rejected = state.rejected && state.refusals.has_ended();
        }
        result
    }

    async fn renewed(&self) -> Result<Bearer> {
        if self.is_signed_out() {
            return Err(signed_out());
        }
        match &self.settings.source {
            Source::Nowhere => Err(self.expired()),
            Source::SignIn(exchanger) => self.renew_sign_in(exchanger).await,
            Source::Application(exchanger) => match exchanger.client_credentials().await {
                Ok(tokens) => self.take(tokens, None).await,
                Err(error) => self.serve_on(error),
            },
            Source::Administrator { exchanger, administrator, user_id } => {
                match self.act_as(exchanger, administrator, user_id).await {
                    Ok(tokens) => self.take(tokens, None).await,
                    Err(error) => self.serve_on(error),
                }
            }
        }
    }

    async fn renew_sign_in(&self, exchanger: &Exchanger) -> Result<Bearer> {
        if let Some(bearer) = self.stored().await? {
            return Ok(bearer);
        }
        let lease = self.lease().await?;
        if self.lock().unsaved {
            self.save(lease).await?;
            let state = self.lock();
            return state.tokens.access_token.clone().filter(|_| !state.signed_out).ok_or_else(signed_out);
        }
        // Whoever had it before may have renewed the tokens.
        if lease.is_shared()
            && let Some(bearer) = self.stored().await?
        {
            return Ok(bearer);
        }
        let (refresh_token, may_repeat) = {
            let state = self.lock();
            let Some(token) = state.tokens.refresh_token.clone() else {
                return Err(self.nothing_to_renew(&state));
            };
            match &state.refused {
                // It will not be accepted the next time either.
                Some((refused, error)) if *refused == token => return Err(error.clone()),
                _ => (token, !state.rotates),
            }
        };
        if self.lock().nothing_stored {
            self.settings.store.check().await?;
        }
        let error = match exchanger.refresh(&refresh_token, may_repeat).await {
            Ok(tokens) => return self.take(tokens, Some(lease)).await,
            Err(error) if is_final(&error) => error,
            Err(error) => return self.serve_on(error),
        };
        // Somebody who shares the store without its lease may have used it up and saved its successor.
        if let Some(bearer) = self.stored().await? {
            return Ok(bearer);
        }
        if let Some(configured) = self.configured_beside(&refresh_token) {
            match exchanger.refresh(&configured, false).await {
                Ok(tokens) => {
                    self.lock().tokens.refresh_token = Some(configured);
                    return self.take(tokens, Some(lease)).await;
                }
                Err(error) if is_final(&error) => self.lock().tried_configured = true,
                Err(error) => return self.serve_on(error),
            }
        }
        self.lock().refused = Some((refresh_token, error.clone()));
        self.serve_on(error)
    }

    /// The configured refresh token, where another was stored and the configured one was not tried.
    fn configured_beside(&self, stored: &Secret) -> Option<Secret> {
        let configured = self.settings.refresh_token.as_ref();
        configured.filter(|token| *token != stored && !self.lock().tried_configured).cloned()
    }

    /// A token for another user. The administrator's own is for the exchange only: no call is made with it.
    async fn act_as(
        &self,
        exchanger: &Exchanger,
        administrator: &Arc<TokenHolder>,
        user_id: &str,
    ) -> Result<Tokens> {
        let call = CallKey::of("actas", user_id);
        let bearer = administrator.bearer_of_another().await?;
        let error = match exchanger.act_as(&bearer, user_id).await {
            Ok(tokens) => {
                administrator.accept(&bearer, call);
                return Ok(tokens);
            }
            Err(error) => error,
        };
        // One answer for two reasons: the user may not be acted for, or the administrator's token was ended before its time.
        // Only the second is mended by another token.
        if matches!(error.code(), Some("invalid_grant" | "invalid_token"))
            && exchanger.server.rejects(&bearer).await
            && administrator.reject(&bearer, call) == Refusal::Renewable
        {
            let bearer = administrator.bearer_of_another().await?;
            return exchanger.act_as(&bearer, user_id).await;
        }
        Err(error)
    }

    fn expired(&self) -> Error {
        let (expiry, rejected) = {
            let state = self.lock();
            (state.tokens.expires_at.unwrap_or_default(), state.rejected)
        };
        if rejected {
            let text = "the service has refused the access token in several calls in a row, and nothing is there to renew it: \
                        sign in again";
            return Error::new(ErrorKind::Auth, text);
        }
        let now = self.settings.time.now();
        let text = match self.settings.time.hint() {
            Some(hint) => {
                format!("the access token has expired and cannot be renewed: sign in again; {hint}")
            }
            None => format!(
                "the access token has expired {} s ago by this machine's clock, and nothing is there to renew it: sign in \
                 again, or set the clock right if it is wrong",
                now.saturating_sub(expiry)
            ),
        };
        Error::new(ErrorKind::Auth, text)
    }

    fn nothing_to_renew(&self, state: &State) -> Error {
        let text = if state.tokens.access_token.is_some() {
            let ended = if state.rejected { "is no longer accepted" } else { "has expired" };
            format!(
                "the access token {ended}, and there is no refresh token to renew it: sign in again{BY_COMMAND}"
            )
        } else {
            format!("nobody is signed in: the token store is empty. Sign in first{BY_COMMAND}")
        };
        Error::new(ErrorKind::Auth, text)
    }

    /// A token that is still valid serves on when it could not be renewed.
    fn serve_on(&self, error: Error) -> Result<Bearer> {
        let bearer = {
            let mut state = self.lock();
            let passing = matches!(
                error.failure(),
                Failure::NotSent | Failure::Lasting | Failure::Interrupted | Failure::Throttled
            );
            state.patient_until = passing.then(|| self.clock().elapsed() + PATIENCE);
            self.fresh(&state)
        };
        let Some(bearer) = bearer else { return Err(error) };
        self.settings.log.warn(&format!("the access token could not be renewed and stays in use: {error}"));
        Ok(bearer)
    }
}

/// Whether a refresh token is not accepted any more.
fn is_final(error: &Error) -> bool {
    matches!(error.code(), Some("invalid_grant" | "unauthorized_client"))
}
