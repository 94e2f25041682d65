//! What the host program hands in: a token store, a log sink and a listener of the quota.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use beproduct::auth::{Lease, TokenStore, Tokens};
use beproduct::{Error, Level, QuotaEvent, QuotaListener, seam};
use serde_json::{Map, Value};
use tokio::sync::{Mutex, oneshot};

use crate::RUNTIME;

/// A host that does not answer must not hold up calls for ever.
const LONGEST_ANSWER: Duration = Duration::from_secs(30);

/// Keeps tokens on the host's side: a JSON object with the tokens in clear, to be kept like a password.
#[uniffi::export(foreign)]
pub trait EngineTokenStore: Send + Sync {
    /// What was saved last, or null.
    fn load(&self) -> Result<Option<String>, HostError>;

    /// Replaces what was saved.
    fn save(&self, tokens: String) -> Result<(), HostError>;

    /// Whether others are kept from renewing now; null where no others are.
    fn try_lock(&self) -> Result<Option<bool>, HostError>;

    /// Lets them renew again. Called for every lock that was had.
    fn unlock(&self) -> Result<(), HostError>;
}

/// Takes log lines on the host's side.
#[uniffi::export(foreign)]
pub trait EngineLogSink: Send + Sync {
    /// One line; level is `debug`, `info` or `warning`, and attributes are a JSON object.
    fn log(&self, level: String, message: String, operation: String, request_id: String, attributes: String);
}

/// Takes events of the quota on the host's side, each a JSON object.
#[uniffi::export(foreign)]
pub trait EngineQuotaListener: Send + Sync {
    /// Something happened.
    fn notice(&self, event: String) -> Result<(), HostError>;

    /// A limit is reached: how many seconds the call may wait for its end, or null for the error.
    fn at_limit(&self, event: String) -> Result<Option<f64>, HostError>;
}

/// An exception of the host's own code.
#[derive(Debug, uniffi::Error)]
pub enum HostError {
    /// What it said.
    Failed {
        /// The text.
        message: String,
    },
}

impl fmt::Display for HostError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Failed { message } = self;
        out.write_str(message)
    }
}

impl std::error::Error for HostError {}

impl From<uniffi::UnexpectedUniFFICallbackError> for HostError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed { message: error.reason }
    }
}

pub(crate) fn hooks(
    token_store: Option<Arc<dyn EngineTokenStore>>,
    log_sink: Option<Arc<dyn EngineLogSink>>,
    quota_listener: Option<Arc<dyn EngineQuotaListener>>,
) -> seam::Hooks {
    let sink = log_sink.map(HostSink::start);
    let store = token_store.map(|store| HostStore::new(store, sink.clone()));
    let listener = quota_listener.map(|listener| HostListener::start(listener, sink.clone()));
    seam::Hooks {
        token_store: store.map(|store| Arc::new(store) as Arc<dyn TokenStore>),
        log_sink: sink.map(|sink| Arc::new(sink) as Arc<dyn beproduct::LogSink>),
        quota_listener: listener.map(|listener| Arc::new(listener) as Arc<dyn QuotaListener>),
        inherited: None,
    }
}

#[derive(Clone)]
struct HostStore {
    store: Arc<dyn EngineTokenStore>,
    /// Held while the store works, also when nobody waits for it any more: it is asked one thing at a time, in order.
    turn: Arc<Mutex<()>>,
    /// Takes what no call could tell.
    sink: Option<HostSink>,
}

impl HostStore {
    fn new(store: Arc<dyn EngineTokenStore>, sink: Option<HostSink>) -> Self {
        Self { store, turn: Arc::default(), sink }
    }

    /// Runs code of the store where it may block, when it is its turn.
    async fn run<T: Send + 'static>(
        &self,
        act: impl FnOnce(&dyn EngineTokenStore) -> Result<T, HostError> + Send + 'static,
    ) -> Result<T, HostError> {
        let (store, turn) = (Arc::clone(&self.store), Arc::clone(&self.turn).lock_owned().await);
        let work = RUNTIME.spawn_blocking(move || {
            let _turn = turn;
            act(&*store)
        });
        work.await.unwrap_or_else(|panic| Err(HostError::Failed { message: panic.to_string() }))
    }

    /// The same, but it is not waited for for ever. `done` is what it could not be when it fails.
    async fn ask<T: Send + 'static>(
        &self,
        done: &str,
        act: impl FnOnce(&dyn EngineTokenStore) -> Result<T, HostError> + Send + 'static,
    ) -> beproduct::Result<T> {
        match tokio::time::timeout(LONGEST_ANSWER, self.run(act)).await {
            Ok(result) => result.map_err(|error| {
                Error::of_callback(format!("the token store could not be {done}")).with_source(error)
            }),
            Err(_) => Err(Error::of_callback("the token store did not answer within 30 seconds")),
        }
    }
}

