//! The seam to other languages: the client with everything as text or bytes, and calls by number.
//!
//! A binding hands in JSON and gets JSON back, which the far side parses once. It adds nothing but the conversion of
//! values, errors and cancellation.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use serde::Deserialize as _;
use serde_json::{Map, Value};
use tokio::runtime::Handle;

use crate::arguments::short_id;
use crate::auth::{ActAs, AuthorizationSession, Inherited, TokenStore};
#[cfg(feature = "login")]
use crate::auth::{Login, LoginOptions};
use crate::cancel::CallIds;
use crate::catalog::Operation;
use crate::client::{Client, ClientBuilder};
use crate::config::Config;
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::log::LogSink;
use crate::paging::{Page, Pager};
use crate::quota::{self, Plan, QuotaListener, Work};
use crate::{CallOptions, Meta, auth, policy};

/// What must be neither open nor locked during a fork, until it is dropped.
pub struct ForkGuard {
    _ledgers: quota::ForkGuard,
    _leases: auth::StoreForkGuard,
    _caches: auth::CacheForkGuard,
    _limiters: policy::ForkGuard,
}

/// To be called before a `fork`. The guard is to be dropped after it by the same thread, in the parent and in the child.
#[must_use]
pub fn before_fork() -> ForkGuard {
    ForkGuard {
        _ledgers: quota::before_fork(),
        _leases: auth::StoreForkGuard::new(),
        _caches: auth::CacheForkGuard::new(),
        _limiters: policy::ForkGuard::new(),
    }
}

/// Awaits work for a binding. A panic in it is an error of the kind `internal`, so that whoever waits gets an answer; its own
/// text, which may hold anything, is left to the panic hook.
///
/// # Errors
/// Those of the work, and `internal`.
pub async fn guarded<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(Error::internal("the call panicked").with_outcome(Outcome::Unknown)))
}

/// What a host program may hand in besides its settings.
#[derive(Default)]
pub struct Hooks {
    /// Keeps tokens.
    pub token_store: Option<Arc<dyn TokenStore>>,
    /// Takes log lines.
    pub log_sink: Option<Arc<dyn LogSink>>,
    /// Takes events of the quota, and decides at its limits.
    pub quota_listener: Option<Arc<dyn QuotaListener>>,
    /// The sign-in of the parent process, after a fork.
    pub inherited: Option<Inherited>,
}

/// A client behind a language's own one.
#[derive(Debug, Clone)]
pub struct Engine {
    client: Client,
    ids: CallIds,
}

/// An answer, or a page of one.
#[derive(Debug, Clone)]
pub struct Reply {
    /// JSON text: the record, the page's records as an array, or null.
    pub body: Bytes,
    /// The body as it came from the service.
    pub raw: Bytes,
    /// [`Meta`] as JSON text.
    pub meta: String,
    /// Records of the whole list, for a page.
    pub total: Option<u64>,
    /// Number of records, for a page.
    pub records: usize,
    origin: Origin,
}

/// Where a reply comes from.
#[derive(Debug, Clone)]
struct Origin {
    operation: &'static Operation,
    meta: Meta,
}

impl Reply {
    fn new(operation: &'static Operation, body: Bytes, raw: Bytes, meta: Meta) -> Self {
        // Texts and numbers only: this cannot fail.
        let text = serde_json::to_string(&meta).unwrap_or_default();
        Self { body, raw, meta: text, total: None, records: 0, origin: Origin { operation, meta } }
    }

    fn of_page(operation: &'static Operation, page: Page) -> Self {
        let (body, total, records) = (page.json(), page.total, page.len());
        Self { total, records, ..Self::new(operation, body, page.raw, page.meta) }
    }

    /// The error for a body that the far side cannot read.
    #[must_use]
    pub fn unreadable(&self, message: impl Into<String>) -> Error {
        let Origin { operation, meta } = &self.origin;
        let outcome = if operation.is_read() { Outcome::Refused } else { Outcome::Applied };
        Error::new(ErrorKind::Decode, message)
            .with_outcome(outcome)
            .with_operation(operation.id)
            .with_status(meta.status)
            .with_request_id(Some(meta.request_id.clone()))
            .with_trace(meta.attempts.clone(), meta.waits.clone(), meta.cost)
    }
}

impl Engine {
    /// Makes a client from settings as a JSON object.
    ///
    /// # Errors
    /// `config` when a setting is missing, wrong or unknown.
    pub fn open(settings: &str, hooks: Hooks, handle: Handle) -> Result<Self> {
        let mut builder =
            ClientBuilder::from_config(Config::from_json(object("settings", settings)?.into())?)
                .runtime(handle)
                .inherited(hooks.inherited);
        if let Some(store) = hooks.token_store {
            builder = builder.token_store(store);
        }
        if let Some(sink) = hooks.log_sink {
            builder = builder.log_sink(sink);
        }
        if let Some(listener) = hooks.quota_listener {
            builder = builder.quota_listener(listener);
        }
        Ok(Self { client: builder.build()?, ids: CallIds::default() })
    }

    /// A number for a call that has not started yet.
    #[must_use]
    pub fn issue_call(&self) -> u64 {
        self.ids.issue()
    }

