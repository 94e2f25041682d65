//! What clients of one company have in common, whoever they act for, and how a client is made of it.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Handle;
use url::Url;

use super::Client;
use crate::auth::{
    self, Auth, Exchanger, HolderSettings, IdentityServer, MemoryStore, ProviderCache, Source, TokenHolder,
    TokenStore,
};
use crate::cancel::Cancel;
use crate::clock::{RecordedClock, ServerTime};
use crate::config::Config;
use crate::error::Result;
use crate::filters::FilterCheck;
use crate::http::Transport;
use crate::log::Log;
use crate::policy::{self, Limiters, Parts};
use crate::quota::Quota;
use crate::redact::{Secret, Secrets};
use crate::requester::{Requester, Site};
use crate::rng::Rng;

pub(super) struct Shared {
    pub(super) config: Config,
    pub(super) company: String,
    pub(super) site: Arc<Site>,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) quota: Arc<Quota>,
    pub(super) limiters: Limiters,
    pub(super) time: ServerTime,
    pub(super) recorded: Option<RecordedClock>,
    pub(super) rng: Arc<dyn Rng>,
    pub(super) log: Log,
    pub(super) handle: Handle,
    pub(super) schemas: Option<PathBuf>,
    pub(super) secrets: Secrets,
}

impl Shared {
    /// The client of the configured sign-in.
    pub(super) fn client(
        self,
        store: Option<Arc<dyn TokenStore>>,
        cache: Arc<ProviderCache>,
        inherited: Option<auth::Inherited>,
    ) -> Result<Client> {
        let config = &self.config;
        let server = IdentityServer::of(
            config,
            Arc::clone(&self.transport),
            self.time.of_identity_server(),
            &self.secrets,
            cache,
        )?;
        let exchanger = match &config.client_id {
            Some(_) => Some(Exchanger::at(server.clone(), config)?),
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

    /// The base address of the API without the company.
    pub(super) fn api(&self) -> &Url {
        &self.site.api
    }
}

impl Client {
    /// A client that shares everything but the sign-in, and what is read with it.
    pub(super) fn new(shared: Arc<Shared>, auth: Auth) -> Result<Self> {
        let clock = || Arc::clone(shared.time.clock());
        let config = &shared.config;
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
            api: shared.api().clone(),
            company: shared.company.clone(),
            attempts: config.attempts,
            idle_timeout: config.seconds("idle_timeout", config.idle_timeout)?,
            max_wait: config.seconds("max_wait", config.max_wait)?,
            max_answer_size: config.max_answer_size as usize,
            token_in_query: config.access_token_in_query,
        });
        let filters = Arc::new(FilterCheck::new(shared.schemas.clone(), &shared.quota.owner));
        let requester = Requester::new(Arc::clone(&shared.site), policies, auth.closed.clone());
        Ok(Self {
            auth,
            requester,
            filters,
            defaults: Arc::default(),
            shared,
            hooks: None,
            closing: Arc::default(),
        })
    }
}
