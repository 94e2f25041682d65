//! Reads of single records that begin within a moment, gathered into reads of many.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use serde_json::{Map, Value};

use super::many::{self, Read, one_id};
use crate::answer::Answer;
use crate::arguments;
use crate::arguments::filters::MOST_VALUES;
use crate::caller;
use crate::catalog::Operation;
use crate::error::{Error, Result};
use crate::options::{Call, CallOptions};
use crate::own::{ErrorKind, Meta, Outcome};
use crate::promise::{self, Promised};
use crate::requester::Requester;

/// How long a read waits for others.
const WINDOW: Duration = Duration::from_millis(10);

/// The reads of one sign-in that wait for others.
#[derive(Default)]
pub(crate) struct Loads(Mutex<Vec<Batch>>);

struct Batch {
    operation: &'static Operation,
    options: CallOptions,
    asked: Vec<Asked>,
    result: Promised<Arc<Result<Read>>>,
}

/// A record, as long as somebody waits for it.
struct Asked {
    id: String,
    wanted: Weak<()>,
}

/// One record, read together with those that others ask for at the same time.
pub(crate) async fn load(
    requester: &Requester,
    operation: &'static Operation,
    call: &Call,
) -> Result<Answer> {
    arguments::check_names(operation, &call.arguments)?;
    let parameter = operation.parameters.iter().find(|parameter| parameter.required);
    let given = parameter.map(|parameter| (parameter.name, call.arguments.get(parameter.name)));
    let (name, value) = given.ok_or_else(|| Error::internal(format!("{} takes no id", operation.id)))?;
    let id =
        one_id(name, value.unwrap_or(&Value::Null)).map_err(|error| error.with_operation(operation.id))?;
    let wanted = Arc::new(());
    let (result, is_first) = join(requester, operation, &id, &call.options, Arc::downgrade(&wanted));
    let cancel = call.options.cancel.clone().unwrap_or_default();
    let read = cancel.end(async { Ok(result.wait().await) }).await?;
    drop(wanted);
    let closed = || Error::new(ErrorKind::Closed, "the client was closed during the call");
    let of = |error: Error| error.with_operation(operation.id);
    let read = read.ok_or_else(|| of(closed()))?;
    let Read { found, meta, end } = (*read).as_ref().map_err(|error| of(error.clone()))?;
    let asked = found.asked();
    // The cost of the request is the first caller's.
    let meta = if is_first { meta.clone() } else { Meta { cost: 0, ..meta.clone() } };
    match (found.record(&id), end) {
        (Some(record), _) => Ok(Answer { raw: record.clone(), body: record.clone(), meta }),
        // What has failed may be another's record.
        (None, Err(error)) if asked > 1 && !ends_all(error) => {
            alone(requester, operation, &id, call).await.map_err(of)
        }
        (None, Err(error)) => Err(of(error.clone())),
        (None, Ok(_)) => {
            Err(Error::new(ErrorKind::NotFound, format!("no {} has the id {id}", operation.noun))
                .with_outcome(Outcome::Refused)
                .with_request_id(Some(meta.request_id))
                .with_trace(meta.attempts, meta.waits, meta.cost)
                .with_operation(operation.id))
        }
    }
}

/// Whether an error meets all records.
fn ends_all(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Auth
            | ErrorKind::Cancelled
            | ErrorKind::Closed
            | ErrorKind::QuotaExceeded
            | ErrorKind::RateLimited
    )
}

/// One record by a request of its own.
async fn alone(
    requester: &Requester,
    operation: &'static Operation,
    id: &str,
    call: &Call,
) -> Result<Answer> {
    let read =
        operation.gathers_into.and_then(Operation::find).and_then(|many| many.look).and_then(Operation::find);
    let read = read.ok_or_else(|| Error::internal(format!("{} gathers into nothing", operation.id)))?;
    let name = read.parameters.iter().find(|parameter| parameter.required).map_or("", |one| one.name);
    let arguments = Map::from_iter([(name.to_owned(), Value::from(id))]);
    requester.request(read, &Call { arguments, options: call.options.clone() }).await
}

/// A place in the batch that is gathered, and whether it is the first there.
fn join(
    requester: &Requester,
    operation: &'static Operation,
    id: &str,
    options: &CallOptions,
    wanted: Weak<()>,
) -> (Promised<Arc<Result<Read>>>, bool) {
    let asked = Asked { id: id.to_owned(), wanted };
    let mut batches = requester.loads().lock();
    let open = batches.iter_mut().find(|batch| {
        batch.operation.id == operation.id
            && batch.asked.len() < MOST_VALUES
            && is_alike(&batch.options, options)
    });
    if let Some(batch) = open {
        batch.asked.push(asked);
        return (batch.result.clone(), false);
    }
    let (promise, result) = promise::promise();
    let options = CallOptions { cancel: Some(requester.closed().clone()), progress: None, ..options.clone() };
    batches.push(Batch { operation, options, asked: vec![asked], result: result.clone() });
    drop(batches);
    let (requester, mine) = (requester.clone(), result.clone());
    let window = requester.clock().pause(WINDOW);
    requester.handle().clone().spawn(caller::inherit(async move {
        window.await;
        let Some(batch) = requester.loads().take(&mine) else { return };
        if let Some(read) = batch.send(&requester).await {
            promise.keep(Arc::new(read));
        }
    }));
    (result, true)
}

impl Loads {
    fn lock(&self) -> MutexGuard<'_, Vec<Batch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The batch with this result, which nobody joins any more.
    fn take(&self, result: &Promised<Arc<Result<Read>>>) -> Option<Batch> {
        let mut batches = self.lock();
        let place = batches.iter().position(|batch| batch.result.is(result))?;
        Some(batches.remove(place))
    }
}

impl Batch {
    /// None when nobody waits any more.
    async fn send(self, requester: &Requester) -> Option<Result<Read>> {
        let asked = self.asked.into_iter().filter(|asked| asked.wanted.strong_count() > 0);
        let ids: Vec<Value> = asked.map(|asked| asked.id.into()).collect();
        if ids.is_empty() {
            return None;
        }
        let many = self.operation.gathers_into.and_then(Operation::find);
        let Some(many) = many else {
            return Some(Err(Error::internal(format!("{} gathers into nothing", self.operation.id))));
        };
        let name = many.parameters.iter().find(|parameter| parameter.required).map_or("ids", |one| one.name);
        let arguments = Map::from_iter([(name.to_owned(), Value::from(ids))]);
        Some(many::read(requester, many, &Call { arguments, options: self.options }).await)
    }
}

/// Whether requests with these options are the same.
fn is_alike(one: &CallOptions, other: &CallOptions) -> bool {
    let key = |options: &CallOptions| {
        (
            (options.timeout, options.turn_timeout, options.attempts, options.page_size),
            (options.label.clone(), options.priority.unwrap_or_default()),
            (options.extra_query.clone(), options.headers.clone()),
        )
    };
    key(one) == key(other)
}