impl fmt::Debug for HostStore {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("HostStore")
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = beproduct::Result<T>> + Send + 'a>>;

impl TokenStore for HostStore {
    fn load(&self) -> Answer<'_, Option<Tokens>> {
        Box::pin(async {
            let Some(text) = self.ask("read", |store| store.load()).await? else { return Ok(None) };
            // Taken for none, they would be replaced by the configured ones.
            let tokens = serde_json::from_str(&text).ok().as_ref().and_then(Tokens::from_json);
            let unreadable = || Error::of_callback("the token store does not hold tokens; sign in again");
            tokens.map(Some).ok_or_else(unreadable)
        })
    }

    fn save(&self, tokens: Tokens) -> Answer<'_, ()> {
        Box::pin(self.ask("written", move |store| store.save(tokens.to_json().to_string())))
    }

    fn try_lease(&self) -> Answer<'_, Option<Lease>> {
        let host = self.clone();
        Box::pin(self.ask("locked", move |store| {
            Ok(match store.try_lock()? {
                None => Some(Lease::alone()),
                // Made here, so that a lock that comes too late for whoever asked is given back.
                Some(locked) => locked.then(|| Lease::held(Unlock(host))),
            })
        }))
    }
}

/// Unlocks the store when it is dropped.
struct Unlock(HostStore);

impl Drop for Unlock {
    fn drop(&mut self) {
        let host = self.0.clone();
        // However long the store takes: nobody else gives the lock back.
        RUNTIME.spawn(async move {
            if let Err(error) = host.run(|store| store.unlock()).await
                && let Some(sink) = host.sink
            {
                sink.warn(format!("the token store could not be unlocked: {error}"));
            }
        });
    }
}

/// Lines go through one thread a client: in order, and without holding up the call.
#[derive(Clone)]
struct HostSink(mpsc::Sender<Line>);

struct Line {
    level: Level,
    message: String,
    operation: &'static str,
    request_id: String,
    attributes: Map<String, Value>,
}

impl HostSink {
    fn start(sink: Arc<dyn EngineLogSink>) -> Self {
        let (sender, lines) = mpsc::channel::<Line>();
        RUNTIME.spawn_blocking(move || {
            for Line { level, message, operation, request_id, attributes } in lines {
                let attributes = Value::Object(attributes).to_string();
                sink.log(level.as_str().into(), message, operation.into(), request_id, attributes);
            }
        });
        Self(sender)
    }

    fn warn(&self, message: String) {
        let (operation, request_id, attributes) = ("", String::new(), Map::new());
        self.send(Line { level: Level::Warn, message, operation, request_id, attributes });
    }

    fn send(&self, line: Line) {
        // Fails only when the host's sink has panicked; the call goes on without it.
        let _ = self.0.send(line);
    }
}

impl beproduct::LogSink for HostSink {
    fn enabled(&self, _level: beproduct::Level) -> bool {
        true
    }

    fn write(&self, record: beproduct::Record) {
        let beproduct::Record { level, message, operation, request_id, attributes, .. } = record;
        let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.send(Line { level, message, operation, request_id, attributes });
    }
}

/// The listener has one thread a client: events come in order, and those that ask for nothing hold up no call.
struct HostListener(mpsc::Sender<Asked>);

enum Asked {
    Notice(String),
    AtLimit(String, oneshot::Sender<Result<Option<f64>, HostError>>),
}

impl HostListener {
    fn start(listener: Arc<dyn EngineQuotaListener>, sink: Option<HostSink>) -> Self {
        let (sender, asked) = mpsc::channel::<Asked>();
        RUNTIME.spawn_blocking(move || {
            for asked in asked {
                match asked {
                    Asked::Notice(event) => {
                        // No call could tell.
                        if let Err(error) = listener.notice(event)
                            && let Some(sink) = &sink
                        {
                            sink.warn(format!("the quota listener failed at an event: {error}"));
                        }
                    }
                    // The call may have been given up meanwhile.
                    Asked::AtLimit(_, answer) if answer.is_closed() => {}
                    Asked::AtLimit(event, answer) => {
                        let _ = answer.send(listener.at_limit(event));
                    }
                }
            }
        });
        Self(sender)
    }

