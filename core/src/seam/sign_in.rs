//! Sign-ins of a person, as calls by name.

use std::future::Future;
use std::sync::Arc;
#[cfg(feature = "login")]
use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::object;
use crate::auth::AuthorizationSession;
#[cfg(feature = "login")]
use crate::auth::{Login, LoginOptions};
use crate::config::Config;
use crate::error::{Error, Result};

/// One sign-in of a person.
#[derive(Debug, Clone)]
pub(super) enum SignIn {
    /// The program brings the person back: `sign_in.finish`.
    Session(Arc<AuthorizationSession>),
    /// The browser of this machine does: `login.begin`, then `login.complete`.
    #[cfg(feature = "login")]
    Browser(Arc<Browser>),
}

#[cfg(feature = "login")]
#[derive(Debug)]
pub(super) struct Browser {
    config: Config,
    options: LoginOptions,
    /// Taken by what ends it: nothing listens any more then.
    login: Mutex<Option<Login>>,
}

impl SignIn {
    pub(super) fn session(settings: &str) -> Result<Self> {
        let settings = object("settings", settings)?;
        for name in ["refresh_token", "access_token", "client_credentials", "plan"] {
            if settings.get(name).is_some_and(|value| !value.is_null()) {
                return Err(Error::config(format!(
                    "{name} is a setting of a client: a sign-in has no use for it"
                )));
            }
        }
        let session = AuthorizationSession::new(&Config::from_json(settings.into())?)?;
        Ok(Self::Session(Arc::new(session)))
    }

    #[cfg(feature = "login")]
    pub(super) fn browser(settings: &str, options: &str) -> Result<Self> {
        let options = LoginOptions::from_json(object("login", options)?)?;
        let config = Config::for_login(object("settings", settings)?, options.profile.as_deref())?;
        Ok(Self::Browser(Arc::new(Browser { config, options, login: Mutex::default() })))
    }

    /// Where the person signs in, once that is known.
    pub(super) fn url(&self) -> Option<String> {
        match self {
            Self::Session(session) => Some(session.url().to_owned()),
            #[cfg(feature = "login")]
            Self::Browser(browser) => {
                let login = browser.login.lock().unwrap_or_else(PoisonError::into_inner);
                login.as_ref().map(|login| login.url().to_owned())
            }
        }
    }

    /// What is to be done under this name.
    pub(super) fn call(
        &self,
        name: &str,
        arguments: &Map<String, Value>,
    ) -> Result<(&'static str, BoxFuture<'static, Result<Value>>)> {
        match (self, name) {
            (Self::Session(session), "sign_in.finish") => {
                let redirected = arguments.get("redirected").and_then(Value::as_str);
                let redirected = redirected
                    .ok_or_else(|| {
                        Error::config("redirected has to be the address that the person was sent back to")
                    })?
                    .to_owned();
                let session = Arc::clone(session);
                Ok(("sign_in.finish", tokens(async move { session.finish(&redirected).await })))
            }
            #[cfg(feature = "login")]
            (Self::Browser(browser), "login.begin") => {
                let browser = Arc::clone(browser);
                let begin = async move {
                    let login = Login::begin(&browser.config, browser.options.clone()).await?;
                    let url = login.url().to_owned();
                    *browser.login.lock().unwrap_or_else(PoisonError::into_inner) = Some(login);
                    Ok(serde_json::json!({"url": url}))
                };
                Ok(("login.begin", Box::pin(begin)))
            }
            #[cfg(feature = "login")]
            (Self::Browser(_), "login.complete") => {
                let login = self.take();
                let complete = async move {
                    match login {
                        Some(login) => login.complete().await,
                        None => Err(Error::config("this sign-in has not begun, or has ended; begin another")),
                    }
                };
                Ok(("login.complete", tokens(complete)))
            }
            _ => Err(Error::config(format!("a sign-in has no {name:?}"))),
        }
    }

    /// Listens no more.
    pub(super) fn close(&self) {
        #[cfg(feature = "login")]
        drop(self.take());
    }

    #[cfg(feature = "login")]
    fn take(&self) -> Option<Login> {
        match self {
            Self::Session(_) => None,
            Self::Browser(browser) => browser.login.lock().unwrap_or_else(PoisonError::into_inner).take(),
        }
    }
}

fn tokens(
    work: impl Future<Output = Result<crate::auth::Tokens>> + Send + 'static,
) -> BoxFuture<'static, Result<Value>> {
    Box::pin(async move { Ok(work.await?.to_json()) })
}
