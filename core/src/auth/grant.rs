//! What is asked of the token endpoint, and what came back.

use bytes::Bytes;

use crate::config::BY_COMMAND;

/// What was asked of the token endpoint.
#[derive(Debug, Clone)]
pub(crate) enum Grant {
    Code,
    Refresh,
    ClientCredentials,
    /// For the user with this id.
    ActAs(String),
}

impl Grant {
    /// What is refused when a grant is.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Refresh => "refresh token",
            Self::ClientCredentials => "client",
            Self::ActAs(_) => "impersonation",
        }
    }

    /// What a person can do when it is not accepted.
    pub(super) fn not_accepted(&self) -> String {
        match self {
            Self::Code => {
                "the code was used, has expired, or belongs to another redirect_uri: sign in again".into()
            }
            Self::Refresh => {
                format!("the refresh token was revoked, used up or has expired: sign in again{BY_COMMAND}")
            }
            Self::ClientCredentials => "the application is not allowed to sign in as itself".into(),
            Self::ActAs(user) => format!(
                "nobody may act as the user {user:?} here: who does so has to be an administrator of the company, \
                 and the user has to be registered there as PRIVATE"
            ),
        }
    }
}

/// The answer of an exchange.
#[derive(Clone, Default)]
pub(crate) struct Last {
    pub(crate) status: Option<u16>,
    pub(crate) body: Bytes,
}
