//! The seam to other languages: the client with everything as text or bytes, and calls by name and number.
//!
//! A binding hands in JSON and gets JSON back, which the far side parses once. It adds nothing but the conversion of
//! values, errors and cancellation.

mod attachments;
mod fork;
mod reply;
mod sign_in;
mod stream;
mod values;
mod zoned;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize as _;
use serde_json::{Map, Value};
use tokio::runtime::Handle;

use self::attachments::Attachments;
use self::sign_in::SignIn;
use crate::CallOptions;
use crate::arguments::short_id;
use crate::auth::ActAs;
use crate::cancel::{CallIds, Cancel};
use crate::catalog::{AnswerKind, Operation};
use crate::client::{Client, ClientBuilder, Method};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::handlers::{Beside, OnItsWay};
use crate::host::{CallProgress, Hooks, Host, HostProgress};
use crate::near;
use crate::own::{ErrorKind, Outcome};

pub use self::attachments::{Attachment, Supply, Wanted};
pub use self::fork::{ForkGuard, before_fork};
pub use self::reply::Reply;
pub use self::stream::Stream;
pub use self::values::{parse_event, values_of};
pub use crate::caller::{Caller, on_behalf};
pub use crate::client::Inherited;

/// Awaits work for a binding. A panic in it is an error of the kind `internal`, so that whoever waits gets an answer; its own
/// text, which may hold anything, is left to the panic hook.
///
/// # Errors
/// Those of the work, and `internal`.
pub async fn guarded<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(Error::internal("the call panicked").with_outcome(Outcome::Unknown)))
}

/// What stands behind an object of another language: a client, or a sign-in of a person. Everything that it does is a call
/// or a stream by name, under a number that it is cancelled by.
#[derive(Debug, Clone)]
pub struct Engine {
    behind: Behind,
    ids: CallIds,
    attachments: Attachments,
    handle: Handle,
    /// The program's code for the progress of calls.
    progress: Option<HostProgress>,
    /// Whether calls report their progress when their options do not say.
    reports: bool,
}

#[derive(Debug, Clone)]
enum Behind {
    Client(Arc<Client>),
    /// A sign-in, and its end.
    SignIn(SignIn, Cancel),
}

impl Engine {
    /// A client, from settings as a JSON object. Its own tasks run on the runtime of the handle. `inherited` is what
    /// [`Engine::inherit`] gave in the parent process, after a fork.
    ///
    /// # Errors
    /// `config` when a setting is missing, wrong or unknown.
    pub fn open(
        settings: &str,
        host: Option<Arc<dyn Host>>,
        inherited: Option<&Inherited>,
        handle: Handle,
    ) -> Result<Self> {
        let config = Config::from_json(object("settings", settings)?.into())?;
        let hooks = host.map(|host| Hooks::new(host, handle.clone())).transpose()?;
        let progress = hooks.as_ref().and_then(Hooks::progress);
        let client = ClientBuilder::from_config(config)
            .runtime(handle.clone())
            .hooks(hooks)
            .inherited(inherited.cloned())
            .build()?;
        Ok(Self { progress, ..Self::of(Behind::Client(Arc::new(client)), handle) })
    }

    /// A sign-in whose program brings the person back, from settings as a JSON object. Its call is `sign_in.finish`.
    ///
    /// # Errors
    /// `config` when a setting is missing, wrong or unknown.
    pub fn sign_in(settings: &str, handle: Handle) -> Result<Self> {
        let _inside = handle.enter();
        Ok(Self::of(Behind::SignIn(SignIn::session(settings)?, Cancel::new()), handle.clone()))
    }

    /// A sign-in with the browser of this machine, from settings and options as JSON objects. Its calls are `login.begin` and
    /// then `login.complete`.
    ///
    /// # Errors
    /// `config` when a setting or an option is missing, wrong or unknown.
    #[cfg(feature = "login")]
    pub fn login(settings: &str, options: &str, handle: Handle) -> Result<Self> {
        Ok(Self::of(Behind::SignIn(SignIn::browser(settings, options)?, Cancel::new()), handle))
    }

