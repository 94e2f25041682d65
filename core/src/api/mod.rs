//! Typed methods, generated from the catalogue, over [`Client::call`] and [`Client::pages`].

mod generated;
mod held;

use std::marker::PhantomData;
use std::path::Path;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{Stream, stream};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::handlers::Beside;
use crate::own::{ErrorKind, Outcome};
use crate::{Answer, CallOptions, Client, FileSource, Meta};

pub use generated::*;
pub use held::Held;

/// Something that can stand as an argument. What cannot be written as JSON becomes the call's error.
pub(crate) trait IntoArgument {
    fn into_argument(self) -> Result<Value>;
}

impl<T: Into<Value>> IntoArgument for T {
    fn into_argument(self) -> Result<Value> {
        Ok(self.into())
    }
}

/// A value that was serialized, or why it could not be.
pub(crate) struct Serialized(std::result::Result<Value, serde_json::Error>);

impl IntoArgument for Serialized {
    fn into_argument(self) -> Result<Value> {
        self.0.map_err(|error| Error::config(format!("an argument cannot be written as JSON: {error}")))
    }
}

fn list_value(items: impl IntoIterator<Item = impl Into<Value>>) -> Value {
    items.into_iter().map(Into::into).collect()
}

fn fields_value(pairs: impl IntoIterator<Item = (impl Into<String>, impl Into<Value>)>) -> Value {
    // A list, not a map: a field that was named twice is then noticed.
    pairs.into_iter().map(|(id, value)| serde_json::json!({"id": id.into(), "value": value.into()})).collect()
}

fn query_value(pairs: impl IntoIterator<Item = (impl Into<String>, impl Into<Value>)>) -> Value {
    pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect::<Map<_, _>>().into()
}

fn path_value(path: impl AsRef<Path>) -> Serialized {
    Serialized(serde_json::to_value(path.as_ref()))
}

fn records_value(items: impl IntoIterator<Item = impl Serialize>) -> Serialized {
    Serialized(items.into_iter().map(serde_json::to_value).collect())
}

/// A call that is being put together.
#[derive(Debug)]
struct Request<T> {
    client: Client,
    operation: &'static str,
    arguments: Result<Map<String, Value>>,
    files: Vec<FileSource>,
    options: CallOptions,
    answer: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + Send + 'static> Request<T> {
    fn new(client: &Client, operation: &'static str) -> Self {
        Self {
            client: client.clone(),
            operation,
            arguments: Ok(Map::new()),
            files: Vec::new(),
            options: CallOptions::default(),
            answer: PhantomData,
        }
    }

    fn argument(mut self, name: &str, value: impl IntoArgument) -> Self {
        self.arguments = self.arguments.and_then(|mut arguments| {
            arguments.insert(name.to_owned(), value.into_argument()?);
            Ok(arguments)
        });
        self
    }

    fn file(mut self, name: &str, file: impl Into<FileSource>) -> Self {
        let number = self.files.len();
        self.files.push(file.into());
        self.argument(name, serde_json::json!({"attached": number}))
    }

    fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    fn into_future(self) -> BoxFuture<'static, Result<T>> {
        Box::pin(async move { Ok(self.with_response().await?.body) })
    }

    /// The bytes of the file that the operation answers with.
    fn bytes(self) -> impl Stream<Item = Result<Bytes>> + Send + use<T> {
        let Self { client, operation, arguments, options, .. } = self;
        let reading = arguments.and_then(|arguments| client.file(operation, arguments, options));
        stream::try_unfold(reading, |reading| async move {
            let mut reading = reading?;
            Ok(reading.bytes().await?.map(|bytes| (bytes, Ok(reading))))
        })
    }

    async fn with_response(self) -> Result<Response<T>> {
        let arguments = self.arguments?;
        let beside = Beside {
            files: self.files,
            place: self.client.place(self.operation, &arguments),
            on_its_way: None,
        };
        let Answer { body, raw, meta } =
            self.client.call_with(self.operation, arguments, beside, self.options).await?;
        Ok(Response { body: decode(&body)?, raw, meta })
    }
}

/// An answer with how it came about.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Response<T> {
    /// What the call alone gives.
    pub body: T,
    /// The body as it came from the service.
    pub raw: Bytes,
    /// Status, headers, attempts, waits, rate figures and cost.
    pub meta: Meta,
}

impl<T> Response<T> {
    /// The same with another body.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        Response { body: change(self.body), raw: self.raw, meta: self.meta }
    }
}

/// A list that is being put together.
#[derive(Debug)]
struct PagedRequest<T>(Request<T>);

impl<T: DeserializeOwned + Send + 'static> PagedRequest<T> {
    fn new(client: &Client, operation: &'static str) -> Self {
        Self(Request::new(client, operation))
    }

    fn argument(self, name: &str, value: impl IntoArgument) -> Self {
        Self(self.0.argument(name, value))
    }

    fn options(self, options: CallOptions) -> Self {
        Self(self.0.options(options))
    }

    fn stream(self) -> impl Stream<Item = Result<T>> + Send + use<T> {
        let Request { client, operation, arguments, options, .. } = self.0;
        let pager = arguments.and_then(|arguments| client.pages(operation, arguments, options));
        stream::try_unfold(
            (Some(pager), Vec::new().into_iter()),
            |(pager, mut rows): (_, std::vec::IntoIter<T>)| async {
                let pager = match pager {
                    Some(Ok(pager)) => pager,
                    Some(Err(error)) => return Err(error),
                    None => return Ok(None),
                };
                loop {
                    if let Some(row) = rows.next() {
                        pager.consumed(1);
                        return Ok(Some((row, (Some(Ok(pager)), rows))));
                    }
                    let Some(page) = pager.next_page().await? else { return Ok(None) };
                    rows = decode::<Vec<T>>(&page.json())?.into_iter();
                }
            },
        )
    }

    async fn collect(self) -> Result<Vec<T>> {
        let Request { client, operation, arguments, options, .. } = self.0;
        let pager = client.pages(operation, arguments?, options)?;
        let mut all = Vec::new();
        while let Some(page) = pager.next_of_all().await? {
            all.extend(decode::<Vec<T>>(&page.json())?);
        }
        Ok(all)
    }
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    serde_json::from_slice(body).map_err(|error| {
        Error::new(
            ErrorKind::Decode,
            format!("the answer does not have the shape that the catalogue states: {error}"),
        )
        .with_outcome(Outcome::Applied)
        .with_source(error)
    })
}
