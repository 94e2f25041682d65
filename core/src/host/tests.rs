use std::sync::Weak;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::*;
use crate::auth::{TokenStore as _, Tokens};
use crate::caller::{Caller, on_behalf};
use crate::log::LogSink as _;
use crate::own::{ErrorKind, Progress, QuotaEvent};
use crate::quota::QuotaListener as _;
use crate::seam::Engine;

/// Answers what a test says, and tells what it was called with.
struct Program {
    lacks: Vec<Hook>,
    calls: mpsc::UnboundedSender<(Hook, String)>,
    answer: Box<dyn Fn(Hook, String) -> Answering + Send + Sync>,
}

type Answering = BoxFuture<'static, std::result::Result<String, HostFailure>>;

type Calls = mpsc::UnboundedReceiver<(Hook, String)>;

impl Program {
    fn new<F>(answer: impl Fn(Hook, String) -> F + Send + Sync + 'static) -> (Self, Calls)
    where
        F: Future<Output = std::result::Result<String, HostFailure>> + Send + 'static,
    {
        let (calls, called) = mpsc::unbounded_channel();
        let answer = move |hook, payload| Box::pin(answer(hook, payload)) as Answering;
        (Self { lacks: Vec::new(), calls, answer: Box::new(answer) }, called)
    }

    /// One that answers this at once.
    fn of(answer: &'static str) -> (Self, Calls) {
        Self::new(move |_, _| async move { Ok(answer.to_owned()) })
    }

    /// One that fails at once.
    fn failing() -> (Self, Calls) {
        Self::new(|_, _| async { Err(HostFailure::new("the vault is locked").with_id(7)) })
    }

    fn without(mut self, hook: Hook) -> Self {
        self.lacks.push(hook);
        self
    }

    fn hooks(self) -> Hooks {
        Hooks::new(Arc::new(self), Handle::current()).unwrap()
    }
}

impl Host for Program {
    fn has(&self, hook: Hook) -> bool {
        !self.lacks.contains(&hook)
    }

    fn call(
        &self,
        hook: Hook,
        payload: Payload,
    ) -> BoxFuture<'static, std::result::Result<String, HostFailure>> {
        let _ = self.calls.send((hook, payload.text.clone()));
        (self.answer)(hook, payload.text)
    }
}

fn event() -> QuotaEvent {
    crate::quota::event_of_tests("style.attributes_list")
}

fn lines(payload: &str) -> Vec<Value> {
    serde_json::from_str(payload).unwrap()
}

async fn message<T: std::fmt::Debug>(answer: impl Future<Output = Result<T>>) -> String {
    let error = answer.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Callback);
    error.message().to_owned()
}

#[tokio::test]
async fn a_failure_says_what_was_tried_and_carries_its_number() {
    let (program, _calls) = Program::failing();
    let store = program.hooks().store().unwrap();
    for (error, text) in [
        (store.load().await.unwrap_err(), "the token store could not be read: the vault is locked"),
        (
            store.save(Tokens::default()).await.unwrap_err(),
            "the token store could not be written: the vault is locked",
        ),
        (store.try_lease().await.unwrap_err(), "the token store could not be locked: the vault is locked"),
    ] {
        assert_eq!((error.kind(), error.message()), (ErrorKind::Callback, text));
        let fields = error.to_json();
        assert_eq!((&fields["cause"], &fields["host_failure"]), (&json!("the vault is locked"), &json!(7)));
    }
}

#[tokio::test]
async fn what_a_store_may_answer() {
    for (answer, text) in [
        ("\"token\"", "load has to give an object with tokens or nothing, not a text"),
        ("[]", "not a list"),
        ("no JSON", "not a text"),
    ] {
        let store = Program::of(answer).0.hooks().store().unwrap();
        let said = message(store.load()).await;
        assert!(said.contains(text) && !said.contains("no JSON"), "{said}");
    }
    let store = Program::of("null").0.hooks().store().unwrap();
    assert_eq!(store.load().await.unwrap().map(|tokens| tokens.to_json()), None);
    assert!(message(store.try_lease()).await.contains("true or false, not nothing"));
    let store = Program::of("false").0.hooks().store().unwrap();
    assert!(store.try_lease().await.unwrap().is_none());
    let program = Program::of("true").0.without(Hook::LockTokens).without(Hook::UnlockTokens);
    let lease = program.hooks().store().unwrap().try_lease().await.unwrap().unwrap();
    assert!(!lease.is_shared());
}

