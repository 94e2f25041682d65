//! [`ClientBuilder`]: what a client is made from, checked.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use url::Url;

use super::shared::Shared;
use super::{Client, Inherited, stored};
use crate::arguments::encode;
use crate::auth::{ProviderCache, RotatedStore, TokenStore, open_store};
use crate::clock::{self, Clock, ServerTime};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::headers;
use crate::host::Hooks;
use crate::http::{self, Transport};
use crate::id_filters::IdFilters;
use crate::log::{Log, LogSink, TracingSink};
use crate::page_sizes::PageSizes;
use crate::policy::{Limiter, Limiters};
use crate::quota::{self, Plan, Quota, QuotaListener, QuotaParts};
use crate::redact::{Secret, Secrets};
use crate::requester::Site;
use crate::rng::{FixedRng, Rng, SystemRng};
use crate::testing::ledger::StepLedger;

/// Puts a [`Client`] together.
#[derive(Default)]
pub struct ClientBuilder {
    config: Config,
    handle: Option<Handle>,
    store: Option<Arc<dyn TokenStore>>,
    sink: Option<Arc<dyn LogSink>>,
    listener: Option<Arc<dyn QuotaListener>>,
    transport: Option<Arc<dyn Transport>>,
    clock: Option<Arc<dyn Clock>>,
    hooks: Option<Hooks>,
    inherited: Option<Inherited>,
    /// Of tests.
    simulated: Option<(StepLedger, Arc<dyn Rng>)>,
}

impl ClientBuilder {
    /// Begins with settings that were read from elsewhere.
    #[must_use]
    pub fn from_config(config: Config) -> Self {
        Self { config, ..Self::default() }
    }

    /// Signs in with a refresh token of a confidential client.
    #[must_use]
    pub fn refresh_token(
        mut self,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
        refresh_token: impl Into<String>,
    ) -> Self {
        self.config.client_id = Some(client_id.into());
        self.config.client_secret = Some(client_secret.into());
        self.config.refresh_token = Some(refresh_token.into());
        self
    }

    /// Signs in with a ready access token.
    #[must_use]
    pub fn access_token(mut self, access_token: impl Into<String>) -> Self {
        self.config.access_token = Some(access_token.into());
        self
    }

