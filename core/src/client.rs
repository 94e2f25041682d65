//! [`Client`]: one company, one sign-in, one quota.

mod acting;
mod builder;
mod inherited;
mod methods;
mod settings;
mod shared;
mod stored;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::arguments::{self, short_id};
use crate::auth::{Auth, Tokens};
use crate::cancel::Cancel;
use crate::catalog::{Base, Handler, Kind, Operation, Parameter, operations};
use crate::changes::{self, Room, Scene};
use crate::clock::{Clock as _, RecordedClock, SystemClock};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::filters::FilterCheck;
use crate::handlers::{self, Beside, Reading};
use crate::headers;
use crate::host::Hooks;
use crate::http::Body;
use crate::near;
use crate::options::{Call, CallOptions, Priority};
use crate::own::{ErrorKind, Estimate, Meta, QuotaReport, QuotaStatus, Work};
use crate::paging::Pager;
use crate::promise::{Promised, promise};
use crate::quota::{Ask, Plan};
use crate::record_lines::Place;
use crate::requester::{Requester, Transfer};
use crate::tally::Tally;

pub use self::builder::ClientBuilder;
pub use self::inherited::Inherited;
use self::shared::Shared;
pub use self::stored::{stored_report, stored_status};
pub(crate) use crate::own::names::Method;

/// A client for one company. Cheap to clone; all clones share tokens, quota and connections.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    auth: Auth,
    requester: Requester,
    filters: Arc<FilterCheck>,
    /// Of all calls, where they say nothing themselves.
    defaults: Arc<CallOptions>,
    /// Let go when the client is closed. Those who act for another leave them to their administrator's client.
    hooks: Option<Hooks>,
    closing: Arc<OnceLock<Promised<()>>>,
}

/// How long a program waits for a client that is closed, at most.
const LONGEST_CLOSE: Duration = Duration::from_secs(5);

impl Client {
    /// Begins a client for this company: what follows the host name in the browser when signed in.
    pub fn builder(company_domain: impl Into<String>) -> ClientBuilder {
        let config = Config { company_domain: Some(company_domain.into()), ..Config::default() };
        ClientBuilder::from_config(config)
    }

    /// The same client with options for all of its calls; those of a call win, one by one. It shares everything with this
    /// client, and closing one of them closes both.
    ///
    /// # Errors
    /// `config` for an option that no call may have.
    pub fn with_options(&self, options: CallOptions) -> Result<Self> {
        let defaults = options.over(&self.defaults);
        self.check_values(&defaults)?;
        Ok(Self { defaults: Arc::new(defaults), ..self.clone() })
    }

    /// Calls an operation by its id, `style.attributes_get`, or its short name, `style.get`, or a method of the client:
    /// `quota.status`, whose answer has no more than a body, and which has no options but `cancel`.
    ///
    /// # Errors
    /// Any [`ErrorKind`].
    pub async fn call(
        &self,
        operation: &str,
        arguments: Map<String, Value>,
        options: CallOptions,
    ) -> Result<Answer> {
        let beside = Beside { place: self.place(operation, &arguments), ..Beside::default() };
        self.call_with(operation, arguments, beside, options).await
    }

    /// The place of an upload among those to its record. It is taken when the call is made, whenever that begins.
    pub(crate) fn place(&self, operation: &str, arguments: &Map<String, Value>) -> Option<Place> {
        let operation =
            Operation::find(operation).filter(|operation| operation.handler == Handler::Upload)?;
        let names = |parameter: &&Parameter| matches!(parameter.kind, Kind::Id | Kind::RelativePath);
        let record = operation.parameters.iter().find(names)?;
        let given = arguments.get(record.name)?.as_str()?;
        let id = match record.kind {
            Kind::RelativePath => arguments::by_hand::record(operation, given)?,
            _ => given.to_owned(),
        };
        let id = id.to_ascii_lowercase();
        Some(Place::join(&format!("{} {id}", self.shared.quota.owner)))
    }

