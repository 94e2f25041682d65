//! Tokens: the code flow, renewal, rotation, and what is kept.

// A test may stop at once.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::{Arc, Mutex};

use beproduct::auth::{AuthorizationSession, FileStore, TokenStore as _, Tokens};
use beproduct::{CallOptions, Config, ErrorKind};
use beproduct_simulator::{Options, Rotation};
use common::Service;
use serde_json::{Map, json};

/// A service whose refresh tokens work once.
async fn strict() -> Service {
    Service::with(Options {
        styles: 20,
        materials: 5,
        table_rows: 0,
        rotation: Rotation::Strict,
        ..Options::default()
    })
    .await
}

fn session(service: &Service) -> AuthorizationSession {
    let mut settings = service.settings();
    settings["redirect_uri"] = service.address("redirect_uri").into();
    AuthorizationSession::new(&Config::from_json(settings).unwrap()).unwrap()
}

#[tokio::test]
async fn a_person_signs_in() {
    let service = Service::start(10, 0).await;
    let sign_in = session(&service);
    let answer = service.control("authorize", json!({"url": sign_in.url()})).await;
    let tokens = sign_in.finish(answer["redirect"].as_str().unwrap()).await.unwrap();
    assert!(tokens.refresh_token.is_some() && tokens.id_token.is_some());
    assert!(!format!("{tokens:?}").contains(tokens.access_token.as_ref().unwrap().expose()));

    let client =
        service.builder(json!({"refresh_token": tokens.refresh_token.unwrap().expose()})).build().unwrap();
    client.style().folders().await.unwrap();
    // A code works once, and so does a session.
    assert_eq!(
        sign_in.finish(answer["redirect"].as_str().unwrap()).await.unwrap_err().kind(),
        ErrorKind::Config
    );

    let wrong = session(&service);
    let error = wrong.finish("http://127.0.0.1:9/callback?code=0&state=other").await.unwrap_err();
    assert!(error.message().contains("state"), "{error}");
    let state = url::Url::parse(wrong.url())
        .unwrap()
        .query_pairs()
        .find(|(key, _)| key == "state")
        .unwrap()
        .1
        .into_owned();
    let denied = format!("http://127.0.0.1:9/callback?error=access_denied&state={state}");
    assert_eq!(wrong.finish(&denied).await.unwrap_err().code(), Some("access_denied"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_renew_once() {
    let service = strict().await;
    let client = service.client();
    for renewals in 1..=2 {
        // Different ones, as equal reads would share a request.
        let calls: Vec<_> = (0..1000)
            .map(|index| {
                let options = CallOptions::from_json(&json!({"extra_query": {"index": index}})).unwrap();
                let client = client.clone();
                tokio::spawn(async move { client.call("style.folders", Map::new(), options).await })
            })
            .collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
        assert_eq!(service.count("token").await, renewals);
        service.control("tokens", json!({"expire": "access"})).await;
    }
    // The second thousand met 401s: none was sent a third time.
    assert!(service.count("api").await <= 3000);
}

#[tokio::test]
async fn a_rotated_token_is_saved_before_its_use() {
    let service = strict().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.json");
    let changes = json!({"token_store": {"file": path}});
    service.builder(changes.clone()).build().unwrap().style().folders().await.unwrap();
    let stored = FileStore::new(&path).load().await.unwrap().unwrap();
    assert_ne!(stored.refresh_token.unwrap().expose(), service.address("refresh_token"));
    // The next process goes on with what was stored, although its settings name the used-up token.
    service.builder(changes.clone()).build().unwrap().style().folders().await.unwrap();
    assert_eq!(service.count("token").await, 1);
    service.control("tokens", json!({"expire": "access"})).await;
    service.builder(changes).build().unwrap().style().folders().await.unwrap();
    assert_eq!(service.count("token").await, 2);
}

/// The files of tokens below a state folder.
fn kept(state: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(state.join("tokens")).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect()
}

#[tokio::test]
async fn a_rotated_token_is_kept_where_no_store_is_named() {
    let service = strict().await;
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let open = |changes: serde_json::Value| {
        let mut all = json!({"state_dir": state});
        all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        service.builder(all).build().unwrap()
    };
    open(json!({})).style().folders().await.unwrap();
    assert_eq!(kept(&state).len(), 1);
    service.control("tokens", json!({"expire": "access"})).await;
    // The next process is given the first token again, with a line break.
    let token = format!("{}\n", service.address("refresh_token"));
    let client = open(json!({"refresh_token": token}));
    client.style().folders().await.unwrap();
    assert_eq!(service.count("token").await, 2);
    // One that is given later has a file of its own.
    let session = session(&service);
    let answer = service.control("authorize", json!({"url": session.url()})).await;
    let later = session.finish(answer["redirect"].as_str().unwrap()).await.unwrap().refresh_token.unwrap();
    let another = open(json!({"refresh_token": later.expose()}));
    another.style().folders().await.unwrap();
    assert_eq!(kept(&state).len(), 2);
    client.auth().sign_out().await.unwrap();
    assert_eq!(kept(&state).len(), 1);
    another.style().folders().await.unwrap();
    another.auth().sign_out().await.unwrap();
    assert!(kept(&state).is_empty());
}

/// Both have the same token, which works once.
#[tokio::test]
async fn two_processes_that_begin_at_once_renew_once() {
    let service = strict().await;
    let open = || service.builder(json!({"testing": {"clock": "manual"}})).build().unwrap();
    let (one, other) = (open(), open());
    service.control("faults", json!([{"path": "connect/token", "action": {"hang": true}}])).await;
    let call = |client: &beproduct::Client| {
        let client = client.clone();
        tokio::spawn(async move { client.style().folders().await })
    };
    let first = call(&one);
    service.look("wait?base=identity&requests=1").await;
    let second = call(&other);
    while other.recorded_clock().unwrap().pauses().is_empty() {
        tokio::task::yield_now().await;
    }
    service.control("release", json!({})).await;
    first.await.unwrap().unwrap();
    other.recorded_clock().unwrap().advance(std::time::Duration::from_secs(1));
    second.await.unwrap().unwrap();
    assert_eq!(service.count("token").await, 1);
}

#[tokio::test]
async fn credentials_that_cannot_be_ones() {
    let service = Service::start(1, 0).await;
    let mut settings = service.settings();
    settings["redirect_uri"] = service.address("redirect_uri").into();
    settings["client_id"] = format!("\u{feff}{}\r\n", service.address("client_id")).into();
    settings["client_secret"] = format!("{} \n", service.address("client_secret")).into();
    let begin = |settings: &serde_json::Value| {
        AuthorizationSession::new(&Config::from_json(settings.clone()).unwrap())
    };
    let session = begin(&settings).unwrap();
    let answer = service.control("authorize", json!({"url": session.url()})).await;
    session.finish(answer["redirect"].as_str().unwrap()).await.unwrap();
    settings["client_secret"] = "marker\nmarker".into();
    let error = begin(&settings).unwrap_err();
    assert!(error.message().contains("client_secret has a line break inside"), "{error}");
    assert!(!error.message().contains("marker"), "{error}");
}

#[derive(Debug, Default)]
struct Failing(Mutex<bool>, Mutex<Option<Tokens>>);

impl beproduct::auth::TokenStore for Failing {
    fn load(&self) -> futures_util::future::BoxFuture<'_, beproduct::Result<Option<Tokens>>> {
        Box::pin(async { Ok(self.1.lock().unwrap().clone()) })
    }

    fn save(&self, tokens: Tokens) -> futures_util::future::BoxFuture<'_, beproduct::Result<()>> {
        Box::pin(async move {
            if *self.0.lock().unwrap() {
                return Err(beproduct::Error::of_callback("the vault is locked"));
            }
            *self.1.lock().unwrap() = Some(tokens);
            Ok(())
        })
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_saved_is_not_used() {
    let service = strict().await;
    let store = Arc::new(Failing::default());
    *store.0.lock().unwrap() = true;
    let client = service.builder(json!({})).token_store(store.clone()).build().unwrap();
    let error = client.style().folders().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Callback);
    assert!(error.message().contains("vault"), "{error}");
    assert_eq!(service.count("api").await, 0);
    *store.0.lock().unwrap() = false;
    client.style().folders().await.unwrap();
    assert_eq!(service.count("token").await, 1, "the rotated token was kept until it could be saved");
}

/// With what is stored, another process would use a refresh token again, which ends the sign-in of all.
#[tokio::test]
async fn tokens_that_wait_to_be_saved_keep_others_from_renewing() {
    let service = strict().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.json");
    let changes = json!({"token_store": {"file": path}, "testing": {"clock": "recorded"}});
    let open = || service.builder(changes.clone()).build().unwrap();
    let (one, other) = (open(), open());
    one.style().folders().await.unwrap();
    service.control("tokens", json!({"expire": "access"})).await;
    // A folder in its place: no file can be renamed to it.
    let kept = folder.path().join("kept");
    std::fs::rename(&path, &kept).unwrap();
    service.control("faults", json!([{"path": "connect/token", "action": {"hang": true}}])).await;
    let call = tokio::spawn({
        let one = one.clone();
        async move { one.style().folders().await }
    });
    service.look("wait?base=identity&requests=2").await;
    std::fs::create_dir(&path).unwrap();
    service.control("release", json!({})).await;
    let error = call.await.unwrap().unwrap_err();
    assert!(error.message().contains("cannot be written"), "{error}");
    std::fs::remove_dir(&path).unwrap();
    std::fs::rename(&kept, &path).unwrap();

    let error = other.style().folders().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    one.style().folders().await.unwrap();
    other.style().folders().await.unwrap();
    assert_eq!(service.count("token").await, 2, "the used token was not sent again");
}

#[tokio::test]
async fn a_401_renews_once() {
    let service = Service::start(10, 0).await;
    let client = service.client();
    client.style().folders().await.unwrap();
    service.control("tokens", json!({"expire": "access"})).await;
    client.style().folders().await.unwrap();
    assert_eq!((service.count("token").await, service.count("api").await), (2, 3));
    service.control("faults", json!([{"times": 0, "base": "api", "action": {"status": 401}}])).await;
    let error = client.style().folders().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts().len()), (ErrorKind::Auth, 2));
}

#[tokio::test]
async fn odd_token_answers() {
    let service = Service::start(10, 0).await;
    for (answer, says) in [
        (json!({"status": 200, "body": {}}), "without an access_token"),
        (json!({"status": 400, "body": {"error": "invalid_grant"}}), "sign in again"),
        (json!({"status": 401, "body": {"error": "invalid_client"}}), "client_id and client_secret"),
        (json!({"status": 404, "body": "<html>"}), "identity address"),
    ] {
        service.control("faults", json!([{"base": "identity", "action": answer}])).await;
        let error = service.client().style().folders().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth);
        assert!(error.message().contains(says), "{error}");
    }
    assert_eq!(service.count("api").await, 0);
}
