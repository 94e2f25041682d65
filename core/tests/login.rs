//! Signing in with the browser: what listens, whom it believes, and how it ends.

// A test may stop at once.
#![allow(clippy::unwrap_used)]
#![cfg(feature = "login")]

mod common;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use beproduct::auth::{Login, LoginOptions, Tokens};
use beproduct::{Config, ErrorKind, Result};
use common::Service;
use reqwest::{Client, Response, redirect};
use serde_json::{Map, Value, json};
use url::Url;

fn options(value: Value) -> LoginOptions {
    let mut members = json!({"free_port": true, "open_browser": false});
    members.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
    LoginOptions::from_json(members.as_object().unwrap().clone()).unwrap()
}

async fn begin(service: &Service, changes: Value) -> Login {
    let mut settings = service.settings();
    settings.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    Login::begin(&Config::from_json(settings).unwrap(), options(json!({}))).await.unwrap()
}

fn legacy(service: &Service) -> Value {
    json!({"client_id": service.address("legacy_client_id"), "client_secret": null, "response_type": "id_token token"})
}

/// What a browser does that follows no redirect by itself.
fn browser() -> Client {
    Client::builder().redirect(redirect::Policy::none()).build().unwrap()
}

/// Where the person is sent after signing in.
async fn redirect(service: &Service, login: &Login) -> Url {
    let answer = service.control("authorize", json!({"url": login.url()})).await;
    Url::parse(answer["redirect"].as_str().unwrap()).unwrap()
}

/// Lets the sign-in go on while the browser does its part. The sign-in must not end meanwhile.
async fn meanwhile<T>(
    completed: &mut (impl Future<Output = Result<Tokens>> + Unpin),
    visit: impl Future<Output = T>,
) -> T {
    let mut visit = pin!(visit);
    poll_fn(|context| {
        assert!(pin!(&mut *completed).poll(context).is_pending(), "the sign-in has ended");
        visit.as_mut().poll(context)
    })
    .await
}

