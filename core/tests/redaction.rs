//! Secrets stay out of everything that a person may read: logs of this crate and of those below it at their finest level,
//! errors, `Debug` forms, panics.
//!
//! It is a program of its own, as a process has one subscriber and one panic hook.

// A test may stop at once.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::Write;
use std::sync::{Arc, Mutex};

use beproduct::auth::{ActAs, AuthorizationSession, FileStore, Login, LoginOptions, TokenStore as _};
use beproduct::{CallOptions, Config, Secret};
use beproduct_simulator::Options;
use common::Service;
use serde_json::{Map, Value, json};
use tracing_subscriber::fmt::MakeWriter;

/// Everything that is written, in one place.
#[derive(Clone, Default)]
struct Transcript(Arc<Mutex<Vec<u8>>>);

impl Transcript {
    fn show(&self, what: impl std::fmt::Debug) {
        let mut text = self.0.lock().unwrap();
        writeln!(text, "{what:?} {what:#?}").unwrap();
    }

    fn tell(&self, error: &beproduct::Error) {
        self.show(error);
        let mut cause: Option<&dyn std::error::Error> = Some(error);
        while let Some(error) = cause {
            self.show(error.to_string());
            cause = error.source();
        }
        self.show(error.to_json());
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Transcript {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Transcript {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn nothing_that_is_shown_holds_a_secret() {
    let transcript = Transcript::default();
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(transcript.clone()).init();
    let (panics, usual) = (transcript.clone(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        panics.show(panic.to_string());
        panics.show(std::backtrace::Backtrace::force_capture().to_string());
        usual(panic);
    }));
    let folder = tempfile::tempdir().unwrap();
    let known = folder.path().join("secrets");
    // Over TLS too, whose libraries have much to tell.
    for tls in [false, true] {
        let service = Service::with(Options {
            styles: 3,
            materials: 1,
            table_rows: 0,
            tls,
            secrets_file: Some(known.clone()),
            ..Options::default()
        })
        .await;
        let mut trust = json!({});
        if let Some(path) = service.simulator.addresses().ca.clone() {
            trust = json!({"ca_certificates": std::fs::read_to_string(path).unwrap()});
        }
        everything(&service, &trust, folder.path(), &transcript).await;
    }
    let secrets = std::fs::read_to_string(&known).unwrap();
    let shown = transcript.text();
    assert!(shown.contains("style.folders") && shown.contains("TRACE"), "the transcript is empty");
    assert!(shown.contains("panicked"), "the panic was not written down");
    let mut looked_for = 0;
    for secret in secrets.lines() {
        looked_for += 1;
        let place = shown.find(secret).map(|at| shown[at.saturating_sub(300)..at].to_owned());
        assert!(place.is_none(), "a secret is shown behind: {place:?}");
    }
    println!("secrets: {looked_for} looked for in {} bytes, 0 found", shown.len());
    assert!(looked_for > 40, "{looked_for}");
}

async fn everything(service: &Service, trust: &Value, folder: &std::path::Path, transcript: &Transcript) {
    let with = |changes: Value| {
        let mut all = trust.clone();
        all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        all
    };
    let folders = async |client: &beproduct::Client, number: u32| {
        let options = CallOptions::from_json(&json!({"extra_query": {"number": number}})).unwrap();
        client.call("style.folders", Map::new(), options).await
    };
    // Sign-ins of both kinds, right and wrong.
    for changes in [
        json!({}),
        json!({"client_secret": "wrong-secret-marker-1"}),
        json!({"client_id": service.address("legacy_client_id"), "client_secret": null, "response_type": "id_token token"}),
    ] {
        let mut settings = service.settings();
        settings.as_object_mut().unwrap().extend(with(changes).as_object().unwrap().clone());
        settings["redirect_uri"] = service.address("redirect_uri").into();
        let config = Config::from_json(settings).unwrap();
        transcript.show(&config);
        let session = AuthorizationSession::new(&config).unwrap();
        transcript.show(&session);
        let back = service.control("authorize", json!({"url": session.url()})).await;
        let back = back["redirect"].as_str().unwrap();
        match session.finish(back).await {
            Ok(tokens) => transcript.show(tokens),
            Err(error) => transcript.tell(&error),
        }
        // Once too often.
        transcript.tell(&session.finish(back).await.unwrap_err());
        let mut options = LoginOptions::default();
        options.free_port = true;
        transcript.show(Login::begin(&config, options).await.unwrap());
    }
    // Calls, renewals, rotation, refusals, servers that send secrets back.
    service.control("reset", json!({"rotation": "strict"})).await;
    let store = folder.join(format!("tokens-{}.json", trust["ca_certificates"].is_string()));
    let client = service
        .builder(with(json!({"token_store": {"file": store}, "access_token_in_query": true})))
        .build()
        .unwrap();
    transcript.show(&client);
    transcript.show(client.auth());
    folders(&client, 1).await.unwrap();
    service.control("tokens", json!({"expire": "access"})).await;
    folders(&client, 2).await.unwrap();
    for action in [
        json!({"status": 400, "body": {"message": "ECHO"}}),
        json!({"status": 403, "body": "ECHO"}),
        json!({"status": 500, "body": "ECHO"}),
        json!({"status": 429, "body": {"error": "ECHO"}, "headers": {"retry-after": "100000"}}),
        json!({"status": 200, "body": "ECHO"}),
        json!({"reset": "within"}),
        json!({"truncate": 3}),
    ] {
        let tokens = FileStore::new(&store).load().await.unwrap().unwrap();
        transcript.show(&tokens);
        let own: Vec<_> = [tokens.access_token, tokens.refresh_token]
            .into_iter()
            .flatten()
            .map(|token| token.expose().to_owned())
            .collect();
        let echo = format!("you sent {} and {}", own.join(" and "), service.address("client_secret"));
        let action: Value = serde_json::from_str(&action.to_string().replace("ECHO", &echo)).unwrap();
        service.control("faults", json!([{"base": "api", "times": 9, "action": action}])).await;
        // With a time of its own, so that no other client keeps the pause that it is asked for.
        let alone = json!({"token_store": {"file": store}, "attempts": 1, "testing": {"clock": "recorded"}});
        let lost = service.builder(with(alone)).build().unwrap();
        transcript.tell(&folders(&lost, 3).await.unwrap_err());
        service.control("reset", json!({"rotation": "strict"})).await;
        std::fs::remove_file(&store).unwrap();
        // What it has is refused; the configured refresh token is good again.
        folders(&client, 4).await.unwrap();
        let fresh = service.builder(with(json!({"token_store": {"file": store}}))).build().unwrap();
        folders(&fresh, 5).await.unwrap();
    }
    for status in [400, 401, 503] {
        let echo = json!({"error": "invalid_grant", "error_description": format!("not {}", service.address("refresh_token"))});
        let rule = json!([{"base": "identity", "path": "connect/token", "times": 9, "action": {"status": status, "body": echo}}]);
        service.control("faults", rule).await;
        transcript.tell(&folders(&service.builder(with(json!({}))).build().unwrap(), 6).await.unwrap_err());
        service.control("reset", json!({})).await;
    }
    // Acting for others, the end.
    let client = service.builder(with(json!({}))).build().unwrap();
    for user in ["user_id", "partner_id"] {
        let whom = ActAs::new(
            service.address(user),
            service.address("impersonation_client_id"),
            service.address("impersonation_client_secret"),
        );
        transcript.show(&whom);
        let acting = client.acting_as(&whom).unwrap();
        transcript.show(&acting);
        if let Err(error) = folders(&acting, 7).await {
            transcript.tell(&error);
        }
    }
    transcript.show(client.auth().userinfo().await.unwrap());
    // What a program prints when it gives up.
    let (config, tokens) = (service.settings(), client.tokens());
    let panicking = tokio::spawn(async move {
        let config = Config::from_json(config).unwrap();
        panic!("{config:?} {tokens:?} {:?}", Secret::new("panic-secret-marker"));
    });
    assert!(panicking.await.is_err());
    client.auth().sign_out().await.unwrap();
    transcript.tell(&folders(&client, 8).await.unwrap_err());
}