    /// Gives the call with this number up, before its start, during it, or in vain after it.
    pub fn cancel(&self, call: u64) {
        self.ids.cancel(call);
    }

    /// Calls an operation. The future may be dropped: that gives the call up too.
    pub fn call(
        &self,
        call: u64,
        operation: &str,
        arguments: &str,
        options: &str,
    ) -> impl Future<Output = Result<Reply>> + Send + 'static {
        let (cancel, guard) = self.ids.enter(call);
        let parsed = read(operation, arguments, options);
        let (client, operation) = (self.client.clone(), operation.to_owned());
        async move {
            let _guard = guard;
            let (arguments, mut options) = parsed?;
            options.cancel = Some(cancel);
            let answer = client.call(&operation, arguments, options).await?;
            let operation = crate::client::find(&operation)?;
            Ok(Reply::new(operation, answer.body, answer.raw, answer.meta))
        }
    }

    /// The pages of a list operation. Cancelling the number ends all of them.
    ///
    /// # Errors
    /// `config` when an argument or an option is missing, wrong or unknown.
    pub fn pages(&self, call: u64, operation: &str, arguments: &str, options: &str) -> Result<EnginePager> {
        let (cancel, guard) = self.ids.enter(call);
        let (arguments, mut options) = read(operation, arguments, options)?;
        options.cancel = Some(cancel);
        let pager = self.client.pages(operation, arguments, options)?;
        Ok(EnginePager { pager, last: Arc::default(), _guard: Arc::new(guard) })
    }

    /// How the quota stands, as JSON text.
    pub fn quota_status(&self) -> impl Future<Output = Result<String>> + Send + 'static {
        let client = self.client.clone();
        async move {
            let status = client.quota_status().await?;
            Ok(serde_json::to_string(&status).unwrap_or_default())
        }
    }

    /// Who used the quota during the last days, as JSON text.
    pub fn quota_report(&self, days: u64) -> impl Future<Output = Result<String>> + Send + 'static {
        let client = self.client.clone();
        async move { Ok(serde_json::to_string(&client.quota_report(days).await?).unwrap_or_default()) }
    }

    /// Compares the requests of some work, a JSON array of [`crate::Work`], with those that are left; JSON text.
    pub fn quota_estimate(&self, work: &str) -> impl Future<Output = Result<String>> + Send + 'static {
        let work: Result<Vec<Work>> = serde_json::from_str(work)
            .map_err(|error| Error::config(format!("work has to be a list of what is to be done: {error}")));
        let client = self.client.clone();
        async move { Ok(serde_json::to_string(&client.quota_estimate(&work?).await?).unwrap_or_default()) }
    }

    /// Goes on with another plan, as a JSON object.
    ///
    /// # Errors
    /// `config` when it is none.
    pub fn change_plan(&self, plan: &str) -> Result<()> {
        self.client.change_plan(Plan::from_json(object("plan", plan)?.into())?)
    }

    /// A client that acts for another user, from `{"user_id", "client_id", "client_secret"}`.
    ///
    /// # Errors
    /// `config` when one of them is missing or empty.
    pub fn acting_as(&self, whom: &str) -> Result<Self> {
        let whom = ActAs::deserialize(Value::Object(object("acting as another user", whom)?))
            .map_err(|error| Error::config(format!("acting as another user: {error}")))?;
        Ok(Self { client: self.client.acting_as(&whom)?, ids: self.ids.clone() })
    }

    /// Who is signed in, as JSON text.
    pub fn userinfo(&self) -> impl Future<Output = Result<String>> + Send + 'static {
        let auth = self.client.auth().clone();
        async move { Ok(Value::Object(auth.userinfo_json().await?).to_string()) }
    }

    /// The address that ends the sign-in in the browser.
    pub fn end_session_url(
        &self,
        post_logout_redirect_uri: Option<String>,
    ) -> impl Future<Output = Result<String>> + Send + 'static {
        let auth = self.client.auth().clone();
        async move { auth.end_session_url(post_logout_redirect_uri.as_deref()).await }
    }

    /// Revokes the tokens where the identity server does so, and forgets them. Whether they were revoked.
    pub fn sign_out(&self) -> impl Future<Output = Result<bool>> + Send + 'static {
        let auth = self.client.auth().clone();
        async move { auth.sign_out().await }
    }

    /// The discovery document of the identity server, as JSON text.
    pub fn discovery(&self) -> impl Future<Output = Result<String>> + Send + 'static {
        let auth = self.client.auth().clone();
        async move { Ok(auth.discovery().await?.to_string()) }
    }

    /// Ends all calls with the error `cancelled`; later ones fail with `closed`.
    pub fn close(&self) {
        self.client.close();
    }

    /// The same, and ends when what the client has leased of the quota is given back.
    pub fn shut_down(&self) -> impl Future<Output = Result<()>> + Send + use<> {
        // Begins now, and not when somebody waits.
        let ended = self.client.begin_close();
        async move {
            let _ended = ended.await;
            Ok(())
        }
    }

    /// The sign-in as it stands, for a process that goes on with it after a fork.
    #[must_use]
    pub fn inherit(&self) -> Inherited {
        self.client.inherit()
    }

    /// Moves the clock of a client on that was built for tests.
    ///
    /// # Errors
    /// `config` for a client on the machine's clock.
    pub fn advance_clock(&self, seconds: f64) -> Result<()> {
        let clock = self.client.recorded_clock();
        let clock = clock.ok_or_else(|| Error::config("this client runs on the machine's clock"))?;
        let by =
            Duration::try_from_secs_f64(seconds).map_err(|_| Error::config("seconds has to be positive"))?;
        clock.advance(by);
        Ok(())
    }
}

