//! [`Client`]: one company, one sign-in, one quota.

mod builder;
mod stored;

use std::path::PathBuf;
use std::sync::Arc;

use ::http::header::CONTENT_TYPE;
use ::http::{HeaderMap, HeaderValue};
use bytes::Bytes;
use serde_json::{Map, Value};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use url::Url;

use crate::answer;
use crate::arguments::{self, Prepared, encode, short_id};
use crate::auth::{
    ActAs, Auth, Exchanger, HolderSettings, Inherited, MemoryStore, ProviderCache, Source, TokenHolder,
    TokenStore, Tokens,
};
use crate::batch;
use crate::call::{Answer, Call, CallOptions, Meta, Priority};
use crate::cancel::Cancel;
use crate::catalog::{Base, Handler, Operation};
use crate::clock::{Clock, RecordedClock, ServerTime};
use crate::config::Config;
use crate::error::{Error, ErrorKind, Failure, Outcome, Result};
use crate::filter_check::FilterCheck;
use crate::headers;
use crate::http::Transport;
use crate::log::Log;
use crate::paging::Pager;
use crate::pipeline::{Deadline, Exchange, Next, Policy, Trace};
use crate::policy::{self, Limiter, Parts};
use crate::quota::{Ask, Estimate, Plan, Quota, QuotaReport, QuotaStatus, Work};
use crate::redact::{Secret, Secrets, address};
use crate::rng::Rng;

pub use self::builder::ClientBuilder;
pub use self::stored::{stored_report, stored_status};

/// A client for one company. Cheap to clone; all clones share tokens, quota and connections.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    auth: Auth,
    policies: Arc<[Arc<dyn Policy>]>,
    filter_check: Arc<FilterCheck>,
}

/// What clients of one company have in common, whoever they act for.
struct Shared {
    config: Config,
    company: String,
    api: Url,
    automation: Url,
    headers: HeaderMap,
    transport: Arc<dyn Transport>,
    quota: Arc<Quota>,
    /// Of the API and of the automation host.
    limiters: (Arc<Limiter>, Arc<Limiter>),
    time: ServerTime,
    clock: Arc<dyn Clock>,
    recorded: Option<RecordedClock>,
    rng: Arc<dyn Rng>,
    log: Log,
    handle: Handle,
    schemas: Option<PathBuf>,
    secrets: Secrets,
}

impl Shared {
    /// The client of the configured sign-in.
    fn client(
        self,
        store: Option<Arc<dyn TokenStore>>,
        cache: Arc<ProviderCache>,
        inherited: Option<Inherited>,
    ) -> Result<Client> {
        let config = &self.config;
        let server = config.identity_server(
            Arc::clone(&self.transport),
            self.time.of_identity_server(),
            &self.secrets,
            cache,
        )?;
        let exchanger = match &config.client_id {
            Some(_) => Some(config.exchanger_at(server.clone())?),
            None => None,
        };
        let source = match &exchanger {
            Some(exchanger) if config.client_credentials => Source::Application(exchanger.clone()),
            Some(exchanger) if config.refresh_token.is_some() || store.is_some() => {
                Source::SignIn(exchanger.clone())
            }
            _ => Source::Nowhere,
        };
        let tokens = TokenHolder::new(HolderSettings {
            handle: self.handle.clone(),
            time: self.time.of_identity_server(),
            log: self.log.clone(),
            store: store.unwrap_or_else(|| Arc::new(MemoryStore::default())),
            source,
            access_token: config.access_token.clone().map(Secret::new),
            refresh_token: config.refresh_token.clone().map(Secret::new),
            inherited,
        });
        Client::new(Arc::new(self), Auth { tokens, server, exchanger, closed: Cancel::new() })
    }
}

impl Client {
    /// A client that shares everything but the sign-in, and what is read with it.
    fn new(shared: Arc<Shared>, auth: Auth) -> Result<Self> {
        let clock = || Arc::clone(&shared.clock);
        let policies = policy::row(&Parts {
            handle: shared.handle.clone(),
            clock: clock(),
            time: shared.time.clone(),
            rng: Arc::clone(&shared.rng),
            transport: Arc::clone(&shared.transport),
            tokens: Arc::clone(&auth.tokens),
            quota: Arc::clone(&shared.quota),
            limiters: shared.limiters.clone(),
            secrets: shared.secrets.clone(),
            log: shared.log.clone(),
            api: shared.api.clone(),
            company: shared.company.clone(),
            attempts: shared.config.attempts,
            attempt_timeout: shared.config.seconds("attempt_timeout", shared.config.attempt_timeout)?,
            max_wait: shared.config.seconds("max_wait", shared.config.max_wait)?,
            token_in_query: shared.config.access_token_in_query,
        });
        let filter_check = FilterCheck::new(shared.schemas.clone(), &shared.quota.owner);
        Ok(Self { auth, policies, filter_check: Arc::new(filter_check), shared })
    }
}

