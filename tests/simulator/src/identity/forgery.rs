//! Id tokens that a client has to refuse: each is wrong in one way and good in all others.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::options::SigningAlgorithm;

use super::keys::{KeyRing, SigningKey};

/// What is wrong with the id tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Attack {
    /// They call themselves unsigned.
    AlgNone,
    /// The text of the public key, which everybody has, is taken for a shared secret.
    Hs256PublicKey,
    Issuer,
    Audience,
    Nonce,
    Expired,
    NotYetValid,
    /// Signed by a stranger, whose key is not published.
    UnknownKid,
    /// Changed after they were signed.
    Tampered,
    /// Signed by a stranger under the name of the real key.
    WrongKey,
    AtHash,
    MissingSub,
    NoExp,
}

/// Times that are past and to come on any clock a client may be given.
const YEAR_2001: i64 = 978_307_200;
const YEAR_2100: i64 = 4_102_444_800;

/// An id token with these claims, spoilt as the attack wants it.
pub(super) fn sign(keys: &KeyRing, attack: Option<Attack>, mut claims: Value) -> Option<String> {
    let key = keys.for_id_tokens()?;
    let Some(attack) = attack else { return key.sign(&claims) };
    spoil(attack, &mut claims);
    match attack {
        Attack::AlgNone => {
            Some(format!("{}.{}.", part(&json!({"alg": "none", "typ": "JWT"})), part(&claims)))
        }
        Attack::Hs256PublicKey => {
            let key = keys.current(SigningAlgorithm::Rs256)?;
            let header = Header { kid: Some(key.id.clone()), ..Header::new(Algorithm::HS256) };
            let secret = EncodingKey::from_secret(public_pem(key)?.as_bytes());
            jsonwebtoken::encode(&header, &claims, &secret).ok()
        }
        Attack::Tampered => {
            let token = key.sign(&claims)?;
            let mut parts = token.split('.');
            let (header, signature) = (parts.next()?, parts.nth(1)?);
            claims["sub"] = json!("00000000-0000-4000-8000-000000000000");
            Some(format!("{header}.{}.{signature}", part(&claims)))
        }
        Attack::UnknownKid => stranger(key.algorithm)?.sign(&claims),
        Attack::WrongKey => stranger(key.algorithm)?.under_the_name_of(key).sign(&claims),
        _ => key.sign(&claims),
    }
}

fn spoil(attack: Attack, claims: &mut Value) {
    match attack {
        Attack::Issuer => claims["iss"] = json!("https://issuer.example/ids"),
        Attack::Audience => claims["aud"] = json!("another-client"),
        Attack::Nonce => claims["nonce"] = json!("another-nonce"),
        Attack::AtHash => claims["at_hash"] = json!(URL_SAFE_NO_PAD.encode([0; 16])),
        Attack::Expired => {
            claims["iat"] = json!(YEAR_2001);
            claims["exp"] = json!(YEAR_2001 + 3600);
        }
        Attack::NotYetValid => {
            claims["iat"] = json!(YEAR_2100);
            claims["nbf"] = json!(YEAR_2100);
            claims["exp"] = json!(YEAR_2100 + 3600);
        }
        Attack::MissingSub => remove(claims, "sub"),
        Attack::NoExp => remove(claims, "exp"),
        Attack::AlgNone
        | Attack::Hs256PublicKey
        | Attack::UnknownKid
        | Attack::Tampered
        | Attack::WrongKey => {}
    }
}

fn remove(claims: &mut Value, name: &str) {
    if let Some(claims) = claims.as_object_mut() {
        claims.remove(name);
    }
}

/// A key that no key set has.
fn stranger(algorithm: SigningAlgorithm) -> Option<&'static SigningKey> {
    static RSA: LazyLock<Option<SigningKey>> = LazyLock::new(|| make(SigningAlgorithm::Rs256));
    static EC: LazyLock<Option<SigningKey>> = LazyLock::new(|| make(SigningAlgorithm::Es256));
    fn make(algorithm: SigningAlgorithm) -> Option<SigningKey> {
        SigningKey::generate("simulator-key-of-a-stranger".to_owned(), algorithm)
    }
    match algorithm {
        SigningAlgorithm::Rs256 => RSA.as_ref(),
        SigningAlgorithm::Es256 => EC.as_ref(),
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn public_pem(key: &SigningKey) -> Option<String> {
    let pair = KeyPair::from_der(key.key.as_bytes()).ok()?;
    let document: PublicKeyX509Der<'_> = pair.public_key().as_der().ok()?;
    let text = STANDARD.encode(document.as_ref());
    let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END PUBLIC KEY-----\n");
    Some(pem)
}
