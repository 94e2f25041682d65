//! Checks ID tokens (OpenID Connect Core 1.0, 3.1.3.7 and 3.2.2.11): signature, issuer, audience, time, nonce, `at_hash`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind as Problem;
use jsonwebtoken::jwk::{JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::discovery::Discovery;
use super::server::IdentityServer;
use crate::error::{Error, Result};
use crate::own::{ErrorKind, Outcome};
use crate::redact::Secret;

/// How far the clocks of two machines may be apart, in seconds.
const LEEWAY: u64 = 60;

/// What an ID token has to fit.
pub(crate) struct Expected<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) access_token: &'a Secret,
    /// Where the access token came through the browser, `at_hash` is all that ties it to the ID token.
    pub(crate) needs_at_hash: bool,
}

#[derive(Deserialize)]
struct Claims {
    exp: f64,
    iat: Option<f64>,
    nbf: Option<f64>,
    aud: Value,
    azp: Option<String>,
    nonce: Option<String>,
    at_hash: Option<String>,
}

impl IdentityServer {
    /// Accepts an ID token, or says why not. Each reason has a code of its own.
    pub(crate) async fn verify(&self, id_token: &Secret, expected: &Expected<'_>) -> Result<()> {
        let (algorithm, key_id) = header(id_token.expose())?;
        let discovery = self.discovery(false).await.map_err(no_keys)?;
        if !is_allowed(algorithm, &discovery) {
            return Err(refused(
                "algorithm",
                format!("it is signed with {algorithm:?}, which the identity server does not announce"),
            ));
        }
        let kept = self.has_keys();
        let keys = self.keys(&discovery, false).await.map_err(no_keys)?;
        let mut claims = decode(id_token.expose(), algorithm, key_id.as_deref(), &keys, &discovery, expected);
        // The server may have changed its keys, and even given a new one the name of an old one.
        let doubtful =
            |error: &Error| matches!(error.code(), Some("id_token_unknown_key" | "id_token_signature"));
        if kept && claims.as_ref().is_err_and(doubtful) {
            let keys = self.keys(&discovery, true).await.map_err(no_keys)?;
            claims = decode(id_token.expose(), algorithm, key_id.as_deref(), &keys, &discovery, expected);
        }
        let claims = claims?;
        self.check(&claims, algorithm, expected)
    }

    fn check(&self, claims: &Claims, algorithm: Algorithm, expected: &Expected<'_>) -> Result<()> {
        let now = self.time.now();
        let clock = || self.time.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
        let several = claims.aud.as_array().is_some_and(|audience| audience.len() > 1);
        if claims.azp.as_deref().map_or(several, |party| party != expected.client_id) {
            return Err(refused("audience", "it was issued for another client".into()));
        }
        // Out of range saturates.
        if (claims.exp as u64).saturating_add(LEEWAY) <= now {
            return Err(refused(
                "expired",
                format!("it expired {} s ago{}", now - claims.exp as u64, clock()),
            ));
        }
        let begins = claims.nbf.into_iter().chain(claims.iat).map(|time| time as u64).max().unwrap_or(0);
        if begins > now.saturating_add(LEEWAY) {
            return Err(refused("not_yet_valid", format!("it begins in {} s{}", begins - now, clock())));
        }
        if claims.nonce.as_deref() != expected.nonce && expected.nonce.is_some() {
            return Err(refused("nonce", "it was issued for another sign-in: its nonce differs".into()));
        }
        match &claims.at_hash {
            Some(hash) if *hash == half_hash(algorithm, expected.access_token.expose()) => Ok(()),
            Some(_) => Err(refused("at_hash", "it belongs to another access token: at_hash differs".into())),
            None if expected.needs_at_hash => {
                Err(refused("at_hash", "it does not say which access token it belongs to: no at_hash".into()))
            }
            None => Ok(()),
        }
    }
}

fn refused(reason: &str, text: String) -> Error {
    Error::new(ErrorKind::Auth, format!("the ID token is not accepted: {text}"))
        .with_code(format!("id_token_{reason}"))
        .with_outcome(Outcome::Refused)
}

/// Without keys nothing is verified, and nobody is signed in.
fn no_keys(error: Error) -> Error {
    refused("keys", format!("the keys of the identity server cannot be fetched: {}", error.message()))
        .with_source(error)
}

/// Algorithm and key id. `none` is no algorithm, and one with a shared key would take a public key for it.
fn header(token: &str) -> Result<(Algorithm, Option<String>)> {
    let malformed = || refused("malformed", "it is not a JSON Web Token".into());
    let (head, _) = token.split_once('.').ok_or_else(malformed)?;
    let head = URL_SAFE_NO_PAD.decode(head).map_err(|_| malformed())?;
    let head: Value = serde_json::from_slice(&head).map_err(|_| malformed())?;
    let name = head["alg"].as_str().ok_or_else(malformed)?;
    if name.eq_ignore_ascii_case("none") {
        return Err(refused("unsigned", "it is not signed: alg is none".into()));
    }
    let algorithm =
        name.parse::<Algorithm>().ok().filter(|algorithm| algorithm.family() != AlgorithmFamily::Hmac);
    let algorithm = algorithm.ok_or_else(|| {
        refused("algorithm", format!("it is signed with {name:?}, which uses no private key"))
    })?;
    Ok((algorithm, head["kid"].as_str().map(str::to_owned)))
}