impl Client {
    /// Begins a client for this company: what follows the host name in the browser when signed in.
    pub fn builder(company_domain: impl Into<String>) -> ClientBuilder {
        let config = Config { company_domain: Some(company_domain.into()), ..Config::default() };
        ClientBuilder::from_config(config)
    }

    /// Calls an operation by its id, `style.attributes_get`, or its short name, `style.get`.
    ///
    /// # Errors
    /// Any [`ErrorKind`].
    pub async fn call(
        &self,
        operation: &str,
        arguments: Map<String, Value>,
        options: CallOptions,
    ) -> Result<Answer> {
        let operation = find(operation)?;
        if operation.paged {
            return Err(Error::config(format!("{} answers in pages: ask for them", short_id(operation))));
        }
        let call = Call { arguments, options: self.check_options(options)? };
        match operation.handler {
            Handler::Request | Handler::Raw => self.request(operation, &call).await,
            Handler::DeleteHeader => batch::delete_header(self, operation, &call).await,
            Handler::GetByNumber => batch::get_by_number(self, operation, &call).await,
            Handler::GetManyByNumber => batch::get_many_by_number(self, operation, &call).await,
            Handler::UpdateRows => batch::update_rows(self, operation, &call).await,
        }
    }

    /// The pages of a list operation. Nothing is sent before the first is asked for.
    ///
    /// # Errors
    /// `config` when an argument or an option is missing or wrong.
    pub fn pages(
        &self,
        operation: &str,
        arguments: Map<String, Value>,
        options: CallOptions,
    ) -> Result<Pager> {
        let operation = find(operation)?;
        if !operation.paged {
            return Err(Error::config(format!("{} does not answer in pages: call it", short_id(operation))));
        }
        let options = self.check_options(options)?;
        let size = options.page_size.unwrap_or_else(|| self.shared.config.max_page_size.min(200));
        let prepared = arguments::prepare(operation, &arguments)?;
        Ok(Pager::new(self.clone(), prepared, options, size))
    }

    /// How the quota stands. Sends nothing.
    ///
    /// # Errors
    /// `config` when the ledger cannot be read, `network` or `timeout` when it cannot be reached now.
    pub async fn quota_status(&self) -> Result<QuotaStatus> {
        self.shared.quota.status().await
    }

    /// Who used the quota during the last days, today included, as the ledger has it. Sends nothing.
    ///
    /// # Errors
    /// `config` for more days than the 90 that are kept, and as [`Client::quota_status`].
    pub async fn quota_report(&self, days: u64) -> Result<QuotaReport> {
        self.shared.quota.report(days).await
    }

    /// Compares the requests that some work takes with those that are left today. Sends nothing.
    ///
    /// # Errors
    /// `config` for an operation that there is not or for a list whose length is not told, and as [`Client::quota_status`].
    pub async fn quota_estimate(&self, work: &[Work]) -> Result<Estimate> {
        self.shared.quota.estimate(work, self.shared.config.max_page_size.min(200)).await
    }

    /// Goes on with another plan, as after a purchase of licences. What is counted stays counted, as long as the days begin at
    /// the same time.
    ///
    /// # Errors
    /// `config` for a day that cannot begin so.
    pub fn change_plan(&self, plan: Plan) -> Result<()> {
        self.shared.quota.change_plan(plan)
    }

