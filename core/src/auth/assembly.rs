//! The identity server and the exchanges that the settings describe.

use std::sync::Arc;

use tokio::runtime::Handle;
use url::Url;

use super::exchange::Exchanger;
use super::keys::ProviderCache;
use super::server::IdentityServer;
use crate::address::secure;
use crate::clock::{self, ServerTime};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::http::{self, Transport};
use crate::redact::{Secret, Secrets};

impl Exchanger {
    /// For a sign-in without a client.
    pub(crate) fn alone(config: &Config) -> Result<Self> {
        let time = ServerTime::new(clock::of(config.testing.as_ref())?.0, None);
        let cache = ProviderCache::shared(&config.identity_base()?, config.ca_certificates.as_deref());
        Self::at(
            IdentityServer::of(
                config,
                http::transport(config, Handle::try_current().ok().as_ref())?,
                time,
                &Secrets::default(),
                cache,
            )?,
            config,
        )
    }

    /// With the application of these settings.
    pub(crate) fn at(server: IdentityServer, config: &Config) -> Result<Self> {
        Ok(Self {
            server,
            client_id: config.client_id.clone().ok_or_else(|| Error::config("client_id is missing"))?,
            client_secret: config.client_secret.clone().map(Secret::new),
            scope: config.scope().to_owned(),
        })
    }
}

impl IdentityServer {
    /// The one of these settings.
    pub(crate) fn of(
        config: &Config,
        transport: Arc<dyn Transport>,
        time: ServerTime,
        secrets: &Secrets,
        cache: Arc<ProviderCache>,
    ) -> Result<Self> {
        let base = config.identity_base()?;
        let token_url = match &config.token_endpoint {
            Some(text) => {
                let url = Url::parse(text).map_err(|error| {
                    Error::config(format!("token_endpoint {text:?} is not a valid URL: {error}"))
                })?;
                secure("token_endpoint", &url)?;
                url
            }
            None => {
                base.join("connect/token").map_err(|error| Error::config(format!("identity_url: {error}")))?
            }
        };
        for secret in
            [&config.client_secret, &config.refresh_token, &config.access_token].into_iter().flatten()
        {
            secrets.keep(&Secret::new(secret));
        }
        http::proxy_passwords(config.proxy.as_deref()).iter().for_each(|password| secrets.keep(password));
        let timeout = config.seconds("idle_timeout", config.idle_timeout)?;
        Ok(Self { transport, time, base, token_url, timeout, secrets: secrets.clone(), cache })
    }
}
