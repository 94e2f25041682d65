//! What can be asked of the client itself, by name.

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Client;
use crate::error::{Error, Result};
use crate::near;
use crate::own::Work;
use crate::own::names::{METHODS, Method, WORK};
use crate::quota::Plan;

type Arguments = Map<String, Value>;

impl Method {
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        METHODS.iter().find(|method| method.id == name)
    }

    /// Checks the arguments; what is returned does what it has to do when it is awaited.
    ///
    /// # Errors
    /// `config` when one is missing, wrong or unknown.
    pub(crate) fn begin(
        &self,
        client: &Client,
        mut arguments: Arguments,
    ) -> Result<BoxFuture<'static, Result<Value>>> {
        let known: Vec<_> = self.arguments.iter().map(|argument| argument.name).collect();
        near::check(arguments.keys(), &known, &format!("{} has no argument", self.id), "it takes")?;
        for argument in self.arguments {
            let value = arguments.entry(argument.name).or_insert(Value::Null);
            match argument.default {
                Some(default) if value.is_null() => *value = default.into(),
                None if value.is_null() && argument.required => {
                    return Err(Error::config(format!("{} needs {}", self.id, argument.name)));
                }
                _ => {}
            }
        }
        begin(self.id, client.clone(), arguments)
    }
}

/// Every method of the catalogue has an arm.
fn begin(id: &str, client: Client, mut given: Arguments) -> Result<BoxFuture<'static, Result<Value>>> {
    match id {
        "auth.userinfo" => answer(async move { client.auth().userinfo_json().await.map(Value::Object) }),
        "auth.end_session_url" => {
            let back: Option<String> = take(&mut given, "post_logout_redirect_uri", "a text")?;
            answer(async move { client.auth().end_session_url(back.as_deref()).await.map(Value::String) })
        }
        "auth.sign_out" => answer(async move { client.auth().sign_out().await.map(Value::Bool) }),
        "auth.discovery" => answer(async move { client.auth().discovery().await }),
        "quota.status" => answer(async move { json(client.quota_status().await?) }),
        "quota.report" => {
            let days = take(&mut given, "days", "a positive whole number")?;
            answer(async move { json(client.quota_report(days).await?) })
        }
        "quota.estimate" => {
            let work = work(given.remove("work").unwrap_or_default())?;
            answer(async move { json(client.quota_estimate(&work).await?) })
        }
        "quota.change_plan" => {
            let plan = Plan::from_json(given.remove("plan").unwrap_or_default())?;
            answer(async move { client.change_plan(plan).map(|()| Value::Null) })
        }
        _ => Err(Error::internal(format!("{id} has no code"))),
    }
}

fn answer(
    work: impl Future<Output = Result<Value>> + Send + 'static,
) -> Result<BoxFuture<'static, Result<Value>>> {
    Ok(Box::pin(work))
}

fn work(value: Value) -> Result<Vec<Work>> {
    for one in value.as_array().into_iter().flatten().filter_map(Value::as_object) {
        near::check(one.keys(), WORK, "work has no member", "it has")?;
    }
    // As text, whose errors say the place.
    serde_json::from_str(&value.to_string())
        .map_err(|error| Error::config(format!("work has to be a list of what is to be done: {error}")))
}

/// An argument of this type.
fn take<T: DeserializeOwned>(given: &mut Arguments, name: &str, expected: &str) -> Result<T> {
    let value = given.remove(name).unwrap_or_default();
    serde_json::from_str(&value.to_string())
        .map_err(|_| Error::config(format!("{name} has to be {expected}, not {value}")))
}

fn json(value: impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{METHODS, Map, Method, Value};
    use crate::cancel::Cancel;
    use crate::client::{Client, ClientBuilder};
    use crate::config::Config;
    use crate::options::CallOptions;
    use crate::own::{ErrorKind, Outcome};

    fn client() -> Client {
        let settings = json!({"company_domain": "acme", "access_token": "token", "ledger": "memory"});
        ClientBuilder::from_config(Config::read(settings).unwrap()).build().unwrap()
    }

    #[tokio::test]
    async fn every_method_of_the_catalogue_has_code() {
        let client = client();
        for method in METHODS {
            let given = method.arguments.iter().filter(|argument| argument.required);
            let sample = |name| match name {
                "plan" => json!({}),
                _ => json!([]),
            };
            let given = given.map(|argument| (argument.name.to_owned(), sample(argument.name))).collect();
            assert!(method.begin(&client, given).is_ok(), "{}", method.id);
        }
    }

    #[tokio::test]
    async fn a_call_by_name_has_no_options_but_its_cancellation() {
        let client = client();
        let labelled = CallOptions { label: Some("x".into()), ..CallOptions::default() };
        let error = client.call("quota.status", Map::new(), labelled).await.unwrap_err();
        assert!(error.message().contains("quota.status has no options but cancel"), "{error}");
        let cancel = Cancel::new();
        cancel.cancel();
        let cancelled = CallOptions { cancel: Some(cancel), ..CallOptions::default() };
        let error = client.call("quota.status", Map::new(), cancelled).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Cancelled, Outcome::NotSent));
        assert!(client.call("quota.status", Map::new(), CallOptions::default()).await.is_ok());
    }

    #[tokio::test]
    async fn arguments_are_checked() {
        let client = client();
        for (method, given, expected) in [
            ("quota.report", json!({"dayz": 3}), "did you mean \"days\"?"),
            ("quota.report", json!({"days": "3"}), "days has to be a positive whole number"),
            ("quota.status", json!({"days": 3}), "it takes none"),
            ("quota.estimate", json!({}), "quota.estimate needs work"),
            ("quota.change_plan", json!({"plan": {"licences": 3}}), "did you mean \"licenses\"?"),
        ] {
            let Value::Object(given) = given else { unreachable!() };
            let error = Method::find(method).unwrap().begin(&client, given).err().unwrap();
            assert!(error.message().contains(expected), "{error}");
        }
    }
}
