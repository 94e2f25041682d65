//! The client and its pagers.

use beproduct::seam;
use bytes::Bytes;
use napi::Env;
use napi::bindgen_prelude::{Buffer, Object, Result};
use napi_derive::napi;

use crate::cancellation::Cancellation;
use crate::host::{Log, QuotaListener, TokenStore, hooks};
use crate::promise::{cancellable, crossing, promise, runtime};

/// A client.
#[napi]
pub struct Engine(seam::Engine);

/// An answer, or a page of one.
#[napi(object, object_from_js = false)]
pub(crate) struct Reply {
    /// JSON text.
    pub body: String,
    /// The body as it came from the service.
    pub raw: Buffer,
    /// JSON text.
    pub meta: String,
    /// Records of the whole list.
    pub total: Option<f64>,
}

#[napi]
impl Engine {
    /// Makes a client from settings as JSON text.
    #[napi(constructor)]
    pub fn new(
        settings: String,
        token_store: Option<TokenStore>,
        quota_listener: Option<QuotaListener>,
        log: Option<Log>,
    ) -> Result<Self> {
        seam::Engine::open(&settings, hooks(token_store, quota_listener, log), runtime()?)
            .map(Self)
            .map_err(|error| crossing(&error))
    }

    /// A number for a call that has not started yet.
    #[napi]
    pub fn issue_call(&self) -> i64 {
        self.0.issue_call().cast_signed()
    }

    /// Gives a call up.
    #[napi]
    pub fn cancel(&self, call: i64) {
        self.0.cancel(call.cast_unsigned());
    }

    /// Calls an operation.
    #[napi]
    pub fn call<'env>(
        &self,
        env: &'env Env,
        call: i64,
        operation: String,
        arguments: String,
        options: String,
    ) -> Result<Object<'env>> {
        promise(env, self.0.call(call.cast_unsigned(), &operation, &arguments, &options), reply)
    }

    /// The pages of a list operation.
    #[napi]
    pub fn pages(&self, call: i64, operation: String, arguments: String, options: String) -> Result<Pager> {
        self.0
            .pages(call.cast_unsigned(), &operation, &arguments, &options)
            .map(Pager)
            .map_err(|error| crossing(&error))
    }

    /// How the quota stands, as JSON text.
    #[napi]
    pub fn quota_status<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        promise(env, self.0.quota_status(), Ok)
    }

    /// Who used the quota during the last days, as JSON text.
    #[napi]
    pub fn quota_report<'env>(&self, env: &'env Env, days: i64) -> Result<Object<'env>> {
        // The core refuses 0 as well.
        promise(env, self.0.quota_report(u64::try_from(days).unwrap_or_default()), Ok)
    }

    /// The requests that some work takes, both as JSON text.
    #[napi]
    pub fn quota_estimate<'env>(&self, env: &'env Env, work: String) -> Result<Object<'env>> {
        promise(env, self.0.quota_estimate(&work), Ok)
    }

    /// Goes on with another plan, from JSON text.
    #[napi]
    pub fn change_plan(&self, plan: String) -> Result<()> {
        self.0.change_plan(&plan).map_err(|error| crossing(&error))
    }

    /// A client for another user, from JSON text.
    #[napi]
    pub fn acting_as(&self, whom: String) -> Result<Self> {
        self.0.acting_as(&whom).map(Self).map_err(|error| crossing(&error))
    }

    /// Who is signed in, as JSON text.
    #[napi]
    pub fn userinfo<'env>(&self, env: &'env Env, cancellation: &Cancellation) -> Result<Object<'env>> {
        cancellable(env, cancellation.token(), self.0.userinfo(), Ok)
    }

    /// The address that ends the sign-in in the browser.
    #[napi]
    pub fn end_session_url<'env>(
        &self,
        env: &'env Env,
        cancellation: &Cancellation,
        post_logout_redirect_uri: Option<String>,
    ) -> Result<Object<'env>> {
        cancellable(env, cancellation.token(), self.0.end_session_url(post_logout_redirect_uri), Ok)
    }

    /// Revokes the tokens and forgets them; resolves to whether they were revoked.
    #[napi]
    pub fn sign_out<'env>(&self, env: &'env Env, cancellation: &Cancellation) -> Result<Object<'env>> {
        cancellable(env, cancellation.token(), self.0.sign_out(), Ok)
    }

    /// What the identity server says of itself, as JSON text.
    #[napi]
    pub fn discovery<'env>(&self, env: &'env Env, cancellation: &Cancellation) -> Result<Object<'env>> {
        cancellable(env, cancellation.token(), self.0.discovery(), Ok)
    }

    /// Ends all calls; resolves when the leases are given back.
    #[napi]
    pub fn close<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        promise(env, self.0.shut_down(), Ok)
    }

    /// Moves a recorded clock on.
    #[napi]
    pub fn advance_clock(&self, seconds: f64) -> Result<()> {
        self.0.advance_clock(seconds).map_err(|error| crossing(&error))
    }
}

/// The pages of one list.
#[napi]
pub struct Pager(seam::EnginePager);

#[napi]
impl Pager {
    /// The next page, or null at the end. `whole` says that all pages are wanted.
    #[napi]
    pub fn next_page<'env>(&self, env: &'env Env, whole: bool) -> Result<Object<'env>> {
        promise(env, self.0.next_page(whole), |page| page.map(reply).transpose())
    }

    /// Gives the last page once more.
    #[napi]
    pub fn again(&self) {
        self.0.again();
    }

    /// How far the list was read, as JSON text.
    #[napi]
    pub fn position(&self) -> String {
        self.0.position()
    }

    /// Records of the whole list, once a page has told.
    #[napi]
    pub fn total<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        promise(env, self.0.total(), |total| Ok(total.map(figure)))
    }

    /// Reports records that were taken.
    #[napi]
    pub fn consumed(&self, count: u32) {
        self.0.consumed(count as usize);
    }
}

fn reply(reply: seam::Reply) -> Result<Reply> {
    Ok(Reply {
        body: text(reply.body)?,
        raw: Vec::from(reply.raw).into(),
        meta: reply.meta,
        total: reply.total.map(figure),
    })
}

/// Exact up to 2^53.
fn figure(total: u64) -> f64 {
    total as f64
}

fn text(json: Bytes) -> Result<String> {
    String::from_utf8(json.into()).map_err(|error| napi::Error::from_reason(error.to_string()))
}
