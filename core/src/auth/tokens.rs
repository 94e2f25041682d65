//! The tokens of one sign-in, and the claims that the client reads from them.

use serde_json::{Value, json};

use crate::redact::Secret;

/// A token as it goes into a header.
pub(crate) type Bearer = Secret;

/// Tokens of one sign-in.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Tokens {
    /// Access token, which every request carries.
    pub access_token: Option<Secret>,
    /// End of the access token's life, Unix seconds.
    pub expires_at: Option<u64>,
    /// Life of the access token when it was issued, in seconds.
    pub lifetime: Option<u64>,
    /// Refresh token, which renews the access token.
    pub refresh_token: Option<Secret>,
    /// ID token: who signed in. It was verified when it was received.
    pub id_token: Option<Secret>,
    /// Granted scopes, separated by blanks, if the identity server stated them.
    pub scope: Option<String>,
    /// Fingerprint of the refresh token that the sign-in was configured with, so that a new one wins over what is
    /// stored.
    pub origin: Option<String>,
}

impl Tokens {
    /// As JSON with the tokens unencrypted, for a store.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let clear = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
        json!({
            "access_token": clear(&self.access_token),
            "expires_at": self.expires_at,
            "lifetime": self.lifetime,
            "refresh_token": clear(&self.refresh_token),
            "id_token": clear(&self.id_token),
            "scope": self.scope,
            "origin": self.origin,
        })
    }

    /// Reads the JSON of [`Tokens::to_json`]. `None` for any other value.
    #[must_use]
    pub fn from_json(value: &Value) -> Option<Self> {
        let members = value.as_object()?;
        let text = |name: &str| members.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let secret = |name: &str| text(name).map(Secret::new);
        let number = |name: &str| members.get(name).and_then(Value::as_u64);
        Some(Self {
            access_token: secret("access_token"),
            expires_at: number("expires_at"),
            lifetime: number("lifetime"),
            refresh_token: secret("refresh_token"),
            id_token: secret("id_token"),
            scope: text("scope").map(str::to_owned),
            origin: text("origin").map(str::to_owned),
        })
    }

    /// Granted scopes; `None` if nothing states them.
    #[must_use]
    pub fn scopes(&self) -> Vec<String> {
        let claimed = self.access_token.as_ref().map(|token| scopes_in_token(token.expose()));
        match &self.scope {
            Some(scope) => scope.split_whitespace().map(str::to_owned).collect(),
            None => claimed.unwrap_or_default(),
        }
    }

    /// Whether nobody is signed in: what is left after a sign-out in a store that cannot be emptied.
    pub(crate) fn is_empty(&self) -> bool {
        self.access_token.is_none() && self.refresh_token.is_none()
    }

    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        [&self.access_token, &self.refresh_token, &self.id_token].into_iter().flatten()
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

/// The `scope` of a token that is a JSON Web Token: an array, or a text with blanks.
pub(crate) fn scopes_in_token(token: &str) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Claims {
        #[serde(default)]
        scope: Value,
    }
    match jsonwebtoken::dangerous::insecure_decode_claims::<Claims>(token).map(|claims| claims.scope) {
        Ok(Value::Array(scopes)) => scopes.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Ok(Value::String(scopes)) => scopes.split_whitespace().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn token(claims: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2ln", part(r#"{"alg":"RS256"}"#), part(claims))
    }

    #[test]
    fn claims_of_every_form() {
        assert_eq!(expiry_in_token(&token(r#"{"exp": 1000.5}"#)), Some(1000));
        assert_eq!(expiry_in_token("opaque"), None);
        assert_eq!(scopes_in_token(&token(r#"{"scope": ["openid", "email"]}"#)), ["openid", "email"]);
        assert_eq!(scopes_in_token(&token(r#"{"scope": "openid email"}"#)), ["openid", "email"]);
        assert!(scopes_in_token(&token("{}")).is_empty() && scopes_in_token("opaque").is_empty());
    }

    #[test]
    fn what_was_granted_counts_more_than_a_claim() {
        let mut tokens =
            Tokens { access_token: Some(Secret::new(token(r#"{"scope": "email"}"#))), ..Tokens::default() };
        assert_eq!(tokens.scopes(), ["email"]);
        tokens.scope = Some("openid roles".into());
        assert_eq!(tokens.scopes(), ["openid", "roles"]);
        assert_eq!(Tokens::from_json(&tokens.to_json()).unwrap().scopes(), ["openid", "roles"]);
    }
}
