use std::collections::VecDeque;

use ::http::HeaderMap;
use bytes::Bytes;
use serde_json::{Value, json};
use url::Url;

use super::*;
use crate::auth::keys::ProviderCache;
use crate::auth::server::IdentityServer;
use crate::clock::RecordedClock;
use crate::http::{HttpRequest, HttpResponse, Reached, Transport, TransportError};
use crate::log::{Level, LogSink, Record};
use crate::redact::Secrets;

const START: u64 = 1_768_478_400;

/// For an answer that no connection came about for.
const UNREACHABLE: u16 = 0;

/// An identity server that answers as it was told, in order.
#[derive(Debug, Default)]
struct Script {
    answers: Mutex<VecDeque<(u16, Value)>>,
    forms: Mutex<Vec<String>>,
}

impl Script {
    fn answers(&self, status: u16, body: Value) {
        self.answers.lock().unwrap().push_back((status, body));
    }

    /// A new access token that lives so long.
    fn gives(&self, access_token: &str, lifetime: u64) {
        self.answers(200, json!({"access_token": access_token, "expires_in": lifetime}));
    }

    /// The requests since the last look: the grant, and the refresh token if one was shown.
    fn seen(&self) -> Vec<String> {
        let forms = std::mem::take(&mut *self.forms.lock().unwrap());
        let shown = |form: &String| {
            let pairs = url::form_urlencoded::parse(form.as_bytes());
            let shown = pairs.filter(|(name, _)| name == "grant_type" || name == "refresh_token");
            shown.map(|(_, value)| value.into_owned()).collect::<Vec<_>>().join(" ")
        };
        forms.iter().map(shown).collect()
    }
}

impl Transport for Script {
    fn send(
        &self,
        request: HttpRequest,
    ) -> BoxFuture<'static, std::result::Result<HttpResponse, TransportError>> {
        self.forms.lock().unwrap().push(String::from_utf8(request.body.to_vec()).unwrap());
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(async move {
            let failed = |reached: Reached| TransportError {
                reached,
                message: "connection reset".into(),
                source: "scripted".into(),
            };
            let (status, body) = answer.ok_or_else(|| failed(Reached::Sent))?;
            if status == UNREACHABLE {
                return Err(failed(Reached::Nothing));
            }
            Ok(HttpResponse { status, headers: HeaderMap::new(), body: Bytes::from(body.to_string()) })
        })
    }
}

/// A store that can be told to fail.
#[derive(Debug, Default)]
struct Vault {
    kept: Mutex<Option<Tokens>>,
    locked: Mutex<bool>,
    saves: Mutex<usize>,
    loads: Mutex<usize>,
    shared: bool,
    /// What another process has saved when this one is at last let in.
    arrives: Mutex<Option<Tokens>>,
}

impl TokenStore for Vault {
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>>> {
        *self.loads.lock().unwrap() += 1;
        Box::pin(async { Ok(self.kept.lock().unwrap().clone()) })
    }

    fn save(&self, tokens: Tokens) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            if *self.locked.lock().unwrap() {
                return Err(Error::of_callback("the vault is locked"));
            }
            *self.saves.lock().unwrap() += 1;
            *self.kept.lock().unwrap() = Some(tokens);
            Ok(())
        })
    }

    fn check(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async {
            if *self.locked.lock().unwrap() { Err(Error::of_callback("the vault is locked")) } else { Ok(()) }
        })
    }

    fn try_lease(&self) -> BoxFuture<'_, Result<Option<Lease>>> {
        if let Some(tokens) = self.arrives.lock().unwrap().take() {
            *self.kept.lock().unwrap() = Some(tokens);
        }
        Box::pin(async { Ok(Some(if self.shared { Lease::held(()) } else { Lease::alone() })) })
    }
}

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl LogSink for Lines {
    fn enabled(&self, _level: Level) -> bool {
        true
    }

    fn write(&self, record: Record) {
        self.0.lock().unwrap().push(record.message);
    }
}

struct World {
    clock: RecordedClock,
    script: Arc<Script>,
    vault: Arc<Vault>,
    lines: Arc<Lines>,
    secrets: Secrets,
}

/// How a holder differs from one of a sign-in with the refresh token `given`.
#[derive(Default)]
struct With {
    source: Option<Source>,
    access_token: Option<String>,
    no_refresh_token: bool,
    inherited: Option<Inherited>,
}

impl World {
    fn new() -> Self {
        Self::with(Vault::default())
    }

    fn with(vault: Vault) -> Self {
        let start = std::time::UNIX_EPOCH + Duration::from_secs(START);
        Self {
            clock: RecordedClock::starting_at(start),
            script: Arc::default(),
            vault: Arc::new(vault),
            lines: Arc::default(),
            secrets: Secrets::default(),
        }
    }

    fn time(&self) -> ServerTime {
        ServerTime::new(Arc::new(self.clock.clone()), None)
    }