    /// A client that acts for another user, from `{"user_id", "client_id", "client_secret"}`.
    ///
    /// # Errors
    /// `config` when one of them is missing or empty.
    pub fn child(&self, whom: &str, inherited: Option<&Inherited>) -> Result<Self> {
        let whom = object("acting as another user", whom)?;
        let known = ["user_id", "client_id", "client_secret"];
        near::check(whom.keys(), &known, "acting as another user takes no", "it takes")?;
        let whom = ActAs::deserialize(Value::Object(whom))
            .map_err(|error| Error::config(format!("acting as another user: {error}")))?;
        let client = self.client()?.acting_as(&whom)?;
        if inherited.is_some_and(Inherited::is_closed) {
            client.close();
        }
        Ok(self.beside(client, self.reports))
    }

    /// The same client with options for all of its calls, from a JSON object; those of a call win, one by one. It shares
    /// everything with this one, the numbers of calls included, and closing one of them closes both. After a fork it is made
    /// again from the client that goes on.
    ///
    /// # Errors
    /// `config` when an option is wrong or unknown.
    pub fn with_options(&self, options: &str) -> Result<Self> {
        let mut options = object("options", options)?;
        let reports = take_progress(&mut options)?.unwrap_or(self.reports);
        let client = self.client()?.with_options(CallOptions::from_json(&options.into())?)?;
        Ok(self.beside(client, reports))
    }

    /// A number for a call that has not started yet.
    #[must_use]
    pub fn issue_call(&self) -> u64 {
        self.ids.issue()
    }

    /// Cancels the call with this number: before its start nothing is sent then, after its end nothing happens.
    pub fn cancel(&self, call: u64) {
        self.ids.cancel(call);
    }

    /// Gives a file to a call that has not started, and returns its number there: the argument `{"attached": number, "name":
    /// "front.png"}` names it, with the `length` of a stream where that is known. The call is to be started then.
    pub fn attach(&self, call: u64, attachment: Attachment) -> usize {
        self.attachments.add(call, attachment)
    }

    /// Hands in a part of a stream that was attached, and waits for what the call wants next. A host begins with
    /// [`Supply::Nothing`] beside the call, and goes on until [`Wanted::Stop`].
    pub fn supply(
        &self,
        call: u64,
        attachment: usize,
        supply: Supply,
    ) -> impl Future<Output = Wanted> + Send + use<> {
        self.attachments.supply(call, attachment, supply)
    }

    /// Calls an operation of the service or a method of the client by its name. Arguments and options are JSON objects. The
    /// option `"progress": true` has the hook [`Progress`](crate::host::Hook::Progress) called. The future may be dropped:
    /// that cancels the call too.
    pub fn call(
        &self,
        call: u64,
        name: &str,
        arguments: &str,
        options: &str,
    ) -> impl Future<Output = Result<Reply>> + Send + use<> {
        let (cancel, guard) = self.ids.enter(call);
        let forget = self.attachments.until_end(call);
        let begun = self.begin(call, cancel, name, arguments, options);
        async move {
            let (_guard, _forget) = (guard, forget);
            begun?.await
        }
    }

    /// The pages of a list operation, or the bytes of an operation whose answer is a file. Cancelling the number ends all of
    /// them.
    ///
    /// # Errors
    /// `config` when an argument or an option is missing, wrong or unknown.
    pub fn stream(&self, call: u64, name: &str, arguments: &str, options: &str) -> Result<Stream> {
        let (cancel, guard) = self.ids.enter(call);
        let client = self.client()?;
        let mut options = object("options", options)?;
        let progress = self.reporting(call, take_progress(&mut options)?)?;
        let code = progress.as_ref().map(CallProgress::code);
        let options = CallOptions { progress: code, ..Self::options(cancel, name, options)? };
        let arguments = arguments_of(name, arguments)?;
        match Operation::find(name).filter(|operation| operation.answer == AnswerKind::File) {
            Some(operation) => {
                let reading = client.read_file(operation, arguments, options)?;
                Ok(Stream::of_file(operation, reading, progress, guard, &self.handle))
            }
            None => Ok(Stream::of_pages(client.pages(name, arguments, options)?, progress, guard)),
        }
    }