/// RS256 always is (OpenID Connect Core 1.0, 15.1), others where the server announces them.
fn is_allowed(algorithm: Algorithm, discovery: &Discovery) -> bool {
    let announced = &discovery.id_token_signing_alg_values_supported;
    algorithm == Algorithm::RS256 || announced.iter().any(|name| name.parse() == Ok(algorithm))
}

/// The keys that may have signed: the one that is named, or all that fit where none is.
fn candidates<'a>(
    keys: &'a JwkSet,
    key_id: Option<&'a str>,
    algorithm: Algorithm,
) -> impl Iterator<Item = DecodingKey> + 'a {
    keys.keys.iter().filter_map(move |key| {
        let about = &key.common;
        let named = key_id.is_none_or(|id| about.key_id.as_deref() == Some(id));
        let signs = !matches!(about.public_key_use, Some(PublicKeyUse::Encryption));
        let decoding = DecodingKey::from_jwk(key).ok()?;
        (named && signs && decoding.family() == algorithm.family()).then_some(decoding)
    })
}

fn decode(
    token: &str,
    algorithm: Algorithm,
    key_id: Option<&str>,
    keys: &JwkSet,
    discovery: &Discovery,
    expected: &Expected<'_>,
) -> Result<Claims> {
    let mut validation = Validation::new(algorithm);
    // By the client's own clock, below.
    validation.validate_exp = false;
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    validation.set_issuer(&[&discovery.issuer]);
    validation.set_audience(&[expected.client_id]);
    // Of the reasons of several keys, the last one.
    let mut problem = refused(
        "unknown_key",
        match key_id {
            Some(id) => format!("the identity server does not publish the key {id:?} that it names"),
            None => "the identity server publishes no key that could have signed it".into(),
        },
    );
    for key in candidates(keys, key_id, algorithm) {
        match jsonwebtoken::decode::<Claims>(token, &key, &validation) {
            Ok(token) => return Ok(token.claims),
            Err(error) => problem = refusal(&error, discovery),
        }
        if problem.code() != Some("id_token_signature") {
            break;
        }
    }
    Err(problem)
}

fn refusal(error: &jsonwebtoken::errors::Error, discovery: &Discovery) -> Error {
    let (reason, text) = match error.kind() {
        Problem::InvalidSignature => ("signature", "its signature is wrong: it was changed or forged".into()),
        Problem::InvalidIssuer => ("issuer", format!("it was not issued by {}", discovery.issuer)),
        Problem::InvalidAudience => ("audience", "it was issued for another client".into()),
        Problem::InvalidAlgorithm | Problem::InvalidAlgorithmName | Problem::UnsupportedAlgorithm => {
            ("algorithm", "its algorithm does not match its key".into())
        }
        Problem::MissingRequiredClaim(claim) => ("malformed", format!("it has no {claim}")),
        // What the library says quotes the token at most by position.
        _ => ("malformed", format!("it cannot be read: {error}")),
    };
    refused(reason, text)
}

/// The left half of the hash that goes with the algorithm, as `at_hash` has it.
fn half_hash(algorithm: Algorithm, token: &str) -> String {
    let half = |hash: &[u8]| URL_SAFE_NO_PAD.encode(&hash[..hash.len() / 2]);
    match algorithm {
        Algorithm::RS384 | Algorithm::PS384 | Algorithm::ES384 | Algorithm::HS384 => {
            half(&Sha384::digest(token))
        }
        Algorithm::RS512 | Algorithm::PS512 | Algorithm::HS512 | Algorithm::EdDSA => {
            half(&Sha512::digest(token))
        }
        _ => half(&Sha256::digest(token)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_are_refused() {
        let token = |header: &str| format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(header));
        for (header_text, code) in [
            (r#"{"alg":"none"}"#, "id_token_unsigned"),
            (r#"{"alg":"nOnE"}"#, "id_token_unsigned"),
            (r#"{"alg":"HS256"}"#, "id_token_algorithm"),
            (r#"{"alg":"XX256"}"#, "id_token_algorithm"),
            (r#"{"kid":"1"}"#, "id_token_malformed"),
            ("no JSON", "id_token_malformed"),
        ] {
            assert_eq!(header(&token(header_text)).unwrap_err().code(), Some(code), "{header_text}");
        }
        assert_eq!(header("opaque").unwrap_err().code(), Some("id_token_malformed"));
        let (algorithm, key) = header(&token(r#"{"alg":"ES256","kid":"1"}"#)).unwrap();
        assert_eq!((algorithm, key.as_deref()), (Algorithm::ES256, Some("1")));
    }

    #[test]
    fn the_hash_of_the_specification() {
        // OpenID Connect Core 1.0, A.3.
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(half_hash(Algorithm::RS256, token), "77QmUPtjPfzWtF2AnpK9RQ");
    }
}
