//! Locks that programs share. One whose caller has gone is given back (docs/service/automation.md, Locks).

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

/// A lock that was taken, until its caller has it.
struct Taken {
    answer: Answer,
    /// Of the call that took it.
    arguments: Map<String, Value>,
    gives_back: Option<&'static str>,
    requester: Requester,
    kept: bool,
}

/// Takes a lock. A request that is on its way goes on when its call is cancelled, and what it has taken then is given back.
/// After a lost answer nothing is: the release names no owner, so it could be another program's lock by now.
pub(crate) async fn acquire(
    requester: &Requester,
    operation: &'static Operation,
    call: &Call,
) -> Result<Answer> {
    let cancel = call.options.cancel.clone().unwrap_or_default();
    let (tell, told) = oneshot::channel();
    let work = async {
        let options = CallOptions { cancel: None, ..call.options.clone() };
        let call = Call { arguments: call.arguments.clone(), options };
        let requester = requester.clone();
        requester.handle().clone().spawn(async move {
            let result = requester.request(operation, &call).await;
            let result = result.and_then(|answer| check(answer, &call.arguments)).map(|answer| Taken {
                answer,
                arguments: call.arguments,
                gives_back: operation.gives_back,
                requester,
                kept: false,
            });
            // Where nobody listens any more, dropping it gives it back.
            let _ = tell.send(result);
        });
        told.await.map_err(|_| Error::internal("a lock was being taken, and the task has ended"))?
    };
    Ok(cancel.end(work).await?.keep())
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
    fn keep(mut self) -> Answer {
        self.kept = true;
        self.answer.clone()
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let Some(operation) = self.gives_back.filter(|_| !self.kept).and_then(Operation::find) else {
            return;
        };
        let requester = self.requester.clone();
        let needed = |name: &String| operation.parameters.iter().any(|parameter| parameter.name == name);
        let arguments =
            std::mem::take(&mut self.arguments).into_iter().filter(|(name, _)| needed(name)).collect();
        self.requester.handle().spawn(async move {
            // What fails is in the log.
            let _ =
                release(&requester, operation, &Call { arguments, options: CallOptions::default() }).await;
        });
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