    fn exchanger(&self) -> Exchanger {
        let base = Url::parse("https://id.example/ids/").unwrap();
        let server = IdentityServer {
            transport: Arc::clone(&self.script) as _,
            time: self.time(),
            token_url: base.join("connect/token").unwrap(),
            base,
            timeout: Duration::from_secs(30),
            secrets: self.secrets.clone(),
            cache: Arc::new(ProviderCache::default()),
        };
        Exchanger { server, client_id: "app".into(), client_secret: None, scope: "openid".into() }
    }

    fn holder(&self, with: With) -> Arc<TokenHolder> {
        TokenHolder::new(HolderSettings {
            handle: Handle::current(),
            time: self.time(),
            log: Log { sink: Arc::clone(&self.lines) as _, secrets: self.secrets.clone() },
            store: Arc::clone(&self.vault) as _,
            source: with.source.unwrap_or_else(|| Source::SignIn(self.exchanger())),
            access_token: with.access_token.map(Secret::new),
            refresh_token: (!with.no_refresh_token).then(|| Secret::new("given")),
            inherited: with.inherited,
        })
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// A holder whose token `first` was given out at the start.
    async fn begun(&self, lifetime: u64) -> Arc<TokenHolder> {
        let holder = self.holder(With::default());
        self.script.gives("first", lifetime);
        assert_eq!(bearer(&holder).await.unwrap(), "first");
        assert_eq!(self.script.seen(), ["refresh_token given"]);
        holder
    }
}

async fn bearer(holder: &Arc<TokenHolder>) -> Result<String> {
    holder.bearer().await.map(|bearer| bearer.expose().to_owned())
}

fn call(name: &str) -> CallKey {
    CallKey::of(name, "")
}

/// A bare JSON Web Token that expires then.
fn web_token(exp: u64) -> String {
    use base64::Engine as _;
    let part = |text: String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.c2ln", part(r#"{"alg":"RS256"}"#.into()), part(json!({"exp": exp}).to_string()))
}

#[tokio::test]
async fn renewed_five_minutes_or_a_quarter_of_its_life_ahead() {
    for (lifetime, margin) in
        [(28_800, 300), (1201, 300), (1200, 300), (1196, 299), (1000, 250), (8, 2), (3, 0)]
    {
        let world = World::new();
        let holder = world.begun(lifetime).await;
        world.advance(lifetime - margin - 1);
        assert_eq!(bearer(&holder).await.unwrap(), "first", "{lifetime}");
        world.advance(1);
        world.script.gives("second", lifetime);
        assert_eq!(bearer(&holder).await.unwrap(), "second", "{lifetime}");
        assert_eq!(world.script.seen(), ["refresh_token given"], "{lifetime}");
    }
    let unknown = Tokens::default();
    assert_eq!(margin(&unknown), MARGIN);
}

#[tokio::test]
async fn one_that_cannot_be_renewed_is_used_to_its_end() {
    let world = World::new();
    let bare = || With {
        source: Some(Source::Nowhere),
        access_token: Some(web_token(START + 100)),
        no_refresh_token: true,
        ..With::default()
    };
    let holder = world.holder(bare());
    world.advance(99);
    bearer(&holder).await.unwrap();
    world.advance(1);
    let error = bearer(&holder).await.unwrap_err();
    assert!(error.message().contains("expired 0 s ago"), "{error}");
    world.advance(7);
    assert!(bearer(&holder).await.unwrap_err().message().contains("expired 7 s ago"));
    // Nothing is known of the end of an opaque one.
    let holder = world.holder(With { access_token: Some("opaque".into()), ..bare() });
    world.advance(1_000_000_000);
    assert_eq!(bearer(&holder).await.unwrap(), "opaque");
    assert_eq!(*world.vault.loads.lock().unwrap(), 0, "there is no store to look at");

    // With a store, a better one may be there.
    let world = World::new();
    let holder = world.holder(With {
        access_token: Some(web_token(START + 100)),
        no_refresh_token: true,
        ..With::default()
    });
    world.advance(99);
    bearer(&holder).await.unwrap();
    world.advance(1);
    let error = bearer(&holder).await.unwrap_err();
    assert!(error.message().contains("has expired, and there is no refresh token"), "{error}");
    assert!(world.script.seen().is_empty());
}

#[tokio::test]
async fn a_given_access_token_is_used_until_it_is_due() {
    let world = World::new();
    let holder = world.holder(With { access_token: Some(web_token(START + 1000)), ..With::default() });
    // Its life began with the client, as far as is known.
    world.advance(749);
    bearer(&holder).await.unwrap();
    assert!(world.script.seen().is_empty());
    world.advance(1);
    world.script.gives("second", 3600);
    assert_eq!(bearer(&holder).await.unwrap(), "second");
}

#[tokio::test]
async fn a_failed_renewal_is_not_tried_at_once() {
    let world = World::new();
    let holder = world.begun(3600).await;
    world.advance(3400);
    let down = |times: usize| (0..times).for_each(|_| world.script.answers(503, json!({})));
    // Once more where it has not rotated.
    down(2);
    assert_eq!(bearer(&holder).await.unwrap(), "first");
    assert_eq!(world.script.seen().len(), 2);
    let failed = world.clock.elapsed();
    assert!(world.lines.0.lock().unwrap().pop().unwrap().contains("serves on"));
    world.clock.advance(PATIENCE - Duration::from_millis(1));
    assert_eq!(bearer(&holder).await.unwrap(), "first");
    assert!(world.script.seen().is_empty());
    world.clock.advance(Duration::from_millis(1));
    down(2);
    assert_eq!(bearer(&holder).await.unwrap(), "first");
    assert_eq!(world.script.seen().len(), 2);
    assert_eq!(world.clock.elapsed(), failed + PATIENCE + Duration::from_millis(500));
    // Not beyond its end.
    world.advance(200);
    down(2);
    let error = bearer(&holder).await.unwrap_err();
    assert_eq!(error.status(), Some(503));
    assert_eq!(world.script.seen().len(), 2);
    // And no longer than needed: a renewal ends the patience.
    world.script.gives("second", 20);
    assert_eq!(bearer(&holder).await.unwrap(), "second");
    world.script.seen();
    world.advance(15);
    world.script.gives("third", 400);
    assert_eq!(bearer(&holder).await.unwrap(), "third");
}

#[tokio::test]
async fn failures_that_pass() {
    for (status, tries) in [(503, 2), (429, 2), (UNREACHABLE, 3)] {
        let world = World::new();
        let holder = world.begun(3600).await;
        world.advance(3400);
        (0..tries).for_each(|_| world.script.answers(status, json!({})));
        for _ in 0..2 {
            assert_eq!(bearer(&holder).await.unwrap(), "first", "{status}");
        }
        assert_eq!(world.script.seen().len(), tries, "{status}");
    }
}

#[tokio::test]
async fn a_final_refusal_is_no_reason_for_patience() {
    let world = World::new();
    let holder = world.begun(3600).await;
    world.advance(3400);
    world.script.answers(400, json!({"error": "invalid_grant"}));
    // It serves on to its end, as one that cannot be renewed does.
    assert_eq!(bearer(&holder).await.unwrap(), "first");
    world.advance(199);
    assert_eq!(bearer(&holder).await.unwrap(), "first");
    world.advance(1);
    for _ in 0..2 {
        assert_eq!(bearer(&holder).await.unwrap_err().code(), Some("invalid_grant"));
    }
    assert_eq!(world.script.seen(), ["refresh_token given"], "it is not sent again");

    let world = World::new();
    let holder = world.holder(With {
        source: Some(Source::Application(world.exchanger())),
        no_refresh_token: true,
        ..With::default()
    });
    world.script.gives("first", 3600);
    bearer(&holder).await.unwrap();
    world.advance(3400);
    world.script.answers(401, json!({"error": "invalid_client"}));
    assert_eq!(bearer(&holder).await.unwrap_err().code(), Some("invalid_client"));
    assert_eq!(world.script.seen(), ["client_credentials", "client_credentials"]);
}

#[tokio::test]
async fn what_renews_a_token() {
    let world = World::new();
    let administrator = world.begun(3600).await;
    let acting = Source::Administrator {
        exchanger: world.exchanger(),
        administrator: Arc::clone(&administrator),
        user_id: "u".into(),
    };
    let opaque = || Some("opaque".to_owned());
    for (source, no_refresh_token, renewable) in [
        (Source::Nowhere, true, false),
        (Source::Nowhere, false, false),
        (Source::SignIn(world.exchanger()), true, false),
        (Source::SignIn(world.exchanger()), false, true),
        (Source::Application(world.exchanger()), true, true),
        (acting, true, true),
    ] {
        let is_acting = matches!(source, Source::Administrator { .. });
        let holder = world.holder(With {
            source: Some(source),
            access_token: opaque(),
            no_refresh_token,
            inherited: None,
        });
        let refusal = holder.reject(&Secret::new("opaque"), call("a"));
        assert_eq!(refusal == Refusal::Renewable, renewable, "{:?}", holder.settings.source.exchanger());
        assert_eq!(holder.is_acting(), is_acting);
        // Another one than the present is there already.
        assert_eq!(holder.reject(&Secret::new("former"), call("a")), Refusal::Renewable);
    }
    // Nor does a refresh token that is known to be refused.
    administrator.lock().refused = Some((Secret::new("given"), Error::config("")));
    assert_eq!(administrator.reject(&Secret::new("first"), call("a")), Refusal::Lost);
    administrator.lock().refused = Some((Secret::new("another"), Error::config("")));
    assert_eq!(administrator.reject(&Secret::new("first"), call("a")), Refusal::Renewable);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let world = World::new();
    let holder = world.begun(3600).await;
    assert_eq!(holder.reject(&Secret::new("first"), call("a")), Refusal::Renewable);
    world.script.gives("second", 3600);
    assert_eq!(bearer(&holder).await.unwrap(), "second");
    // Those who come late with the former one, and the same call with the new one.
    assert_eq!(holder.reject(&Secret::new("first"), call("b")), Refusal::Renewable);
    assert_eq!(holder.reject(&Secret::new("second"), call("a")), Refusal::NewToo);
    assert_eq!(bearer(&holder).await.unwrap(), "second");
    // However many they are.
    for name in ["c", "d", "e"] {
        assert_eq!(holder.reject(&Secret::new("second"), call(name)), Refusal::NewToo);
        assert_eq!(bearer(&holder).await.unwrap(), "second");
    }
    holder.accept(&Secret::new("second"), call("c"));
    assert_eq!(holder.reject(&Secret::new("second"), call("a")), Refusal::Kept);
    assert_eq!(holder.reject(&Secret::new("second"), call("b")), Refusal::Kept);
    // What the former was accepted for says nothing of this one.
    holder.accept(&Secret::new("first"), call("a"));
    assert_eq!(holder.reject(&Secret::new("second"), call("a")), Refusal::Kept);
    assert_eq!(bearer(&holder).await.unwrap(), "second");
    assert_eq!(world.script.seen(), ["refresh_token given"]);
    world.clock.advance(super::super::refusals::REST);
    assert_eq!(holder.reject(&Secret::new("second"), call("a")), Refusal::Renewable);
    // An answer of another call that comes now does not end the renewal.
    holder.accept(&Secret::new("second"), call("c"));
    world.script.gives("third", 3600);
    assert_eq!(bearer(&holder).await.unwrap(), "third");
}

#[tokio::test]
async fn a_refused_token_has_no_patience() {
    let world = World::new();
    let holder = world.begun(3600).await;
    world.advance(3400);
    (0..2).for_each(|_| world.script.answers(503, json!({})));
    assert_eq!(bearer(&holder).await.unwrap(), "first");
    assert_eq!(holder.reject(&Secret::new("first"), call("a")), Refusal::Renewable);
    world.script.seen();
    world.script.gives("second", 3600);
    assert_eq!(bearer(&holder).await.unwrap(), "second");
}

#[tokio::test]
async fn a_token_that_was_refused_once_outlives_a_failed_renewal() {
    let world = World::new();
    let holder = world.begun(3600).await;
    for (name, status) in [("a", 503), ("b", 503), ("c", 503)] {
        assert_eq!(holder.reject(&Secret::new("first"), call(name)), Refusal::Renewable);
        (0..2).for_each(|_| world.script.answers(status, json!({})));
        assert_eq!(bearer(&holder).await.unwrap_err().status(), Some(503));
        world.script.seen();
        if name == "c" {
            // Several different calls in a row: it has ended.
            (0..2).for_each(|_| world.script.answers(503, json!({})));
            assert_eq!(bearer(&holder).await.unwrap_err().status(), Some(503));
            assert_eq!(world.script.seen().len(), 2);
        } else {
            assert_eq!(bearer(&holder).await.unwrap(), "first");
            assert!(world.script.seen().is_empty());
        }
    }
}

#[tokio::test]
async fn a_bare_token_ends_after_several_refusals() {
    let world = World::new();
    let holder = world.holder(With {
        source: Some(Source::Nowhere),
        access_token: Some("opaque".into()),
        no_refresh_token: true,
        ..With::default()
    });
    let opaque = Secret::new("opaque");
    for name in ["a", "b", "a", "b"] {
        assert_eq!(holder.reject(&opaque, call(name)), Refusal::Lost);
        assert_eq!(bearer(&holder).await.unwrap(), "opaque");
    }
    holder.accept(&opaque, call("d"));
    assert_eq!(holder.reject(&opaque, call("a")), Refusal::Kept);
    assert_eq!(holder.reject(&opaque, call("b")), Refusal::Kept);
    assert_eq!(holder.reject(&opaque, call("c")), Refusal::Lost);
    let error = bearer(&holder).await.unwrap_err();
    assert!(error.message().contains("several calls in a row"), "{error}");
    // The answer of a call that was on its way.
    holder.accept(&opaque, call("d"));
    assert_eq!(bearer(&holder).await.unwrap(), "opaque");
}

#[tokio::test]
async fn a_refusal_is_a_reason_to_look_at_the_store() {
    let world = World::new();
    let holder = world.begun(3600).await;
    holder.reject(&Secret::new("first"), call("a"));
    world.script.gives("second", 3600);
    bearer(&holder).await.unwrap();
    assert_eq!(holder.reject(&Secret::new("second"), call("a")), Refusal::NewToo);
    // Somebody has signed in again meanwhile.
    let mut newer = holder.snapshot();
    newer.access_token = Some(Secret::new("third"));
    *world.vault.kept.lock().unwrap() = Some(newer);
    assert_eq!(bearer(&holder).await.unwrap(), "third");
    let loads = *world.vault.loads.lock().unwrap();
    assert_eq!(bearer(&holder).await.unwrap(), "third");
    assert_eq!(*world.vault.loads.lock().unwrap(), loads, "the store is asked once");

    // Before an exchange too. Its life says nothing, as the longer one has ended.
    let world = World::new();
    let holder = world.begun(28_800).await;
    holder.reject(&Secret::new("first"), call("a"));
    let mut newer = holder.snapshot();
    (newer.access_token, newer.expires_at) = (Some(Secret::new("second")), Some(START + 3600));
    *world.vault.kept.lock().unwrap() = Some(newer.clone());
    assert_eq!(bearer(&holder).await.unwrap(), "second");
    assert_eq!(world.secrets.scrub("<second>"), "<[REDACTED]>");
    // It came because the former was refused, whoever fetched it.
    assert_eq!(holder.reject(&Secret::new("second"), call("a")), Refusal::NewToo);
    assert!(world.script.seen().is_empty());

    // And after one that has failed for good.
    let world = World::new();
    let holder = world.begun(28_800).await;
    holder.reject(&Secret::new("first"), call("a"));
    world.script.answers(400, json!({"error": "invalid_grant"}));
    assert_eq!(bearer(&holder).await.unwrap_err().code(), Some("invalid_grant"));
    *world.vault.kept.lock().unwrap() = Some(newer);
    assert_eq!(bearer(&holder).await.unwrap(), "second");
}

#[tokio::test]
async fn a_store_that_keeps_the_refresh_token_only() {
    let world = World::new();
    let holder = world.begun(3600).await;
    world.vault.kept.lock().unwrap().as_mut().unwrap().access_token = None;
    world.vault.kept.lock().unwrap().as_mut().unwrap().expires_at = None;
    holder.tokens().await.unwrap();
    assert_eq!(bearer(&holder).await.unwrap(), "first");
    assert!(world.script.seen().is_empty());
}

#[tokio::test]
async fn a_child_goes_on_with_what_its_parent_had() {
    let world = World::new();
    let parent = world.begun(3600).await;
    world.advance(3500);
    world
        .script
        .answers(200, json!({"access_token": "second", "expires_in": 3600, "refresh_token": "rotated"}));
    bearer(&parent).await.unwrap();
    world.script.seen();
    let inherited = parent.inherit();
    // What is stored may be newer by now.
    let mut newer = parent.snapshot();
    newer.access_token = Some(Secret::new("third"));
    *world.vault.kept.lock().unwrap() = Some(newer);
    let child = world.holder(With { inherited: Some(inherited.clone()), ..With::default() });
    assert_eq!(bearer(&child).await.unwrap(), "third");
    // Where nothing is stored, it knows what its parent knew: that the refresh token works once.
    *world.vault.kept.lock().unwrap() = None;
    let child = world.holder(With { inherited: Some(inherited), ..With::default() });
    assert_eq!(bearer(&child).await.unwrap(), "second");
    world.advance(3600);
    world.script.answers(503, json!({}));
    assert_eq!(bearer(&child).await.unwrap_err().status(), Some(503));
    assert_eq!(world.script.seen(), ["refresh_token rotated"]);
}

#[tokio::test]
async fn nobody_is_served_after_a_sign_out() {
    let ended = |result: Result<String>| {
        let error = result.unwrap_err();
        assert!(error.kind() == ErrorKind::Auth && error.message().contains("signed out"), "{error}");
    };
    // Before anything was fetched, with a valid token, with a refused one, with one that is due.
    for state in 0..4 {
        let world = World::new();
        let holder = if state == 0 { world.holder(With::default()) } else { world.begun(3600).await };
        if state == 2 {
            holder.reject(&Secret::new("first"), call("a"));
        }
        if state == 3 {
            world.advance(3500);
        }
        let meanwhile = Arc::clone(&holder);
        let seen = holder
            .sign_out(|tokens| async move {
                ended(bearer(&meanwhile).await);
                Ok(tokens.refresh_token.map(|token| token.expose().to_owned()))
            })
            .await
            .unwrap();
        assert_eq!(seen.as_deref(), Some("given"), "{state}");
        ended(bearer(&holder).await);
        assert!(world.vault.kept.lock().unwrap().as_ref().unwrap().is_empty(), "{state}");
        assert!(holder.snapshot().is_empty() && holder.tokens().await.unwrap().is_empty(), "{state}");
        // What another process saves later is not this client's.
        *world.vault.kept.lock().unwrap() = Some(Tokens {
            access_token: Some(Secret::new("later")),
            expires_at: Some(u64::MAX),
            ..Tokens::default()
        });
        ended(bearer(&holder).await);
        assert!(holder.tokens().await.unwrap().is_empty(), "{state}");
        assert!(world.script.seen().is_empty(), "{state}");
        // Nor after a fork.
        let child = world.holder(With { inherited: Some(holder.inherit()), ..With::default() });
        ended(bearer(&child).await);
    }
    // Who acts for others does so only while the administrator is signed in.
    let world = World::new();
    let administrator = world.begun(3600).await;
    let source = Source::Administrator {
        exchanger: world.exchanger(),
        administrator: Arc::clone(&administrator),
        user_id: "u".into(),
    };
    let acting = world.holder(With { source: Some(source), no_refresh_token: true, ..With::default() });
    world.script.gives("acting", 3600);
    assert_eq!(bearer(&acting).await.unwrap(), "acting");
    assert_eq!(bearer(&acting).await.unwrap(), "acting");
    assert_eq!(world.script.seen(), ["actas"]);
    administrator.sign_out(|_| async { Ok(()) }).await.unwrap();
    ended(bearer(&acting).await);
}

#[tokio::test]
async fn what_an_earlier_process_has_left() {
    let stored = Tokens {
        access_token: Some(Secret::new("stored")),
        expires_at: Some(u64::MAX),
        refresh_token: Some(Secret::new("rotated")),
        scope: Some("openid email".into()),
        ..Tokens::default()
    };
    let world = World::new();
    *world.vault.kept.lock().unwrap() = Some(stored.clone());
    let holder = world.holder(With { no_refresh_token: true, ..With::default() });
    assert!(holder.scopes().is_empty());
    // Nothing has been sent yet.
    let tokens = holder.tokens().await.unwrap();
    assert_eq!(tokens.refresh_token.unwrap().expose(), "rotated");
    assert_eq!(holder.scopes(), ["openid", "email"]);
    // It is revoked by a client that has done nothing else.
    let holder = world.holder(With { no_refresh_token: true, ..With::default() });
    let revoked = holder.sign_out(|tokens| async move { Ok(tokens.refresh_token) }).await.unwrap();
    assert_eq!(revoked.unwrap().expose(), "rotated");
}

#[tokio::test]
async fn a_sign_out_that_fails_forgets_all_the_same() {
    let world = World::new();
    let holder = world.begun(3600).await;
    let error = holder.sign_out(|_| async { Err::<(), _>(Error::config("not revoked")) }).await.unwrap_err();
    assert_eq!(error.message(), "not revoked");
    assert!(holder.snapshot().is_empty() && world.vault.kept.lock().unwrap().as_ref().unwrap().is_empty());
    // Where the store cannot be written, that is told.
    let world = World::new();
    let holder = world.begun(3600).await;
    *world.vault.locked.lock().unwrap() = true;
    let error = holder.sign_out(|_| async { Ok(()) }).await.unwrap_err();
    assert!(error.message().contains("locked") && holder.snapshot().is_empty(), "{error}");
}

#[tokio::test]
async fn tokens_are_used_once_they_are_saved() {
    let world = World::new();
    let holder = world.begun(3600).await;
    let saves = || *world.vault.saves.lock().unwrap();
    assert_eq!(saves(), 1);
    world.advance(3500);
    *world.vault.locked.lock().unwrap() = true;
    world
        .script
        .answers(200, json!({"access_token": "second", "expires_in": 3600, "refresh_token": "rotated"}));
    for _ in 0..2 {
        let error = bearer(&holder).await.unwrap_err();
        assert!(error.message().contains("locked"), "{error}");
    }
    assert_eq!(world.script.seen(), ["refresh_token given"], "the exchange is not repeated");
    assert!(holder.lock().lease.is_some(), "others are kept out meanwhile");
    // A fork goes on with what is not saved.
    let child = world.holder(With { inherited: Some(holder.inherit()), ..With::default() });
    *world.vault.locked.lock().unwrap() = false;
    for holder in [&holder, &child] {
        assert_eq!(bearer(holder).await.unwrap(), "second");
        assert!(holder.lock().lease.is_none());
    }
    assert_eq!(saves(), 3);
    let kept = world.vault.kept.lock().unwrap().clone().unwrap();
    assert_eq!(kept.refresh_token.unwrap().expose(), "rotated");
    // Somebody else's sign-out does not take what is not saved yet.
    let stored = world.holder(With { no_refresh_token: true, ..With::default() });
    assert_eq!(bearer(&stored).await.unwrap(), "second");
    world.advance(3500);
    *world.vault.locked.lock().unwrap() = true;
    world.script.answers(200, json!({"access_token": "third", "expires_in": 3600}));
    bearer(&stored).await.unwrap_err();
    world.script.seen();
    *world.vault.locked.lock().unwrap() = false;
    *world.vault.kept.lock().unwrap() = None;
    assert_eq!(bearer(&stored).await.unwrap(), "third");
    let kept = world.vault.kept.lock().unwrap().clone().unwrap();
    assert_eq!(kept.access_token.unwrap().expose(), "third");
    *world.vault.kept.lock().unwrap() = None;
    // Once rotated, a lost answer is not asked for again.
    world.script.answers(503, json!({}));
    assert_eq!(bearer(&holder).await.unwrap(), "second");
    assert_eq!(world.script.seen(), ["refresh_token rotated"]);
}

#[tokio::test]
async fn a_store_is_tried_before_tokens_that_work_once_are_fetched() {
    let world = World::new();
    let holder = world.holder(With::default());
    *world.vault.locked.lock().unwrap() = true;
    let error = bearer(&holder).await.unwrap_err();
    assert!(error.message().contains("locked"), "{error}");
    assert!(world.script.seen().is_empty());
    // Where something is stored, it could be written before.
    *world.vault.locked.lock().unwrap() = false;
    world.script.gives("first", 100);
    bearer(&holder).await.unwrap();
    world.advance(100);
    *world.vault.locked.lock().unwrap() = true;
    world.script.gives("second", 100);
    bearer(&holder).await.unwrap_err();
    assert_eq!(world.script.seen().len(), 2);
}

#[tokio::test]
async fn what_another_process_has_renewed_is_taken_over() {
    let world = World::with(Vault { shared: true, ..Vault::default() });
    let (one, other) = (world.begun(3600).await, world.holder(With::default()));
    // From the start.
    assert_eq!(bearer(&other).await.unwrap(), "first");
    world.advance(3500);
    world.script.gives("second", 3600);
    assert_eq!(bearer(&one).await.unwrap(), "second");
    assert_eq!(bearer(&other).await.unwrap(), "second");
    assert_eq!(world.script.seen(), ["refresh_token given"]);
    // Also where that was done while this one waited for its turn.
    world.advance(3500);
    let mut newer = one.snapshot();
    (newer.access_token, newer.expires_at) = (Some(Secret::new("arrived")), Some(START + 10_000));
    *world.vault.arrives.lock().unwrap() = Some(newer);
    assert_eq!(bearer(&one).await.unwrap(), "arrived");
    assert!(world.script.seen().is_empty());
    // Tokens of another sign-in are not.
    let mut foreign = one.snapshot();
    foreign.expires_at = Some(u64::MAX);
    foreign.origin = Some("another".into());
    foreign.access_token = Some(Secret::new("foreign"));
    *world.vault.kept.lock().unwrap() = Some(foreign.clone());
    world.advance(3500);
    world.script.gives("third", 3600);
    assert_eq!(bearer(&one).await.unwrap(), "third");
    // Unless nothing else is configured.
    *world.vault.kept.lock().unwrap() = Some(foreign);
    let stored = world.holder(With { no_refresh_token: true, ..With::default() });
    assert_eq!(bearer(&stored).await.unwrap(), "foreign");
    // A sign-out elsewhere ends what only the store had.
    *world.vault.kept.lock().unwrap() = None;
    stored.reject(&Secret::new("foreign"), call("a"));
    let error = bearer(&stored).await.unwrap_err();
    assert!(error.message().contains("nobody is signed in"), "{error}");
}

#[tokio::test]
async fn a_configured_token_with_a_longer_life_is_kept() {
    for (own, kept) in [(START + 5000, true), (START + 2000, false)] {
        let world = World::new();
        let origin = Some(fingerprint(&Secret::new("given")));
        *world.vault.kept.lock().unwrap() = Some(Tokens {
            access_token: Some(Secret::new("stored")),
            expires_at: Some(START + 2000),
            lifetime: Some(3600),
            refresh_token: Some(Secret::new("rotated")),
            origin,
            ..Tokens::default()
        });
        let own = web_token(own);
        let holder = world.holder(With { access_token: Some(own.clone()), ..With::default() });
        assert_eq!(bearer(&holder).await.unwrap(), if kept { own.as_str() } else { "stored" });
        assert_eq!(holder.snapshot().refresh_token.unwrap().expose(), "rotated");
        assert!(world.script.seen().is_empty());
    }
}

#[tokio::test]
async fn the_configured_refresh_token_is_tried_once_after_the_stored_one() {
    let stored = || {
        Some(Tokens {
            refresh_token: Some(Secret::new("rotated")),
            origin: Some(fingerprint(&Secret::new("given"))),
            ..Tokens::default()
        })
    };
    let refused = json!({"error": "invalid_grant"});
    let world = World::new();
    *world.vault.kept.lock().unwrap() = stored();
    let holder = world.holder(With::default());
    // A failure that passes decides nothing.
    world.script.answers(400, refused.clone());
    world.script.answers(503, json!({}));
    assert_eq!(bearer(&holder).await.unwrap_err().status(), Some(503));
    assert_eq!(world.script.seen(), ["refresh_token rotated", "refresh_token given"]);
    world.script.answers(400, refused.clone());
    world.script.gives("fresh", 3600);
    assert_eq!(bearer(&holder).await.unwrap(), "fresh");
    assert_eq!(world.script.seen(), ["refresh_token rotated", "refresh_token given"]);
    let kept = world.vault.kept.lock().unwrap().clone().unwrap();
    assert_eq!(kept.refresh_token.unwrap().expose(), "given");

    let world = World::new();
    *world.vault.kept.lock().unwrap() = stored();
    let holder = world.holder(With::default());
    for _ in 0..2 {
        world.script.answers(400, refused.clone());
    }
    for _ in 0..3 {
        assert_eq!(bearer(&holder).await.unwrap_err().code(), Some("invalid_grant"));
    }
    assert_eq!(world.script.seen(), ["refresh_token rotated", "refresh_token given"]);
    // Nor after another stored one.
    let mut another = stored().unwrap();
    (another.access_token, another.refresh_token) = (Some(Secret::new("over")), Some(Secret::new("another")));
    *world.vault.kept.lock().unwrap() = Some(another);
    world.script.answers(400, refused);
    assert_eq!(bearer(&holder).await.unwrap_err().code(), Some("invalid_grant"));
    assert_eq!(world.script.seen(), ["refresh_token another"]);

    // What is stored is another than the configured one, so it rotates: a lost answer is not asked for again.
    let world = World::new();
    *world.vault.kept.lock().unwrap() = stored();
    let holder = world.holder(With::default());
    world.script.answers(503, json!({}));
    assert_eq!(bearer(&holder).await.unwrap_err().status(), Some(503));
    assert_eq!(world.script.seen(), ["refresh_token rotated"]);
}

#[tokio::test]
async fn an_administrator_whose_token_has_ended_fetches_another() {
    let world = World::new();
    let administrator = world.begun(3600).await;
    let source = Source::Administrator {
        exchanger: world.exchanger(),
        administrator: Arc::clone(&administrator),
        user_id: "u".into(),
    };
    let acting = world.holder(With { source: Some(source), no_refresh_token: true, ..With::default() });
    // Refused, and the administrator's token is good: it is the user who may not be acted for.
    world.script.answers(400, json!({"error": "invalid_grant"}));
    world.script.answers(200, json!({"sub": "1"}));
    assert_eq!(bearer(&acting).await.unwrap_err().code(), Some("invalid_grant"));
    assert_eq!(world.script.seen(), ["actas", ""]);
    world.script.answers(400, json!({"error": "invalid_token"}));
    world.script.answers(200, json!({"sub": "1"}));
    assert_eq!(bearer(&acting).await.unwrap_err().code(), Some("invalid_token"));
    assert_eq!(world.script.seen(), ["actas", ""]);
    // Any other reason is not looked into.
    world.script.answers(400, json!({"error": "invalid_scope"}));
    assert_eq!(bearer(&acting).await.unwrap_err().code(), Some("invalid_scope"));
    assert_eq!(world.script.seen(), ["actas"]);
    world.script.answers(400, json!({"error": "invalid_grant"}));
    world.script.answers(401, json!({}));
    world.script.gives("second", 3600);
    world.script.gives("acting", 3600);
    assert_eq!(bearer(&acting).await.unwrap(), "acting");
    assert_eq!(world.script.seen(), ["actas", "", "refresh_token given", "actas"]);

    // An exchange that succeeds shows that the administrator's token is good.
    let world = World::new();
    let administrator = world.holder(With {
        source: Some(Source::Nowhere),
        access_token: Some("opaque".into()),
        no_refresh_token: true,
        ..With::default()
    });
    let source = Source::Administrator {
        exchanger: world.exchanger(),
        administrator: Arc::clone(&administrator),
        user_id: "u".into(),
    };
    let acting = world.holder(With { source: Some(source), no_refresh_token: true, ..With::default() });
    world.script.gives("acting", 3600);
    assert_eq!(bearer(&acting).await.unwrap(), "acting");
    assert_eq!(administrator.reject(&Secret::new("opaque"), call("a")), Refusal::Kept);
}

#[tokio::test]
async fn all_who_wait_share_one_renewal() {
    let world = World::new();
    let holder = world.holder(With::default());
    world.script.gives("first", 3600);
    let (one, other) = tokio::join!(bearer(&holder), bearer(&holder));
    assert_eq!((one.unwrap().as_str(), other.unwrap().as_str()), ("first", "first"));
    assert_eq!(world.script.seen().len(), 1);
    assert!(format!("{holder:?}{:?}", holder.inherit()).contains("REDACTED"));
    // What was given out is not shown any more.
    assert_eq!(world.secrets.scrub("<first>"), "<[REDACTED]>");
}
