//! A client whose requests are answered from a table, for tests without a server.

// A test may stop at once.
#![allow(clippy::unwrap_used)]

use beproduct::{Client, ClientBuilder, Config, ErrorKind, Outcome};
use serde_json::{Value, json};

fn client(answers: Value) -> Client {
    let settings = json!({
        "company_domain": "acme", "access_token": "token", "ledger": "memory",
        "testing": {"clock": "recorded", "answers": answers},
    });
    ClientBuilder::from_config(Config::from_json(settings).unwrap()).build().unwrap()
}

async fn call(client: &Client, operation: &str, arguments: Value) -> beproduct::Result<Value> {
    let Value::Object(arguments) = arguments else { panic!("no arguments") };
    let answer = client.call(operation, arguments, beproduct::CallOptions::default()).await?;
    Ok(serde_json::from_slice(&answer.body).unwrap())
}

#[tokio::test]
async fn the_first_answer_that_fits_is_given() {
    let client = client(json!([
        {"path": "Info/Version", "body": "1", "times": 1},
        {"path": "Info/Version", "body": "2"},
        {"path": "/api/acme/Style/Header/7?a=b", "body": {"id": "other"}},
        {"path": "Style/Header/7", "body": {"id": "7"}, "headers": {"x-request-id": "r1"}},
    ]));
    for version in ["1", "2", "2"] {
        assert_eq!(call(&client, "system.version", json!({})).await.unwrap(), json!(version));
    }
    assert_eq!(call(&client, "style.get", json!({"header_id": "7"})).await.unwrap()["id"], "7");
}

#[tokio::test]
async fn what_nothing_fits_is_not_sent() {
    let client = client(json!([{"method": "POST", "path": "Info/Version"}]));
    let error = call(&client, "system.version", json!({})).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Network, Outcome::NotSent));
    assert!(error.message().contains("none for GET Info/Version"), "{error}");
    assert_eq!(client.quota_status().await.unwrap().used, 0);
}

#[tokio::test]
async fn faults_are_answers_too() {
    let client = client(json!([
        {"path": "Info/Version", "status": 503, "text": "busy", "times": 2},
        {"path": "Info/Version", "body": "1"},
        {"path": "Style/Header/7", "status": 404, "body": {"message": "gone"}},
    ]));
    assert_eq!(call(&client, "system.version", json!({})).await.unwrap(), json!("1"));
    let error = call(&client, "style.get", json!({"header_id": "7"})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_wrong_table_is_refused() {
    for (answer, problem) in [
        (json!({"path": "x", "status": 7}), "answers[0]: 7 is no status"),
        (json!({"path": "x", "headers": {"a b": "c"}}), "\"a b\" is no name of a header"),
        (json!({"path": "x", "body": 1, "text": "1"}), "either body or text"),
        (json!({"url": "x"}), "unknown field"),
    ] {
        let settings = json!({
            "company_domain": "acme", "access_token": "token", "ledger": "memory",
            "testing": {"answers": [answer]},
        });
        let error = Config::from_json(settings)
            .and_then(|config| ClientBuilder::from_config(config).build())
            .unwrap_err();
        assert!(error.message().contains(problem), "{error}");
    }
}