    async fn ask(&self, event: String) -> beproduct::Result<Option<Duration>> {
        let (sender, answer) = oneshot::channel();
        let _ = self.0.send(Asked::AtLimit(event, sender));
        let late = || Error::of_callback("the quota listener did not answer within 30 seconds");
        let answered = tokio::time::timeout(LONGEST_ANSWER, answer).await.map_err(|_| late())?;
        let answered = answered.unwrap_or_else(|ended| Err(HostError::Failed { message: ended.to_string() }));
        match answered.map_err(|error| Error::of_callback(error.to_string()).with_source(error))? {
            None => Ok(None),
            // Beyond the longest duration lies what stands for all time.
            Some(seconds) if seconds >= 0.0 => {
                Ok(Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)))
            }
            Some(seconds) => Err(Error::of_callback(format!(
                "the quota listener answered {seconds} s, which is no time to wait"
            ))),
        }
    }
}

impl QuotaListener for HostListener {
    fn notice(&self, event: &QuotaEvent) {
        // Fails only when the listener has panicked; the call goes on without it.
        let _ = self.0.send(Asked::Notice(text(event)));
    }

    fn at_limit<'a>(&'a self, event: &'a QuotaEvent) -> Answer<'a, Option<Duration>> {
        Box::pin(self.ask(text(event)))
    }
}