async fn text(response: Response) -> (u16, String) {
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn the_person_comes_back() {
    let service = Service::start(1, 0).await;
    let login = begin(&service, json!({})).await;
    let back = redirect(&service, &login).await;
    let (tokens, page) =
        tokio::join!(login.complete(), async { text(browser().get(back).send().await.unwrap()).await });
    assert!(tokens.unwrap().refresh_token.is_some());
    assert_eq!(page.0, 200);
    assert!(page.1.contains("You are signed in") && page.1.contains("history.replaceState"), "{}", page.1);
    // Nobody can sign in by it again.
    assert_eq!(
        login.paste("http://127.0.0.1/callback?state=x").await.unwrap_err().code(),
        Some("state_mismatch")
    );
}

#[tokio::test]
async fn what_does_not_belong_to_the_sign_in_changes_nothing() {
    let service = Service::start(1, 0).await;
    let login = begin(&service, json!({})).await;
    let back = redirect(&service, &login).await;
    let at = |path: &str| format!("{}{path}", &back[..url::Position::BeforePath]);
    let mut completed = Box::pin(login.complete());
    let browser = browser();
    for (request, status) in [
        (browser.get(at("/favicon.ico")), 404),
        (browser.get(at("/callback")), 400),
        (browser.get(at("/callback?code=stolen&state=guessed")), 400),
        (browser.get(at("/callback?error=access_denied")), 400),
        (browser.get(at("/callback?code=x")).header("host", "evil.example"), 421),
        (browser.post(at("/callback")).body("access_token=x"), 405),
    ] {
        let (code, page) =
            meanwhile(&mut completed, async { text(request.send().await.unwrap()).await }).await;
        assert_eq!(code, status, "{page}");
        assert!(!page.contains("You are signed in"));
    }
    let (tokens, _) = tokio::join!(completed, browser.get(back).send());
    tokens.unwrap();
}

#[tokio::test]
async fn the_page_hands_the_fragment_over() {
    let service = Service::start(1, 0).await;
    let login = begin(&service, legacy(&service)).await;
    let back = redirect(&service, &login).await;
    let mut completed = Box::pin(login.complete());
    let browser = browser();
    let place = back[..url::Position::AfterPath].to_owned();
    let (status, page) =
        meanwhile(&mut completed, async { text(browser.get(&place).send().await.unwrap()).await }).await;
    assert_eq!(status, 200);
    assert!(page.contains("location.hash") && page.contains("method: 'POST'"), "{page}");
    // Only that page may.
    let fragment = back.fragment().unwrap().to_owned();
    for origin in [None, Some("https://evil.example"), Some("null")] {
        let mut request = browser.post(&place).body(fragment.clone());
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let (status, _) =
            meanwhile(&mut completed, async { text(request.send().await.unwrap()).await }).await;
        assert_eq!(status, 403, "{origin:?}");
    }
    let request = browser.post(&place).header("origin", back.origin().ascii_serialization()).body(fragment);
    let (tokens, answer) = tokio::join!(completed, request.send());
    assert!(tokens.unwrap().id_token.is_some());
    assert_eq!(answer.unwrap().status(), 200);
}

#[tokio::test]
async fn a_refusal_is_shown_in_the_browser_and_told() {
    let service = Service::start(1, 0).await;
    let login = begin(&service, json!({})).await;
    let mut denied = redirect(&service, &login).await;
    let state = denied.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let text_of_server = "<b>no</b>";
    denied.query_pairs_mut().clear().extend_pairs([
        ("error", "access_denied"),
        ("error_description", text_of_server),
        ("state", &state),
    ]);
    let (tokens, page) =
        tokio::join!(login.complete(), async { text(browser().get(denied).send().await.unwrap()).await });
    assert_eq!(tokens.unwrap_err().code(), Some("access_denied"));
    assert_eq!(page.0, 400);
    assert!(page.1.contains("You are not signed in") && page.1.contains("denied"), "{}", page.1);
    assert!(!page.1.contains(text_of_server), "what the server says is no markup: {}", page.1);
}

#[tokio::test]
async fn nobody_comes() {
    let service = Service::start(1, 0).await;
    let mut settings = service.settings();
    settings["testing"] = json!({"clock": "recorded"});
    let config = Config::from_json(settings).unwrap();
    let login = Login::begin(&config, options(json!({"timeout": 1.5}))).await.unwrap();
    let mut completed = Box::pin(login.complete());
    poll_fn(|context| {
        assert!(completed.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    login.recorded_clock().unwrap().advance(std::time::Duration::from_secs(2));
    let error = completed.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message().contains("1.5 s"), "{error}");
}

#[tokio::test]
async fn addresses_that_cannot_be_listened_at() {
    let service = Service::start(1, 0).await;
    let begin = async |changes: Value, given: Value| {
        let mut settings = service.settings();
        settings.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let members: Map<String, Value> = given.as_object().unwrap().clone();
        let config = Config::from_json(settings).unwrap();
        match LoginOptions::from_json(members) {
            Ok(options) => Login::begin(&config, options).await,
            Err(error) => Err(error),
        }
    };
    let says = async |changes: Value, given: Value, expected: &str| {
        let error = begin(changes, given).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains(expected), "{error}");
    };
    says(json!({}), json!({}), "registered for the client").await;
    says(
        json!({"redirect_uri": "https://app.example/callback"}),
        json!({"free_port": true}),
        "http address of this machine",
    )
    .await;
    says(json!({}), json!({"freeport": true}), "did you mean \"free_port\"?").await;
    says(json!({"client_id": null}), json!({"free_port": true}), "client_id is missing").await;
    says(
        json!({"company_domain": null}),
        json!({"free_port": true, "profile": "x"}),
        "company_domain is missing",
    )
    .await;
    says(json!({}), json!({"free_port": true, "timeout": -1}), "timeout").await;
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = format!("http://{}/callback", taken.local_addr().unwrap());
    says(json!({"redirect_uri": there}), json!({}), "nobody can listen").await;

    // Elsewhere the address is pasted.
    let login = begin(json!({"redirect_uri": "https://app.example/callback"}), json!({})).await.unwrap();
    assert!(!login.is_listening());
    assert!(login.complete().await.unwrap_err().message().contains("paste the address"));
}
