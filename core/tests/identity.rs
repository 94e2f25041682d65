//! What the identity server offers besides tokens for a person: acting for others, the application's own identity, who
//! is signed in, signing out; and what its refusals say.

// A test may stop at once.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use beproduct::auth::{ActAs, AuthorizationSession, FileStore, MemoryStore, TokenStore as _, Tokens};
use beproduct::{CallOptions, Client, Config, ErrorKind};
use common::Service;
use serde_json::{Map, Value, json};

fn whom(service: &Service, user: &str) -> ActAs {
    ActAs::new(
        service.address(user),
        service.address("impersonation_client_id"),
        service.address("impersonation_client_secret"),
    )
}

async fn users(service: &Service) -> Vec<String> {
    let log = service.look("log?base=api").await;
    log.as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["user"].as_str().unwrap_or("nobody").to_owned())
        .collect()
}

async fn folders(client: &Client, number: u32) -> beproduct::Result<beproduct::Answer> {
    let options = CallOptions::from_json(&json!({"extra_query": {"number": number}})).unwrap();
    client.call("style.folders", Map::new(), options).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_for_another_user_is_never_made_as_the_administrator() {
    let service = Service::start(1, 0).await;
    let administrator = service.client();
    let acting = administrator.acting_as(&whom(&service, "user_id")).unwrap();
    // Every way in which the exchange can fail, while many calls wait for it.
    for action in [
        json!({"status": 503}),
        json!({"status": 400, "body": {"error": "invalid_grant"}}),
        json!({"status": 200, "body": {}}),
        json!({"status": 200, "body": "<html>"}),
        json!({"reset": "before"}),
        json!({"reset": "within"}),
    ] {
        // The administrator's own token may come.
        let rule = json!({"base": "identity", "path": "connect/token", "skip": u64::from(service.count("token").await == 0),
            "times": 10, "action": action});
        service.control("faults", json!([rule])).await;
        let calls: Vec<_> = (0..8)
            .map(|number| {
                let acting = acting.clone();
                tokio::spawn(async move { folders(&acting, number).await })
            })
            .collect();
        for call in calls {
            let error = call.await.unwrap().unwrap_err();
            assert!(
                [ErrorKind::Auth, ErrorKind::Server, ErrorKind::Network].contains(&error.kind()),
                "{error}"
            );
        }
        service.control("reset", json!({})).await;
        assert!(users(&service).await.is_empty());
        administrator.auth().userinfo().await.unwrap();
    }
    folders(&acting, 1).await.unwrap();
    folders(&administrator, 2).await.unwrap();
    folders(&acting, 3).await.unwrap();
    assert_eq!(users(&service).await, ["sample.manager", "sample.designer", "sample.manager"]);
    assert_eq!(service.count("actas").await, 1);
    assert_eq!(acting.auth().userinfo().await.unwrap().preferred_username.as_deref(), Some("sample.manager"));
}

#[tokio::test]
async fn a_token_for_another_user_is_renewed() {
    let service = Service::start(1, 0).await;
    let administrator = service.client();
    let acting = administrator.acting_as(&whom(&service, "user_id")).unwrap();
    folders(&acting, 1).await.unwrap();
    service.control("tokens", json!({"expire": "access"})).await;
    // The administrator's token has ended too, which the exchange is told as a refusal of the grant.
    folders(&acting, 2).await.unwrap();
    assert_eq!(users(&service).await, ["sample.manager", "nobody", "sample.manager"]);
    // The administrator's first and second, the first exchange, one that is refused, one that succeeds.
    assert_eq!((service.count("token").await, service.count("actas").await), (5, 3));
    let another = administrator.acting_as(&whom(&service, "user_id")).unwrap();
    folders(&another, 3).await.unwrap();
    acting.auth().sign_out().await.unwrap();
    assert!(folders(&acting, 4).await.unwrap_err().message().contains("signed out"));
    folders(&administrator, 5).await.unwrap();
    // Who acts for others does so only while the administrator is signed in.
    administrator.auth().sign_out().await.unwrap();
    assert!(folders(&another, 6).await.unwrap_err().message().contains("signed out"));
}

/// A record that the service refuses whatever the token costs one exchange, and ends nothing.
#[tokio::test]
async fn a_refusal_of_one_record_is_not_the_end_of_a_token() {
    let service = Service::start(1, 0).await;
    let administrator = service.client();
    let acting = administrator.acting_as(&whom(&service, "user_id")).unwrap();
    let own = json!({"refresh_token": null, "client_credentials": true});
    for (client, tokens) in [(acting, "actas"), (service.builder(own).build().unwrap(), "token")] {
        service.control("reset", json!({})).await;
        let refuses = json!([{"path": "Style/Folders", "times": 0, "action": {"status": 401}}]);
        service.control("faults", refuses).await;
        client.material().folders().await.unwrap();
        let before = service.count(tokens).await;
        let error = folders(&client, 1).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts().len()), (ErrorKind::Auth, 2));
        for number in 0..5 {
            client.material().folders().await.unwrap();
            let error = folders(&client, number).await.unwrap_err();
            assert_eq!((error.kind(), error.attempts().len()), (ErrorKind::Auth, 1));
            assert!(error.message().contains("in other calls"), "{error}");
        }
        assert_eq!(service.count(tokens).await, before + 1, "{tokens}");
        // What ends the token for all is seen for what it is.
        service.control("tokens", json!({"expire": "access"})).await;
        client.material().folders().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewal_does_not_outlast_a_sign_out() {
    let service = Service::start(1, 0).await;
    service.control("reset", json!({"revocation": false, "rotation": "strict"})).await;
    let store = Arc::new(MemoryStore::default());
    let client = service.builder(json!({})).token_store(store.clone()).build().unwrap();
    service.control("faults", json!([{"path": "connect/token", "action": {"hang": true}}])).await;
    let call = tokio::spawn({
        let client = client.clone();
        async move { folders(&client, 1).await }
    });
    service.look("wait?base=identity&requests=1").await;
    let mut end = Box::pin(client.auth().sign_out());
    assert!(futures_util::poll!(end.as_mut()).is_pending());
    service.control("release", json!({})).await;
    end.await.unwrap();
    let _either = call.await.unwrap();
    assert!(store.load().await.unwrap().unwrap().refresh_token.is_none());
    assert!(folders(&client, 2).await.is_err());
}

#[tokio::test]
async fn who_may_not_act_is_told_why() {
    let service = Service::start(1, 0).await;
    let client = service.client();
    for user in ["partner_id", "company"] {
        let error = folders(&client.acting_as(&whom(&service, user)).unwrap(), 1).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Auth, Some("invalid_grant")));
        assert!(error.message().contains("PRIVATE") && error.message().contains("administrator"), "{error}");
    }
    let mut wrong = whom(&service, "user_id");
    wrong.client_secret = "wrong-secret-marker".into();
    let error = folders(&client.acting_as(&wrong).unwrap(), 1).await.unwrap_err();
    assert_eq!(error.code(), Some("invalid_client"));
    assert!(!format!("{error:?}").contains("wrong-secret-marker"));
    assert_eq!(service.count("api").await, 0);

    let acting = client.acting_as(&whom(&service, "user_id")).unwrap();
    assert!(acting.acting_as(&whom(&service, "user_id")).unwrap_err().message().contains("already"));
    for (user, says) in
        [("", "user_id is empty"), (" \n", "user_id is empty"), ("a b", "user_id has a blank")]
    {
        wrong.user_id = user.into();
        assert!(client.acting_as(&wrong).unwrap_err().message().contains(says), "{user:?}");
    }
    // White space around them is nobody's.
    let mut padded = whom(&service, "user_id");
    for text in [&mut padded.user_id, &mut padded.client_id, &mut padded.client_secret] {
        *text = format!(" {text}\r\n");
    }
    folders(&client.acting_as(&padded).unwrap(), 1).await.unwrap();
    // It ends with the administrator's, and by itself ends nothing else.
    acting.close();
    folders(&client, 1).await.unwrap();
    let acting = client.acting_as(&whom(&service, "user_id")).unwrap();
    client.close();
    assert_eq!(folders(&acting, 1).await.unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(acting.auth().userinfo().await.unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn an_application_signs_in_as_itself() {
    let service = Service::start(1, 0).await;
    let own = json!({"refresh_token": null, "client_credentials": true});
    let client = service.builder(own.clone()).build().unwrap();
    folders(&client, 1).await.unwrap();
    service.control("tokens", json!({"expire": "access"})).await;
    folders(&client, 2).await.unwrap();
    assert_eq!(users(&service).await.last().unwrap(), &service.address("client_id"));
    assert_eq!(service.count("token").await, 2);
    let log = service.look("log?base=identity").await;
    let body = log[0]["body"].as_str().unwrap();
    assert!(body.contains("grant_type=client_credentials") && !body.contains("offline_access"), "{body}");
    assert_eq!(client.auth().userinfo().await.unwrap_err().kind(), ErrorKind::Permission);

    let build = |changes: Value| service.builder(changes).build().unwrap_err().message().to_owned();
    assert!(build(json!({"client_credentials": true})).contains("leave refresh_token"));
    let without = json!({"client_credentials": true, "refresh_token": null, "client_secret": null});
    assert!(build(without).contains("needs client_id and client_secret"));
}

#[tokio::test]
async fn who_is_signed_in() {
    let service = Service::start(1, 0).await;
    let client = service.client();
    let user = client.auth().userinfo().await.unwrap();
    assert_eq!(
        (user.preferred_username.as_deref(), user.email_verified),
        (Some("sample.designer"), Some(true))
    );
    assert!(user.sub.is_some() && user.name.is_some() && user.email.is_some());
    // As the documentation of 2019 prints it.
    let odd = json!({"sub": "1", "email_verified": "true", "userinfo": ["sub"], "roles": ["admin"]});
    let rules = json!([
        {"path": "userinfo", "action": {"status": 401}},
        {"path": "userinfo", "action": {"status": 200, "body": odd}},
    ]);
    service.control("faults", rules).await;
    let user = client.auth().userinfo().await.unwrap();
    let marked =
        json!([{"path": "userinfo", "action": {"status": 200, "body": "\u{feff}{\"sub\": \"2\"}\r\n"}}]);
    service.control("faults", marked).await;
    assert_eq!(client.auth().userinfo().await.unwrap().sub.as_deref(), Some("2"));
    assert_eq!((user.sub.as_deref(), user.email_verified), (Some("1"), Some(true)));
    assert_eq!(user.others.keys().collect::<Vec<_>>(), ["roles"]);
    assert_eq!(service.count("token").await, 2, "the 401 renewed the token once");
    assert_eq!(client.auth().scopes().await.unwrap()[0], "openid");
    // The identity server's requests are none of the quota's.
    assert_eq!(client.quota_status().await.unwrap().used, 0);
}

#[tokio::test]
async fn signing_out_revokes_and_forgets() {
    let service = Service::start(1, 0).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.json");
    let settings = json!({"token_store": {"file": path}});
    let client = service.builder(settings.clone()).build().unwrap();
    folders(&client, 1).await.unwrap();
    assert!(client.auth().sign_out().await.unwrap());
    assert!(!path.exists());
    let error = folders(&client, 1).await.unwrap_err();
    assert!(error.message().contains("signed out"), "{error}");
    assert!(!client.auth().sign_out().await.unwrap(), "there is nothing left to revoke");
    // It is dead at the identity server too.
    let error = folders(&service.client(), 1).await.unwrap_err();
    assert_eq!(error.code(), Some("invalid_grant"));
    let empty = json!({"token_store": {"file": path}, "refresh_token": null});
    let error = folders(&service.builder(empty).build().unwrap(), 1).await.unwrap_err();
    assert!(error.message().contains("nobody is signed in"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn signing_out_removes_what_a_link_points_to() {
    let service = Service::start(1, 0).await;
    let folder = tempfile::tempdir().unwrap();
    let (link, target) = (folder.path().join("tokens.json"), folder.path().join("target.json"));
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let client = service.builder(json!({"token_store": {"file": link}})).build().unwrap();
    folders(&client, 1).await.unwrap();
    assert!(std::fs::read_to_string(&target).unwrap().contains(&service.address("refresh_token")));
    client.auth().sign_out().await.unwrap();
    assert!(!target.exists() && link.is_symlink());
}

#[tokio::test]
async fn signing_out_where_nothing_is_revoked() {
    let service = Service::start(1, 0).await;
    service.control("reset", json!({"revocation": false})).await;
    let client = service.client();
    folders(&client, 1).await.unwrap();
    assert!(!client.auth().sign_out().await.unwrap());
    folders(&service.client(), 2).await.unwrap();

    // A revocation that fails is told, and the tokens are forgotten all the same.
    let service = Service::start(1, 0).await;
    let store = Arc::new(MemoryStore::default());
    let client = service.builder(json!({})).token_store(store.clone()).build().unwrap();
    folders(&client, 1).await.unwrap();
    service.control("faults", json!([{"path": "connect/revocation", "action": {"status": 503}}])).await;
    let error = client.auth().sign_out().await.unwrap_err();
    assert!(error.message().contains("not revoked"), "{error}");
    assert!(store.load().await.unwrap().unwrap().refresh_token.is_none());
    assert!(folders(&client, 2).await.is_err());
}

#[tokio::test]
async fn ending_the_session_of_the_browser() {
    let service = Service::start(1, 0).await;
    let store = Arc::new(MemoryStore::default());
    store.save(sign_in(&service, json!({})).await).await.unwrap();
    let stored = json!({"refresh_token": null});
    let client = service.builder(stored).token_store(store).build().unwrap();
    let back = service.address("post_logout_redirect_uri");
    let address = client.auth().end_session_url(Some(&back)).await.unwrap();
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = browser.get(&address).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()),
        (302, back.as_str())
    );
    assert_eq!(service.count("sign_outs").await, 1);
    folders(&client, 1).await.unwrap();
    assert!(
        client
            .auth()
            .end_session_url(Some("nowhere"))
            .await
            .unwrap_err()
            .message()
            .contains("not a valid URL")
    );
    // Without a sign-in of a person there is no ID token to show.
    let bare = service.client().auth().end_session_url(None).await.unwrap();
    assert_eq!(bare, format!("{}/connect/endsession", service.address("identity")));
}

fn session(service: &Service, changes: Value) -> beproduct::Result<AuthorizationSession> {
    let mut settings = service.settings();
    settings["redirect_uri"] = service.address("redirect_uri").into();
    settings.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    AuthorizationSession::new(&Config::from_json(settings).unwrap())
}

async fn sign_in(service: &Service, changes: Value) -> Tokens {
    let session = session(service, changes).unwrap();
    let answer = service.control("authorize", json!({"url": session.url()})).await;
    session.finish(answer["redirect"].as_str().unwrap()).await.unwrap()
}

#[tokio::test]
async fn tokens_in_the_fragment_for_old_registrations() {
    let service = Service::start(1, 0).await;
    let legacy = json!({"client_id": service.address("legacy_client_id"), "client_secret": null,
        "response_type": "id_token token"});
    let tokens = sign_in(&service, legacy.clone()).await;
    assert!(tokens.refresh_token.is_none() && tokens.id_token.is_some());
    assert_eq!(tokens.scopes().len(), 6);
    let access = tokens.access_token.as_ref().unwrap().expose();
    let client = service
        .builder(
            json!({"refresh_token": null, "client_id": null, "client_secret": null, "access_token": access}),
        )
        .build()
        .unwrap();
    folders(&client, 1).await.unwrap();
    assert_eq!(service.count("token").await, 0);

    // Tokens in the query have been seen by others.
    let sign_in = session(&service, legacy.clone()).unwrap();
    let answer = service.control("authorize", json!({"url": sign_in.url()})).await;
    let moved = answer["redirect"].as_str().unwrap().replacen('#', "?", 1);
    let error = sign_in.finish(&moved).await.unwrap_err();
    assert!(error.message().contains("whole address"), "{error}");

    // So has the answer of another server.
    let sign_in = session(&service, legacy.clone()).unwrap();
    let answer = service.control("authorize", json!({"url": sign_in.url()})).await;
    let back = answer["redirect"].as_str().unwrap();
    let foreign = format!("{back}&iss=https%3A%2F%2Fevil.example");
    assert_eq!(sign_in.finish(&foreign).await.unwrap_err().code(), Some("issuer_mismatch"));
    sign_in.finish(&format!("{back}&iss={}", service.address("identity"))).await.unwrap();

    let error = session(&service, json!({"response_type": "token"})).unwrap_err();
    assert!(error.message().contains("id_token token"), "{error}");
    let mut bare = legacy;
    bare["scope"] = "email".into();
    assert!(session(&service, bare).unwrap_err().message().contains("openid"));
}

#[tokio::test]
async fn an_identity_server_that_refuses_pkce() {
    let service = Service::start(1, 0).await;
    service.control("reset", json!({"refuse_pkce": true})).await;
    let proven = session(&service, json!({})).unwrap();
    let answer = service.control("authorize", json!({"url": proven.url()})).await;
    let error = proven.finish(answer["redirect"].as_str().unwrap()).await.unwrap_err();
    assert!(error.message().contains("PKCE, which the setting pkce leaves out"), "{error}");
    assert!(sign_in(&service, json!({"pkce": false})).await.refresh_token.is_some());
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let service = Service::start(1, 0).await;
    service.control("reset", json!({"allowed": ["openid"]})).await;
    let wide = session(&service, json!({})).unwrap();
    let answer = service.control("authorize", json!({"url": wide.url()})).await;
    let error = wide.finish(answer["redirect"].as_str().unwrap()).await.unwrap_err();
    assert_eq!(error.code(), Some("invalid_scope"));
    assert!(error.message().contains("set scope"), "{error}");

    let service = Service::start(1, 0).await;
    let code = async |changes: Value| {
        let session = session(&service, changes).unwrap();
        let answer = service.control("authorize", json!({"url": session.url()})).await;
        session.finish(answer["redirect"].as_str().unwrap()).await.unwrap_err()
    };
    let error = code(json!({"client_secret": "not-the-secret"})).await;
    assert_eq!(error.code(), Some("invalid_client"));
    assert!(error.message().contains("compare both"), "{error}");
    let error = code(json!({"client_secret": null})).await;
    assert!(error.message().contains("without a client_secret"), "{error}");
}

#[tokio::test]
async fn no_empty_secret_is_sent() {
    let service = Service::start(1, 0).await;
    let public = json!({"client_id": service.address("public_client_id"), "client_secret": ""});
    let tokens = sign_in(&service, public.clone()).await;
    let mut changes = public;
    changes["refresh_token"] = tokens.refresh_token.unwrap().expose().into();
    folders(&service.builder(changes).build().unwrap(), 1).await.unwrap();
    for entry in service.look("log?base=identity").await.as_array().unwrap() {
        assert!(!entry["body"].as_str().unwrap_or_default().contains("client_secret"));
        assert!(entry["headers"]["authorization"].is_null());
    }
}

#[tokio::test]
async fn a_403_names_the_scopes_of_the_token() {
    let service = Service::start(1, 0).await;
    let client = service.client();
    let rules = json!([
        {"base": "api", "action": {"status": 403}},
        {"base": "api", "action": {"status": 403, "body": {"message": "Not allowed"}}},
    ]);
    service.control("faults", rules).await;
    for begins in
        ["the service refuses this request; permission or scope", "Not allowed; permission or scope"]
    {
        let error = folders(&client, 1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Permission);
        assert!(error.message().starts_with(begins), "{error}");
        assert!(
            error.message().contains("openid profile email roles offline_access BeProductPublicApi"),
            "{error}"
        );
    }
    let opaque = json!({"refresh_token": null, "client_id": null, "client_secret": null, "access_token": "opaque-token"});
    service.control("faults", json!([{"base": "api", "action": {"status": 403}}])).await;
    let error = folders(&service.builder(opaque).build().unwrap(), 1).await.unwrap_err();
    assert!(error.message().contains("does not name its scopes"), "{error}");
}

#[tokio::test]
async fn the_token_in_the_query_is_for_gets_to_the_api() {
    let service = Service::start(1, 10).await;
    let client = service.builder(json!({"access_token_in_query": true})).build().unwrap();
    folders(&client, 1).await.unwrap();
    client.call("data_tables.reset", table(&service), CallOptions::default()).await.unwrap();
    client.auth().userinfo().await.unwrap();
    let log = service.look("log?base=api").await;
    let (get, other) = (&log[0], &log[1]);
    assert!(
        get["target"].as_str().unwrap().contains("access_token=")
            && get["headers"]["authorization"].is_null()
    );
    assert!(!other["target"].as_str().unwrap().contains("access_token"));
    assert!(other["headers"]["authorization"].as_str().unwrap().starts_with("Bearer "));
    for entry in service.look("log?base=identity").await.as_array().unwrap() {
        assert!(!entry["target"].as_str().unwrap().contains("access_token"));
    }
    let token = client.tokens().access_token.unwrap();
    service.control("faults", json!([{"base": "api", "times": 0, "action": {"status": 500}}])).await;
    let error = folders(&client, 2).await.unwrap_err();
    assert!(
        !format!("{error:?}").contains(token.expose()) && error.url().unwrap().ends_with("Style/Folders")
    );
    let options = CallOptions::from_json(&json!({"extra_query": {"Access_Token": "x"}})).unwrap();
    let error = client.call("style.folders", Map::new(), options).await.unwrap_err();
    assert!(error.message().contains("access_token_in_query"), "{error}");
}

fn table(service: &Service) -> Map<String, Value> {
    let mut arguments = Map::new();
    arguments.insert("data_table_id".into(), service.address("data_table").into());
    arguments
}

#[tokio::test]
async fn tokens_of_an_earlier_sign_in_are_all_that_is_needed() {
    let service = Service::start(1, 0).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.json");
    FileStore::new(&path).save(sign_in(&service, json!({})).await).await.unwrap();
    let stored = json!({"refresh_token": null, "token_store": {"file": path}});
    let client = service.builder(stored.clone()).build().unwrap();
    folders(&client, 1).await.unwrap();
    service.control("tokens", json!({"expire": "access"})).await;
    folders(&client, 2).await.unwrap();
    // Somebody signs in again, after the token was revoked: the same client goes on.
    service.control("tokens", json!({"expire": "all"})).await;
    let error = folders(&client, 3).await.unwrap_err();
    assert!(error.message().contains("beproduct login"), "{error}");
    FileStore::new(&path).save(sign_in(&service, json!({})).await).await.unwrap();
    folders(&client, 4).await.unwrap();
    let error = service.builder(json!({"refresh_token": null})).build().unwrap_err();
    assert!(error.message().contains("beproduct login"), "{error}");
}

#[tokio::test]
async fn a_clock_that_is_off_is_noticed() {
    let service = Service::start(1, 0).await;
    let start = 1_768_478_400_u64;
    let client = service.builder(json!({"testing": {"clock": "recorded", "start": start}})).build().unwrap();
    let ahead = httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_secs(start + 7200));
    service
        .control("faults", json!([{"base": "identity", "times": 0, "action": {"headers": {"date": ahead}}}]))
        .await;
    folders(&client, 1).await.unwrap();
    // One answer is no reason to doubt the machine's clock.
    assert_eq!(client.tokens().expires_at, Some(start + 28_800));
    folders(&client, 2).await.unwrap();
    assert_eq!(service.count("token").await, 1);
    service
        .control(
            "faults",
            json!([{"base": "api", "times": 0, "action": {"status": 401, "headers": {"date": ahead}}}]),
        )
        .await;
    let error = folders(&client, 3).await.unwrap_err();
    assert!(error.message().contains("7200 s behind"), "{error}");
}
