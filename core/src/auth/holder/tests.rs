//! The holder on a recorded clock, with a scripted identity server.

mod lifetimes;
mod refusals;
mod sign_out;
mod stored;

use std::collections::VecDeque;

use ::http::HeaderMap;
use serde_json::{Value, json};
use url::Url;

use super::*;
use crate::auth::keys::ProviderCache;
use crate::auth::server::IdentityServer;
use crate::clock::RecordedClock;
use crate::http::{HttpRequest, HttpResponse, Reached, Transport, TransportError};
use crate::log::Lines;
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
        self.forms.lock().unwrap().push(String::from_utf8(request.body.bytes().unwrap().to_vec()).unwrap());
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(async move {
            let failed = |reached: Reached| TransportError::new(reached, "connection reset", "scripted");
            let (status, body) = answer.ok_or_else(|| failed(Reached::Sent))?;
            if status == UNREACHABLE {
                return Err(failed(Reached::Nothing));
            }
            Ok(HttpResponse { status, headers: HeaderMap::new(), body: body.to_string().into() })
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