fn text(event: &QuotaEvent) -> String {
    // Texts and numbers only: this cannot fail.
    serde_json::to_string(event).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::task::Poll;

    use super::*;

    /// What it is asked for before it is released takes for ever.
    struct Held {
        release: std::sync::Mutex<Receiver<()>>,
        calls: Sender<String>,
    }

    impl Held {
        fn wait(&self) {
            let _released = self.release.lock().map(|release| release.recv());
        }

        fn note(&self, call: String) -> HostError {
            let _ = self.calls.send(call);
            HostError::Failed { message: "the vault is locked".into() }
        }
    }

    impl EngineTokenStore for Held {
        fn load(&self) -> Result<Option<String>, HostError> {
            self.wait();
            Ok(Some("[]".into()))
        }

        fn save(&self, tokens: String) -> Result<(), HostError> {
            Err(self.note(tokens))
        }

        fn try_lock(&self) -> Result<Option<bool>, HostError> {
            self.wait();
            Ok(Some(true))
        }

        fn unlock(&self) -> Result<(), HostError> {
            Err(self.note("unlock".into()))
        }
    }

    struct Lines(Sender<String>);

    impl EngineLogSink for Lines {
        fn log(
            &self,
            level: String,
            message: String,
            _operation: String,
            _request_id: String,
            attributes: String,
        ) {
            let _ = self.0.send(format!("{level}: {message} {attributes}"));
        }
    }

    /// Does as the event says: fails, waits until it is released, or wants to wait for so many seconds.
    struct Listener {
        release: std::sync::Mutex<Receiver<()>>,
        calls: Sender<String>,
    }

    impl EngineQuotaListener for Listener {
        fn notice(&self, event: String) -> Result<(), HostError> {
            let _ = self.calls.send(event);
            Err(HostError::Failed { message: "the window is gone".into() })
        }

        fn at_limit(&self, event: String) -> Result<Option<f64>, HostError> {
            let _ = self.calls.send(event.clone());
            match event.as_str() {
                "fail" => Err(HostError::Failed { message: "no answer at the limit".into() }),
                "wait" => {
                    let _released = self.release.lock().map(|release| release.recv());
                    Ok(None)
                }
                seconds => Ok(seconds.parse().ok()),
            }
        }
    }

    async fn error<T>(answer: impl Future<Output = beproduct::Result<T>>) -> serde_json::Value {
        answer.await.err().map(|error| error.to_json()).unwrap_or_default()
    }

    // Time that is paused passes by itself when nothing but a timer is waited for.
    #[tokio::test(start_paused = true)]
    async fn a_store_that_does_not_answer_is_not_waited_for() {
        let (release, released) = channel();
        let (calls, called) = channel();
        let store = HostStore::new(Arc::new(Held { release: released.into(), calls }), None);
        let late = error(store.load()).await;
        assert_eq!(late["message"], "the token store did not answer within 30 seconds");
        // What comes next waits for it, so that nothing is written while it is at work.
        assert_eq!(error(store.save(Tokens::default())).await["message"], late["message"]);
        assert!(called.try_recv().is_err());

        drop(release);
        tokio::time::resume();
        let unreadable = error(store.load()).await;
        assert_eq!(unreadable["message"], "the token store does not hold tokens; sign in again");
        let refused = error(store.save(Tokens::default())).await;
        assert_eq!(refused["kind"], "callback");
        assert_eq!(refused["message"], "the token store could not be written");
        assert_eq!(refused["cause"], "the vault is locked");
    }

    #[tokio::test(start_paused = true)]
    async fn a_lock_that_comes_too_late_is_given_back() {
        let (release, released) = channel();
        let (calls, called) = channel();
        let (sink, lines) = channel();
        let sink = HostSink::start(Arc::new(Lines(sink)));
        let store = HostStore::new(Arc::new(Held { release: released.into(), calls }), Some(sink));
        let late = error(store.try_lease()).await;
        assert_eq!(late["message"], "the token store did not answer within 30 seconds");
        assert!(called.try_recv().is_err());

        drop(release);
        assert_eq!(called.recv().unwrap(), "unlock");
        assert_eq!(
            lines.recv().unwrap(),
            "warning: the token store could not be unlocked: the vault is locked {}"
        );
    }

    #[tokio::test]
    async fn what_a_listener_answers() {
        let (_release, released) = channel();
        let (calls, _called) = channel();
        let release = std::sync::Mutex::new(released);
        let listener = HostListener::start(Arc::new(Listener { release, calls }), None);
        let ask = async |event: &str| listener.ask(event.into()).await;
        assert_eq!(ask("nothing").await.unwrap(), None);
        assert_eq!(ask("0").await.unwrap(), Some(Duration::ZERO));
        assert_eq!(ask("1.5").await.unwrap(), Some(Duration::from_millis(1_500)));
        assert_eq!(ask("inf").await.unwrap(), Some(Duration::MAX));
        for (wrong, said) in [("-0.5", "answered -0.5 s"), ("NaN", "answered NaN s")] {
            let message = error(ask(wrong)).await["message"].to_string();
            assert!(message.contains(said), "{message}");
        }
        let failed = error(ask("fail")).await;
        assert_eq!(failed["message"], "no answer at the limit");
        assert_eq!(failed["cause"], "no answer at the limit");
    }

    #[tokio::test(start_paused = true)]
    async fn a_listener_that_does_not_answer_is_not_waited_for() {
        let (release, released) = channel();
        let (calls, called) = channel();
        let listener = Listener { release: std::sync::Mutex::new(released), calls };
        let listener = HostListener::start(Arc::new(listener), None);
        let mut asking = pin!(listener.ask("wait".into()));
        assert!(poll_fn(|context| Poll::Ready(asking.as_mut().poll(context))).await.is_pending());
        // Time stands while this thread waits for the listener to be called.
        assert_eq!(called.recv().unwrap(), "wait");
        let late = error(asking).await;
        assert_eq!(late["message"], "the quota listener did not answer within 30 seconds");
        // Nobody waits for the answer to this one any more when its turn comes.
        assert_eq!(error(listener.ask("1".into())).await["message"], late["message"]);

        drop(release);
        tokio::time::resume();
        assert_eq!(listener.ask("2".into()).await.unwrap(), Some(Duration::from_secs(2)));
        assert_eq!(called.recv().unwrap(), "2");
    }

    #[test]
    fn a_listener_that_fails_at_an_event_is_told_of() {
        let (_release, released) = channel();
        let (calls, called) = channel();
        let (sink, lines) = channel();
        let sink = HostSink::start(Arc::new(Lines(sink)));
        let listener = Listener { release: std::sync::Mutex::new(released), calls };
        let listener = HostListener::start(Arc::new(listener), Some(sink));
        for event in ["one", "another"] {
            listener.0.send(Asked::Notice(event.into())).unwrap();
            assert_eq!(called.recv().unwrap(), event);
            assert_eq!(
                lines.recv().unwrap(),
                "warning: the quota listener failed at an event: the window is gone {}"
            );
        }
    }
}
