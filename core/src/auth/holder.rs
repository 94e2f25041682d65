//! The present access token, renewed once for all who wait for it.

mod renewal;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;

use super::exchange::Exchanger;
use super::refusals::{CallKey, Refusal, Refusals};
use super::store::{self, Lease, TokenStore};
use super::tokens::{Bearer, Tokens, expiry_in_token};
use crate::caller;
use crate::clock::{Clock, ServerTime};
use crate::error::{Error, Result};
use crate::log::Log;
use crate::own::ErrorKind;
use crate::promise::{self, Promised};
use crate::redact::Secret;

/// How long before its end a token is renewed, at most.
const MARGIN: u64 = 300;

/// After a renewal that failed for the moment, a still valid token serves on this long before the next try.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct HolderSettings {
    pub(crate) handle: Handle,
    pub(crate) time: ServerTime,
    pub(crate) log: Log,
    pub(crate) store: Arc<dyn TokenStore>,
    pub(crate) source: Source,
    pub(crate) access_token: Option<Secret>,
    pub(crate) refresh_token: Option<Secret>,
    /// What the parent process had before a fork.
    pub(crate) inherited: Option<Inherited>,
}

/// A sign-in as it stands, for a process that goes on with it after a fork.
#[derive(Debug, Clone)]
pub struct Inherited {
    tokens: Tokens,
    rotates: bool,
    signed_out: bool,
    unsaved: bool,
}

/// Where new access tokens come from.
#[derive(Clone)]
pub(crate) enum Source {
    /// From nowhere: the client was given one, and nothing to renew it with.
    Nowhere,
    /// By the refresh token of a person's sign-in, which is configured or in the store.
    SignIn(Exchanger),
    /// The application signs in as itself.
    Application(Exchanger),
    /// By the access token of an administrator, for another user.
    Administrator { exchanger: Exchanger, administrator: Arc<TokenHolder>, user_id: String },
}

impl Source {
    fn exchanger(&self) -> Option<&Exchanger> {
        match self {
            Self::Nowhere => None,
            Self::SignIn(exchanger)
            | Self::Application(exchanger)
            | Self::Administrator { exchanger, .. } => Some(exchanger),
        }
    }
}

/// Gives every request a valid access token.
pub(crate) struct TokenHolder {
    settings: HolderSettings,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tokens: Tokens,
    /// Whether the store has been read.
    loaded: bool,
    /// The person has signed out.
    signed_out: bool,
    /// The access token is not to be used any more, as the service refused it.
    rejected: bool,
    refusals: Refusals,
    /// The store may hold a better token than the one that was refused.
    doubted: bool,
    /// The identity server has handed out a new refresh token before: a repeated exchange could end the sign-in.
    rotates: bool,
    /// Tokens that are not saved yet, because saving them failed.
    unsaved: bool,
    /// Kept as long as that is so: with what is stored, somebody else would use a refresh token again.
    lease: Option<Lease>,
    /// The store held nothing when it was read last.
    nothing_stored: bool,
    /// A refresh token that the identity server does not accept any more, with what it said.
    refused: Option<(Secret, Error)>,
    /// The configured refresh token was tried after the stored one, and not accepted either.
    tried_configured: bool,
    /// On the clock's own scale.
    patient_until: Option<Duration>,
    renewal: Option<Promised<Result<Bearer>>>,
}

impl TokenHolder {
    pub(crate) fn new(settings: HolderSettings) -> Arc<Self> {
        let now = settings.time.now();
        let expires_at = settings.access_token.as_ref().and_then(|token| expiry_in_token(token.expose()));
        let own = Tokens {
            access_token: settings.access_token.clone(),
            // Nothing is known of an opaque token: the service will say when it has expired.
            expires_at: settings.access_token.as_ref().map(|_| expires_at.unwrap_or(u64::MAX)),
            lifetime: expires_at.map(|expiry| expiry.saturating_sub(now)),
            refresh_token: settings.refresh_token.clone(),
            id_token: None,
            scope: None,
            // Stored tokens of another sign-in do not stand in for a configured one.
            origin: settings.refresh_token.as_ref().or(settings.access_token.as_ref()).map(fingerprint),
        };
        let mut state = State { tokens: own, ..State::default() };
        if let Some(inherited) = settings.inherited.clone() {
            state.tokens = inherited.tokens;
            state.rotates = inherited.rotates;
            state.signed_out = inherited.signed_out;
            state.unsaved = inherited.unsaved;
            // The store has been read, or holds what another process has saved since.
            state.loaded = state.unsaved;
        }
        Arc::new(Self { settings, state: Mutex::new(state) })
    }

    /// Ends when no renewal is on its way any more. Its tokens are saved by then, or could not be.
    pub(crate) async fn settled(&self) {
        let renewal = self.lock().renewal.clone();
        if let Some(renewal) = renewal {
            let _ = renewal.wait().await;
        }
    }

    /// The sign-in as it stands.
    pub(crate) fn inherit(&self) -> Inherited {
        let state = self.lock();
        Inherited {
            tokens: state.tokens.clone(),
            rotates: state.rotates,
            signed_out: state.signed_out,
            unsaved: state.unsaved,
        }
    }

