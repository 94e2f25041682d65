//! What a program sees of calls through `tracing`: spans, and figures in the form that OpenTelemetry's layer reads.

// A test may stop at once.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use beproduct::{
    CallOptions, ClientBuilder, Config, HttpRequest, HttpResponse, Level, LogSink, Record, Transport,
    TransportError,
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::HeaderMap;
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

type Fields = BTreeMap<String, String>;

#[derive(Default)]
struct Seen {
    /// Spans that have ended: name, name of the parent, fields.
    spans: Vec<(String, String, Fields)>,
    metrics: Vec<Fields>,
}

#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Seen>>);

struct Into<'a>(&'a mut Fields);

impl Visit for Into<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().into(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().into(), value.into());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Collector {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::new();
        attributes.record(&mut Into(&mut fields));
        context.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &tracing::span::Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        values.record(&mut Into(span.extensions_mut().get_mut::<Fields>().unwrap()));
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "beproduct::metrics" {
            let mut fields = Fields::new();
            event.record(&mut Into(&mut fields));
            self.0.lock().unwrap().metrics.push(fields);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let parent = span.parent().map(|parent| parent.name().to_owned()).unwrap_or_default();
        let fields = span.extensions().get::<Fields>().unwrap().clone();
        self.0.lock().unwrap().spans.push((span.name().to_owned(), parent, fields));
    }
}

/// Answers with these statuses, then with success.
#[derive(Debug)]
struct Scripted(Mutex<VecDeque<u16>>);

impl Transport for Scripted {
    fn send(&self, _: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let status = self.0.lock().unwrap().pop_front().unwrap_or(200);
        let body = Bytes::from_static(br#"{"id": "1"}"#);
        Box::pin(async move { Ok(HttpResponse { status, headers: HeaderMap::new(), body: body.into() }) })
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<Record>>>);

impl LogSink for Lines {
    fn enabled(&self, _: Level) -> bool {
        true
    }

    fn write(&self, record: Record) {
        self.0.lock().unwrap().push(record);
    }
}

fn builder(statuses: &[u16]) -> ClientBuilder {
    let settings = json!({
        "company_domain": "acme",
        "access_token": "token-of-the-test",
        "ledger": "memory",
        "plan": {"requests_per_day": 100},
        "testing": {"clock": "recorded", "fixed_chance": true},
    });
    let transport = Scripted(Mutex::new(statuses.iter().copied().collect()));
    ClientBuilder::from_config(Config::from_json(settings).unwrap()).transport(Arc::new(transport))
}

async fn get(builder: ClientBuilder) -> beproduct::Result<beproduct::Answer> {
    let arguments = Map::from_iter([("header_id".to_owned(), Value::from("1"))]);
    let options =
        CallOptions::from_json(&json!({"label": "nightly", "extra_query": {"secret": "query"}})).unwrap();
    builder.build().unwrap().call("style.get", arguments, options).await
}

fn has(fields: &Fields, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        assert_eq!(fields.get(*name).map(String::as_str), Some(*value), "{name} in {fields:?}");
    }
}

#[tokio::test]
async fn a_call_with_a_second_attempt() {
    let collector = Collector::default();
    let subscriber = tracing_subscriber::registry().with(collector.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    get(builder(&[503])).await.unwrap();
    let seen = collector.0.lock().unwrap();

    let attempts: Vec<_> = seen.spans.iter().filter(|(name, ..)| name == "beproduct.attempt").collect();
    assert_eq!(attempts.len(), 2);
    let common = [
        ("otel.name", "GET"),
        ("otel.kind", "client"),
        ("http.request.method", "GET"),
        ("server.address", "developers.beproduct.com"),
        ("server.port", "443"),
        ("url.full", "https://developers.beproduct.com/api/acme/Style/Header/1"),
    ];
    has(&attempts[0].2, &common);
    has(
        &attempts[0].2,
        &[
            ("http.request.resend_count", "0"),
            ("http.response.status_code", "503"),
            ("error.type", "server"),
            ("otel.status_code", "ERROR"),
        ],
    );
    has(&attempts[1].2, &common);
    has(&attempts[1].2, &[("http.request.resend_count", "1"), ("http.response.status_code", "200")]);
    assert!(!attempts[1].2.contains_key("error.type"));
    assert!(attempts.iter().all(|(_, parent, _)| parent == "beproduct.call"));

    let (_, _, call) = seen.spans.iter().find(|(name, ..)| name == "beproduct.call").unwrap();
    has(
        call,
        &[
            ("otel.name", "style.attributes_get"),
            ("beproduct.label", "nightly"),
            ("beproduct.quota.cost", "2"),
        ],
    );

    let metric =
        |name: &str| seen.metrics.iter().filter(|fields| fields.contains_key(name)).collect::<Vec<_>>();
    let requests = metric("histogram.http.client.request.duration");
    assert_eq!(requests.len(), 2);
    has(requests[0], &[("http.response.status_code", "503"), ("error.type", "server")]);
    has(requests[1], &[("http.response.status_code", "200"), ("http.request.method", "GET")]);
    assert_eq!(metric("histogram.beproduct.call.duration").len(), 1);
    has(metric("gauge.beproduct.quota.used")[0], &[("gauge.beproduct.quota.used", "2")]);
    has(metric("gauge.beproduct.quota.limit")[0], &[("gauge.beproduct.quota.limit", "100")]);
    let everything = format!("{:?}{:?}", seen.spans, seen.metrics);
    assert!(!everything.contains("token-of-the-test") && !everything.contains("secret"), "{everything}");
}

#[tokio::test]
async fn the_same_figures_in_the_log() {
    let lines = Lines::default();
    // Whether anybody listens is kept for each place in the code, whichever thread got there first.
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(Collector::default()));
    get(builder(&[503, 400]).log_sink(Arc::new(lines.clone()))).await.unwrap_err();
    let lines = lines.0.lock().unwrap();
    let figures = |line: &Record| -> Map<String, Value> {
        line.attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    };
    let measured: Vec<_> = lines.iter().filter(|line| !line.attributes.is_empty()).collect();
    let [first, second, call] = measured[..] else { panic!("{lines:?}") };
    assert_eq!((first.level, second.level, call.level), (Level::Debug, Level::Debug, Level::Info));
    assert_eq!(figures(first)["http.response.status_code"], 503);
    assert_eq!(figures(first)["http.request.resend_count"], 0);
    assert_eq!(figures(second)["http.response.status_code"], 400);
    assert_eq!(figures(second)["url.full"], "https://developers.beproduct.com/api/acme/Style/Header/1");
    let call = figures(call);
    for (name, value) in [
        ("beproduct.operation", json!("style.attributes_get")),
        ("beproduct.label", json!("nightly")),
        ("beproduct.call.attempts", json!(2)),
        ("beproduct.call.waited", json!(0.25)),
        ("beproduct.call.duration", json!(0.25)),
        ("beproduct.quota.cost", json!(2)),
        ("beproduct.quota.used", json!(2)),
        ("beproduct.quota.limit", json!(100)),
        ("http.response.status_code", json!(400)),
        ("error.type", json!("validation")),
    ] {
        assert_eq!(call[name], value, "{name}");
    }
}
