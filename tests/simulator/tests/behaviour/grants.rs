//! Tokens by other ways than a code: in the fragment, for another user, for the client itself; and whom they
//! speak for.

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Method, StatusCode, Url};
use serde_json::{Value, json};

use crate::support::{World, claims, parameter};

fn fragment(url: &Url) -> HashMap<String, String> {
    let query = format!("http://fragment.example/?{}", url.fragment().unwrap_or_default());
    Url::parse(&query).unwrap().query_pairs().into_owned().collect()
}

async fn act_as(world: &World, token: &str, user: &str) -> (StatusCode, Value) {
    world
        .token_request(&[
            ("grant_type", "actas"),
            ("client_id", &world.at.impersonation_client_id),
            ("client_secret", &world.at.impersonation_client_secret),
            ("token", token),
            ("actas", user),
            ("scope", "openid BeProductPublicApi"),
        ])
        .await
}

async fn client_credentials(world: &World) -> (StatusCode, Value) {
    world
        .token_request(&[
            ("grant_type", "client_credentials"),
            ("client_id", &world.at.client_id),
            ("client_secret", &world.at.client_secret),
            ("scope", "BeProductPublicApi"),
        ])
        .await
}

async fn userinfo(world: &World, token: &Value) -> (StatusCode, Value) {
    let request = world.http.get(format!("{}/connect/userinfo", world.at.identity));
    let answer = request.bearer_auth(token.as_str().unwrap()).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

#[tokio::test]
async fn tokens_in_the_fragment() {
    let world = World::new().await;
    for (client, kind) in
        [(&world.at.client_id, "id_token token"), (&world.at.legacy_client_id, "token id_token")]
    {
        let extra = [("response_type", kind), ("nonce", "n-1"), ("scope", "openid email beproductDeveloper")];
        let back = world.browse(&world.authorize_url(client, &extra)).await;
        assert!(back.query().is_none());
        let tokens = fragment(&back);
        assert_eq!((tokens["token_type"].as_str(), tokens["expires_in"].as_str()), ("Bearer", "28800"));
        assert_eq!(tokens["scope"], "openid email beproductDeveloper");
        assert_eq!(tokens["state"], "a state");
        assert!(!tokens.contains_key("refresh_token"));
        let claims = claims(&json!(tokens["id_token"]));
        assert_eq!((&claims["nonce"], &claims["aud"]), (&json!("n-1"), &json!(client)));
        let hash = digest(&SHA256, tokens["access_token"].as_bytes());
        assert_eq!(claims["at_hash"], URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]));
        assert_eq!(world.get_as(&json!(tokens["access_token"]), "Style/Folders").await.status(), 200);
    }
    assert_eq!(world.discovery().await["response_types_supported"], json!(["code", "id_token token"]));
}