    /// The sign-in: who it is, and how to end it.
    #[must_use]
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// A client that acts for another user of the company (docs/service.md, Sign-in). The one who is signed in here has to
    /// be an administrator of it.
    ///
    /// Its calls wait for a token of that user. Where none can be had they fail; none is made as the administrator. It
    /// shares quota and connections with this client, and ends with it.
    ///
    /// # Errors
    /// `config` when something is empty, or when this client acts for another user itself.
    pub fn acting_as(&self, whom: &ActAs) -> Result<Self> {
        for (name, value) in [
            ("user_id", &whom.user_id),
            ("client_id", &whom.client_id),
            ("client_secret", &whom.client_secret),
        ] {
            if value.is_empty() {
                return Err(Error::config(format!("acting as another user: {name} is empty")));
            }
        }
        if self.auth.tokens.is_acting() {
            return Err(Error::config(
                "this client acts for another user already: begin with the administrator's own",
            ));
        }
        let secret = Secret::new(whom.client_secret.as_str());
        self.shared.secrets.keep(&secret);
        let exchanger = Exchanger {
            server: self.auth.server.clone(),
            client_id: whom.client_id.clone(),
            client_secret: Some(secret),
            scope: self.shared.config.scope().to_owned(),
        };
        let tokens = TokenHolder::new(HolderSettings {
            handle: self.shared.handle.clone(),
            time: self.shared.time.of_identity_server(),
            log: self.shared.log.clone(),
            // There is no refresh token to keep, and the next process has to be an administrator's again.
            store: Arc::new(MemoryStore::default()),
            source: Source::Administrator {
                exchanger: exchanger.clone(),
                administrator: Arc::clone(&self.auth.tokens),
                user_id: whom.user_id.clone(),
            },
            access_token: None,
            refresh_token: None,
            inherited: None,
        });
        let auth = Auth {
            tokens,
            server: self.auth.server.clone(),
            exchanger: Some(exchanger),
            closed: self.auth.closed.child(),
        };
        Self::new(Arc::clone(&self.shared), auth)
    }

    /// Ends all calls with the error `cancelled`; later ones fail with `closed`. Requests that are leased and not used are
    /// given back meanwhile; [`Client::shut_down`] waits for that.
    pub fn close(&self) {
        drop(self.begin_close());
    }

    /// Closes the client, and ends when what it has leased is given back.
    pub async fn shut_down(&self) {
        // Nothing is left to be given back by a task that was ended with its runtime: others find it in its file.
        let _ended = self.begin_close().await;
    }

    /// Closes the client; the task ends when what it has leased is given back.
    pub(crate) fn begin_close(&self) -> JoinHandle<()> {
        self.auth.closed.cancel();
        // Those of a client that acts for another are its administrator's.
        let quota = (!self.auth.tokens.is_acting()).then(|| Arc::clone(&self.shared.quota));
        self.shared.handle.spawn(async move {
            if let Some(quota) = quota {
                quota.release().await;
            }
        })
    }

    /// The clock of a client that was built for tests.
    #[must_use]
    pub fn recorded_clock(&self) -> Option<&RecordedClock> {
        self.shared.recorded.as_ref()
    }

    /// The tokens in use.
    #[must_use]
    pub fn tokens(&self) -> Tokens {
        self.auth.tokens.snapshot()
    }

    /// The sign-in as it stands, for a process that goes on with it after a fork.
    #[must_use]
    pub fn inherit(&self) -> Inherited {
        self.auth.tokens.inherit()
    }

    /// Takes one request of the quota and sends nothing.
    pub(crate) async fn take_unit(&self) -> Result<()> {
        let ask = Ask { operation: find("system.info_version")?, label: "", priority: Priority::default() };
        self.shared.quota.reserve(&ask).await.map(|reservation| reservation.keep())
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.shared.handle
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.shared.clock
    }

    fn check_options(&self, mut options: CallOptions) -> Result<CallOptions> {
        let most = self.shared.config.max_page_size;
        if options.page_size.is_some_and(|size| size == 0 || size > most) {
            return Err(Error::config(format!(
                "page_size has to be from 1 to {most}; a client built with a higher max_page_size allows more"
            )));
        }
        headers::check(&options.headers)?;
        if self.auth.closed.is_cancelled() {
            return Err(Error::new(ErrorKind::Closed, "the client is closed"));
        }
        options.cancel = Some(options.cancel.take().unwrap_or_default().within(&self.auth.closed));
        Ok(options)
    }

    /// One request for one operation.
    pub(crate) async fn request(&self, operation: &'static Operation, call: &Call) -> Result<Answer> {
        let prepared = arguments::prepare(operation, &call.arguments)?;
        let read = |body: &Bytes| answer::read(operation, body);
        let (body, raw, meta) = self.send(prepared, &call.options, &[], read).await?;
        Ok(Answer { body, raw, meta })
    }

