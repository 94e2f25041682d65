//! Sign-in, tokens and their end.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use beproduct_simulator::{Options, Rotation};
use reqwest::Url;
use serde_json::{Value, json};

use crate::support::{World, claims, parameter, small};

const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters-1234";

#[tokio::test]
async fn a_confidential_client_without_pkce() {
    let world = World::new().await;
    let back = world.browse(&world.authorize_url(&world.at.client_id, &[("nonce", "n-1")])).await;
    assert_eq!(parameter(&back, "state").as_deref(), Some("a state"));
    let code = parameter(&back, "code").unwrap();
    assert_eq!(code.len(), 32);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &world.at.redirect_uri),
        ("client_id", &world.at.client_id),
        ("client_secret", &world.at.client_secret),
    ];
    let (status, answer) = world.token_request(&form).await;
    assert_eq!(status, 200);
    assert_eq!(answer["expires_in"], 28_800);
    let claims = claims(&answer["id_token"]);
    assert_eq!((&claims["nonce"], &claims["aud"]), (&json!("n-1"), &json!(world.at.client_id)));

    let userinfo = world.http.get(format!("{}/connect/userinfo", world.at.identity));
    let userinfo = userinfo.bearer_auth(answer["access_token"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(userinfo.json::<Value>().await.unwrap()["preferred_username"], "sample.designer");

    // A code works once; its second use takes back what the first gave.
    let (status, second) = world.token_request(&form).await;
    assert_eq!((status.as_u16(), &second["error"]), (400, &json!("invalid_grant")));
    let (status, _) = world.refresh(answer["refresh_token"].as_str().unwrap()).await;
    assert_eq!(status, 400);
    assert_eq!(world.get_as(&answer["access_token"], "Style/Folders").await.status(), 401);
}

#[tokio::test]
async fn a_public_client_needs_pkce() {
    let world = World::new().await;
    let client = world.at.public_client_id.clone();
    let without = world.browse(&world.authorize_url(&client, &[])).await;
    assert_eq!(parameter(&without, "error").as_deref(), Some("invalid_request"));

    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
    let extra = [("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")];
    for (verifier, expected) in [("another-verifier", 400), (VERIFIER, 200)] {
        let back = world.browse(&world.authorize_url(&client, &extra)).await;
        let code = parameter(&back, "code").unwrap();
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &world.at.redirect_uri),
            ("client_id", &client),
            ("code_verifier", verifier),
        ];
        assert_eq!(world.token_request(&form).await.0, expected);
        form.push(("client_secret", ""));
        assert_eq!(world.token_request(&form).await.0, 401);
    }
}

#[tokio::test]
async fn a_server_that_refuses_pkce() {
    let world = World::with(Options { refuse_pkce: true, ..small() }).await;
    let challenge = [("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")];
    for client in [&world.at.client_id, &world.at.public_client_id] {
        let refused = world.browse(&world.authorize_url(client, &challenge)).await;
        assert_eq!(parameter(&refused, "error").as_deref(), Some("invalid_request"));
        let back = world.browse(&world.authorize_url(client, &[])).await;
        assert!(parameter(&back, "code").is_some());
    }
    assert!(world.discovery().await.get("code_challenge_methods_supported").is_none());
    world.control("reset", &json!({"refuse_pkce": false})).await;
    assert_eq!(world.discovery().await["code_challenge_methods_supported"], json!(["S256"]));
}

#[tokio::test]
async fn the_scope_asked_for_is_granted_and_kept() {
    let world = World::new().await;
    let scope = [("scope", "openid offline_access beproductDeveloper")];
    let back = world.browse(&world.authorize_url(&world.at.client_id, &scope)).await;
    let (_, answer) = world.redeem(&back).await;
    let granted = json!(["openid", "offline_access", "beproductDeveloper"]);
    assert_eq!(claims(&answer["access_token"])["scope"], granted);
    let (_, answer) = world.refresh(answer["refresh_token"].as_str().unwrap()).await;
    assert_eq!(claims(&answer["access_token"])["scope"], granted);

    world.control("reset", &json!({"allowed": ["openid", "offline_access"]})).await;
    let back = world.browse(&world.authorize_url(&world.at.client_id, &scope)).await;
    assert_eq!(parameter(&back, "error").as_deref(), Some("invalid_scope"));
}

#[tokio::test]
async fn basic_authentication_and_wrong_secrets() {
    let world = World::new().await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", world.at.refresh_token.as_str())];
    let url = format!("{}/connect/token", world.at.identity);
    for (secret, expected) in [(world.at.client_secret.as_str(), 200), ("wrong", 401), ("", 401)] {
        let basic = STANDARD.encode(format!("{}:{secret}", world.at.client_id));
        let request = world.http.post(&url).header("authorization", format!("Basic {basic}")).form(&form);
        assert_eq!(request.send().await.unwrap().status(), expected, "{secret}");
    }
    let (status, answer) = world
        .token_request(&[form[0], form[1], ("client_id", &world.at.client_id), ("client_secret", "wrong")])
        .await;
    assert_eq!((status.as_u16(), &answer["error"]), (401, &json!("invalid_client")));
}