    /// Where the person of a sign-in goes, once that is known. It holds the secrets of the sign-in.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        match &self.behind {
            Behind::Client(_) => None,
            Behind::SignIn(sign_in, _) => sign_in.url(),
        }
    }

    /// Ends all calls with the error `cancelled`; later ones fail with `closed`. That is done when this returns. The future
    /// ends when what the client has leased of the quota is given back and the host has all that there was for it, or after
    /// five seconds: both go on by themselves then.
    pub fn close(&self) -> impl Future<Output = Result<()>> + Send + use<> {
        let closing = match &self.behind {
            Behind::Client(client) => Some(client.begin_close()),
            Behind::SignIn(sign_in, end) => {
                end.cancel();
                sign_in.close();
                None
            }
        };
        async move {
            if let Some(closing) = closing {
                closing.await;
            }
            Ok(())
        }
    }

    /// How the client stands, for a process that goes on with it after a fork. None for a sign-in, which cannot.
    #[must_use]
    pub fn inherit(&self) -> Option<Inherited> {
        self.client().ok().map(Client::inherit)
    }

    /// Moves the clock of a client on that was built for tests.
    ///
    /// # Errors
    /// `config` for a client on the machine's clock.
    pub fn advance_clock(&self, seconds: f64) -> Result<()> {
        let clock = self.client()?.recorded_clock();
        let clock = clock.ok_or_else(|| Error::config("this client runs on the machine's clock"))?;
        let by =
            Duration::try_from_secs_f64(seconds).map_err(|_| Error::config("seconds has to be positive"))?;
        clock.advance(by);
        Ok(())
    }

    fn of(behind: Behind, handle: Handle) -> Self {
        Self {
            behind,
            ids: CallIds::default(),
            attachments: Attachments::default(),
            handle,
            progress: None,
            reports: false,
        }
    }

    /// Another client, with the same numbers of calls and the same code of the program.
    fn beside(&self, client: Client, reports: bool) -> Self {
        Self {
            behind: Behind::Client(Arc::new(client)),
            ids: self.ids.clone(),
            attachments: self.attachments.clone(),
            handle: self.handle.clone(),
            progress: self.progress.clone(),
            reports,
        }
    }

    fn client(&self) -> Result<&Client> {
        match &self.behind {
            Behind::Client(client) => Ok(client),
            Behind::SignIn(..) => Err(Error::internal("a sign-in was taken for a client")),
        }
    }

    /// The options of a call, its progress aside.
    fn options(cancel: Cancel, name: &str, options: Map<String, Value>) -> Result<CallOptions> {
        let mut options = read_options(name, options)?;
        options.cancel = Some(cancel);
        Ok(options)
    }

    /// What reports the progress of a call, if it is wanted. From here on the host is told that the call has ended, also of
    /// a call that fails before its first request.
    fn reporting(&self, call: u64, wanted: Option<bool>) -> Result<Option<CallProgress>> {
        if !wanted.unwrap_or(self.reports) {
            return Ok(None);
        }
        let code = self.progress.as_ref();
        let code = code.ok_or_else(|| Error::config("progress: the program has no code for it"))?;
        Ok(Some(code.of_call(call)))
    }

    fn begin(
        &self,
        call: u64,
        cancel: Cancel,
        name: &str,
        arguments: &str,
        options: &str,
    ) -> Result<BoxFuture<'static, Result<Reply>>> {
        let arguments = arguments_of(name, arguments)?;
        let mut options = object("options", options)?;
        let wanted = take_progress(&mut options)?;
        let progress = self.reporting(call, wanted)?;
        let mut cancel = cancel;
        let (name, work) = match (&self.behind, Method::find(name)) {
            (Behind::SignIn(_, end), _) if end.is_cancelled() => {
                return Err(Error::new(ErrorKind::Closed, "this sign-in is closed; begin another"));
            }
            (Behind::SignIn(sign_in, end), _) => {
                cancel = cancel.within(end);
                sign_in.call(name, &arguments)?
            }
            (Behind::Client(client), Some(method)) => {
                if let Some(option) = wanted.map(|_| "progress").or(options.keys().next().map(String::as_str))
                {
                    return Err(Error::config(format!("{name} has no option {option:?}; it takes none")));
                }
                (method.id, method.begin(client, arguments)?)
            }
            (Behind::Client(client), None) => {
                let (client, operation) = (Arc::clone(client), crate::client::find(name)?);
                let progress = progress.as_ref().map(CallProgress::code);
                let options = CallOptions { progress, ..Self::options(cancel, name, options)? };
                let files = self.attachments.take(call);
                let on_its_way = operation.gives_back.map(|_| OnItsWay::default());
                let place = client.place(operation.id, &arguments);
                let beside = Beside { files, place, on_its_way: on_its_way.clone() };
                return Ok(Box::pin(async move {
                    let answer = client.call_with(operation.id, arguments, beside, options).await?;
                    Ok(Reply::of_answer(operation, answer, on_its_way))
                }));
            }
        };
        Ok(Box::pin(async move { Ok(Reply::of_client(name, cancel.end(work).await?.to_string())) }))
    }
}

