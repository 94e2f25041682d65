//! Puts the token on the request, and turns a token in that the service refused.

use std::sync::Arc;

use ::http::HeaderValue;
use ::http::header::AUTHORIZATION;
use futures_util::future::BoxFuture;

use crate::auth::TokenHolder;
use crate::catalog::Base;
use crate::error::{Error, Failure, Result};
use crate::pipeline::{Exchange, Next, Policy, Reply};

pub(crate) struct Authorize {
    pub(crate) tokens: Arc<TokenHolder>,
}

impl Policy for Authorize {
    fn run<'a>(&'a self, mut exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let bearer = self.tokens.bearer().await.map_err(|error| match error.failure() {
                // The exchange has been tried as often as it may: with rotation, once more could end the sign-in.
                Failure::NotSent | Failure::Interrupted | Failure::Throttled => {
                    error.with_failure(Failure::SignIn)
                }
                _ => error,
            })?;
            let mut value = HeaderValue::from_str(&format!("Bearer {}", bearer.expose()))
                .map_err(|_| Error::config("the access token holds characters that no header may hold"))?;
            value.set_sensitive(true);
            match exchange.base {
                Base::Api => exchange.headers.insert(AUTHORIZATION, value),
                Base::Automation => exchange.headers.insert("x-authorization", value),
            };
            exchange.bearer = Some(bearer.clone());
            let result = next.run(exchange).await;
            match result {
                Err(error) if error.failure() == Failure::TokenRejected => {
                    if self.tokens.reject(&bearer) {
                        return Err(error);
                    }
                    let message =
                        format!("{}; the access token cannot be renewed: sign in again", error.message());
                    Err(error.with_failure(Failure::Final).with_message(message))
                }
                result => result,
            }
        })
    }
}
