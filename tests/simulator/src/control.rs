//! The control interface for tests and demos, under `/simulator`. It needs no sign-in and is never counted.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode, Uri};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::answers::{Answer, empty, json_answer, ok};
use crate::calendar::Millis;
use crate::faults::Rule;
use crate::files::{Content, SentFile, StoredFile};
use crate::identity::{Attack, PASSWORD, authorize};
use crate::log::{Base, Entry};
use crate::model::Links;
use crate::options::Changes;
use crate::people::administrator;
use crate::service::uploads;
use crate::state::Shared;

/// How long `wait` waits.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Which {
    Access,
    All,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expiry {
    expire: Which,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    /// Seconds.
    advance: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFile {
    name: String,
    length: u64,
    #[serde(default)]
    seed: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    url: String,
    username: Option<String>,
    password: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    #[serde(default)]
    rotate: bool,
    #[serde(default)]
    drop: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forgery {
    /// Without this a missing member would count as null.
    #[serde(deserialize_with = "Option::deserialize")]
    kind: Option<Attack>,
}

pub(crate) async fn answer(shared: &Arc<Shared>, method: &Method, uri: &Uri, body: &[u8]) -> Answer {
    let path = uri.path().trim_start_matches("/simulator");
    let result = match (method.as_str(), path) {
        ("POST", "/reset") => read(body).map(|changes: Changes| {
            shared.reset(&changes);
            ok(&shared.addresses())
        }),
        ("POST", "/faults") => read(body).map(|rules: Vec<Rule>| {
            shared.state().faults.append(rules);
            ok(&json!({}))
        }),
        ("POST", "/calm") => {
            shared.state().faults.clear();
            Ok(ok(&json!({})))
        }
        ("POST", "/release") => {
            shared.release();
            Ok(ok(&json!({})))
        }
        ("POST", "/tokens") => read(body).map(|expiry: Expiry| {
            let grants = &mut shared.state().grants;
            grants.expire_access_tokens();
            if matches!(expiry.expire, Which::All) {
                grants.revoke_refresh_tokens();
            }
            ok(&json!({}))
        }),
        ("POST", "/clock") => read(body).map(|clock: Advance| {
            shared.state().advance((clock.advance * 1000.0) as Millis);
            ok(&json!({}))
        }),
        ("POST", "/links") => {
            shared.state().expire_links();
            Ok(ok(&json!({})))
        }
        ("GET", "/files") => Ok(ok(&files(shared))),
        ("POST", "/files") => read(body).map(|file: NewFile| {
            let file = SentFile::made(file.name, file.seed, file.length);
            let state = &mut *shared.state();
            let id = uploads::keep(state, file);
            ok(&about_file(&state.links(&shared.origin), &state.files[&id]))
        }),
        ("POST", "/keys") => read(body).and_then(|keys: Keys| change_keys(shared, &keys)),
        ("POST", "/attack") => read(body).map(|forgery: Forgery| {
            shared.state().settings.attack = forgery.kind;
            ok(&json!({}))
        }),
        ("POST", "/authorize") => read(body).and_then(|person: SignIn| {
            let username = person.username.as_deref().unwrap_or(administrator().username);
            let password = person.password.as_deref().unwrap_or(PASSWORD);
            let redirect = authorize::sign_in(shared, &person.url, username, password);
            redirect.map(|redirect| ok(&json!({"redirect": redirect}))).map_err(refused)
        }),
        ("GET", "/log") => base(uri).map(|base| {
            let state = shared.state();
            ok(&state.log.of(base).collect::<Vec<&Entry>>())
        }),
        ("GET", "/counts") => Ok(ok(&shared.state().log.counts())),
        ("GET", "/wait") => match (base(uri), parameter(uri, "requests").map(|text| text.parse())) {
            (Ok(base), Some(Ok(requests))) => Ok(wait(shared, base, requests).await),
            (Ok(_), _) => Err(refused("requests: a whole number is needed".to_owned())),
            (Err(refusal), _) => Err(refusal),
        },
        _ => Ok(empty(StatusCode::NOT_FOUND)),
    };
    result.unwrap_or_else(|refusal| *refusal)
}

/// All files, in the order in which they came.
fn files(shared: &Shared) -> Vec<Value> {
    let state = shared.state();
    let mut files: Vec<_> = state.files.values().collect();
    files.sort_by_key(|file| (file.link.stored_at, file.link.id));
    let links = state.links(&shared.origin);
    files.into_iter().map(|file| about_file(&links, file)).collect()
}

fn about_file(links: &Links, file: &StoredFile) -> Value {
    json!({"id": file.link.id, "name": &*file.link.name, "length": file.length, "sha256": file.digest,
           "kept": matches!(file.content, Content::Kept(_)), "link": links.to(&file.link)})
}

fn change_keys(shared: &Shared, keys: &Keys) -> Result<Answer, Box<Answer>> {
    let ring = &mut shared.state().keys;
    if keys.rotate {
        ring.rotate().ok_or_else(|| refused("the key could not be made".to_owned()))?;
    }
    if keys.drop {
        ring.drop_former();
    }
    Ok(ok(&json!({"kid": ring.current_id()})))
}

fn refused(reason: String) -> Box<Answer> {
    Box::new(json_answer(StatusCode::BAD_REQUEST, &json!({"error": reason})))
}

/// An empty body means `{}`.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Box<Answer>> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| refused(error.to_string()))
}

fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let query = uri.query().unwrap_or("").as_bytes();
    url::form_urlencoded::parse(query).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn base(uri: &Uri) -> Result<Option<Base>, Box<Answer>> {
    match parameter(uri, "base").as_deref() {
        None => Ok(None),
        Some("api") => Ok(Some(Base::Api)),
        Some("automation") => Ok(Some(Base::Automation)),
        Some("storage") => Ok(Some(Base::Storage)),
        Some("identity") => Ok(Some(Base::Identity)),
        Some(_) => Err(refused("base: api, automation, identity or storage".to_owned())),
    }
}

async fn wait(shared: &Shared, base: Option<Base>, requests: usize) -> Answer {
    let mut arrivals = shared.arrivals.subscribe();
    let enough = async {
        loop {
            let count = shared.state().log.received(base);
            if count >= requests || arrivals.changed().await.is_err() {
                return count;
            }
        }
    };
    match tokio::time::timeout(PATIENCE, enough).await {
        Ok(count) => ok(&json!({"requests": count})),
        Err(_) => json_answer(
            StatusCode::GATEWAY_TIMEOUT,
            &json!({"error": "too few requests", "requests": shared.state().log.of(base).count()}),
        ),
    }
}
