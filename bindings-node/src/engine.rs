//! What the objects of the package are made of: a client, or a sign-in of a person.

use std::sync::Arc;

use beproduct::host::{Host, HostFailure};
use beproduct::seam::{self, Attachment, Supply};
use bytes::Bytes;
use napi::Env;
use napi::bindgen_prelude::{Object, Result, Uint8Array};
use napi_derive::napi;

use crate::host::{HostFunction, NodeHost};
use crate::promise::{crossing, promise, runtime};
use crate::reply::Reply;

/// A client or a sign-in.
#[napi]
pub struct Engine(seam::Engine);

#[napi]
impl Engine {
    /// A client, from settings as JSON text. `host` runs the program's code for the hooks that are named.
    #[napi(factory)]
    pub fn open(settings: String, hooks: Vec<String>, host: HostFunction) -> Result<Self> {
        let host = (!hooks.is_empty()).then(|| Arc::new(NodeHost::new(hooks, host)) as Arc<dyn Host>);
        made(seam::Engine::open(&settings, host, None, runtime()?))
    }

    /// A sign-in whose program brings the person back, from settings as JSON text.
    #[napi(factory)]
    pub fn sign_in(settings: String) -> Result<Self> {
        made(seam::Engine::sign_in(&settings, runtime()?))
    }

    /// A sign-in with the browser of this machine, from settings and options as JSON text.
    #[napi(factory)]
    pub fn login(settings: String, options: String) -> Result<Self> {
        made(seam::Engine::login(&settings, &options, runtime()?))
    }

    /// A client for another user, from JSON text.
    #[napi]
    pub fn child(&self, whom: String) -> Result<Self> {
        made(self.0.child(&whom, None))
    }

    /// The same client with options for all of its calls, from JSON text.
    #[napi]
    pub fn with_options(&self, options: String) -> Result<Self> {
        made(self.0.with_options(&options))
    }

    /// A number for a call that has not started yet.
    #[napi]
    pub fn issue_call(&self) -> i64 {
        self.0.issue_call().cast_signed()
    }

    /// Cancels the call with this number.
    #[napi]
    pub fn cancel(&self, call: i64) {
        self.0.cancel(call.cast_unsigned());
    }

    /// Gives bytes to a call that has not started, and returns their number there.
    #[napi]
    pub fn attach_bytes(&self, call: i64, bytes: Uint8Array) -> u32 {
        self.attach(call, Attachment::Bytes(Bytes::copy_from_slice(&bytes)))
    }

    /// The same of a stream.
    #[napi]
    pub fn attach_stream(&self, call: i64, replayable: bool) -> u32 {
        self.attach(call, Attachment::Stream { replayable })
    }

    fn attach(&self, call: i64, attachment: Attachment) -> u32 {
        u32::try_from(self.0.attach(call.cast_unsigned(), attachment)).unwrap_or(u32::MAX)
    }

    /// Hands in a part of the first stream of a call: `nothing`, `chunk`, `end` or `failed`; resolves to what is wanted next,
    /// `start`, `more` or `stop`.
    #[napi]
    pub fn supply<'env>(
        &self,
        env: &'env Env,
        call: i64,
        what: String,
        chunk: Option<Uint8Array>,
        failure: Option<String>,
        id: Option<u32>,
    ) -> Result<Object<'env>> {
        let supply = match (what.as_str(), chunk) {
            ("chunk", Some(chunk)) => Supply::Chunk(Bytes::copy_from_slice(&chunk)),
            ("end", _) => Supply::End,
            ("failed", _) => {
                let failure = HostFailure::new(failure.unwrap_or_default());
                Supply::Failed(failure.with_id(id.unwrap_or_default().into()))
            }
            _ => Supply::Nothing,
        };
        let wanted = self.0.supply(call.cast_unsigned(), 0, supply);
        promise(env, async move { Ok(wanted.await) }, |wanted| wanted.as_str().to_owned())
    }

    /// Calls an operation or a method of the client; resolves to a [`Reply`].
    #[napi]
    pub fn call<'env>(
        &self,
        env: &'env Env,
        call: i64,
        name: String,
        arguments: String,
        options: String,
    ) -> Result<Object<'env>> {
        promise(env, self.0.call(call.cast_unsigned(), &name, &arguments, &options), Reply::from)
    }

    /// The pages of a list operation, or the bytes of a file.
    #[napi]
    pub fn stream(&self, call: i64, name: String, arguments: String, options: String) -> Result<Stream> {
        let stream = self.0.stream(call.cast_unsigned(), &name, &arguments, &options);
        stream.map(Stream).map_err(|error| crossing(&error))
    }

    /// Where the person of a sign-in goes.
    #[napi(getter)]
    pub fn url(&self) -> Option<String> {
        self.0.url()
    }

    /// Ends all calls; resolves when what the client leased is given back and the host has all that there was for it.
    #[napi]
    pub fn close<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        promise(env, self.0.close(), |()| ())
    }

    /// Moves a recorded clock on.
    #[napi]
    pub fn advance_clock(&self, seconds: f64) -> Result<()> {
        self.0.advance_clock(seconds).map_err(|error| crossing(&error))
    }
}

/// The pages of one list.
#[napi]
pub struct Stream(seam::Stream);

#[napi]
impl Stream {
    /// The next page, or null at the end. `all` says that the whole list is wanted.
    #[napi]
    pub fn next<'env>(&self, env: &'env Env, all: bool) -> Result<Object<'env>> {
        promise(env, self.0.next(all), |page| page.map(Reply::from))
    }

    /// How far the list was read, as JSON text.
    #[napi]
    pub fn position(&self) -> String {
        self.0.position()
    }

    /// Reports records that were consumed.
    #[napi]
    pub fn consumed(&self, count: u32) {
        self.0.consumed(count as usize, || None);
    }
}

fn made(engine: beproduct::Result<seam::Engine>) -> Result<Engine> {
    engine.map(Engine).map_err(|error| crossing(&error))
}
