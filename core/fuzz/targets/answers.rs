//! Whatever a server answers, the client does not panic, and no error shows the token.

#![no_main]

use std::sync::{Arc, LazyLock};

use beproduct::{CallOptions, Client, Config, HttpRequest, HttpResponse, Transport, TransportError};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

const TOKEN: &str = "token-that-nobody-may-see";
const STATUSES: &[u16] = &[200, 204, 302, 400, 401, 403, 404, 409, 429, 500, 503];

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime needs no more than memory")
});

/// Gives one answer to every request.
#[derive(Debug)]
struct Fixed {
    status: u16,
    body: Bytes,
}

impl Transport for Fixed {
    fn send(&self, _request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let answer = HttpResponse {
            status: self.status,
            headers: http::HeaderMap::new(),
            body: self.body.clone().into(),
        };
        Box::pin(async move { Ok(answer) })
    }
}

fn client(transport: Fixed) -> Client {
    let settings = json!({
        "company_domain": "acme",
        "access_token": TOKEN,
        "ledger": "memory",
        "attempts": 2,
        "testing": {"clock": "recorded", "fixed_chance": true},
    });
    let config = Config::from_json(settings).expect("the settings are right");
    let built = beproduct::ClientBuilder::from_config(config)
        .transport(Arc::new(transport))
        .runtime(RUNTIME.handle().clone())
        .build();
    built.expect("the settings are right")
}

fn arguments(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, body)) = data.split_first() else { return };
    let status = STATUSES[usize::from(*choice) % STATUSES.len()];
    let client = client(Fixed { status, body: Bytes::copy_from_slice(body) });
    RUNTIME.block_on(async {
        let check = |error: beproduct::Error| assert!(!format!("{error} {error:?}").contains(TOKEN));
        let id = json!({"header_id": "5f0c7fb7-9f6b-4c3d-8f0e-000000000001"});
        for operation in ["style.attributes_get", "style.attributes_delete"] {
            if let Err(error) = client.call(operation, arguments(id.clone()), CallOptions::default()).await {
                check(error);
            }
        }
        let numbers = arguments(json!({"numbers": ["A", "B"]}));
        if let Err(error) = client.call("style.get_many_by_number", numbers, CallOptions::default()).await {
            check(error);
        }
        let pager = client.pages("style.attributes_list", Map::new(), CallOptions::default());
        let pager = pager.expect("a list needs no arguments");
        // The same answer again and again is a list without end unless it is noticed.
        for page in 0.. {
            assert!(page < 4, "equal pages without end");
            match pager.next_page().await {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => {
                    check(error);
                    break;
                }
            }
        }
    });
});
