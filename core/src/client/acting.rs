//! A client for another user.

use std::sync::Arc;

use super::Client;
use crate::auth::{ActAs, Auth, Exchanger, HolderSettings, MemoryStore, Source, TokenHolder};
use crate::credentials::credential;
use crate::error::{Error, Result};
use crate::redact::Secret;

impl Client {
    /// A client that acts for another user of the company (docs/service/sign-in.md, Sign-in). The one who is signed in here has to
    /// be an administrator of it.
    ///
    /// Its calls wait for a token of that user. Where none can be had they fail; none is made as the administrator. It
    /// shares quota and connections with this client, has its [options](Client::with_options), and ends with it.
    ///
    /// # Errors
    /// `config` when something is empty, or when this client acts for another user itself.
    pub fn acting_as(&self, whom: &ActAs) -> Result<Self> {
        let given = |name: &str, text: &str| match credential(name, text) {
            Ok(Some(text)) => Ok(text),
            Ok(None) => Err(Error::config(format!("acting as another user: {name} is empty"))),
            Err(error) => {
                let text = format!("acting as another user: {}", error.message());
                Err(error.with_message(text))
            }
        };
        let user_id = given("user_id", &whom.user_id)?;
        let client_id = given("client_id", &whom.client_id)?;
        let client_secret = given("client_secret", &whom.client_secret)?;
        if self.auth.tokens.is_acting() {
            return Err(Error::config(
                "this client acts for another user already: begin with the administrator's own",
            ));
        }
        let secret = Secret::new(client_secret);
        self.shared.secrets.keep(&secret);
        let exchanger = Exchanger {
            server: self.auth.server.clone(),
            client_id,
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
                user_id,
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
        let client = Self::new(Arc::clone(&self.shared), auth)?;
        Ok(Self { defaults: Arc::clone(&self.defaults), ..client })
    }
}