    /// A token that is valid now.
    pub(crate) async fn bearer(self: &Arc<Self>) -> Result<Bearer> {
        let renewal = {
            let mut state = self.lock();
            if let Some(bearer) = self.fresh(&state) {
                return Ok(bearer);
            }
            match &state.renewal {
                // One whose task is gone, because the token store panicked, has nothing to wait for.
                Some(renewal) if !renewal.is_broken() => renewal.clone(),
                _ => {
                    let (promise, promised) = promise::promise();
                    state.renewal = Some(promised.clone());
                    let (holder, caller) = (Arc::clone(self), caller::present());
                    // A task of its own: with rotation, an answer that nobody reads loses the sign-in.
                    self.settings.handle.spawn(async move {
                        let result = caller::on_behalf(caller, holder.renew()).await;
                        holder.lock().renewal = None;
                        promise.keep(result);
                    });
                    promised
                }
            }
        };
        match renewal.wait().await {
            Some(result) => result,
            None => Err(Error::new(
                ErrorKind::Closed,
                "the renewal of the token ended without a result: the token store panicked, or the runtime was shut down",
            )),
        }
    }

    /// The same for a holder that builds on this one, whose type would go on for ever.
    fn bearer_of_another(self: &Arc<Self>) -> BoxFuture<'_, Result<Bearer>> {
        Box::pin(self.bearer())
    }

    /// The service accepted this token.
    pub(crate) fn accept(&self, bearer: &Bearer, call: CallKey) {
        let mut state = self.lock();
        if state.tokens.access_token.as_ref() == Some(bearer) {
            state.refusals.accept(call);
            // A renewal that somebody waits for goes on.
            state.rejected = state.rejected && self.is_renewable(&state);
        }
    }

    /// The service refused this token to a call.
    pub(crate) fn reject(&self, bearer: &Bearer, call: CallKey) -> Refusal {
        let mut state = self.lock();
        if state.tokens.access_token.as_ref() != Some(bearer) {
            state.refusals.refuse_former(call);
            return Refusal::Renewable;
        }
        let renewable = self.is_renewable(&state);
        let refusal = state.refusals.refuse(call, renewable, self.clock().elapsed());
        state.doubted = true;
        if refusal == Refusal::Renewable || (!renewable && state.refusals.has_ended()) {
            state.rejected = true;
        }
        refusal
    }

    /// Whether it gives tokens for another user than the one who signed in.
    pub(crate) fn is_acting(&self) -> bool {
        matches!(self.settings.source, Source::Administrator { .. })
    }

    fn is_renewable(&self, state: &State) -> bool {
        match &self.settings.source {
            Source::Nowhere => false,
            Source::SignIn(_) => {
                let refused = state.refused.as_ref().map(|(token, _)| token);
                state.tokens.refresh_token.as_ref().is_some_and(|token| refused != Some(token))
            }
            Source::Application(_) | Source::Administrator { .. } => true,
        }
    }

    /// Whether the store may hold tokens that are worth more than the configured ones.
    fn is_stored(&self) -> bool {
        matches!(self.settings.source, Source::SignIn(_))
    }

    /// The tokens of the sign-in, also those that an earlier process left in the store.
    pub(crate) async fn tokens(&self) -> Result<Tokens> {
        if self.is_stored() && !self.is_signed_out() {
            self.load().await?;
        }
        Ok(self.snapshot())
    }

    /// Ends the sign-in: what `end` does with the newest tokens, and then the tokens are forgotten here and in the store,
    /// whatever came of it.
    pub(crate) async fn sign_out<T, F: Future<Output = Result<T>>>(
        &self,
        end: impl FnOnce(Tokens) -> F,
    ) -> Result<T> {
        // No renewal begins from here on, and one that is on its way has its tokens saved before they are forgotten.
        let renewal = {
            let mut state = self.lock();
            state.signed_out = true;
            state.renewal.clone()
        };
        if let Some(renewal) = renewal {
            let _ = renewal.wait().await;
        }
        // What cannot be read is forgotten all the same.
        let lease = self.lease().await;
        let loaded = if self.is_stored() { self.load().await } else { Ok(()) };
        let ended = end(self.snapshot()).await;
        self.lock().tokens = Tokens::default();
        self.settings.store.clear().await?;
        let unread = |error: Error| {
            let text = format!("the tokens are removed, but could not be read first: {}", error.message());
            error.with_message(text)
        };
        lease.and(loaded).map_err(unread)?;
        ended
    }

    fn is_signed_out(&self) -> bool {
        self.lock().signed_out
    }

    /// The present tokens, for a process that goes on with them.
    pub(crate) fn snapshot(&self) -> Tokens {
        self.lock().tokens.clone()
    }

    /// Scopes of the present access token; none where nothing states them.
    pub(crate) fn scopes(&self) -> Vec<String> {
        self.lock().tokens.scopes()
    }

    fn clock(&self) -> &dyn Clock {
        &**self.settings.time.clock()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh(&self, state: &State) -> Option<Bearer> {
        if state.signed_out || state.rejected || state.unsaved {
            return None;
        }
        if self.is_stored() && (state.doubted || !state.loaded) {
            return None;
        }
        // Whoever acts for others does so only while the administrator is signed in.
        if let Source::Administrator { administrator, .. } = &self.settings.source
            && administrator.is_signed_out()
        {
            return None;
        }
        let patient = state.patient_until.is_some_and(|until| self.clock().elapsed() < until);
        // A token that cannot be renewed is used to its end.
        let margin = if patient || !self.is_renewable(state) { 0 } else { margin(&state.tokens) };
        let now = self.settings.time.now();
        let expiry = state.tokens.expires_at.unwrap_or_default();
        if expiry > now.saturating_add(margin) { state.tokens.access_token.clone() } else { None }
    }

    /// A valid token from the store.
    async fn stored(&self) -> Result<Option<Bearer>> {
        self.load().await?;
        Ok(self.fresh(&self.lock()))
    }

    async fn lease(&self) -> Result<Lease> {
        if let Some(lease) = self.lock().lease.take() {
            return Ok(lease);
        }
        store::lease(&*self.settings.store, self.clock()).await
    }

    /// Reads the store: at first for what an earlier process left, later for what another process has renewed.
    async fn load(&self) -> Result<()> {
        let stored = self.settings.store.load().await?.filter(|tokens| !tokens.is_empty());
        let mut state = self.lock();
        let first = !std::mem::replace(&mut state.loaded, true);
        state.doubted = false;
        let configured = self.settings.refresh_token.is_some() || self.settings.access_token.is_some();
        state.nothing_stored = stored.is_none();
        let Some(stored) = stored else {
            // Somebody has signed out of what only the store had.
            if !configured && !state.unsaved {
                state.tokens = Tokens::default();
            }
            return Ok(());
        };
        let same_sign_in = stored.origin == state.tokens.origin || !configured;
        let newer = stored.access_token.is_some() && stored.access_token != state.tokens.access_token;
        if same_sign_in && !state.unsaved && (first || newer) {
            let still_rejected = state.rejected && !newer;
            // A token that the caller gave with a longer life than the stored one is kept.
            let keep_own = first && state.tokens.expires_at > stored.expires_at;
            let own = std::mem::replace(&mut state.tokens, stored);
            if newer {
                let refused = state.rejected;
                state.refusals.replace(refused, self.clock().elapsed());
            }
            if keep_own {
                state.tokens.access_token = own.access_token;
                state.tokens.expires_at = own.expires_at;
                state.tokens.lifetime = own.lifetime;
            }
            state.tokens.refresh_token = state.tokens.refresh_token.take().or(own.refresh_token);
            state.rejected = still_rejected;
            state.rotates |= state.tokens.refresh_token.as_ref().map(fingerprint) != state.tokens.origin;
            if let Some(exchanger) = self.settings.source.exchanger() {
                for secret in state.tokens.secrets() {
                    exchanger.server.secrets.remember(secret);
                }
            }
        }
        Ok(())
    }

    /// Saves new tokens, then lets them be used. Those of a sign-in come with the lease of their store.
    async fn take(&self, new: Tokens, lease: Option<Lease>) -> Result<Bearer> {
        {
            let mut state = self.lock();
            state.rotates |= new.refresh_token.is_some() && new.refresh_token != state.tokens.refresh_token;
            state.tokens = Tokens {
                refresh_token: new.refresh_token.or(state.tokens.refresh_token.take()),
                origin: state.tokens.origin.take(),
                id_token: new.id_token.or(state.tokens.id_token.take()),
                scope: new.scope.or(state.tokens.scope.take()),
                ..new
            };
            let refused = std::mem::take(&mut state.rejected);
            state.refusals.replace(refused, self.clock().elapsed());
            state.patient_until = None;
            state.unsaved = lease.is_some();
        }
        if let Some(lease) = lease {
            self.save(lease).await?;
        }
        let state = self.lock();
        // Also one that has ended by now: the service will say so, and the next call renews again.
        state.tokens.access_token.clone().filter(|_| !state.signed_out).ok_or_else(signed_out)
    }

    async fn save(&self, lease: Lease) -> Result<()> {
        let saved = self.settings.store.save(self.snapshot()).await;
        let mut state = self.lock();
        match saved {
            Ok(()) => state.unsaved = false,
            Err(_) => state.lease = Some(lease),
        }
        saved
    }
}

fn signed_out() -> Error {
    Error::new(ErrorKind::Auth, "this client has signed out: sign in again and make a new client")
}

impl std::fmt::Debug for TokenHolder {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("TokenHolder")
    }
}

/// Five minutes, less for a token of a short life: never one renewal a call.
fn margin(tokens: &Tokens) -> u64 {
    tokens.lifetime.map_or(MARGIN, |lifetime| MARGIN.min(lifetime / 4))
}

/// Tells a sign-in from another without giving the token away.
fn fingerprint(token: &Secret) -> String {
    Sha256::digest(token.expose().as_bytes()).iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
