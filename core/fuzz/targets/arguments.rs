//! Whatever a caller hands in, a request stays within the company's part of the service and is well formed.

#![no_main]

use std::sync::{Arc, LazyLock};

use beproduct::{CallOptions, Client, Config, HttpRequest, HttpResponse, Transport, TransportError};
use futures_util::future::BoxFuture;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

const COMPANY: &str = "https://developers.beproduct.com/api/acme/";

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime needs no more than memory")
});

/// Looks at every request.
#[derive(Debug)]
struct Inspector;

impl Transport for Inspector {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let url = request.url.as_str();
        assert!(url.starts_with(COMPANY), "{url}");
        assert!(request.url.fragment().is_none(), "{url}");
        let segments = request.url.path_segments().into_iter().flatten();
        assert!(segments.into_iter().all(|segment| segment != ".." && segment != "."), "{url}");
        if let Some(body) = request.body.bytes().filter(|body| !body.is_empty()) {
            serde_json::from_slice::<Value>(body).expect("the body is JSON");
        }
        let answer = HttpResponse { status: 200, headers: http::HeaderMap::new(), body: "null".into() };
        Box::pin(async move { Ok(answer) })
    }
}

static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let settings = json!({
        "company_domain": "acme",
        "access_token": "token",
        "ledger": "memory",
        "check_filters": false,
        "testing": {"clock": "recorded", "fixed_chance": true},
    });
    let config = Config::from_json(settings).expect("the settings are right");
    let built = beproduct::ClientBuilder::from_config(config)
        .transport(Arc::new(Inspector))
        .runtime(RUNTIME.handle().clone())
        .build();
    built.expect("the settings are right")
});

fuzz_target!(|text: &str| {
    let calls = [
        ("style.attributes_get", json!({"header_id": text})),
        ("style.attributes_get_by_number", json!({"header_number": text})),
        ("style.folder_schema", json!({"folder_id": text})),
        ("style.attributes_update", json!({"header_id": "1", "fields": {"header_name": text, text: text}})),
        ("data_tables.schema", json!({"data_table_id": text})),
        ("raw.get", json!({"path": text, "query": {text: text}})),
        ("raw.post", json!({"path": "Style/List", "body": {text: text}})),
    ];
    let lists = [
        ("style.attributes_list", json!({"folder_id": text})),
        ("style.attributes_list", json!({"filters": [{"field": text, "operator": "Eq", "value": text}]})),
        ("data_tables.data", json!({"data_table_id": text})),
    ];
    let arguments = |value: &Value| -> Map<String, Value> { value.as_object().cloned().unwrap_or_default() };
    RUNTIME.block_on(async {
        // An argument that is refused is as good as one that is encoded.
        for (operation, given) in &calls {
            let _ = CLIENT.call(operation, arguments(given), CallOptions::default()).await;
        }
        for (operation, given) in &lists {
            if let Ok(pager) = CLIENT.pages(operation, arguments(given), CallOptions::default()) {
                let _ = pager.next_page().await;
            }
        }
    });
});
