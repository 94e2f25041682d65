//! ID tokens: what is accepted, what is refused and why, and where the keys come from.

// A test may stop at once.
#![allow(clippy::unwrap_used)]

mod common;

use beproduct::auth::{AuthorizationSession, Tokens};
use beproduct::{Config, Error, ErrorKind, Outcome, Result};
use common::Service;
use serde_json::{Value, json};

/// A sign-in from its beginning to its end, by a client and a response type.
async fn sign_in(service: &Service, changes: Value) -> Result<Tokens> {
    let session = session(service, changes);
    let answer = service.control("authorize", json!({"url": session.url()})).await;
    session.finish(answer["redirect"].as_str().unwrap()).await
}

fn session(service: &Service, changes: Value) -> AuthorizationSession {
    let mut settings = service.settings();
    settings["redirect_uri"] = service.address("redirect_uri").into();
    settings.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    AuthorizationSession::new(&Config::from_json(settings).unwrap()).unwrap()
}

fn implicit(service: &Service) -> Value {
    json!({
        "client_id": service.address("legacy_client_id"),
        "client_secret": null,
        "response_type": "id_token token",
    })
}

fn is_refusal(error: &Error, code: &str, says: &str) {
    assert_eq!((error.kind(), error.code()), (ErrorKind::Auth, Some(code)), "{error}");
    assert!(error.message().starts_with("the ID token is not accepted"), "{error}");
    assert!(error.message().contains(says), "{error}");
    assert_eq!(error.outcome(), Outcome::Refused);
}

#[tokio::test]
async fn attacks_are_refused_each_with_its_own_error() {
    let service = Service::start(1, 0).await;
    let flows = [json!({}), implicit(&service)];
    let mut refused = 0;
    for (attack, code, says) in [
        ("alg_none", "id_token_unsigned", "alg is none"),
        ("hs256_public_key", "id_token_algorithm", "HS256"),
        ("issuer", "id_token_issuer", "not issued by http://127.0.0.1"),
        ("audience", "id_token_audience", "another client"),
        ("nonce", "id_token_nonce", "nonce differs"),
        ("expired", "id_token_expired", "expired"),
        ("not_yet_valid", "id_token_not_yet_valid", "begins in"),
        ("unknown_kid", "id_token_unknown_key", "does not publish the key"),
        ("tampered", "id_token_signature", "changed or forged"),
        ("wrong_key", "id_token_signature", "changed or forged"),
        ("at_hash", "id_token_at_hash", "another access token"),
        ("missing_sub", "id_token_malformed", "no sub"),
        ("no_exp", "id_token_malformed", "exp"),
    ] {
        service.control("attack", json!({"kind": attack})).await;
        for flow in &flows {
            let error = sign_in(&service, flow.clone()).await.expect_err(attack);
            is_refusal(&error, code, says);
            refused += 1;
        }
    }
    println!("ID tokens: {refused} of {refused} attacks refused");
    service.control("attack", json!({"kind": null})).await;
    for flow in flows {
        assert!(sign_in(&service, flow).await.unwrap().id_token.is_some());
    }
}

#[tokio::test]
async fn keys_are_fetched_once_and_again_when_they_have_changed() {
    let service = Service::start(1, 0).await;
    let counts = async || (service.count("discovery").await, service.count("jwks").await);
    for _ in 0..3 {
        sign_in(&service, json!({})).await.unwrap();
    }
    assert_eq!(counts().await, (1, 1));
    service.control("keys", json!({"rotate": true})).await;
    for _ in 0..2 {
        sign_in(&service, json!({})).await.unwrap();
    }
    assert_eq!(counts().await, (1, 2));
    service.control("keys", json!({"rotate": true, "drop": true})).await;
    sign_in(&service, json!({})).await.unwrap();
    assert_eq!(counts().await, (1, 3));
}