#[tokio::test]
async fn tokens_in_the_fragment_are_refused_there() {
    let world = World::new().await;
    let kind = ("response_type", "id_token token");
    for (client, extra, error) in [
        (&world.at.client_id, vec![kind], "invalid_request"),
        (&world.at.public_client_id, vec![kind, ("nonce", "n-1")], "unauthorized_client"),
        (&world.at.client_id, vec![kind, ("nonce", "n-1"), ("scope", "email")], "invalid_scope"),
        (&world.at.client_id, vec![("response_type", "code id_token")], "unsupported_response_type"),
    ] {
        let back = world.browse(&world.authorize_url(client, &extra)).await;
        let answer = fragment(&back);
        assert_eq!((answer["error"].as_str(), answer["state"].as_str()), (error, "a state"));
    }
    // An old registration has no secret, so that a code needs PKCE.
    let back = world.browse(&world.authorize_url(&world.at.legacy_client_id, &[])).await;
    assert_eq!(parameter(&back, "error").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn an_administrator_acts_as_another_user() {
    let world = World::new().await;
    let (status, answer) = act_as(&world, &world.token, &world.at.user_id).await;
    assert_eq!(status, 200, "{answer}");
    let members: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(members, ["access_token", "expires_in", "token_type"]);
    assert_eq!(world.get_as(&answer["access_token"], "Style/Folders").await.status(), 200);
    assert_eq!(world.get("Style/Folders").await.status(), 200);
    let (_, about) = userinfo(&world, &answer["access_token"]).await;
    assert_eq!(about["sub"], json!(world.at.user_id));

    let log = world.observe("log?base=api").await;
    let users = [&log[0]["user"], &log[1]["user"]];
    assert_eq!(users, ["sample.manager", world.at.username.as_str()]);
    let counts = world.observe("counts").await;
    assert_eq!((&counts["actas"], &counts["token"]), (&json!(1), &json!(2)));

    // Being acted for does not make an administrator.
    let acting = answer["access_token"].as_str().unwrap();
    for (token, user) in [
        (acting, &world.at.administrator_id),
        (world.token.as_str(), &world.at.partner_id),
        (world.token.as_str(), &"nobody".to_owned()),
        ("no token", &world.at.user_id),
    ] {
        let (status, refusal) = act_as(&world, token, user).await;
        assert_eq!((status.as_u16(), &refusal["error"]), (400, &json!("invalid_grant")));
        assert!(refusal["error_description"].is_string());
    }
    world.control("tokens", &json!({"expire": "access"})).await;
    assert_eq!(world.get_as(&answer["access_token"], "Style/Folders").await.status(), 401);
    assert_eq!(act_as(&world, &world.token, &world.at.user_id).await.0, 400);
}

#[tokio::test]
async fn each_client_has_its_own_grants() {
    let world = World::new().await;
    let secret = ("client_secret", world.at.client_secret.as_str());
    let other = ("client_secret", world.at.impersonation_client_secret.as_str());
    for form in [
        vec![("grant_type", "actas"), ("client_id", &world.at.client_id), secret],
        vec![("grant_type", "actas"), ("client_id", &world.at.public_client_id)],
        vec![("grant_type", "client_credentials"), ("client_id", &world.at.public_client_id)],
        vec![("grant_type", "client_credentials"), ("client_id", &world.at.impersonation_client_id), other],
        vec![("grant_type", "refresh_token"), ("client_id", &world.at.impersonation_client_id), other],
    ] {
        let (status, refusal) = world.token_request(&form).await;
        assert_eq!((status.as_u16(), &refusal["error"]), (400, &json!("unauthorized_client")), "{form:?}");
    }
    let refused = world.http.get(world.authorize_url(&world.at.impersonation_client_id, &[]));
    assert_eq!(refused.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_client_speaks_for_itself() {
    let world = World::new().await;
    let (status, answer) = client_credentials(&world).await;
    assert_eq!(status, 200);
    assert!(answer.get("refresh_token").is_none() && answer.get("id_token").is_none());
    let claims = claims(&answer["access_token"]);
    assert_eq!(claims["sub"], json!(world.at.client_id));
    assert!(claims.get("email").is_none() && claims.get("name").is_none());
    assert_eq!(world.get_as(&answer["access_token"], "Style/Folders").await.status(), 200);
    assert_eq!(world.observe("log?base=api").await[0]["user"], json!(world.at.client_id));
    let (status, refusal) = userinfo(&world, &answer["access_token"]).await;
    assert_eq!((status.as_u16(), &refusal["error"]), (403, &json!("insufficient_scope")));
}

#[tokio::test]
async fn a_token_in_the_address() {
    let world = World::new().await;
    let url = format!("{}/api/acme/Style/Folders?access_token={}", world.at.api, world.token);
    assert_eq!(world.http.get(&url).send().await.unwrap().status(), 200);
    let twice = world.http.get(&url).bearer_auth(&world.token).send().await.unwrap();
    assert_eq!(twice.status(), 400);
    let list = format!("{}/api/acme/Style/Headers?access_token={}", world.at.api, world.token);
    let post = world.http.request(Method::POST, list).json(&json!({"filters": []}));
    assert_eq!(post.send().await.unwrap().status(), 401);
    let wrong = format!("{}/api/acme/Style/Folders?access_token=wrong", world.at.api);
    assert_eq!(world.http.get(wrong).send().await.unwrap().status(), 401);

    let log = world.observe("log?base=api").await;
    let users: Vec<&Value> = log.as_array().unwrap().iter().map(|entry| &entry["user"]).collect();
    assert_eq!(users, [&json!(world.at.username), &Value::Null, &Value::Null, &Value::Null]);
}
