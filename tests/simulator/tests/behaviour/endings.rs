//! The end of a session and of tokens.

use beproduct_simulator::Options;
use reqwest::{Response, StatusCode, Url};
use serde_json::{Value, json};

use crate::support::{World, small};

async fn end_session(world: &World, path: &str, parameters: &[(&str, &str)]) -> Response {
    let url = Url::parse_with_params(&format!("{}{path}", world.at.identity), parameters).unwrap();
    world.http.get(url).send().await.unwrap()
}

async fn revoke(world: &World, secret: &str, form: &[(&str, &str)]) -> StatusCode {
    let url = format!("{}/connect/revocation", world.at.identity);
    let client = [("client_id", world.at.client_id.as_str()), ("client_secret", secret)];
    let form: Vec<&(&str, &str)> = client.iter().chain(form).collect();
    world.http.post(url).form(&form).send().await.unwrap().status()
}

#[tokio::test]
async fn signing_out() {
    let world = World::with(Options { token_lifetime: 0, ..small() }).await;
    let hint = world.id_token().await;
    // The printed address has a doubled slash; a key of before and an expired token are no hindrance.
    world.control("keys", &json!({"rotate": true, "drop": true})).await;
    let back = [
        ("id_token_hint", hint.as_str()),
        ("post_logout_redirect_uri", &world.at.post_logout_redirect_uri),
        ("state", "a state"),
    ];
    for path in ["/connect/endsession", "//connect/endsession"] {
        let answer = end_session(&world, path, &back).await;
        assert_eq!(answer.status(), 302);
        let location = answer.headers()["location"].to_str().unwrap();
        assert_eq!(location, format!("{}?state=a+state", world.at.post_logout_redirect_uri));
    }
    let page = end_session(&world, "/connect/endsession", &back[..1]).await;
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("You are signed out"));

    let forged = format!("{}x", &hint[..hint.len() - 1]);
    for parameters in [
        vec![],
        vec![("id_token_hint", forged.as_str())],
        vec![("id_token_hint", world.token.as_str())],
        vec![back[0], ("post_logout_redirect_uri", "https://evil.example/signed-out")],
        vec![back[0], ("post_logout_redirect_uri", &world.at.redirect_uri)],
    ] {
        assert_eq!(end_session(&world, "/connect/endsession", &parameters).await.status(), 400);
    }
    assert_eq!(world.observe("counts").await["sign_outs"], 3);
    assert_eq!(world.refresh(&world.at.refresh_token).await.0, 200);
}

#[tokio::test]
async fn revoking() {
    let mut world = World::new().await;
    let secret = world.at.client_secret.clone();
    let first = world.at.refresh_token.clone();
    assert_eq!(revoke(&world, "wrong", &[("token", &first)]).await, 401);
    assert_eq!(revoke(&world, &secret, &[]).await, 400);
    assert_eq!(revoke(&world, &secret, &[("token", "unknown")]).await, 200);

    // An access token goes alone.
    let other = world.refresh(&first).await.1["access_token"].clone();
    let hint = ("token_type_hint", "refresh_token");
    assert_eq!(revoke(&world, &secret, &[("token", &world.token), hint]).await, 200);
    assert_eq!(world.get("Style/Folders").await.status(), 401);
    assert_eq!(world.get_as(&other, "Style/Folders").await.status(), 200);

    // A refresh token takes the others along.
    assert_eq!(revoke(&world, &secret, &[("token", &first)]).await, 200);
    assert_eq!(world.get_as(&other, "Style/Folders").await.status(), 401);
    let (status, answer) = world.refresh(&first).await;
    assert_eq!((status.as_u16(), &answer["error"]), (400, &json!("invalid_grant")));
    assert_eq!(world.observe("counts").await["revocation"], 5);

    world.control("reset", &json!({})).await;
    world.sign_in().await;
    assert_eq!(world.get("Style/Folders").await.status(), 200);
}

#[tokio::test]
async fn tokens_of_other_clients_are_not_revoked() {
    let world = World::new().await;
    let url = format!("{}/connect/revocation", world.at.identity);
    let form = [("client_id", &world.at.public_client_id), ("token", &world.at.refresh_token)];
    let answer = world.http.post(url).form(&form).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.json::<Value>().await.unwrap()["error"], "invalid_grant");
    assert_eq!(world.refresh(&world.at.refresh_token).await.0, 200);
}

#[tokio::test]
async fn a_server_without_revocation() {
    let world = World::with(Options { no_revocation: true, ..small() }).await;
    let form = [("token", world.at.refresh_token.as_str())];
    assert!(world.discovery().await.get("revocation_endpoint").is_none());
    assert_eq!(revoke(&world, &world.at.client_secret, &form).await, 404);
    world.control("reset", &json!({"revocation": true})).await;
    let announced = &world.discovery().await["revocation_endpoint"];
    assert_eq!(announced, &json!(format!("{}/connect/revocation", world.at.identity)));
    assert_eq!(revoke(&world, &world.at.client_secret, &form).await, 200);
}