#[tokio::test]
async fn the_form_keeps_parameters_and_refuses_strangers() {
    let world = World::new().await;
    let url = world.authorize_url(&world.at.client_id, &[("nonce", "a\"b")]);
    let page = world.http.get(&url).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let page = page.text().await.unwrap();
    assert!(page.contains("name=\"nonce\" value=\"a&quot;b\""));
    for id in ["username", "password", "allow", "deny"] {
        assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
    }

    let send = async |decision: &str, password: &str| {
        let mut form: Vec<(String, String)> = Url::parse(&url).unwrap().query_pairs().into_owned().collect();
        form.push(("username".into(), "sample.designer".into()));
        form.push(("password".into(), password.into()));
        form.push(("decision".into(), decision.into()));
        let target = format!("{}/connect/authorize", world.at.identity);
        world.http.post(target).form(&form).send().await.unwrap()
    };
    let again = send("allow", "wrong").await;
    assert_eq!(again.status(), 200);
    assert!(again.text().await.unwrap().contains("is wrong"));
    let back = send("allow", &world.at.password).await;
    assert_eq!(back.status(), 302);
    let denied = send("deny", "").await;
    assert!(denied.headers()["location"].to_str().unwrap().contains("error=access_denied"));

    for (client, redirect) in
        [("nobody", "http://127.0.0.1:9/callback"), ("simulator-client", "https://evil.example/")]
    {
        let query = [("client_id", client), ("redirect_uri", redirect), ("response_type", "code")];
        let url = Url::parse_with_params(&format!("{}/connect/authorize", world.at.identity), query).unwrap();
        let page = world.http.get(url).send().await.unwrap();
        assert_eq!(page.status(), 400);
        assert!(page.headers().get("location").is_none());
    }
}

#[tokio::test]
async fn reuse_keeps_the_refresh_token() {
    let world = World::new().await;
    for _ in 0..3 {
        let (status, answer) = world.refresh(&world.at.refresh_token).await;
        assert_eq!(status, 200);
        assert!(answer.get("refresh_token").is_none());
    }
}

#[tokio::test]
async fn strict_rotation_revokes_the_family_on_reuse() {
    let world = World::with(Options { rotation: Rotation::Strict, ..small() }).await;
    world.control("reset", &json!({})).await;
    let first = world.at.refresh_token.clone();
    let (_, answer) = world.refresh(&first).await;
    let second = answer["refresh_token"].as_str().unwrap().to_owned();
    let (_, answer) = world.refresh(&second).await;
    let third = answer["refresh_token"].as_str().unwrap().to_owned();
    let (status, answer) = world.refresh(&first).await;
    assert_eq!((status.as_u16(), &answer["error"]), (400, &json!("invalid_grant")));
    assert_eq!(world.refresh(&third).await.0, 400);
}

#[tokio::test]
async fn access_tokens_end() {
    let mut world = World::new().await;
    assert_eq!(world.get("Style/Folders").await.status(), 200);
    world.control("tokens", &json!({"expire": "access"})).await;
    assert_eq!(world.get("Style/Folders").await.status(), 401);
    world.sign_in().await;
    assert_eq!(world.get("Style/Folders").await.status(), 200);
    world.control("tokens", &json!({"expire": "all"})).await;
    assert_eq!(world.refresh(&world.at.refresh_token).await.0, 400);

    world.control("reset", &json!({"token_lifetime": 0})).await;
    world.sign_in().await;
    assert_eq!(world.get("Style/Folders").await.status(), 401);
}

#[tokio::test]
async fn discovery_and_keys_fit_the_tokens() {
    let world = World::new().await;
    let discovery = world.discovery().await;
    assert_eq!(discovery["issuer"], world.at.identity);
    let keys: Value =
        world.http.get(discovery["jwks_uri"].as_str().unwrap()).send().await.unwrap().json().await.unwrap();
    let key: jsonwebtoken::jwk::Jwk = serde_json::from_value(keys["keys"][0].clone()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.set_issuer(&[&world.at.identity]);
    validation.validate_aud = false;
    let key = jsonwebtoken::DecodingKey::from_jwk(&key).unwrap();
    let token = jsonwebtoken::decode::<Value>(&world.token, &key, &validation).unwrap();
    assert_eq!(token.claims["client_id"], world.at.client_id);
    assert_eq!(world.http.get(format!("{}/nothing", world.at.identity)).send().await.unwrap().status(), 404);
}