    /// Checks what needs the network to be checked, sends, and reads the body. `paging` goes behind the operation's own
    /// query. Returns what was read, the body as it came, and how it came about.
    pub(crate) async fn send<T>(
        &self,
        prepared: Prepared,
        options: &CallOptions,
        paging: &[(String, String)],
        read: impl FnOnce(&Bytes) -> Result<T>,
    ) -> Result<(T, Bytes, Meta)> {
        let operation = prepared.operation;
        if options.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
            return Err(self.given_up().with_operation(operation.id));
        }
        if options.check_filters.unwrap_or(self.shared.config.check_filters) {
            self.filter_check
                .check(self, &prepared, options)
                .await
                .map_err(|error| error.with_operation(operation.id))?;
        }
        let exchange = self.exchange(prepared, options, paging)?;
        let (trace, request_id) = (exchange.trace.clone(), exchange.request_id.clone());
        let (method, url) = (exchange.method, address(&exchange.url));
        let reply = Next::first(Arc::clone(&self.policies)).run(exchange).await?;
        let meta = trace.meta(&reply, &request_id);
        match read(&reply.body) {
            Ok(content) => Ok((content, reply.body, meta)),
            Err(error) => Err(error
                .with_status(meta.status)
                .with_excerpt(self.shared.secrets.excerpt(&reply.body))
                .with_request(operation, method, url, meta.request_id)
                .with_trace(meta.attempts, meta.waits, meta.cost)),
        }
    }

    fn given_up(&self) -> Error {
        if self.auth.closed.is_cancelled() {
            Error::new(ErrorKind::Cancelled, "the client was closed during the call")
        } else {
            Error::new(ErrorKind::Cancelled, "the call was given up before anything was sent")
        }
    }

    fn exchange(
        &self,
        prepared: Prepared,
        options: &CallOptions,
        paging: &[(String, String)],
    ) -> Result<Exchange> {
        let operation = prepared.operation;
        let base = match operation.base {
            Base::Api => &self.shared.api,
            Base::Automation => &self.shared.automation,
        };
        let mut url =
            base.join(&prepared.path).ok().filter(|url| url.as_str().starts_with(base.as_str())).ok_or_else(
                || {
                    Error::config(format!(
                        "the path {:?} leaves the company's part of the service",
                        prepared.path
                    ))
                },
            )?;
        let known: Vec<_> = prepared.query.iter().chain(paging).cloned().collect();
        if let Some((name, _)) = options
            .extra_query
            .iter()
            .find(|(name, _)| known.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)))
        {
            return Err(Error::config(format!("extra_query names {name}, which the operation sets itself")));
        }
        if options.extra_query.iter().any(|(name, _)| name.eq_ignore_ascii_case("access_token")) {
            return Err(Error::config(
                "extra_query names access_token, which the client sends itself; access_token_in_query puts it there",
            ));
        }
        let query =
            encode::query(&known.into_iter().chain(options.extra_query.iter().cloned()).collect::<Vec<_>>());
        url.set_query((!query.is_empty()).then_some(query.as_str()));
        let mut headers = self.shared.headers.clone();
        if prepared.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in &options.headers {
            let (name, value) = headers::parse(name, value)?;
            headers.insert(name, value);
        }
        let timeout = options
            .timeout
            .map_or_else(|| self.shared.config.seconds("timeout", self.shared.config.timeout), Ok)?;
        Ok(Exchange {
            operation,
            base: operation.base,
            method: operation.method.as_str(),
            url,
            headers,
            body: prepared.body,
            adds_nothing: prepared.adds_nothing,
            options: options.clone(),
            request_id: self.shared.rng.request_id(),
            attempt: 0,
            bearer: None,
            deadline: Deadline::at(self.shared.clock.elapsed().saturating_add(timeout)),
            trace: Trace::new(),
        })
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Client({:?})", self.shared.config.company_domain.as_deref().unwrap_or_default())
    }
}

fn find(name: &str) -> Result<&'static Operation> {
    Operation::find(name).ok_or_else(|| Error::config(format!("there is no operation {name:?}")))
}

/// Whether an error leaves open what became of the request.
pub(crate) fn is_unclear(error: &Error) -> bool {
    error.outcome() == Outcome::Unknown || error.failure() == Failure::Fault
}
