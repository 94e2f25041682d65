//! Puts the token on the request, and reports whether the service took it.

use std::sync::Arc;

use ::http::header::AUTHORIZATION;
use futures_util::future::BoxFuture;

use crate::auth::{CallKey, Refusal, TokenHolder, authorization};
use crate::catalog::Base;
use crate::clock::ServerTime;
use crate::error::{Error, Failure, Result};
use crate::own::{ErrorKind, Outcome};
use crate::pipeline::{Exchange, Next, Policy, Reply};

pub(crate) struct Authorize {
    pub(crate) tokens: Arc<TokenHolder>,
    pub(crate) time: ServerTime,
    /// Whether GETs to the API carry the token in their query.
    pub(crate) in_query: bool,
}

impl Policy for Authorize {
    fn run<'a>(&'a self, mut exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            if exchange.base == Base::Link {
                return next.run(exchange).await;
            }
            // Whatever became of the sign-in, nothing of the request has left.
            let bearer = self.tokens.bearer().await.map_err(|error| error.with_outcome(Outcome::NotSent));
            let bearer = bearer.map_err(|error| match error.failure() {
                // The exchange has been tried as often as it may: with rotation, once more could end the sign-in.
                Failure::NotSent | Failure::Interrupted | Failure::Throttled => {
                    error.with_failure(Failure::SignIn)
                }
                _ => error,
            })?;
            match exchange.base {
                Base::Api if self.in_query && exchange.method == "GET" => {
                    exchange.url.query_pairs_mut().append_pair("access_token", bearer.expose());
                }
                Base::Api => {
                    exchange.headers.insert(AUTHORIZATION, authorization(&bearer)?);
                }
                Base::Automation | Base::Link => {
                    exchange.headers.insert("x-authorization", authorization(&bearer)?);
                }
            }
            exchange.bearer = Some(bearer.clone());
            let call = CallKey::of(exchange.operation.id, exchange.url.path());
            let result = next.run(exchange).await;
            if is_accepted(&result) {
                self.tokens.accept(&bearer, call);
            }
            match result {
                Err(error) if error.failure() == Failure::TokenRejected => {
                    let error = match self.time.hint() {
                        Some(hint) => {
                            let message = format!("{}; {hint}", error.message());
                            error.with_message(message)
                        }
                        None => error,
                    };
                    let what = match self.tokens.reject(&bearer, call) {
                        Refusal::Renewable => return Err(error),
                        Refusal::Kept => {
                            "the service accepts the access token in other calls, so it is kept: check whether this user has access"
                        }
                        Refusal::NewToo => {
                            "a new access token was refused too, and no further one is fetched for some minutes: check the permissions of this user"
                        }
                        Refusal::Lost => "the access token cannot be renewed: sign in again",
                    };
                    let message = format!("{}; {what}", error.message());
                    Err(error.with_failure(Failure::Final).with_message(message))
                }
                Err(error) if error.kind() == ErrorKind::Permission => {
                    Err(name_scopes(error, &self.tokens.scopes()))
                }
                result => result,
            }
        })
    }
}

/// Whether an answer shows that the service knows the token: one of a gateway does not.
fn is_accepted(result: &Result<Reply>) -> bool {
    match result {
        Ok(_) => true,
        Err(error) if error.kind() == ErrorKind::Decode => false,
        Err(error) => matches!(error.status(), Some(200..=299 | 403)),
    }
}

/// Which scopes a method needs is not published, so the ones that are there have to do.
fn name_scopes(error: Error, scopes: &[String]) -> Error {
    let scopes = match scopes {
        [] => "does not name its scopes".into(),
        scopes => format!("has the scopes {}", scopes.join(" ")),
    };
    let message = format!(
        "{}; permission or scope is missing: the access token {scopes}, and the user's own permissions apply too",
        error.message()
    );
    error.with_message(message)
}