/// Whether the progress of a call is reported, which is no option of Rust.
fn take_progress(options: &mut Map<String, Value>) -> Result<Option<bool>> {
    match options.remove("progress") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(reports)) => Ok(Some(reports)),
        Some(other) => Err(Error::config(format!("option progress has to be true or false, not {other}"))),
    }
}

fn read_options(name: &str, options: Map<String, Value>) -> Result<CallOptions> {
    let options = CallOptions::from_json(&options.into());
    // Languages with keywords hand in everything that is no argument as an option.
    options.map_err(|error| match Operation::find(name) {
        Some(operation) => {
            let arguments: Vec<_> = operation.parameters.iter().map(|parameter| parameter.name).collect();
            let message = match &*arguments {
                [] => format!("{}; {} takes no arguments", error.message(), short_id(operation)),
                names => {
                    let names = names.join(", ");
                    format!("{}; arguments of {} are {names}", error.message(), short_id(operation))
                }
            };
            error.with_message(message).with_operation(operation.id)
        }
        None => error,
    })
}

fn arguments_of(call: &str, text: &str) -> Result<Map<String, Value>> {
    let mut arguments = parsed("arguments", text)?;
    match Operation::find(call) {
        _ if !zoned::are_in(text) => {}
        Some(operation) => zoned::of_arguments(operation, &mut arguments)?,
        None => zoned::to_utc(&mut arguments)?,
    }
    Ok(arguments)
}

fn object(name: &str, text: &str) -> Result<Map<String, Value>> {
    let mut members = parsed(name, text)?;
    if zoned::are_in(text) {
        zoned::to_utc(&mut members)?;
    }
    Ok(members)
}

