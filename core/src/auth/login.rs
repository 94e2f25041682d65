//! Signing a person in with the browser of this machine.
//!
//! The browser ends at the redirect address. Where that is one of this machine, `listener.rs` answers there while the sign-in
//! lasts; the person can always paste the address instead.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select_all;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use url::Url;

use super::listener::{Place, Visit, listen, page, serve};
use super::profiles::Profiles;
use super::session::AuthorizationSession;
use super::store::{self, open_store};
use super::tokens::Tokens;
use crate::address::is_loopback;
use crate::clock::{self, Clock, RecordedClock};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::near;
use crate::own::ErrorKind;

/// How long a person may take, in seconds, unless the options say otherwise.
const PATIENCE: f64 = 300.0;

const OPTIONS: [&str; 5] = ["free_port", "open_browser", "profile", "timeout", "must_listen"];

/// Pause after a connection that could not be accepted.
const AFTER_REFUSAL: Duration = Duration::from_millis(50);

/// Options of a sign-in with a browser.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct LoginOptions {
    /// Listens at any free port of 127.0.0.1; the registration must allow that. Path and host are those of
    /// `redirect_uri`; without one, `http://127.0.0.1/callback`. Default false.
    pub free_port: bool,
    /// Whether [`Login::complete`] opens the browser. Default true.
    pub open_browser: bool,
    /// Profile of the credentials file that keeps the sign-in. Default: it is not kept.
    pub profile: Option<String>,
    /// Time limit for the person's sign-in, in seconds. Default 300.
    pub timeout: Option<f64>,
    /// Whether it is an error if the client cannot listen at the redirect URI. Default true; with false [`Login::paste`] is
    /// left.
    pub must_listen: bool,
}

impl Default for LoginOptions {
    fn default() -> Self {
        Self { free_port: false, open_browser: true, profile: None, timeout: None, must_listen: true }
    }
}

impl LoginOptions {
    /// Reads options from a JSON object. Null stands for the default.
    ///
    /// # Errors
    /// `config` for an unknown name or a value of the wrong type.
    pub fn from_json(members: Map<String, Value>) -> Result<Self> {
        near::check(members.keys(), &OPTIONS, "a sign-in has no option", "options are")?;
        let given: Map<_, _> = members.into_iter().filter(|(_, value)| !value.is_null()).collect();
        Self::deserialize(Value::Object(given)).map_err(|error| Error::config(format!("login: {error}")))
    }
}

/// A sign-in of a person with a browser.
#[derive(Debug)]
pub struct Login {
    session: AuthorizationSession,
    /// Two for `localhost`, which is an address of each kind.
    listeners: Vec<TcpListener>,
    not_listening: Option<Error>,
    /// What a request to the listener is addressed to.
    redirect: Url,
    /// As it was given: a port that was free once is not worth keeping.
    config: Config,
    options: LoginOptions,
    clock: Arc<dyn Clock>,
    recorded: Option<RecordedClock>,
    patience: Duration,
}

impl Login {
    /// Begins a sign-in, and listens at `redirect_uri` if that is an `http` URL of this machine.
    ///
    /// # Errors
    /// `config` when a setting is missing or malformed, or when the port is taken.
    pub async fn begin(config: &Config, options: LoginOptions) -> Result<Self> {
        let kept = config.clone().with_clean_credentials()?;
        let mut config = kept.clone();
        let free_port = options.free_port;
        let patience = config.seconds("timeout", options.timeout.unwrap_or(PATIENCE))?;
        if options.profile.is_some() {
            config.company()?;
        }
        if free_port {
            config.redirect_uri.get_or_insert_with(|| "http://127.0.0.1/callback".into());
        }
        let given = config.redirect_uri.clone().unwrap_or_default();
        let mut redirect = Url::parse(&given).map_err(|error| {
            Error::config(format!(
                "redirect_uri {given:?} is not a valid URL ({error}): give the one that is registered for the client"
            ))
        })?;
        let is_ours = redirect.scheme() == "http" && is_loopback(&redirect);
        if free_port && !is_ours {
            return Err(Error::config(format!(
                "redirect_uri {redirect}: a free port needs an http address of this machine, such as http://127.0.0.1/callback"
            )));
        }
        let (mut listeners, mut not_listening) = (Vec::new(), None);
        if is_ours {
            match listen(&mut redirect, free_port).await {
                Ok(bound) => listeners = bound,
                Err(error) if options.must_listen => return Err(error),
                Err(error) => not_listening = Some(error),
            }
            config.redirect_uri = Some(if free_port { redirect.to_string() } else { given });
        }
        let session = AuthorizationSession::new(&config)?;
        let (clock, recorded) = clock::of(config.testing.as_ref())?;
        if let Some(profile) = &options.profile {
            Profiles::of_user()?.check(profile, &kept.to_profile()?).await?;
        }
        Ok(Self {
            session,
            listeners,
            not_listening,
            redirect,
            config: kept,
            options,
            clock,
            recorded,
            patience,
        })
    }

    /// The URL where the person signs in.
    #[must_use]
    pub fn url(&self) -> &str {
        self.session.url()
    }

    /// The URL where the browser ends.
    #[must_use]
    pub fn redirect_uri(&self) -> &str {
        self.session.redirect_uri()
    }