#[tokio::test]
async fn a_hook_without_its_partner_is_refused() {
    for (hook, text) in [
        (Hook::SaveTokens, "there is token_store.load but no token_store.save"),
        (Hook::LockTokens, "there is token_store.unlock but no token_store.try_lock"),
    ] {
        let program = Program::of("null").0.without(hook);
        let error = Hooks::new(Arc::new(program), Handle::current()).err().unwrap();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Config, text));
    }
}

// Time that is paused passes by itself when nothing but a timer is waited for.
#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_is_not_waited_for() {
    let (release, released) = tokio::sync::watch::channel(false);
    let (program, mut calls) = Program::new(move |_, _| {
        let mut released = released.clone();
        async move {
            let _ = released.wait_for(|released| *released).await;
            Ok("null".into())
        }
    });
    let hooks = program.hooks();
    let store = hooks.store().unwrap();
    let late = "the token store has not answered within 30 s; it must not wait for this client";
    assert_eq!(message(store.load()).await, late);
    // Nothing is written while it is at work, and nobody waits as long again.
    let before = tokio::time::Instant::now();
    assert_eq!(message(store.save(Tokens::default())).await, late);
    assert_eq!(before.elapsed(), Duration::ZERO);
    assert_eq!(calls.try_recv().unwrap().0, Hook::LoadTokens);
    assert!(calls.try_recv().is_err());

    release.send_replace(true);
    hooks.idle().await;
    store.save(Tokens::default()).await.unwrap();
    assert_eq!(calls.try_recv().unwrap().0, Hook::SaveTokens);
}

#[tokio::test(start_paused = true)]
async fn the_patience_begins_when_the_program_begins() {
    let (program, _calls) = Program::new(|_, _| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok("5".into())
    });
    let listener = program.hooks().listener().unwrap();
    let event = event();
    let answers = join_all((0..45).map(|_| listener.at_limit(&event))).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap() == Some(Duration::from_secs(5))));
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_comes_too_late_is_given_back() {
    let (program, mut calls) = Program::new(|hook, _| async move {
        match hook {
            Hook::LockTokens => tokio::time::sleep(Duration::from_secs(40)).await,
            Hook::UnlockTokens => return Err(HostFailure::new("the vault is locked")),
            _ => {}
        }
        Ok("true".into())
    });
    let hooks = program.hooks();
    let late = message(hooks.store().unwrap().try_lease()).await;
    assert!(late.contains("not answered within 30 s"), "{late}");
    hooks.idle().await;
    assert_eq!(calls.recv().await.unwrap().0, Hook::LockTokens);
    assert_eq!(calls.recv().await.unwrap().0, Hook::UnlockTokens);
    let (hook, told) = calls.recv().await.unwrap();
    assert_eq!(hook, Hook::Log);
    assert_eq!(lines(&told)[0]["message"], "the token store could not be unlocked: the vault is locked");
}

#[tokio::test]
async fn who_no_longer_waits_is_not_asked_for() {
    let (release, released) = tokio::sync::watch::channel(false);
    let (program, mut calls) = Program::new(move |_, _| {
        let mut released = released.clone();
        async move {
            let _ = released.wait_for(|released| *released).await;
            Ok("null".into())
        }
    });
    let hooks = program.hooks();
    let store = hooks.store().unwrap();
    let event = event();
    let (first, second) = (hooks.listener().unwrap(), hooks.listener().unwrap());
    let mut asking = first.at_limit(&event);
    let mut cancelled = second.at_limit(&event);
    assert!(futures_util::poll!(&mut asking).is_pending());
    assert!(futures_util::poll!(&mut cancelled).is_pending());
    drop(cancelled);
    // A listener that is at work holds up no token store.
    release.send_replace(true);
    store.load().await.unwrap();
    assert_eq!(asking.await.unwrap(), None);
    hooks.idle().await;
    let mut hooks = Vec::new();
    while let Ok((hook, _)) = calls.try_recv() {
        hooks.push(hook);
    }
    hooks.sort_by_key(|hook| hook.as_str());
    assert_eq!(hooks, [Hook::QuotaLimit, Hook::LoadTokens]);
}

#[tokio::test]
async fn what_a_listener_may_answer() {
    let ask = async |answer: &'static str| {
        let listener = Program::of(answer).0.hooks().listener().unwrap();
        listener.at_limit(&event()).await
    };
    assert_eq!(ask("null").await.unwrap(), None);
    assert_eq!(ask("0").await.unwrap(), Some(Duration::ZERO));
    assert_eq!(ask("1.5").await.unwrap(), Some(Duration::from_millis(1_500)));
    for forever in ["1e30", "\"Infinity\""] {
        assert_eq!(ask(forever).await.unwrap(), Some(Duration::MAX));
    }
    for wrong in ["-0.5", "\"60\"", "true", "[60]", "NaN"] {
        let text = message(ask(wrong)).await;
        assert!(text.starts_with("on_quota_limit has to give the seconds"), "{text}");
    }
    let listener = Program::failing().0.hooks().listener().unwrap();
    assert_eq!(message(listener.at_limit(&event())).await, "on_quota_limit failed: the vault is locked");
    let listener = Program::failing().0.without(Hook::QuotaLimit).hooks().listener().unwrap();
    assert_eq!(listener.at_limit(&event()).await.unwrap(), None);
}