fn parsed(name: &str, text: &str) -> Result<Map<String, Value>> {
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Error::config(format!("{name}: a JSON object is needed"))),
        Err(error) => Err(Error::config(format!("{name}: this is no JSON: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Hook, HostFailure, Payload};
    use crate::own::ErrorKind;

    #[tokio::test]
    async fn a_sign_in_ends_when_it_is_closed() {
        let settings =
            r#"{"client_id": "app", "redirect_uri": "app://in", "identity_url": "http://127.0.0.1:9"}"#;
        let engine = Engine::sign_in(settings, Handle::current()).unwrap();
        let finish = |redirected: &str| {
            let arguments = serde_json::json!({"redirected": redirected}).to_string();
            engine.call(engine.issue_call(), "sign_in.finish", &arguments, "{}")
        };
        let begun = finish("app://in?state=other");
        engine.close().await.unwrap();
        assert_eq!(begun.await.unwrap_err().kind(), ErrorKind::Cancelled);
        assert_eq!(finish("app://in?state=other").await.unwrap_err().kind(), ErrorKind::Closed);
    }

    #[tokio::test]
    async fn an_engine_with_options_is_the_same_client() {
        let settings = r#"{"company_domain": "acme", "access_token": "t", "ledger": "memory"}"#;
        let engine = Engine::open(settings, None, None, Handle::current()).unwrap();
        let nightly = engine.with_options(r#"{"label": "nightly", "timeout": null}"#).unwrap();
        let call = nightly.issue_call();
        engine.cancel(call);
        let error = nightly.call(call, "style.folders", "{}", "{}").await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Cancelled, Outcome::NotSent));
        for (options, says) in [
            (r#"{"labels": "x"}"#, "labels"),
            (r#"{"progress": 1}"#, "true or false"),
            (r#"{"page_size": 201}"#, "page_size"),
            ("7", "options"),
        ] {
            let error = engine.with_options(options).unwrap_err();
            assert!(error.kind() == ErrorKind::Config && error.message().contains(says), "{error}");
        }
        let reporting = engine.with_options(r#"{"progress": true}"#).unwrap();
        let error = reporting.call(1, "style.folders", "{}", "{}").await.unwrap_err();
        assert!(error.kind() == ErrorKind::Config && error.message().contains("no code for it"), "{error}");
        nightly.close().await.unwrap();
        let error = engine.call(engine.issue_call(), "style.folders", "{}", "{}").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
    }

    /// Takes what it is given for the progress of calls.
    struct Shown(tokio::sync::mpsc::UnboundedSender<String>);

    impl Host for Shown {
        fn has(&self, hook: Hook) -> bool {
            hook == Hook::Progress
        }

        fn call(
            &self,
            _: Hook,
            payload: Payload,
        ) -> BoxFuture<'static, std::result::Result<String, HostFailure>> {
            let _ = self.0.send(payload.text);
            Box::pin(async { Ok("null".into()) })
        }
    }

    #[tokio::test]
    async fn the_end_of_every_call_with_progress_is_reported() {
        let settings = r#"{"company_domain": "acme", "access_token": "t", "ledger": "memory"}"#;
        let (shown, mut payloads) = tokio::sync::mpsc::unbounded_channel();
        let engine = Engine::open(settings, Some(Arc::new(Shown(shown))), None, Handle::current()).unwrap();
        let engine = engine.with_options(r#"{"progress": true}"#).unwrap();
        engine.cancel(4);
        assert!(engine.call(1, "style.nothing", "{}", "{}").await.is_err());
        assert!(engine.call(2, "style.folders", "{}", r#"{"labels": "x"}"#).await.is_err());
        assert!(engine.call(3, "quota.status", "{}", "{}").await.is_ok());
        assert!(engine.call(4, "style.folders", "{}", "{}").await.is_err());
        assert!(engine.stream(5, "style.folders", "{}", "{}").is_err());
        let error = engine.call(6, "quota.status", "{}", r#"{"progress": true}"#).await.unwrap_err();
        assert!(error.message().contains("no option \"progress\""), "{error}");
        for call in 1..=6 {
            assert_eq!(payloads.recv().await.unwrap(), format!("{{\"call\":{call}}}"));
        }
    }

    #[tokio::test]
    async fn a_panic_is_an_internal_error_without_its_text() {
        let error = guarded::<()>(async { panic!("a secret") }).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Internal, Outcome::Unknown));
        assert!(error.message().contains("please report it"), "{error}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        assert_eq!(guarded(async { Ok(1) }).await.unwrap(), 1);
    }
}
