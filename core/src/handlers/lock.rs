//! Locks that programs share. One whose caller has gone is given back (docs/service/automation.md, Locks).

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};
use tokio::sync::oneshot;

use crate::answer::{self, Answer};
use crate::catalog::Operation;
use crate::error::{Error, Result};
use crate::options::{Call, CallOptions};
use crate::own::{ErrorKind, Outcome};
use crate::requester::Requester;

/// Members whose `false` says that another program has the lock. What the service really answers is not recorded.
const SAYS: [&str; 2] = ["acquired", "success"];

/// A lock that was taken. Dropping it gives the lock back, unless its caller has it.
struct Taken {
    answer: Answer,
    /// What took it.
    operation: &'static Operation,
    call: Call,
    requester: Requester,
    is_kept: bool,
}

/// What a call has taken, until its answer is with the program: between the two, the far side of a seam may cancel the call.
#[derive(Clone, Default)]
pub(crate) struct OnItsWay(Arc<Mutex<Option<Taken>>>);

impl std::fmt::Debug for OnItsWay {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("OnItsWay")
    }
}

impl OnItsWay {
    fn put(&self, taken: Option<Taken>) -> Option<Taken> {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), taken)
    }

    /// The program has the answer.
    pub(crate) fn arrived(&self) {
        if let Some(taken) = self.put(None) {
            taken.keep();
        }
    }

    /// Nobody wants it any more.
    pub(crate) fn give_back(&self) {
        drop(self.put(None));
    }
}

/// Takes a lock. A request that is on its way goes on when its call is cancelled, and what it has taken then is given back.
/// After a lost answer nothing is: the release names no owner, so it could be another program's lock by now.
pub(crate) async fn acquire(
    requester: &Requester,
    operation: &'static Operation,
    call: &Call,
    on_its_way: Option<OnItsWay>,
) -> Result<Answer> {
    let cancel = call.options.cancel.clone().unwrap_or_default();
    let (tell, told) = oneshot::channel();
    let work = async {
        let options = CallOptions { cancel: None, ..call.options.clone() };
        let call = Call { arguments: call.arguments.clone(), options };
        let requester = requester.clone();
        requester.handle().clone().spawn(async move {
            let result = requester.request(operation, &call).await;
            let result = result.and_then(|answer| check(answer, &call.arguments));
            // Where nobody listens any more, dropping it gives it back.
            let _ =
                tell.send(result.map(|answer| Taken { answer, operation, call, requester, is_kept: false }));
        });
        told.await.map_err(|_| Error::internal("a lock was being taken, and the task has ended"))?
    };
    let taken = cancel.end(work).await?;
    let answer = taken.answer.clone();
    match on_its_way {
        Some(on_its_way) => drop(on_its_way.put(Some(taken))),
        None => taken.keep(),
    }
    Ok(answer)
}

fn check(answer: Answer, arguments: &Map<String, Value>) -> Result<Answer> {
    let body = answer::value(&answer.body);
    let says_no = |value: &Value| *value == Value::Bool(false);
    if !says_no(&body) && !SAYS.iter().any(|member| body.get(member).is_some_and(says_no)) {
        return Ok(answer);
    }
    let name = arguments.get("name").and_then(Value::as_str).unwrap_or_default();
    let text = format!("another program has the lock {name:?}, as the service answers {body}");
    let meta = answer.meta;
    Err(Error::new(ErrorKind::Conflict, text)
        .with_status(meta.status)
        .with_outcome(Outcome::Refused)
        .with_trace(meta.attempts, meta.waits, meta.cost))
}

impl Taken {
    fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let Some(operation) = self.operation.gives_back.filter(|_| !self.is_kept).and_then(Operation::find)
        else {
            return;
        };
        let (requester, mut call) = (self.requester.clone(), self.call.clone());
        call.arguments.retain(|name, _| operation.parameters.iter().any(|parameter| parameter.name == name));
        // What fails is in the log.
        self.requester.handle().spawn(async move { release(&requester, operation, &call).await.map(drop) });
    }
}

/// Gives a lock back. Its failure is logged, as the program may be ending with another error.
pub(crate) async fn release(
    requester: &Requester,
    operation: &'static Operation,
    call: &Call,
) -> Result<Answer> {
    let result = requester.request(operation, call).await;
    if let Err(error) = &result {
        requester.log().warn(&format!("a lock is not given back, as far as is known: {error}"));
    }
    result
}
