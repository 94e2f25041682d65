//! Makes the calls of a plan, and writes down how they end.

use std::sync::Arc;
use std::time::Duration;

use beproduct::{CallOptions, Cancel, Client, ErrorKind, Page, Pager, WaitReason};
use serde_json::{Map, Value, json};

use crate::history::{Call, End, Failure};
use crate::plan::{LIST, Planned};
use crate::wire::CALL;
use crate::world::World;

/// A client, and what the laws have to know of it.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) world: Arc<World>,
    pub(crate) client: Client,
    pub(crate) index: usize,
    pub(crate) settings: Value,
}

impl Caller {
    pub(crate) async fn make_all(self, calls: Vec<Planned>) {
        for planned in calls {
            tokio::time::sleep(planned.after).await;
            self.make(planned).await;
        }
    }

    async fn make(&self, planned: Planned) {
        let index = self.begin(&planned);
        let mut options = planned.options.clone();
        if planned.named {
            options["headers"] = json!({CALL: index.to_string()});
        }
        let mut options = CallOptions::from_json(&options).unwrap();
        let cancel = Cancel::new();
        options.cancel = Some(cancel.clone());
        let cancelling = async {
            if let Some(after) = planned.cancelled {
                tokio::time::sleep(after).await;
                cancel.cancel();
            }
            std::future::pending::<()>().await;
        };
        let dropping = async {
            match planned.dropped {
                Some(after) => tokio::time::sleep(after).await,
                None => std::future::pending().await,
            }
        };
        let work = async {
            match planned.operation {
                LIST => self.list(&planned, options).await,
                operation => {
                    let arguments = planned.arguments.as_object().cloned().unwrap_or_default();
                    match self.client.call(operation, arguments, options).await {
                        Ok(answer) => {
                            let body = serde_json::from_slice(&answer.body).unwrap();
                            let (pauses, excused) = waits(&answer.meta.waits);
                            (End::Answered(body), pauses, excused)
                        }
                        Err(error) => failed(&error, Vec::new()),
                    }
                }
            }
        };
        let (end, pauses, excused) = tokio::select! {
            biased;
            end = work => end,
            () = cancelling => unreachable!(),
            () = dropping => (End::Dropped, Vec::new(), 0.0),
        };
        let now = self.world.time.passed();
        let mut state = self.world.state();
        let last = state.history.sequence;
        let call = &mut state.history.calls[index];
        call.ended = Some(now);
        call.sequence.1 = last;
        call.end = Some(end);
        call.pauses = pauses;
        call.excused = Duration::from_secs_f64(excused);
    }

    fn begin(&self, planned: &Planned) -> usize {
        let seconds = |value: &Value| value.as_f64().map(Duration::from_secs_f64);
        let option = |name: &str| seconds(&planned.options[name]).or_else(|| seconds(&self.settings[name]));
        let now = self.world.time.passed();
        let mut state = self.world.state();
        let sequence = state.history.sequence;
        state.history.calls.push(Call {
            client: self.index,
            operation: planned.operation,
            arguments: planned.arguments.clone(),
            named: planned.named,
            timeout: option("timeout").unwrap(),
            turn_timeout: option("turn_timeout"),
            max_wait: seconds(&self.settings["max_wait"]).unwrap(),
            quota_wait: seconds(&self.settings["quota_wait"]).unwrap_or_default(),
            allow_repeat: planned.options["allow_repeat"] == true,
            concurrency: self.settings["concurrency"].as_u64().unwrap_or_default(),
            began: now,
            ended: None,
            sequence: (sequence, u64::MAX),
            end: None,
            pauses: Vec::new(),
            excused: Duration::ZERO,
        });
        state.history.calls.len() - 1
    }

    async fn list(&self, planned: &Planned, options: CallOptions) -> (End, Vec<f64>, f64) {
        let pager = self.client.pages(LIST, Map::new(), options).unwrap();
        let (mut listed, mut patience) = (Vec::new(), planned.patience);
        let (mut pauses, mut excused) = (Vec::new(), 0.0);
        loop {
            match next(&pager, planned.whole).await {
                Ok(Some(page)) => {
                    listed.extend(ids(&page));
                    let (more, longer) = waits(&page.meta.waits);
                    pauses.extend(more);
                    excused += longer;
                    pager.consumed(page.len());
                }
                Ok(None) => return (End::Listed(listed), pauses, excused),
                Err(error) if patience > 0 && !is_end(error.kind()) => patience -= 1,
                Err(error) => return failed(&error, listed),
            }
        }
    }
}

/// Whether a list does not go on after an error of this kind.
fn is_end(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Incomplete | ErrorKind::Cancelled | ErrorKind::Closed)
}

async fn next(pager: &Pager, whole: bool) -> beproduct::Result<Option<Page>> {
    if whole { pager.next_of_all().await } else { pager.next_page().await }
}

fn ids(page: &Page) -> Vec<String> {
    let rows: Vec<Value> = serde_json::from_slice(&page.json()).unwrap();
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// Pauses that the service asked for, and the time that does not count against the limits of a call.
fn waits(waits: &[beproduct::Wait]) -> (Vec<f64>, f64) {
    let of = |reason| waits.iter().filter(move |wait| wait.reason == reason).map(|wait| wait.seconds);
    (of(WaitReason::RetryAfter).collect(), of(WaitReason::Quota).sum())
}

fn failed(error: &beproduct::Error, listed: Vec<String>) -> (End, Vec<f64>, f64) {
    let (pauses, excused) = waits(error.waits());
    let failure = Failure {
        kind: error.kind(),
        outcome: error.outcome(),
        text: error.to_string(),
        details: error.details().cloned(),
        listed,
    };
    (End::Failed(failure), pauses, excused)
}
