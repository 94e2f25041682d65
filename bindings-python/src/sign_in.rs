//! Sign-ins of a person: the address and what comes back, or the whole of it with a browser.

use std::sync::{Arc, Mutex, PoisonError};

use beproduct::auth::{self, AuthorizationSession, Tokens};
use beproduct::seam;
use pyo3::prelude::*;
use tokio::sync::Notify;

use crate::bridge::{Bridge, Work};
use crate::convert::{from_json, raise, to_json};
use crate::runtime;

fn clear<'py>(py: Python<'py>, tokens: &Tokens) -> PyResult<Bound<'py, PyAny>> {
    from_json(py, tokens.to_json().to_string().as_bytes(), false)
}

/// One sign-in of a person by the authorization code flow.
#[pyclass(module = "beproduct_client._native", frozen)]
pub(crate) struct Authorization(Arc<AuthorizationSession>);

#[pymethods]
impl Authorization {
    #[new]
    fn new(settings: &Bound<'_, PyAny>) -> PyResult<Self> {
        let text = to_json("settings", settings)?;
        let session = seam::authorize(&text).map_err(|error| raise(settings.py(), &error))?;
        Ok(Self(Arc::new(session)))
    }

    /// Where the person signs in.
    fn url(&self) -> &str {
        self.0.url()
    }

    /// Takes the address that the person was sent back to, and waits for the tokens.
    fn finish<'py>(&self, py: Python<'py>, redirected: String) -> PyResult<Bound<'py, PyAny>> {
        let tokens = runtime::wait(py, self.tokens(redirected), || ())?.map_err(|error| raise(py, &error))?;
        clear(py, &tokens)
    }

    /// The same for an event loop.
    fn finish_async(&self, bridge: &Bound<'_, Bridge>, redirected: String) -> PyResult<Work> {
        Bridge::spawn(bridge, self.tokens(redirected), |py, result| {
            let tokens = result.map_err(|error| raise(py, &error))?;
            Ok(clear(py, &tokens)?.unbind())
        })
    }
}

impl Authorization {
    fn tokens(
        &self,
        redirected: String,
    ) -> impl Future<Output = beproduct::Result<Tokens>> + Send + 'static + use<> {
        let session = Arc::clone(&self.0);
        async move { session.finish(&redirected).await }
    }
}

/// One sign-in with the browser of this machine.
#[pyclass(module = "beproduct_client._native", frozen)]
pub(crate) struct Login {
    url: String,
    /// Taken by `complete`: nothing listens any more when that has ended.
    login: Mutex<Option<auth::Login>>,
}

impl Login {
    fn new(login: auth::Login) -> Self {
        Self { url: login.url().to_owned(), login: Mutex::new(Some(login)) }
    }

    fn take(&self) -> Option<auth::Login> {
        self.login.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn completed(&self) -> impl Future<Output = beproduct::Result<Option<Tokens>>> + Send + 'static + use<> {
        let login = self.take();
        async move {
            match login {
                Some(login) => login.complete().await.map(Some),
                None => Ok(None),
            }
        }
    }
}

#[pymethods]
impl Login {
    /// Begins a sign-in: listens where the person comes back.
    #[staticmethod]
    fn begin(settings: &Bound<'_, PyAny>, options: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = settings.py();
        let work = seam::login(&to_json("settings", settings)?, &to_json("login", options)?);
        runtime::wait(py, work, || ())?.map(Self::new).map_err(|error| raise(py, &error))
    }

    /// The same for an event loop.
    #[staticmethod]
    fn begin_async(
        bridge: &Bound<'_, Bridge>,
        settings: &Bound<'_, PyAny>,
        options: &Bound<'_, PyAny>,
    ) -> PyResult<Work> {
        let work = seam::login(&to_json("settings", settings)?, &to_json("login", options)?);
        Bridge::spawn(bridge, work, |py, result| {
            let login = result.map_err(|error| raise(py, &error))?;
            Ok(Py::new(py, Self::new(login))?.into_any())
        })
    }

    /// Where the person signs in.
    fn url(&self) -> &str {
        &self.url
    }

    /// Opens the browser, and waits until the person has come back.
    fn complete<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let given_up = Arc::new(Notify::new());
        let (work, ended) = (self.completed(), Arc::clone(&given_up));
        let tokens = async move {
            tokio::select! {
                tokens = work => tokens,
                // The port is free again, whoever waits.
                () = ended.notified() => Ok(None),
            }
        };
        let tokens =
            runtime::wait(py, tokens, || given_up.notify_one())?.map_err(|error| raise(py, &error))?;
        tokens.map(|tokens| clear(py, &tokens)).transpose()
    }

    /// The same for an event loop.
    fn complete_async(&self, bridge: &Bound<'_, Bridge>) -> PyResult<Work> {
        Bridge::spawn(bridge, self.completed(), |py, result| {
            match result.map_err(|error| raise(py, &error))? {
                Some(tokens) => Ok(clear(py, &tokens)?.unbind()),
                None => Ok(py.None()),
            }
        })
    }
}