    /// Whether the client listens for the redirect, so that [`Login::complete`] can receive it.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        !self.listeners.is_empty()
    }

    /// Why the client does not listen at a redirect URI of this machine.
    #[must_use]
    pub fn not_listening(&self) -> Option<&Error> {
        self.not_listening.as_ref()
    }

    /// Whether the sign-in still waits for its redirect.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.session.is_open()
    }

    /// The clock of a sign-in that was begun for tests.
    #[must_use]
    pub fn recorded_clock(&self) -> Option<&RecordedClock> {
        self.recorded.as_ref()
    }

    /// Opens [`Login::url`] in the browser that `BROWSER` names, else in the default browser.
    ///
    /// # Errors
    /// `config` when there is none.
    pub fn open_browser(&self) -> Result<()> {
        open_browser(self.url())
    }

    /// Accepts a pasted redirect URL, and keeps the sign-in as the options say.
    ///
    /// # Errors
    /// Those of [`AuthorizationSession::finish`]; as long as the sign-in [is open](Login::is_open), the right URL can still
    /// be pasted.
    pub async fn paste(&self, redirected: &str) -> Result<Tokens> {
        let tokens = self.session.finish(redirected).await?;
        self.keep(tokens).await
    }

    /// Opens the browser, unless the options say not to; waits for the redirect, shows the result in the browser, and keeps
    /// the sign-in as the options say.
    ///
    /// # Errors
    /// Those of [`AuthorizationSession::finish`]; `timeout` when no redirect arrives; `config` when the client does not listen,
    /// when there is no browser, or when the sign-in cannot be kept.
    pub async fn complete(&self) -> Result<Tokens> {
        let alarm = self.clock.alarm(self.clock.elapsed().saturating_add(self.patience));
        let mut waiting = pin!(self.wait());
        tokio::select! {
            tokens = &mut waiting => tokens,
            error = self.show() => Err(error),
            () = alarm => {
                // Who has come back in time is not turned away while the tokens are fetched.
                if !self.is_open() {
                    return waiting.await;
                }
                let text = format!("nobody has signed in within {} s: begin again", self.patience.as_secs_f64());
                Err(Error::new(ErrorKind::Timeout, text))
            }
        }
    }

    /// Opens the browser; ends only when there is none. One that runs in a terminal ends when the person leaves it.
    async fn show(&self) -> Error {
        if self.is_listening() && self.options.open_browser {
            let url = self.url().to_owned();
            if let Ok(Err(error)) = tokio::task::spawn_blocking(move || open_browser(&url)).await {
                return error;
            }
        }
        std::future::pending().await
    }

    async fn keep(&self, tokens: Tokens) -> Result<Tokens> {
        match (&self.options.profile, open_store(self.config.token_store.as_ref())?) {
            (Some(profile), _) => {
                let profiles = Profiles::of_user()?;
                profiles.keep(profile, &self.config.to_profile()?, tokens.clone(), &*self.clock).await?;
            }
            (None, Some(store)) => {
                let _lease = store::lease(&*store, &*self.clock).await?;
                store.save(tokens.clone()).await?;
            }
            (None, None) => {}
        }
        Ok(tokens)
    }

    /// Requests that do not belong to this sign-in are turned away and change nothing.
    async fn wait(&self) -> Result<Tokens> {
        if !self.is_listening() {
            return Err(Error::config(format!(
                "nothing on this machine listens at {}: paste the address that the browser ends at (beproduct login), or give it \
                 to an AuthorizationSession",
                self.redirect_uri()
            )));
        }
        let (sender, mut visits) = mpsc::channel::<Visit>(1);
        let place = Arc::new(Place { redirect: self.redirect.clone(), flow: self.session.flow() });
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                (accepted, ..) = select_all(self.listeners.iter().map(|listener| Box::pin(listener.accept()))) => {
                    // One that broke off before it was accepted is the browser's business.
                    match accepted {
                        Ok((stream, _)) => {
                            connections.spawn(serve(stream, Arc::clone(&place), sender.clone()));
                        }
                        // Too many files are open, say, which does not change at once.
                        Err(_) => self.clock.pause(AFTER_REFUSAL).await,
                    }
                }
                Some(visit) = visits.recv() => {
                    let result = match self.session.finish(&visit.redirected).await {
                        Ok(tokens) => self.keep(tokens).await,
                        Err(error) => Err(error),
                    };
                    let _ = visit.answer.send(page(&result));
                    // The person reads the page while the program goes on, or ends.
                    let _ = visit.closed.await;
                    // Another one's redirect, or a page that guesses, is not what is waited for.
                    if result.is_ok() || !self.session.is_open() {
                        return result;
                    }
                }
                Some(_) = connections.join_next() => {}
            }
        }
    }
}

/// Opens a URL in the browser that `BROWSER` names, else in the default browser.
///
/// # Errors
/// `config` when there is none.
pub fn open_browser(url: &str) -> Result<()> {
    opener::open_browser(url).map_err(|error| {
        // What a command prints may quote the address, which is a secret of the sign-in.
        let reason = match error {
            opener::OpenError::Io(error) => error.to_string(),
            opener::OpenError::Spawn { source, .. } => source.to_string(),
            opener::OpenError::ExitStatus { status, .. } => status.to_string(),
            _ => "no program to open it was found".into(),
        };
        Error::config(format!("no browser could be opened ({reason})"))
    })
}
