//! A simulator of the service, and a client for it. Each file of tests uses a part of this.

#![allow(dead_code)]

use std::sync::Once;

use beproduct::{Client, ClientBuilder};
use beproduct_simulator::{Options, Simulator};
use serde_json::{Value, json};

pub(crate) struct Service {
    pub(crate) simulator: Simulator,
    control: reqwest::Client,
}

impl Service {
    pub(crate) async fn start(styles: usize, table_rows: usize) -> Self {
        Self::with(Options { styles, materials: 20, table_rows, ..Options::default() }).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        write_logs_down();
        let simulator = Simulator::start(options).await.unwrap();
        let about = serde_json::to_value(simulator.addresses()).unwrap();
        let mut control = reqwest::Client::builder();
        if let Some(authority) = about["ca"].as_str().filter(|path| !path.is_empty()) {
            let pem = std::fs::read(authority).unwrap();
            control = control.tls_certs_merge([reqwest::Certificate::from_pem(&pem).unwrap()]);
        }
        Self { simulator, control: control.build().unwrap() }
    }

    /// Settings of a client that signs in with the simulator's refresh token and lives in memory.
    pub(crate) fn settings(&self) -> Value {
        let about = serde_json::to_value(self.simulator.addresses()).unwrap();
        // Of its own, as a rotated refresh token is kept there and all simulators begin with the same.
        let port = url::Url::parse(about["identity"].as_str().unwrap()).unwrap().port().unwrap();
        json!({
            "company_domain": about["company"],
            "client_id": about["client_id"],
            "client_secret": about["client_secret"],
            "refresh_token": about["refresh_token"],
            "api_url": about["api"],
            "automation_url": about["automation"],
            "identity_url": about["identity"],
            "ledger": "memory",
            "state_dir": std::env::temp_dir().join(format!("beproduct-test-{}-{port}", std::process::id())),
        })
    }

    pub(crate) fn builder(&self, changes: Value) -> ClientBuilder {
        let mut settings = self.settings();
        for (name, value) in changes.as_object().unwrap() {
            settings[name] = value.clone();
        }
        ClientBuilder::from_config(beproduct::Config::from_json(settings).unwrap())
    }

    pub(crate) fn client(&self) -> Client {
        self.builder(json!({})).build().unwrap()
    }

    pub(crate) async fn control(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/{path}", self.simulator.addresses().control);
        let answer = self.control.post(url).json(&body).send().await.unwrap().error_for_status().unwrap();
        answer.json().await.unwrap_or_default()
    }

    pub(crate) async fn look(&self, path: &str) -> Value {
        let url = format!("{}/{path}", self.simulator.addresses().control);
        self.control.get(url).send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    }

    pub(crate) async fn count(&self, what: &str) -> u64 {
        self.look("counts").await[what].as_u64().unwrap()
    }

    pub(crate) fn address(&self, what: &str) -> String {
        serde_json::to_value(self.simulator.addresses()).unwrap()[what].as_str().unwrap().to_owned()
    }
}

/// Logs at their finest level go where all of them are searched for secrets (tests/secrets), if this run keeps
/// transcripts.
fn write_logs_down() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let Some(folder) = std::env::var_os("BEPRODUCT_TRANSCRIPTS") else { return };
        let path = std::path::Path::new(&folder).join(format!("rust-log-{}.txt", std::process::id()));
        let file = std::fs::File::create(path).unwrap();
        // A test that looks at the log itself has been here before.
        let _ = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(std::sync::Mutex::new(file))
            .try_init();
    });
}