/// The pages of one list.
#[derive(Debug, Clone)]
pub struct EnginePager {
    pager: Pager,
    last: Arc<Mutex<Last>>,
    _guard: Arc<crate::cancel::CallGuard>,
}

/// The page that was given last, for a far side that could not use it.
#[derive(Debug, Default)]
struct Last {
    page: Option<Reply>,
    again: bool,
}

impl EnginePager {
    /// The next page, or none at the end. `all` says that the whole list is wanted: then as many pages are fetched at a
    /// time as the client's concurrency allows. Else the read-ahead grows with the pages that are consumed.
    pub fn next_page(&self, all: bool) -> impl Future<Output = Result<Option<Reply>>> + Send + 'static {
        let this = self.clone();
        async move {
            {
                let mut last = this.last();
                if std::mem::take(&mut last.again) {
                    return Ok(last.page.clone());
                }
                // Its body is not kept while the next one is waited for.
                last.page = None;
            }
            let page = if all { this.pager.next_of_all().await } else { this.pager.next_page().await }?;
            let page = page.map(|page| Reply::of_page(this.pager.operation(), page));
            this.last().page.clone_from(&page);
            Ok(page)
        }
    }

    /// Gives the last page once more: the far side could not use it.
    pub fn again(&self) {
        let mut last = self.last();
        last.again = last.page.is_some();
    }

    /// Records of the whole list, once a page has told.
    pub fn total(&self) -> impl Future<Output = Result<Option<u64>>> + Send + 'static {
        let this = self.clone();
        async move { Ok(this.pager.total().await) }
    }

    /// How far the list was read, as a JSON object: `page`, `records`, `total`.
    #[must_use]
    pub fn position(&self) -> String {
        // Numbers only: this cannot fail.
        serde_json::to_string(&self.pager.position()).unwrap_or_default()
    }

    /// Reports records that were consumed; past the half of a page, the next one is fetched.
    pub fn consumed(&self, count: usize) {
        self.pager.consumed(count);
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins a sign-in with settings as a JSON object.
///
/// # Errors
/// `config` when a setting is missing, wrong or unknown.
pub fn authorize(settings: &str) -> Result<AuthorizationSession> {
    let settings = object("settings", settings)?;
    for name in ["refresh_token", "access_token", "client_credentials", "plan"] {
        if settings.get(name).is_some_and(|value| !value.is_null()) {
            return Err(Error::config(format!(
                "{name} is a setting of a client: a sign-in has no use for it"
            )));
        }
    }
    AuthorizationSession::new(&Config::from_json(settings.into())?)
}

/// Begins a sign-in with a browser, with settings and [`LoginOptions`] as JSON objects.
///
/// # Errors
/// `config` when a setting or an option is missing, wrong or unknown, or when nobody can listen.
#[cfg(feature = "login")]
pub fn login(settings: &str, options: &str) -> impl Future<Output = Result<Login>> + Send + 'static {
    let parsed = || {
        let options = LoginOptions::from_json(object("login", options)?)?;
        Ok((Config::for_login(object("settings", settings)?, options.profile.as_deref())?, options))
    };
    let parsed = parsed();
    async move {
        let (config, options) = parsed?;
        Login::begin(&config, options).await
    }
}

fn read(operation: &str, arguments: &str, options: &str) -> Result<(Map<String, Value>, CallOptions)> {
    let options = CallOptions::from_json(&object("options", options)?.into());
    // Languages with keywords hand in everything that is no argument as an option.
    let options = options.map_err(|error| match Operation::find(operation) {
        Some(operation) => {
            let arguments: Vec<_> = operation.parameters.iter().map(|parameter| parameter.name).collect();
            let message = format!(
                "{}; arguments of {} are {}",
                error.message(),
                short_id(operation),
                arguments.join(", ")
            );
            error.with_message(message).with_operation(operation.id)
        }
        None => error,
    });
    Ok((object("arguments", arguments)?, options?))
}

fn object(name: &str, text: &str) -> Result<Map<String, Value>> {
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Error::config(format!("{name}: a JSON object is needed"))),
        Err(error) => Err(Error::config(format!("{name}: this is no JSON: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[tokio::test]
    async fn a_panic_is_an_internal_error_without_its_text() {
        let error = guarded::<()>(async { panic!("a secret") }).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Internal, Outcome::Unknown));
        assert!(error.message().contains("please report it"), "{error}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        assert_eq!(guarded(async { Ok(1) }).await.unwrap(), 1);
    }
}
