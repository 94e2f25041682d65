//! Hands the request to the transport. Any status is an answer here.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::error::{Error, ErrorKind, Failure, Outcome, Result};
use crate::http::{HttpRequest, Reached, Transport};
use crate::pipeline::{Exchange, Next, Policy, Reply};

pub(crate) struct Send {
    pub(crate) transport: Arc<dyn Transport>,
}

impl Policy for Send {
    fn run<'a>(&'a self, exchange: Exchange, _next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let request = HttpRequest {
                method: exchange.method,
                url: exchange.url,
                headers: exchange.headers,
                body: exchange.body.unwrap_or_default(),
            };
            match self.transport.send(request).await {
                Ok(answer) => Ok(Reply {
                    status: answer.status,
                    headers: answer.headers,
                    body: answer.body,
                    whole: true,
                }),
                Err(error) => {
                    let (failure, outcome) = match error.reached {
                        Reached::Nothing => (Failure::NotSent, Outcome::NotSent),
                        Reached::Sent => (Failure::Interrupted, Outcome::Unknown),
                        Reached::Answer(status, headers) => {
                            return Ok(Reply { status, headers: *headers, body: Bytes::new(), whole: false });
                        }
                    };
                    let message = error.message.clone();
                    Err(Error::new(ErrorKind::Network, message)
                        .with_failure(failure)
                        .with_outcome(outcome)
                        .with_source(error))
                }
            }
        })
    }
}
