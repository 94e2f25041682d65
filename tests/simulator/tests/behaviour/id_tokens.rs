//! Signing keys, and id tokens that a client has to refuse.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::PublicEncryptingKey;
use aws_lc_rs::signature::RsaPublicKeyComponents;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use beproduct_simulator::{Options, SigningAlgorithm};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode_header};
use serde_json::{Value, json};

use crate::support::{World, claims, small};

fn kids(keys: &JwkSet) -> Vec<&str> {
    keys.keys.iter().map(|key| key.common.key_id.as_deref().unwrap()).collect()
}

/// What a careful client does, apart from the nonce and the hash.
fn verify(world: &World, keys: &JwkSet, token: &str) -> jsonwebtoken::errors::Result<Value> {
    let header = decode_header(token)?;
    let key = header.kid.and_then(|kid| keys.find(&kid));
    let key = key.ok_or(jsonwebtoken::errors::ErrorKind::InvalidToken)?;
    let mut validation = Validation::new(algorithm(key));
    validation.set_issuer(&[&world.at.identity]);
    validation.set_audience(&[&world.at.client_id]);
    validation.set_required_spec_claims(&["exp", "sub", "iss", "aud"]);
    validation.validate_nbf = true;
    Ok(jsonwebtoken::decode(token, &DecodingKey::from_jwk(key)?, &validation)?.claims)
}

fn algorithm(key: &Jwk) -> Algorithm {
    key.common.key_algorithm.unwrap().to_string().parse().unwrap()
}

#[tokio::test]
async fn keys_rotate() {
    let world = World::new().await;
    let first = world.id_token().await;
    let one = world.control("keys", &json!({"rotate": true})).await;
    assert_eq!(one["kid"], "simulator-key-2");
    let second = world.id_token().await;
    let keys = world.key_set().await;
    assert_eq!(kids(&keys), ["simulator-key-1", "simulator-key-2"]);
    assert!(verify(&world, &keys, &first).is_ok() && verify(&world, &keys, &second).is_ok());

    world.control("keys", &json!({"rotate": true, "drop": true})).await;
    let third = world.id_token().await;
    let keys = world.key_set().await;
    assert_eq!(kids(&keys), ["simulator-key-3"]);
    assert!(verify(&world, &keys, &third).is_ok() && verify(&world, &keys, &second).is_err());

    world.control("reset", &json!({})).await;
    let keys = world.key_set().await;
    assert_eq!(kids(&keys), ["simulator-key-1"]);
    assert!(verify(&world, &keys, &first).is_ok());
    let counts = world.observe("counts").await;
    assert_eq!((&counts["jwks"], &counts["discovery"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn elliptic_curves() {
    let world = World::with(Options { id_token_alg: SigningAlgorithm::Es256, ..small() }).await;
    let announced = "id_token_signing_alg_values_supported";
    assert_eq!(world.discovery().await[announced], json!(["RS256", "ES256"]));
    let first = world.id_token().await;
    world.control("keys", &json!({"rotate": true})).await;
    let second = world.id_token().await;
    let keys = world.key_set().await;
    assert_eq!(
        kids(&keys),
        ["simulator-key-1", "simulator-ec-key-1", "simulator-key-2", "simulator-ec-key-2"]
    );
    for token in [&first, &second] {
        assert_eq!(decode_header(token).unwrap().alg, Algorithm::ES256);
        assert!(verify(&world, &keys, token).is_ok());
    }
    for kind in ["tampered", "wrong_key", "unknown_kid"] {
        world.control("attack", &json!({"kind": kind})).await;
        assert!(verify(&world, &keys, &world.id_token().await).is_err(), "{kind}");
    }
    world.control("reset", &json!({"id_token_alg": "RS256"})).await;
    assert_eq!(world.discovery().await[announced], json!(["RS256"]));
    assert_eq!(decode_header(&world.id_token().await).unwrap().alg, Algorithm::RS256);
}

#[tokio::test]
async fn forged_id_tokens() {
    let world = World::new().await;
    let keys = world.key_set().await;
    let mut forged = Vec::new();
    for (kind, reason) in [
        ("alg_none", "Json"),
        ("hs256_public_key", "InvalidAlgorithm"),
        ("issuer", "InvalidIssuer"),
        ("audience", "InvalidAudience"),
        ("expired", "ExpiredSignature"),
        ("not_yet_valid", "ImmatureSignature"),
        ("unknown_kid", "InvalidToken"),
        ("tampered", "InvalidSignature"),
        ("wrong_key", "InvalidSignature"),
        ("missing_sub", "MissingRequiredClaim(\"sub\")"),
        ("no_exp", "MissingRequiredClaim(\"exp\")"),
    ] {
        world.control("attack", &json!({"kind": kind})).await;
        let token = world.id_token().await;
        let refusal = verify(&world, &keys, &token).unwrap_err();
        assert!(format!("{:?}", refusal.kind()).starts_with(reason), "{kind}: {refusal:?}");
        forged.push(token);
    }
    let header = |token: &str| -> Value {
        let part = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        serde_json::from_slice(&part).unwrap()
    };
    assert_eq!(header(&forged[0])["alg"], "none");
    assert!(forged[0].ends_with('.'));
    assert_eq!(header(&forged[1])["alg"], "HS256");
    let secret = DecodingKey::from_secret(public_pem(&keys.keys[0]).as_bytes());
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_aud = false;
    assert!(jsonwebtoken::decode::<Value>(&forged[1], &secret, &validation).is_ok());
    assert_ne!(header(&forged[6])["kid"], "simulator-key-1");
    assert_eq!(header(&forged[8])["kid"], "simulator-key-1");

    // Wrong only for those who look.
    world.control("reset", &json!({"attack": "nonce"})).await;
    assert_ne!(verify(&world, &keys, &world.id_token().await).unwrap()["nonce"], "a-nonce");
    world.control("attack", &json!({"kind": null})).await;
    let good = verify(&world, &keys, &world.id_token().await).unwrap();
    assert_eq!(good["nonce"], "a-nonce");
    world.control("attack", &json!({"kind": "at_hash"})).await;
    let hashes = [&world.id_token().await, &world.id_token().await].map(|token| claims(&json!(token)));
    assert_eq!(hashes[0]["at_hash"], hashes[1]["at_hash"]);

    let wrong = world.http.post(format!("{}/attack", world.at.control)).json(&json!({}));
    assert_eq!(wrong.send().await.unwrap().status(), 400);
}

fn public_pem(key: &Jwk) -> String {
    let AlgorithmParameters::RSA(parameters) = &key.algorithm else { panic!("not an RSA key") };
    let part = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let components = RsaPublicKeyComponents { n: part(&parameters.n), e: part(&parameters.e) };
    let key: PublicEncryptingKey = components.try_into().unwrap();
    let document: PublicKeyX509Der<'_> = key.as_der().unwrap();
    let text = STANDARD.encode(document.as_ref());
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}
