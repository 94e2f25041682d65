//! What can be asked of the client itself, by name.

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Client;
use crate::error::{Error, Result};
use crate::quota::{Plan, Work};

type Arguments = Map<String, Value>;
type Begin = fn(Client, Arguments) -> Result<BoxFuture<'static, Result<Value>>>;

/// A method of the client.
pub(crate) struct Method {
    pub(crate) name: &'static str,
    arguments: &'static [&'static str],
    begin: Begin,
}

static METHODS: &[Method] = &[
    Method {
        name: "quota.status",
        arguments: &[],
        begin: |client, _| answer(async move { json(client.quota_status().await?) }),
    },
    Method {
        name: "quota.report",
        arguments: &["days"],
        begin: |client, mut arguments| {
            let days = take(&mut arguments, "days", "a positive whole number")?.unwrap_or(30);
            answer(async move { json(client.quota_report(days).await?) })
        },
    },
    Method {
        name: "quota.estimate",
        arguments: &["work"],
        begin: |client, mut arguments| {
            let work: Vec<Work> =
                serde_json::from_str(&arguments.remove("work").unwrap_or_default().to_string()).map_err(
                    |error| Error::config(format!("work has to be a list of what is to be done: {error}")),
                )?;
            answer(async move { json(client.quota_estimate(&work).await?) })
        },
    },
    Method {
        name: "quota.change_plan",
        arguments: &["plan"],
        begin: |client, mut arguments| {
            let plan = Plan::from_json(arguments.remove("plan").unwrap_or_default())?;
            answer(async move { client.change_plan(plan).map(|()| Value::Null) })
        },
    },
    Method {
        name: "auth.userinfo",
        arguments: &[],
        begin: |client, _| answer(async move { client.auth().userinfo_json().await.map(Value::Object) }),
    },
    Method {
        name: "auth.end_session_url",
        arguments: &["post_logout_redirect_uri"],
        begin: |client, mut arguments| {
            let back: Option<String> = take(&mut arguments, "post_logout_redirect_uri", "a text")?;
            answer(async move { client.auth().end_session_url(back.as_deref()).await.map(Value::String) })
        },
    },
    Method {
        name: "auth.sign_out",
        arguments: &[],
        begin: |client, _| answer(async move { client.auth().sign_out().await.map(Value::Bool) }),
    },
    Method {
        name: "auth.discovery",
        arguments: &[],
        begin: |client, _| answer(async move { client.auth().discovery().await }),
    },
];

impl Method {
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        METHODS.iter().find(|method| method.name == name)
    }

    /// Checks the arguments; what is returned does what it has to do when it is awaited.
    ///
    /// # Errors
    /// `config` when one is wrong or unknown.
    pub(crate) fn begin(
        &self,
        client: &Client,
        arguments: Arguments,
    ) -> Result<BoxFuture<'static, Result<Value>>> {
        if let Some(unknown) = arguments.keys().find(|name| !self.arguments.contains(&name.as_str())) {
            let known = match self.arguments {
                [] => "it takes none".to_owned(),
                known => format!("it takes {}", known.join(", ")),
            };
            return Err(Error::config(format!("{} has no argument {unknown:?}; {known}", self.name)));
        }
        (self.begin)(client.clone(), arguments)
    }
}

fn answer(
    work: impl Future<Output = Result<Value>> + Send + 'static,
) -> Result<BoxFuture<'static, Result<Value>>> {
    Ok(Box::pin(work))
}

/// An argument of this type; none where it is missing or null.
fn take<T: DeserializeOwned>(arguments: &mut Arguments, name: &str, expected: &str) -> Result<Option<T>> {
    let value = arguments.remove(name).unwrap_or_default();
    serde_json::from_str(&value.to_string())
        .map_err(|_| Error::config(format!("{name} has to be {expected}, not {value}")))
}

fn json(value: impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(Error::internal)
}
