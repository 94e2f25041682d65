//! The driver of the behaviour cases for Rust: see tests/drivers/README.md.

// A driver that meets what its runner never sends may stop at once.
#![allow(clippy::unwrap_used)]

mod arguments;
mod generated;
mod typed;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use beproduct::auth::{TokenStore, Tokens};
use beproduct::{
    CallOptions, Cancel, Client, ClientBuilder, Config, Error, Level, LogSink, Pager, Plan, QuotaEvent,
    QuotaListener, Record, Result, Work, parse_event,
};
use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::sync::mpsc;

use crate::arguments::Arguments;
use crate::typed::Records;

#[derive(Default)]
struct Driver {
    client: Mutex<Option<Client>>,
    calls: Mutex<HashMap<String, Cancel>>,
    logs: Arc<Logs>,
    store: Arc<HostStore>,
    listener: Mutex<Arc<Listener>>,
}

/// Keeps events of the quota, and answers at its limits as the case says.
#[derive(Default)]
struct Listener {
    events: Mutex<Vec<Value>>,
    answer: Value,
}

impl QuotaListener for Listener {
    fn notice(&self, event: &QuotaEvent) {
        self.events.lock().unwrap().push(json!(event));
    }

    fn at_limit<'a>(&'a self, event: &'a QuotaEvent) -> BoxFuture<'a, Result<Option<Duration>>> {
        self.notice(event);
        let answer = match &self.answer {
            Value::String(_) => Err(Error::of_callback("no answer at the limit")),
            answer => Ok(answer.as_f64().map(Duration::from_secs_f64)),
        };
        Box::pin(async { answer })
    }
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
                let (client, given) = (self.client(), Arguments::new(&arguments));
                let (body, raw, meta) = match generated::call(&client, operation, given, options.clone())
                    .await
                {
                    Some(response) => {
                        let response = response?;
                        (response.body, response.raw, response.meta)
                    }
                    None => {
                        let answer = client.call(operation, arguments, options).await?;
                        (serde_json::from_slice(&answer.body).unwrap_or_default(), answer.raw, answer.meta)
                    }
                };
                Ok(json!({"body": body, "meta": meta, "raw": String::from_utf8_lossy(&raw)}))
            }
            "list" | "collect" => {
                let (operation, arguments, options) = self.prepare(command)?;
                let (client, given) = (self.client(), Arguments::new(&arguments));
                let limit = command["limit"].as_u64().map_or(usize::MAX, |limit| limit as usize);
                let at_once = command["do"] == "collect";
                let records = match generated::list(&client, operation, given, options.clone(), at_once) {
                    Some(records) => records,
                    None => pages(client.pages(operation, arguments, options)?),
                };
                let mut records = records.take(limit);
                let mut ids = Vec::new();
                while let Some(mut record) = records.try_next().await? {
                    ids.push(record["id"].take());
                }
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
                clock.advance(Duration::from_secs_f64(seconds));
                Ok(true.into())
            }
            "quota" => Ok(json!(self.client().quota_status().await?)),
            "report" => Ok(json!(self.client().quota_report(command["days"].as_u64().unwrap_or(30)).await?)),
            "estimate" => {
                let work: Vec<_> = command["work"].as_array().unwrap().iter().map(work).collect();
                Ok(json!(self.client().quota_estimate(&work).await?))
            }
            "change_plan" => {
                self.client().change_plan(Plan::from_json(command["plan"].clone())?)?;
                Ok(true.into())
            }
            "events" => {
                let listener = Arc::clone(&self.listener.lock().unwrap());
                let events = std::mem::take(&mut *listener.events.lock().unwrap());
                Ok(events.into())
            }
            "event" => Ok(json!(parse_event(command["body"].as_str().unwrap_or_default().as_bytes())?)),
            "logs" => Ok(json!(*self.logs.0.lock().unwrap())),
            "stored" => Ok(self.store.0.lock().unwrap().as_ref().map(Tokens::to_json).into()),
            "close" => {
                self.client().shut_down().await;
                Ok(true.into())
            }
            other => panic!("no such command: {other}"),
        }
    }

    fn open(&self, command: &Value) -> Result<Value> {
        let mut settings = command["settings"].clone();
        let listener = settings.as_object_mut().and_then(|settings| settings.remove("quota_listener"));
        let mut builder = ClientBuilder::from_config(Config::from_json(settings)?);
        if let Some(mut listener) = listener {
            let listener = Arc::new(Listener { answer: listener["at_limit"].take(), ..Listener::default() });
            *self.listener.lock().unwrap() = Arc::clone(&listener);
            builder = builder.quota_listener(listener);
        }
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

fn work(value: &Value) -> Work {
    let mut work = Work::new(value["operation"].as_str().unwrap_or_default(), 0);
    work.count = value["count"].as_u64();
    work.page_size = value["page_size"].as_u64();
    work
}

/// The records of a list whose arguments no typed method takes.
fn pages(pager: Pager) -> Records {
    let pages = stream::try_unfold(pager, |pager| async {
        let Some(page) = pager.next_page().await? else { return Ok(None) };
        pager.consumed(page.len());
        let rows: Vec<Value> = serde_json::from_slice(&page.json()).unwrap_or_default();
        Ok(Some((stream::iter(rows.into_iter().map(Ok)), pager)))
    });
    pages.try_flatten().boxed()
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