#[tokio::test]
async fn a_listener_that_fails_at_an_event_is_reported_and_called_again() {
    let (program, mut calls) = Program::failing();
    let hooks = program.hooks();
    let listener = hooks.listener().unwrap();
    listener.notice(&event());
    listener.notice(&event());
    hooks.idle().await;
    let mut messages = Vec::new();
    let mut events = 0;
    while let Ok((hook, payload)) = calls.try_recv() {
        match hook {
            Hook::Log => messages.extend(lines(&payload).into_iter().map(|line| line["message"].clone())),
            _ => events += 1,
        }
    }
    assert_eq!((events, messages), (2, vec![json!("on_quota_event failed: the vault is locked"); 2]));
}

#[tokio::test]
async fn a_log_that_fails_gets_the_next_lines_and_one_that_is_slow_is_told_what_it_missed() {
    let (program, mut calls) = Program::failing();
    let hooks = program.hooks();
    let log = hooks.log().unwrap();
    // Nothing of it is taken before this task waits.
    for number in 0..10_005 {
        log.warn(format!("line {number}"));
    }
    hooks.idle().await;
    let mut messages = Vec::new();
    while let Ok((hook, payload)) = calls.try_recv() {
        assert_eq!(hook, Hook::Log);
        messages.extend(lines(&payload).into_iter().map(|line| line["message"].as_str().unwrap().to_owned()));
    }
    assert_eq!(messages.len(), 10_001);
    assert!(messages.iter().take(10_000).enumerate().all(|(number, line)| *line == format!("line {number}")));
    assert!(messages[10_000].starts_with("5 log lines were left out"), "{}", messages[10_000]);
    assert!(log.enabled(Level::Debug));
}

#[tokio::test]
async fn what_is_let_go_is_no_longer_kept_or_called() {
    let (program, mut calls) = Program::of("null");
    let program = Arc::new(program);
    let kept: Weak<Program> = Arc::downgrade(&program);
    let hooks = Hooks::new(program, Handle::current()).unwrap();
    let (store, log) = (hooks.store().unwrap(), hooks.log().unwrap());
    log.warn("the last line".into());
    hooks.idle().await;
    hooks.let_go();
    assert!(kept.upgrade().is_none());
    assert_eq!(calls.recv().await.unwrap().0, Hook::Log);
    assert!(calls.recv().await.is_none());
    assert!(message(store.load()).await.ends_with("the client is closed"));
    assert!(!log.enabled(Level::Warn));
}

#[tokio::test]
async fn progress_comes_in_order_and_the_latest_of_it_where_the_program_is_slow() {
    let (program, mut calls) = Program::failing();
    let hooks = program.hooks();
    let progress = hooks.progress().unwrap();
    let (one, two) = (progress.of_call(1), progress.of_call(2));
    let report = |call: &CallProgress, done| {
        call.code().report(Progress { operation: "style.attributes_list".into(), done, total: Some(4_000) });
    };
    // Nothing of it is taken before this task waits.
    for done in 1..=1_000 {
        report(&one, done);
        report(&two, done * 2);
    }
    drop(one.clone());
    drop(one);
    hooks.idle().await;
    report(&two, 4_000);
    two.end();
    drop(two);
    hooks.idle().await;
    let (mut reports, mut messages) = (Vec::new(), Vec::new());
    while let Ok((hook, payload)) = calls.try_recv() {
        match hook {
            Hook::Log => messages.extend(lines(&payload).into_iter().map(|line| line["message"].clone())),
            _ => reports.push(serde_json::from_str::<Value>(&payload).unwrap()),
        }
    }
    let is = |call: u64, done: u64| json!({"call": call, "operation": "style.attributes_list", "done": done, "total": 4_000});
    assert_eq!(reports, [is(1, 1_000), is(2, 2_000), json!({"call": 1}), is(2, 4_000), json!({"call": 2})]);
    assert_eq!(messages, vec![json!("progress failed: the vault is locked"); 5]);
    assert!(Program::of("null").0.without(Hook::Progress).hooks().progress().is_none());
}

