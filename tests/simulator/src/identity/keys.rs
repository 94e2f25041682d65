//! The signing keys. The first of each algorithm is a fixed test key, so that a server starts without making
//! one; it protects nothing.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::Value;

use crate::options::SigningAlgorithm;

/// What PKCS #8 puts before an RSA key of 2048 bits. `jsonwebtoken` takes the key without it.
const PKCS8_HEAD: usize = 26;

pub(crate) struct SigningKey {
    pub(super) id: String,
    pub(super) algorithm: SigningAlgorithm,
    pub(super) key: EncodingKey,
    is_published: bool,
}

impl SigningKey {
    fn first(algorithm: SigningAlgorithm) -> Self {
        let key = match algorithm {
            SigningAlgorithm::Rs256 => EncodingKey::from_rsa_der(&der(include_str!("test_signing_key.pem"))),
            SigningAlgorithm::Es256 => {
                EncodingKey::from_ec_der(&der(include_str!("test_signing_key_ec.pem")))
            }
        };
        SigningKey { id: key_id(algorithm, 1), algorithm, key, is_published: true }
    }

    /// A key that was just made. None when the cryptographic library fails.
    pub(super) fn generate(id: String, algorithm: SigningAlgorithm) -> Option<Self> {
        let key = match algorithm {
            SigningAlgorithm::Rs256 => {
                let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
                let document: Pkcs8V1Der<'_> = pair.as_der().ok()?;
                EncodingKey::from_rsa_der(document.as_ref().get(PKCS8_HEAD..)?)
            }
            SigningAlgorithm::Es256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?;
                EncodingKey::from_ec_der(pair.to_pkcs8v1().ok()?.as_ref())
            }
        };
        Some(SigningKey { id, algorithm, key, is_published: true })
    }

    /// A signed JWT.
    pub(super) fn sign(&self, claims: &Value) -> Option<String> {
        let header = Header { kid: Some(self.id.clone()), ..Header::new(self.algorithm.into()) };
        jsonwebtoken::encode(&header, claims, &self.key).ok()
    }

    pub(super) fn under_the_name_of(&self, other: &SigningKey) -> Self {
        SigningKey { id: other.id.clone(), key: self.key.clone(), ..*other }
    }

    fn public(&self) -> Option<Jwk> {
        let mut key = Jwk::from_encoding_key(&self.key, self.algorithm.into()).ok()?;
        key.common.key_id = Some(self.id.clone());
        key.common.public_key_use = Some(PublicKeyUse::Signature);
        Some(key)
    }

    /// The claims of a token that this key has signed, be it in date or not.
    fn claims_of(&self, token: &str) -> Option<Value> {
        let key = DecodingKey::from_jwk(&self.public()?).ok()?;
        let mut validation = Validation::new(self.algorithm.into());
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        jsonwebtoken::decode(token, &key, &validation).ok().map(|token| token.claims)
    }
}

/// The keys since the last reset. Access tokens are always signed with RS256, id tokens as the options say.
pub(crate) struct KeyRing {
    id_token_algorithm: SigningAlgorithm,
    rotations: usize,
    /// The newest last.
    keys: Vec<SigningKey>,
}

impl KeyRing {
    pub(crate) fn new(id_token_algorithm: SigningAlgorithm) -> Self {
        let mut ring = KeyRing { id_token_algorithm, rotations: 0, keys: Vec::new() };
        ring.keys.extend(ring.algorithms().into_iter().map(SigningKey::first));
        ring
    }

    /// The algorithms in use, each with a key.
    pub(super) fn algorithms(&self) -> Vec<SigningAlgorithm> {
        let mut algorithms = vec![SigningAlgorithm::Rs256];
        if self.id_token_algorithm != SigningAlgorithm::Rs256 {
            algorithms.push(self.id_token_algorithm);
        }
        algorithms
    }

    /// Makes new keys the current ones. None when the cryptographic library fails.
    pub(crate) fn rotate(&mut self) -> Option<()> {
        let number = self.rotations + 2;
        let new = self.algorithms().into_iter();
        let new: Option<Vec<SigningKey>> =
            new.map(|algorithm| SigningKey::generate(key_id(algorithm, number), algorithm)).collect();
        self.keys.extend(new?);
        self.rotations += 1;
        Some(())
    }

    /// Publishes the current keys only.
    pub(crate) fn drop_former(&mut self) {
        let former = self.keys.len() - self.algorithms().len();
        for key in &mut self.keys[..former] {
            key.is_published = false;
        }
    }

    /// The key that signs with this algorithm now.
    pub(super) fn current(&self, algorithm: SigningAlgorithm) -> Option<&SigningKey> {
        self.keys.iter().rev().find(|key| key.algorithm == algorithm)
    }

    pub(super) fn for_id_tokens(&self) -> Option<&SigningKey> {
        self.current(self.id_token_algorithm)
    }

    /// The id of the key that id tokens are signed with.
    pub(crate) fn current_id(&self) -> Option<&str> {
        self.for_id_tokens().map(|key| key.id.as_str())
    }

    pub(super) fn published(&self) -> JwkSet {
        let published = self.keys.iter().filter(|key| key.is_published);
        JwkSet { keys: published.filter_map(SigningKey::public).collect() }
    }

    /// The claims of a token that one of the keys has signed, be it published or not.
    pub(super) fn claims_of(&self, token: &str) -> Option<Value> {
        self.keys.iter().find_map(|key| key.claims_of(token))
    }
}

impl From<SigningAlgorithm> for Algorithm {
    fn from(algorithm: SigningAlgorithm) -> Self {
        match algorithm {
            SigningAlgorithm::Rs256 => Algorithm::RS256,
            SigningAlgorithm::Es256 => Algorithm::ES256,
        }
    }
}

fn key_id(algorithm: SigningAlgorithm, number: usize) -> String {
    match algorithm {
        SigningAlgorithm::Rs256 => format!("simulator-key-{number}"),
        SigningAlgorithm::Es256 => format!("simulator-ec-key-{number}"),
    }
}

fn der(pem: &str) -> Vec<u8> {
    let text: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(text).unwrap_or_default()
}