#[tokio::test]
async fn without_keys_nobody_is_signed_in() {
    for (path, action, says) in [
        ("openid-configuration", json!({"status": 503}), "503"),
        ("openid-configuration", json!({"status": 404}), "identity_url"),
        ("openid-configuration", json!({"status": 200, "body": "<html>"}), "did not answer with JSON"),
        (
            "openid-configuration",
            json!({"status": 200, "body": {"issuer": "https://example.com"}}),
            "that of https://example.com",
        ),
        ("openid-configuration", json!({"status": 200, "body": {}}), "issuer"),
    ] {
        let service = Service::start(1, 0).await;
        service.control("faults", json!([{"base": "identity", "path": path, "action": action}])).await;
        is_refusal(&sign_in(&service, json!({})).await.unwrap_err(), "id_token_keys", says);
        assert_eq!(service.count("jwks").await, 0);
    }
    let service = Service::start(1, 0).await;
    let rule = json!([{"base": "identity", "path": "jwks", "times": 0, "action": {"reset": "before"}}]);
    service.control("faults", rule).await;
    is_refusal(
        &sign_in(&service, json!({})).await.unwrap_err(),
        "id_token_keys",
        "keys of the identity server cannot be fetched",
    );
    let empty = Service::start(1, 0).await;
    let rule = json!([{"base": "identity", "path": "jwks", "action": {"status": 200, "body": {"keys": [{"kty": "odd"}]}}}]);
    empty.control("faults", rule).await;
    is_refusal(&sign_in(&empty, json!({})).await.unwrap_err(), "id_token_unknown_key", "does not publish");
}

#[tokio::test]
async fn algorithms_that_are_announced_are_accepted() {
    let service = Service::start(1, 0).await;
    service.control("reset", json!({"id_token_alg": "ES256"})).await;
    sign_in(&service, json!({})).await.unwrap();
    sign_in(&service, implicit(&service)).await.unwrap();

    let quiet = Service::start(1, 0).await;
    quiet.control("reset", json!({"id_token_alg": "ES256"})).await;
    let base = quiet.address("identity");
    let document = json!({"issuer": base, "jwks_uri": format!("{base}/.well-known/jwks")});
    let rule = json!([{"base": "identity", "path": "openid-configuration", "action": {"status": 200, "body": document}}]);
    quiet.control("faults", rule).await;
    is_refusal(&sign_in(&quiet, json!({})).await.unwrap_err(), "id_token_algorithm", "does not announce");
}

#[tokio::test]
async fn a_scope_without_openid_needs_no_keys() {
    let service = Service::start(1, 0).await;
    let tokens = sign_in(&service, json!({"scope": "offline_access BeProductPublicApi"})).await.unwrap();
    assert!(tokens.id_token.is_none() && tokens.refresh_token.is_some());
    assert_eq!(service.count("discovery").await, 0);
}

#[tokio::test]
async fn a_clock_that_is_off_is_named() {
    let now = std::time::SystemTime::now();
    let seconds = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    // The simulator's tokens are of today; this machine is some hours behind, and then ahead.
    for (start, code, off) in [
        (seconds - 7_200, "id_token_not_yet_valid", "behind"),
        (seconds + 20 * 3_600, "id_token_expired", "ahead of"),
    ] {
        let service = Service::start(1, 0).await;
        let testing = json!({"testing": {"clock": "recorded", "start": start}});
        let error = sign_in(&service, testing.clone()).await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{error}");
        assert!(!error.message().contains("clock"), "{error}");
        // One answer does not correct the clock, but it tells what is wrong.
        let date = httpdate::fmt_http_date(now);
        let rule = json!([{"base": "identity", "times": 0, "action": {"headers": {"date": date}}}]);
        service.control("faults", rule).await;
        let error = sign_in(&service, testing).await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{error}");
        assert!(
            error.message().contains("the clock of this machine") && error.message().contains(off),
            "{error}"
        );
    }
}

#[tokio::test]
async fn keys_behind_a_byte_order_mark() {
    let service = Service::start(1, 0).await;
    let identity = service.address("identity");
    for path in ["/.well-known/openid-configuration", "/.well-known/jwks"] {
        let document = reqwest::get(format!("{identity}{path}")).await.unwrap().text().await.unwrap();
        let body = format!("\u{feff}\r\n{document}\r\n");
        service
            .control("faults", json!([{"path": path, "times": 0, "action": {"status": 200, "body": body}}]))
            .await;
    }
    assert!(sign_in(&service, json!({})).await.unwrap().id_token.is_some());
}