#[tokio::test]
async fn a_list_reports_its_end_after_the_last_page() {
    let (program, mut calls) = Program::of("null");
    let program =
        Hook::ALL.into_iter().filter(|hook| *hook != Hook::Progress).fold(program, Program::without);
    let page = json!({"total": 1, "result": [{"id": "1"}]});
    let settings = json!({
        "company_domain": "acme", "access_token": "t", "ledger": "memory",
        "testing": {"clock": "recorded", "answers": [{"method": "POST", "path": "Style/Headers", "body": page}]},
    });
    let program = Some(Arc::new(program) as Arc<dyn Host>);
    let engine = Engine::open(&settings.to_string(), program, None, Handle::current()).unwrap();
    let stream = engine.stream(7, "style.attributes_list", "{}", r#"{"progress": true}"#).unwrap();
    assert_eq!(stream.next(false).await.unwrap().unwrap().records, 1);
    assert!(stream.next(false).await.unwrap().is_none());
    assert!(stream.next(false).await.unwrap().is_none());
    let mut reports = Vec::new();
    for _ in 0..2 {
        reports.push(serde_json::from_str::<Value>(&calls.recv().await.unwrap().1).unwrap());
    }
    drop(stream);
    engine.close().await.unwrap();
    assert!(calls.try_recv().is_err());
    let progress = json!({"call": 7, "operation": "style.attributes_list", "done": 1, "total": 1});
    assert_eq!(reports, [progress, json!({"call": 7})]);
}

/// Takes log lines and progress, each with who made its call.
struct Witness(mpsc::UnboundedSender<(String, Option<&'static str>)>);

impl Host for Witness {
    fn has(&self, hook: Hook) -> bool {
        matches!(hook, Hook::Log | Hook::Progress)
    }

    fn call(&self, hook: Hook, payload: Payload) -> Answering {
        let texts = match hook {
            Hook::Log => lines(&payload.text).iter().map(|line| line["message"].to_string()).collect(),
            _ => vec![payload.text],
        };
        assert_eq!(texts.len(), payload.callers.len());
        for (text, caller) in texts.into_iter().zip(payload.callers) {
            let caller = caller.and_then(|caller| caller.downcast_ref::<&'static str>().copied());
            let _ = self.0.send((text, caller));
        }
        Box::pin(async { Ok("null".into()) })
    }
}

#[tokio::test]
async fn lines_and_progress_come_with_who_made_the_call_and_nothing_keeps_them_after() {
    let row = |id: &str, place: u8| json!({"id": format!("{id}{place}")});
    let page = |id: &str| json!({"total": 6, "result": [row(id, 1), row(id, 2), row(id, 3)]});
    let answer = |id: &str| json!({"method": "POST", "path": "Style/Headers", "times": 1, "body": page(id)});
    let settings = json!({
        "company_domain": "acme", "access_token": "t", "ledger": "memory",
        "testing": {"clock": "recorded", "answers": [answer("1"), answer("2")]},
    });
    let (seen, mut reports) = mpsc::unbounded_channel();
    let engine =
        Engine::open(&settings.to_string(), Some(Arc::new(Witness(seen))), None, Handle::current()).unwrap();
    let mut all: Vec<Weak<dyn std::any::Any + Send + Sync>> = Vec::new();
    let mut by = |name: &'static str| {
        let caller: Caller = Arc::new(name);
        all.push(Arc::downgrade(&caller));
        Some(caller)
    };
    let mut until = async |end: &str| {
        let mut seen = Vec::new();
        loop {
            let (text, caller) = reports.recv().await.unwrap();
            let is_end = text.contains(end);
            seen.push(caller);
            if is_end {
                return seen;
            }
        }
    };
    let work = engine.call(engine.issue_call(), "style.nothing", "{}", r#"{"progress": true}"#);
    assert!(on_behalf(by("wrong"), work).await.is_err());
    until("call").await;

    let stream = engine.stream(7, "style.attributes_list", "{}", r#"{"page_size": 3}"#).unwrap();
    assert_eq!(on_behalf(by("first"), stream.next(false)).await.unwrap().unwrap().records, 3);
    assert!(until("answered 200").await.iter().all(|caller| *caller == Some("first")));
    stream.consumed(1, || panic!("nothing is sent for before the half of the page"));
    stream.consumed(1, || by("ahead"));
    stream.consumed(1, || panic!("the next page is on its way"));
    assert!(until("answered 200").await.iter().all(|caller| *caller == Some("ahead")));
    assert_eq!(on_behalf(by("second"), stream.next(false)).await.unwrap().unwrap().records, 3);

    engine.close().await.unwrap();
    assert_eq!(all.len(), 4);
    assert!(all.iter().all(|caller| caller.upgrade().is_none()));
}
