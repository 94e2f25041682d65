//! What the typed methods give, as JSON.

use beproduct::api::Response;
use beproduct::{Error, Result};
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryFutureExt as _};
use serde::Serialize;
use serde_json::Value;

pub(crate) type Records = BoxStream<'static, Result<Value>>;

fn json(record: impl Serialize) -> Value {
    serde_json::to_value(record).unwrap()
}

pub(crate) fn record(record: Result<impl Serialize>) -> Result<Value> {
    record.map(json)
}

pub(crate) fn response(response: Result<Response<impl Serialize>>) -> Result<Response<Value>> {
    response.map(|response| response.map(json))
}

pub(crate) fn all<T: Serialize + Send + 'static>(
    records: impl Future<Output = Result<Vec<T>, Error>> + Send + 'static,
) -> Records {
    records
        .map_ok(|records| stream::iter(records.into_iter().map(|record| Ok(json(record)))))
        .try_flatten_stream()
        .boxed()
}
