//! Errors of the identity server, in words that say what to do next.

use oauth2::basic::BasicErrorResponse;
use oauth2::{RequestTokenError, StandardErrorResponse};
use url::Url;

use super::grant::{Grant, Last};
use crate::config::BY_COMMAND;
use crate::error::{Error, Failure};
use crate::http::{Reached, TransportError};
use crate::own::{ErrorKind, Outcome};
use crate::redact::{Secrets, address};

/// A redirect that carries an error in place of a code.
pub(crate) fn denied(code: &str, description: &str, pkce: bool) -> Error {
    let description = if description.is_empty() { String::new() } else { format!(" ({description})") };
    let text = match code {
        "access_denied" => format!(
            "the sign-in was denied: the client needs the user's consent; begin again and give it{description}"
        ),
        "invalid_scope" => {
            format!(
                "the application is not registered for these scopes: set scope to the registered ones{description}"
            )
        }
        "unauthorized_client" | "unsupported_response_type" => {
            format!("the application is not registered for this response type: {code}{description}")
        }
        "invalid_request" if pkce && (description.is_empty() || description.contains("code_challenge")) => {
            format!(
                "the identity server does not accept the sign-in: {code}{description}. An old one may refuse PKCE, which the \
             setting pkce leaves out"
            )
        }
        code => format!("the identity server refused the sign-in: {code}{description}"),
    };
    Error::new(ErrorKind::Auth, text).with_code(code).with_outcome(Outcome::Refused)
}

/// The error of an exchange at the token endpoint at `url`. `has_secret`: whether the client showed one.
pub(crate) fn refused(
    error: RequestTokenError<TransportError, BasicErrorResponse>,
    url: &Url,
    secrets: &Secrets,
    last: &Last,
    grant: &Grant,
    has_secret: bool,
) -> Error {
    let status = last.status.unwrap_or_default();
    let transient = match status {
        429 => Some(Failure::Throttled),
        408 | 500..=599 => Some(Failure::Interrupted),
        _ => None,
    };
    let error = match (error, transient) {
        (RequestTokenError::Request(error), _) => {
            let failure =
                if error.reached == Reached::Nothing { Failure::NotSent } else { Failure::Interrupted };
            return Error::new(ErrorKind::Network, format!("signing in failed: {}", error.message))
                .with_failure(failure)
                .with_outcome(Outcome::NotSent)
                .with_source(error);
        }
        (_, Some(failure)) => {
            let text = format!("the identity server failed with status {status}");
            Error::new(ErrorKind::Server, text).with_failure(failure)
        }
        (RequestTokenError::ServerResponse(answer), None) => {
            let text = secrets.scrub(&reason(&answer, grant, has_secret));
            Error::new(ErrorKind::Auth, text).with_code(answer.error().as_ref())
        }
        _ if (200..300).contains(&status) => Error::new(
            ErrorKind::Auth,
            "the identity server answered without an access_token; is the identity address right?",
        ),
        _ => Error::new(
            ErrorKind::Auth,
            format!(
                "{} answered with status {status} and no OAuth error; is the identity address right?",
                address(url)
            ),
        ),
    };
    let error = error.with_excerpt(secrets.excerpt(&last.body)).with_outcome(Outcome::Refused);
    match last.status {
        Some(status) => error.with_status(status),
        None => error,
    }
}

fn reason<T>(answer: &StandardErrorResponse<T>, grant: &Grant, has_secret: bool) -> String
where
    T: oauth2::ErrorResponseType + AsRef<str>,
{
    let description = answer.error_description().map(|text| format!(" ({text})")).unwrap_or_default();
    let text = match answer.error().as_ref() {
        "invalid_grant" => grant.not_accepted(),
        "invalid_client" if has_secret => {
            "the identity server does not accept client_id and client_secret: compare both with the application's \
             registration"
                .into()
        }
        "invalid_client" => {
            "the identity server does not accept client_id without a client_secret: is the id right, and is the \
             application one without a secret?"
                .into()
        }
        "unauthorized_client" if matches!(grant, Grant::Refresh | Grant::Code) => format!(
            "this client may not sign in this way, or the {} is no longer valid: sign in again{BY_COMMAND}",
            grant.name()
        ),
        "unauthorized_client" | "unsupported_grant_type" => {
            format!("the {} is refused: the client's registration does not allow it", grant.name())
        }
        "invalid_scope" => "the application is not registered for these scopes: set scope to the registered ones".into(),
        code => format!("the identity server refused the {}: {code}", grant.name()),
    };
    format!("{text}{description}")
}
