//! What is taken for the length of some work.

use serde_json::{Map, Value};

use super::Request;
use crate::error::Result;
use crate::{CallOptions, Cancel, Client};

/// Something that was taken, such as a lock. It is given back when this is dropped, by a task of its own, whose failure is
/// written to the log; or by [`Held::release`], which tells of it.
#[derive(Debug)]
#[must_use = "it is given back when it is dropped"]
pub struct Held {
    answer: Value,
    client: Client,
    release: &'static str,
    arguments: Map<String, Value>,
    options: CallOptions,
    given_back: bool,
}

impl Held {
    /// What the service answered when it was taken.
    #[must_use]
    pub fn answer(&self) -> &Value {
        &self.answer
    }

    /// Gives it back, at most once, also when this fails or is not awaited to its end.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn release(mut self) -> Result<()> {
        self.give_back().await
    }

    fn give_back(&mut self) -> impl Future<Output = Result<()>> + Send + use<> {
        self.given_back = true;
        let (client, release) = (self.client.clone(), self.release);
        let (arguments, options) = (std::mem::take(&mut self.arguments), std::mem::take(&mut self.options));
        async move { client.call(release, arguments, options).await.map(drop) }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.given_back {
            let work = self.give_back();
            self.client.handle().spawn(work);
        }
    }
}

impl Request<Value> {
    /// Sends the call, and keeps what it takes until an operation has given that back, which needs these arguments.
    pub(super) async fn hold(self, release: &'static str, needed: &[&str]) -> Result<Held> {
        let mut given = self.arguments.clone()?;
        let (client, options) = (self.client.clone(), self.options.clone());
        let answer = self.with_response().await?.body;
        given.retain(|name, _| needed.contains(&name.as_str()));
        // Not the handle that may end the work, nor that of the client's defaults.
        let options = CallOptions { cancel: Some(Cancel::new()), ..options };
        Ok(Held { answer, client, release, arguments: given, options, given_back: false })
    }
}
