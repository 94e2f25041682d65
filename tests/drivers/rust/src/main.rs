//! The driver of the behaviour cases for Rust: see tests/drivers/README.md.

// A driver that meets what its runner never sends may stop at once.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use beproduct::auth::{TokenStore, Tokens};
use beproduct::{CallOptions, Cancel, Client, ClientBuilder, Config, Error, Level, LogSink, Record, Result};
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::sync::mpsc;

#[derive(Default)]
struct Driver {
    client: Mutex<Option<Client>>,
    calls: Mutex<HashMap<String, Cancel>>,
    logs: Arc<Logs>,
    store: Arc<HostStore>,
}

#[derive(Default)]
struct Logs(Mutex<Vec<String>>);

impl LogSink for Logs {
    fn enabled(&self, _level: Level) -> bool {
        true
    }

    fn write(&self, record: Record) {
        self.0.lock().unwrap().push(record.message);
    }
}

#[derive(Debug, Default)]
struct HostStore(Mutex<Option<Tokens>>);

impl TokenStore for HostStore {
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>>> {
        let tokens = self.0.lock().unwrap().clone();
        Box::pin(async { Ok(tokens) })
    }

    fn save(&self, tokens: Tokens) -> BoxFuture<'_, Result<()>> {
        *self.0.lock().unwrap() = Some(tokens);
        Box::pin(async { Ok(()) })
    }
}

impl Driver {
    async fn run(&self, command: &Value) -> Result<Value> {
        match command["do"].as_str().unwrap_or_default() {
            "open" => self.open(command),
            "call" => {
                let (operation, arguments, options) = self.prepare(command)?;
                let answer = self.client().call(operation, arguments, options).await?;
                let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                Ok(json!({"body": body, "meta": answer.meta}))
            }
            "list" => {
                let (operation, arguments, options) = self.prepare(command)?;
                let limit = command["limit"].as_u64().unwrap_or(u64::MAX);
                let pager = self.client().pages(operation, arguments, options)?;
                let mut ids = Vec::new();
                'pages: while let Some(page) = pager.next_page().await? {
                    for id in ids_of(&page.rows) {
                        ids.push(id);
                        pager.consumed(1);
                        if ids.len() as u64 >= limit {
                            break 'pages;
                        }
                    }
                }
                Ok(json!({"count": ids.len(), "ids": ids}))
            }
            "collect" => {
                let (operation, arguments, options) = self.prepare(command)?;
                let pages = self.client().pages(operation, arguments, options)?.collect().await?;
                let ids: Vec<_> = pages.iter().flat_map(|page| ids_of(&page.rows)).collect();
                Ok(json!({"count": ids.len(), "ids": ids}))
            }
            "cancel" => {
                let name = command["name"].as_str().unwrap_or_default();
                self.calls.lock().unwrap().entry(name.to_owned()).or_default().cancel();
                Ok(true.into())
            }
            "advance" => {
                let seconds = command["seconds"].as_f64().unwrap_or_default();
                let client = self.client();
                let clock = client.recorded_clock().expect("the case asks for a recorded clock");
                clock.advance(std::time::Duration::from_secs_f64(seconds));
                Ok(true.into())
            }
            "quota" => Ok(json!(self.client().quota_status().await?)),
            "logs" => Ok(json!(*self.logs.0.lock().unwrap())),
            "stored" => Ok(self.store.0.lock().unwrap().as_ref().map(Tokens::to_json).into()),
            "close" => {
                self.client().close();
                Ok(true.into())
            }
            other => panic!("no such command: {other}"),
        }
    }

    fn open(&self, command: &Value) -> Result<Value> {
        let mut builder = ClientBuilder::from_config(Config::from_json(command["settings"].clone())?);
        self.logs.0.lock().unwrap().clear();
        self.calls.lock().unwrap().clear();
        builder = builder.log_sink(Arc::clone(&self.logs) as Arc<dyn LogSink>);
        if command["token_store"] == "host" {
            *self.store.0.lock().unwrap() = Tokens::from_json(&command["stored"]);
            builder = builder.token_store(Arc::clone(&self.store) as Arc<dyn TokenStore>);
        }
        *self.client.lock().unwrap() = Some(builder.build()?);
        Ok(true.into())
    }

    fn client(&self) -> Client {
        self.client.lock().unwrap().clone().expect("the case opens a client first")
    }

    fn prepare<'a>(&self, command: &'a Value) -> Result<(&'a str, Map<String, Value>, CallOptions)> {
        let mut options = CallOptions::from_json(&command["options"])?;
        if let Some(name) = command["name"].as_str() {
            options.cancel = Some(self.calls.lock().unwrap().entry(name.to_owned()).or_default().clone());
        }
        let arguments = command["arguments"].as_object().cloned().unwrap_or_default();
        Ok((command["operation"].as_str().unwrap_or_default(), arguments, options))
    }
}

fn ids_of(rows: &[u8]) -> Vec<Value> {
    let rows: Vec<Value> = serde_json::from_slice(rows).unwrap_or_default();
    rows.into_iter().map(|mut row| row["id"].take()).collect()
}

fn error(error: &Error) -> Value {
    let mut fields = error.to_json();
    fields["text"] = format!("{error}\n{error:?}").into();
    fields
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let driver = Arc::new(Driver::default());
    let (answers, mut outbox) = mpsc::unbounded_channel::<String>();
    let writer = tokio::spawn(async move {
        let mut output = tokio::io::stdout();
        while let Some(line) = outbox.recv().await {
            output.write_all(line.as_bytes()).await.expect("the runner reads");
            output.flush().await.expect("the runner reads");
        }
    });
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let (driver, answers) = (Arc::clone(&driver), answers.clone());
        tokio::spawn(async move {
            let command: Value = serde_json::from_str(&line).expect("the runner writes JSON");
            let answer = match driver.run(&command).await {
                Ok(value) => json!({"id": command["id"], "ok": value}),
                Err(failure) => json!({"id": command["id"], "error": error(&failure)}),
            };
            answers.send(format!("{answer}\n")).expect("the writer lives as long as the program");
        });
    }
    drop(answers);
    writer.abort();
}