    /// The same with what goes with the call beside its arguments.
    ///
    /// Boxed, as all else that other crates wait for: what they await by its own type is compiled anew in each of them.
    pub(crate) fn call_with<'a>(
        &'a self,
        operation: &'a str,
        arguments: Map<String, Value>,
        beside: Beside,
        options: CallOptions,
    ) -> BoxFuture<'a, Result<Answer>> {
        Box::pin(self.carry_out(operation, arguments, beside, options))
    }

    async fn carry_out(
        &self,
        operation: &str,
        arguments: Map<String, Value>,
        beside: Beside,
        options: CallOptions,
    ) -> Result<Answer> {
        if let Some(method) = Method::find(operation) {
            let (cancel, work) = (options.only_cancel(method.id)?, method.begin(self, arguments)?);
            let body = cancel.end(work).await?.to_string().into();
            return Ok(Answer { body, raw: Bytes::new(), meta: Meta::default() });
        }
        let operation = find(operation)?;
        if operation.paged {
            return Err(Error::config(format!("{} answers in pages: ask for them", short_id(operation))));
        }
        let mut call = Call { arguments, options: self.check_options(options)? };
        let requester = &self.requester;
        let checked = requester.schemas().check(operation, &mut call.arguments);
        checked.map_err(|error| error.with_operation(operation.id))?;
        match operation.handler {
            Handler::Request | Handler::Raw => {
                let prepared = arguments::prepare(operation, &call.arguments)?;
                if let Some(filters) = self.filters_of(&call.options) {
                    filters.check(requester, &prepared, &call.options).await?;
                }
                let rows = prepared.rows_in_body();
                let result = requester.send(operation, prepared, &call.options).await;
                result.map_err(|error| handlers::refused_in_part(error, rows))
            }
            Handler::DeleteHeader => handlers::delete_header(requester, operation, &call).await,
            Handler::DeleteFiles => handlers::delete_files(requester, operation, &call).await,
            Handler::GetByNumber => handlers::get_by_number(requester, operation, &call).await,
            Handler::GetManyByNumber => handlers::get_many_by_number(requester, operation, &call).await,
            Handler::GetMany => handlers::get_many(requester, operation, &call).await,
            Handler::PreviewChanges => {
                let cancel = call.options.cancel.clone().unwrap_or_default();
                changes::preview(&self.scene(operation, &call, cancel), &call).await
            }
            Handler::ApplyChanges => {
                changes::apply(&self.scene(operation, &call, self.cancel_of_requests()), &call).await
            }
            Handler::ResumeChanges => {
                changes::resume(&self.scene(operation, &call, self.cancel_of_requests()), &call).await
            }
            Handler::Load => handlers::load(requester, operation, &call).await,
            Handler::GetAppsOfMany => handlers::get_apps_of_many(requester, operation, &call).await,
            Handler::Download => handlers::download(requester, operation, &call).await,
            Handler::DownloadMany => handlers::download_many(requester, operation, &call).await,
            Handler::Upload => handlers::upload(requester, operation, &call, beside).await,
            Handler::Acquire => handlers::acquire(requester, operation, &call, beside.on_its_way).await,
            Handler::Release => handlers::release(requester, operation, &call).await,
            Handler::UpdateRows => handlers::update_rows(requester, operation, &call).await,
        }
    }

    /// The pages of a list operation. Nothing is sent before the first is asked for.
    ///
    /// # Errors
    /// `config` when an argument or an option is missing or wrong.
    pub fn pages(
        &self,
        operation: &str,
        arguments: Map<String, Value>,
        options: CallOptions,
    ) -> Result<Pager> {
        let operation = find(operation)?;
        if !operation.paged {
            return Err(Error::config(format!("{} does not answer in pages: call it", short_id(operation))));
        }
        let options = self.check_options(options)?;
        let prepared = arguments::prepare(operation, &arguments)?;
        let filters = self.filters_of(&options).cloned();
        Ok(Pager::new(self.requester.clone(), filters, prepared, options))
    }

    /// A file, to be read as it arrives. Nothing is sent before its first bytes are asked for.
    ///
    /// # Errors
    /// `config` when an argument or an option is missing or wrong.
    pub(crate) fn read_file(
        &self,
        operation: &'static Operation,
        arguments: Map<String, Value>,
        options: CallOptions,
    ) -> Result<Reading> {
        let call = Call { arguments, options: self.check_options(options)? };
        let reading = Reading::new(&self.requester, operation, &call)?;
        match reading.target() {
            None => Ok(reading),
            Some(_) => {
                Err(Error::config("a file that is read as a stream is written to no path; leave it out")
                    .with_operation(operation.id))
            }
        }
    }

    /// The same by the name of the operation.
    #[cfg(feature = "typed")]
    pub(crate) fn file(
        &self,
        operation: &str,
        arguments: Map<String, Value>,
        options: CallOptions,
    ) -> Result<Reading> {
        self.read_file(find(operation)?, arguments, options)
    }

    /// How the quota stands. Sends nothing.
    ///
    /// # Errors
    /// `config` when the ledger cannot be read, `network` or `timeout` when it cannot be reached now.
    pub async fn quota_status(&self) -> Result<QuotaStatus> {
        self.shared.quota.status().await
    }

    /// Who used the quota during the last days, today included, as the ledger has it. Sends nothing.
    ///
    /// # Errors
    /// `config` for more days than the 90 that are kept, and as [`Client::quota_status`].
    pub async fn quota_report(&self, days: u64) -> Result<QuotaReport> {
        self.shared.quota.report(days).await
    }

    /// Compares the requests that some work takes with those that are left today. Sends nothing.
    ///
    /// # Errors
    /// `config` for an operation that there is not or for a list whose length is not told, and as [`Client::quota_status`].
    pub async fn quota_estimate(&self, work: &[Work]) -> Result<Estimate> {
        self.shared.quota.estimate(work, self.requester.page_size()).await
    }

    /// Goes on with another plan, as after a purchase of licences. What is counted stays counted, as long as the days begin at
    /// the same time.
    ///
    /// # Errors
    /// `config` for a day that cannot begin so.
    pub fn change_plan(&self, plan: Plan) -> Result<()> {
        self.shared.quota.change_plan(plan)
    }

    /// The sign-in: who it is, and how to end it.
    #[must_use]
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// The runtime of its tasks.
    #[cfg(feature = "typed")]
    pub(crate) fn handle(&self) -> &tokio::runtime::Handle {
        self.requester.handle()
    }

    /// Ends all calls with the error `cancelled`; later ones fail with `closed`. Requests that are leased and not used are
    /// given back meanwhile; [`Client::shut_down`] waits for that.
    pub fn close(&self) {
        drop(self.begin_close());
    }

    /// Closes the client, and ends when what it has leased is given back, or after five seconds.
    pub async fn shut_down(&self) {
        self.begin_close().await;
    }

    /// Closes the client at once. The future ends when what it has leased is given back and the host program has all that
    /// there was for it, or after [`LONGEST_CLOSE`].
    pub(crate) fn begin_close(&self) -> impl Future<Output = ()> + Send + use<> {
        let closed = self.closing.get_or_init(|| self.start_closing()).clone();
        async move {
            tokio::select! {
                _ = closed.wait() => {}
                () = SystemClock::new().pause(LONGEST_CLOSE) => {}
            }
        }
    }

    fn start_closing(&self) -> Promised<()> {
        self.auth.closed.cancel();
        let handle = &self.shared.handle;
        // Those of a client that acts for another are its administrator's.
        let quota = (!self.auth.tokens.is_acting()).then(|| Arc::clone(&self.shared.quota));
        let released = handle.spawn(async move {
            if let Some(quota) = quota {
                quota.release().await;
            }
        });
        let (ended, closed) = promise();
        let (hooks, tokens) = (self.hooks.clone(), Arc::clone(&self.auth.tokens));
        handle.spawn(async move {
            // What a renewal brings would be lost if the program's store could not take it.
            tokens.settled().await;
            let finished = async {
                // Nothing is left to be given back by a task that was ended with its runtime: others find it in its file.
                let _released = released.await;
                if let Some(hooks) = &hooks {
                    hooks.idle().await;
                }
            };
            tokio::select! {
                () = finished => {}
                () = SystemClock::new().pause(LONGEST_CLOSE) => {}
            }
            if let Some(hooks) = &hooks {
                hooks.let_go();
            }
            ended.keep(());
        });
        closed
    }

    /// The clock of a client that was built for tests.
    #[must_use]
    pub fn recorded_clock(&self) -> Option<&RecordedClock> {
        self.shared.recorded.as_ref()
    }

    /// The tokens in use.
    #[must_use]
    pub fn tokens(&self) -> Tokens {
        self.auth.tokens.snapshot()
    }

    /// Takes one request of the quota and sends nothing.
    pub(crate) async fn take_unit(&self) -> Result<()> {
        let operation = operations().next().ok_or_else(|| Error::config("the catalogue is empty"))?;
        let ask = Ask { operation, label: "", priority: Priority::default() };
        self.shared.quota.reserve(&ask).await.map(|reservation| reservation.keep())
    }

    /// Gives back what processes left of their leases that have ended. Whether there was anything.
    pub(crate) async fn recover_leases(&self) -> bool {
        self.shared.quota.recover().await
    }

    pub(crate) async fn transfer(
        &self,
        operation: &str,
        arguments: &Map<String, Value>,
        body: Option<Body>,
        options: CallOptions,
    ) -> Result<Transfer> {
        let prepared = arguments::prepare(find(operation)?, arguments)?;
        self.requester.transfer(prepared, body, &self.check_options(options)?).await
    }

    pub(crate) async fn read_link(&self, link_text: &str, options: CallOptions) -> Result<Transfer> {
        let operation =
            operations().find(|operation| operation.base == Base::Link && operation.look.is_none());
        let operation = operation.ok_or_else(|| Error::config("the catalogue reads no links"))?;
        let link = operation.parameters.iter().find(|parameter| parameter.kind == Kind::Link);
        let arguments =
            link.map(|parameter| (parameter.name.to_owned(), link_text.into())).into_iter().collect();
        let prepared = arguments::prepare(operation, &arguments)?;
        self.requester.transfer(prepared, None, &self.check_options(options)?).await
    }

    /// What checks the filters of a call, unless its options or the settings leave them unchecked.
    fn filters_of(&self, options: &CallOptions) -> Option<&Arc<FilterCheck>> {
        options.check_filters.unwrap_or(self.shared.config.check_filters).then_some(&self.filters)
    }

    /// What a set of changes works with.
    fn scene<'a>(&'a self, operation: &'static Operation, call: &'a Call, cancel: Cancel) -> Scene<'a> {
        let folder = self.shared.schemas.as_ref().and_then(|schemas| schemas.parent());
        Scene {
            operation,
            requester: &self.requester,
            quota: &self.shared.quota,
            company: &self.shared.company,
            folder: folder.map(|folder| folder.join("changes")),
            room: Room::of(self.shared.config.testing.as_ref()),
            options: &call.options,
            cancel,
            tally: Tally::new(),
            schemas: self.requester.schemas().keep(),
        }
    }

    /// Of requests that outlive the cancellation of their call, and not the client.
    fn cancel_of_requests(&self) -> Cancel {
        Cancel::new().within(&self.auth.closed)
    }

    /// The options of a call with the client's below them.
    fn check_options(&self, options: CallOptions) -> Result<CallOptions> {
        let mut options = options.over(&self.defaults);
        self.check_values(&options)?;
        if self.auth.closed.is_cancelled() {
            return Err(Error::new(ErrorKind::Closed, "the client is closed"));
        }
        options.cancel = Some(options.cancel.take().unwrap_or_default().within(&self.auth.closed));
        Ok(options)
    }

    fn check_values(&self, options: &CallOptions) -> Result<()> {
        let most = self.shared.config.max_page_size;
        if options.page_size.is_some_and(|size| size == 0 || size > most) {
            return Err(Error::config(format!(
                "page_size has to be from 1 to {most}; a client built with a higher max_page_size allows more"
            )));
        }
        headers::check(&options.headers)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Client({:?})", self.shared.config.company_domain.as_deref().unwrap_or_default())
    }
}

pub(crate) fn find(name: &str) -> Result<&'static Operation> {
    Operation::find(name).ok_or_else(|| {
        let short: Vec<_> = operations().map(short_id).collect();
        let known = operations().map(|operation| operation.id).chain(short.iter().map(String::as_str));
        Error::config(format!("there is no operation {name:?}{}", near::hint(name, known)))
    })
}