    /// Signs in as the application itself. Unproven at this service (docs/service/sign-in.md, Sign-in).
    #[must_use]
    pub fn client_credentials(
        mut self,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Self {
        self.config.client_id = Some(client_id.into());
        self.config.client_secret = Some(client_secret.into());
        self.config.client_credentials = true;
        self
    }

    /// Sets what the company has bought.
    #[must_use]
    pub fn plan(mut self, plan: Plan) -> Self {
        self.config.plan = Some(plan);
        self
    }

    /// Changes any other setting.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Runs the client's own tasks on this runtime. Default: the runtime that `build` is called in.
    #[must_use]
    pub fn runtime(mut self, handle: Handle) -> Self {
        self.handle = Some(handle);
        self
    }

    /// Keeps tokens in a store of the caller's own.
    #[must_use]
    pub fn token_store(mut self, store: Arc<dyn TokenStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// Sends log lines elsewhere than to `tracing`.
    #[must_use]
    pub fn log_sink(mut self, sink: Arc<dyn LogSink>) -> Self {
        self.sink = Some(sink);
        self
    }

    /// Tells of the quota, and asks what to do at a limit.
    #[must_use]
    pub fn quota_listener(mut self, listener: Arc<dyn QuotaListener>) -> Self {
        self.listener = Some(listener);
        self
    }

    /// Sends requests by other means than the built-in HTTP client.
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Takes time, and pauses, from another source than the machine's clock: for tests, and for programs that have a time
    /// of their own. A client with one, or with a transport of its own, keeps the service's limits by itself; others of one
    /// company and process do so together.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Goes on with a client of the parent process, after a fork.
    #[must_use]
    pub fn inherited(mut self, former: Option<Inherited>) -> Self {
        self.inherited = former;
        self
    }

    /// Takes the host program's token store, listener and log.
    pub(crate) fn hooks(mut self, hooks: Option<Hooks>) -> Self {
        if let Some(hooks) = &hooks {
            self.store = hooks.store().map(|store| Arc::new(store) as Arc<dyn TokenStore>);
            self.listener = hooks.listener().map(|listener| Arc::new(listener) as Arc<dyn QuotaListener>);
            self.sink = hooks.log().map(|log| log as Arc<dyn LogSink>);
        }
        self.hooks = hooks;
        self
    }

    pub(crate) fn simulated(mut self, ledger: StepLedger, rng: Arc<dyn Rng>) -> Self {
        self.simulated = Some((ledger, rng));
        self
    }

    /// Makes the client. Nothing is sent.
    ///
    /// # Errors
    /// `config` when a setting is missing or wrong.
    pub fn build(self) -> Result<Client> {
        let config = self.config.with_clean_credentials()?;
        let company = config.company()?.to_owned();
        let store = match (self.store, &config.token_store) {
            (Some(_), Some(_)) => {
                return Err(Error::config("token_store is given twice: as a setting and as an object"));
            }
            (Some(store), None) => Some(store),
            (None, configured) => open_store(configured.as_ref())?,
        };
        config.check_credentials(store.is_some())?;
        config.check_numbers()?;
        config.check_sign_in()?;
        let (api, automation) = (config.api_base()?, config.automation_base()?);
        let simulated = config.testing.as_ref().is_some_and(|testing| testing.clock.is_some());
        let answered = config.testing.as_ref().is_some_and(|testing| testing.answers.is_some());
        let alone = simulated || answered || self.clock.is_some() || self.transport.is_some();
        let (clock, recorded) = match self.clock {
            Some(_) if simulated => {
                return Err(Error::config("the clock is given twice: as a setting and as an object"));
            }
            Some(clock) => (clock, None),
            None => clock::of(config.testing.as_ref())?,
        };
        let secrets = Secrets::default();
        let log = Log { sink: self.sink.unwrap_or_else(|| Arc::new(TracingSink)), secrets: secrets.clone() };
        let store = store.or_else(|| rotated_store(&config, &log));
        let time = ServerTime::new(Arc::clone(&clock), Some(log.clone()));
        let handle = match self.handle {
            Some(handle) => handle,
            None => Handle::try_current().map_err(|_| {
                Error::config(
                    "there is no tokio runtime here: build the client inside of one, or hand one in",
                )
            })?,
        };
        let (transport, cache) = match self.transport {
            Some(transport) => (transport, Arc::default()),
            None => {
                let certificates = config.ca_certificates.as_deref();
                let cache = match answered {
                    true => Arc::default(),
                    false => ProviderCache::shared(&config.identity_base()?, certificates),
                };
                (http::transport(&config, Some(&handle))?, cache)
            }
        };
        let fixed = config.testing.as_ref().is_some_and(|testing| testing.fixed_chance);
        let folder = config.state_folder();
        let settings = stored::quota_settings(&config, Arc::clone(&clock))?;
        let (ledger, rng) = match self.simulated {
            Some((ledger, rng)) => (ledger.open(|| quota::open_ledger(&settings, &secrets, &log))?, rng),
            None => {
                let rng: Arc<dyn Rng> =
                    if fixed { Arc::new(FixedRng::default()) } else { Arc::new(SystemRng) };
                (quota::open_ledger(&settings, &secrets, &log)?, rng)
            }
        };
        let api_owner = Arc::clone(&settings.owner);
        let automation_owner = quota::owner(&automation, &company);
        let parts = QuotaParts {
            ledger,
            time: time.clone(),
            rng: Arc::clone(&rng),
            handle: Some(handle.clone()),
            listener: self.listener,
            log: log.clone(),
        };
        let quota = Quota::new(settings, parts)?;
        let limiter = |owner: &str| match alone {
            true => Arc::new(Limiter::new(Arc::clone(&clock), config.concurrency as usize)),
            false => Limiter::shared(owner, config.concurrency as usize),
        };
        let api_limiter = limiter(&api_owner);
        let automation_limiter =
            if api_owner == automation_owner { Arc::clone(&api_limiter) } else { limiter(&automation_owner) };
        let links = Arc::new(Limiter::new(Arc::clone(&clock), config.concurrency as usize));
        let limiters = Limiters { api: api_limiter, automation: automation_limiter, links };
        let join = |base: &Url, path: &str| {
            base.join(path).map_err(|error| Error::config(format!("company_domain {company:?}: {error}")))
        };
        let seconds = |name: &str, value: f64| config.seconds(name, value);
        let site = Site {
            company: company.clone(),
            api: join(&api, &format!("api/{}/", encode::percent(&company)))?,
            automation: join(&automation, "api/")?,
            headers: headers::of_client(&config)?,
            timeout: seconds("timeout", config.timeout)?,
            turn_timeout: config.turn_timeout.map(|value| seconds("turn_timeout", value)).transpose()?,
            page_size: config.max_page_size.min(200) as usize,
            concurrency: config.concurrency as usize,
            attempts: config.attempts,
            max_answer_size: config.max_answer_size as usize,
            private_sources: config.allow_private_sources,
            sources: Semaphore::new(config.concurrency as usize),
            page_sizes: PageSizes::default(),
            id_filters: IdFilters::default(),
            log: log.clone(),
            clock,
            rng: Arc::clone(&rng),
            handle: handle.clone(),
            secrets: secrets.clone(),
        };
        let shared = Shared {
            site: Arc::new(site),
            quota: Arc::new(quota),
            limiters,
            schemas: folder.ok().map(|folder| folder.join("schemas")),
            company,
            transport,
            time,
            recorded,
            rng,
            log,
            handle,
            secrets,
            config,
        };
        let (sign_in, former) = match self.inherited {
            Some(former) => (Some(former.sign_in.clone()), Some(former)),
            None => (None, None),
        };
        let mut client = shared.client(store, cache, sign_in)?;
        client.hooks = self.hooks;
        if let Some(former) = former {
            client.change_plan(former.plan.clone())?;
            if former.is_closed() {
                client.close();
            }
        }
        Ok(client)
    }
}

/// Where the tokens of a configured refresh token are kept when nobody has said. In a mobile library the store is the app's.
fn rotated_store(config: &Config, log: &Log) -> Option<Arc<dyn TokenStore>> {
    let (client_id, token) = (config.client_id.as_ref()?, config.refresh_token.as_ref()?);
    if !cfg!(feature = "login") || config.token_store.is_some() {
        return None;
    }
    let folder = config.state_folder().ok();
    Some(Arc::new(RotatedStore::new(folder, client_id, Secret::new(token), log.clone())))
}
