//! Sign-in of a person with the browser of this machine.

use std::sync::{Mutex, PoisonError};

use beproduct::{Error, auth, seam};
use napi::Env;
use napi::bindgen_prelude::{Object, Result};
use napi_derive::napi;
use tokio_util::sync::CancellationToken;

use crate::cancellation::Cancellation;
use crate::promise::cancellable;

/// One sign-in, which listens at its redirect address until it is completed or closed.
#[napi]
pub struct Login {
    url: String,
    /// Taken by what ends it: left to the garbage collector, it would listen on for a while.
    login: Mutex<Option<auth::Login>>,
    cancel: CancellationToken,
}

#[napi]
impl Login {
    /// Begins a sign-in with settings and options as JSON text; resolves to a [`Login`], which the same cancellation ends.
    #[napi]
    pub fn begin<'env>(
        env: &'env Env,
        settings: String,
        options: String,
        cancellation: &Cancellation,
    ) -> Result<Object<'env>> {
        let cancel = cancellation.token();
        cancellable(env, cancel.clone(), seam::login(&settings, &options), |login| {
            Ok(Self { url: login.url().to_owned(), login: Mutex::new(Some(login)), cancel })
        })
    }

    /// Where the person signs in.
    #[napi(getter)]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits until the person has come back; the tokens come as JSON text. Works once.
    #[napi]
    pub fn complete<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        let login = self.take();
        let work = async move {
            match login {
                Some(login) => login.complete().await,
                None => Err(Error::config("this sign-in has ended; begin another")),
            }
        };
        cancellable(env, self.cancel.clone(), work, |tokens| Ok(tokens.to_json().to_string()))
    }

    /// Listens no more.
    #[napi]
    pub fn close(&self) {
        drop(self.take());
    }

    fn take(&self) -> Option<auth::Login> {
        self.login.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
