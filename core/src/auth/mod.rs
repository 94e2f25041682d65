//! Signing in: tokens, where they are kept, and the exchanges that yield them.
//!
//! [`AuthorizationSession`] takes a person through the authorization code flow. `TokenHolder` gives every request a
//! valid access token, renews it once for all who wait, and saves a rotated refresh token before anyone uses what came
//! with it.

mod exchange;
mod holder;
mod session;
mod store;

use serde_json::{Value, json};

use crate::redact::Secret;

pub(crate) use exchange::Exchanger;
pub(crate) use holder::{HolderSettings, TokenHolder};
pub use session::AuthorizationSession;
pub use store::{FileStore, Lease, MemoryStore, TokenStore};

/// A token as it goes into a header.
pub(crate) type Bearer = Secret;

/// Tokens of one sign-in.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Tokens {
    /// Goes with every request.
    pub access_token: Option<Secret>,
    /// End of the access token's life, Unix seconds.
    pub expires_at: Option<u64>,
    /// Life of the access token when it was issued, in seconds.
    pub lifetime: Option<u64>,
    /// Renews the access token.
    pub refresh_token: Option<Secret>,
    /// Tells who signed in.
    pub id_token: Option<Secret>,
    /// Fingerprint of the refresh token that the sign-in was configured with, so that a new one wins over what is
    /// stored.
    pub origin: Option<String>,
}

impl Tokens {
    /// As JSON, with the tokens in clear: for a store.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let clear = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
        json!({
            "access_token": clear(&self.access_token),
            "expires_at": self.expires_at,
            "lifetime": self.lifetime,
            "refresh_token": clear(&self.refresh_token),
            "id_token": clear(&self.id_token),
            "origin": self.origin,
        })
    }

    /// From what [`Tokens::to_json`] wrote. None when it is no such object.
    #[must_use]
    pub fn from_json(value: &Value) -> Option<Self> {
        let members = value.as_object()?;
        let secret = |name: &str| members.get(name).and_then(Value::as_str).map(Secret::new);
        let number = |name: &str| members.get(name).and_then(Value::as_u64);
        Some(Self {
            access_token: secret("access_token"),
            expires_at: number("expires_at"),
            lifetime: number("lifetime"),
            refresh_token: secret("refresh_token"),
            id_token: secret("id_token"),
            origin: members.get("origin").and_then(Value::as_str).map(str::to_owned),
        })
    }
}

/// The `exp` of a token that is a JSON Web Token. Its signature is the service's business: the client only wants to know
/// when to renew.
pub(crate) fn expiry_in_token(token: &str) -> Option<u64> {
    #[derive(serde::Deserialize)]
    struct Claims {
        exp: f64,
    }
    let claims: Claims = jsonwebtoken::dangerous::insecure_decode_claims(token).ok()?;
    // Out of range saturates, which is as good as "never" and "long ago".
    Some(claims.exp as u64)
}
