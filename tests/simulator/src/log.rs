//! The log of requests received, which tests compare a client's own bookkeeping with.

use std::collections::{BTreeMap, BTreeSet};

use http::HeaderMap;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::files::Received;
use crate::identity::counts::IdentityCounts;

/// Which of the services a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Base {
    Api,
    Automation,
    Identity,
    Storage,
}

#[derive(Serialize)]
pub(crate) struct Entry {
    seq: usize,
    base: Base,
    method: String,
    target: String,
    headers: Map<String, Value>,
    /// All of it, or the beginning of one that carries a large file.
    body: String,
    /// Bytes of the body.
    length: u64,
    /// Whom the access token of a request to the API speaks for.
    user: Option<&'static str>,
    /// None while the answer is not settled, and for ever when the connection was cut instead.
    status: Option<u16>,
    connection: u64,
    closed_by_client: bool,
    /// Whether the body has come, or as much as will for now.
    #[serde(skip)]
    received: bool,
}

#[derive(Default)]
pub(crate) struct Log {
    /// Tells entries of before a reset from those after it.
    generation: u64,
    entries: Vec<Entry>,
    by_operation: BTreeMap<String, u64>,
    pub(crate) identity: IdentityCounts,
}

/// Where an entry stands.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    generation: u64,
    index: usize,
}

impl Log {
    pub(crate) fn arrived(
        &mut self,
        base: Base,
        method: &str,
        target: &str,
        headers: &HeaderMap,
        connection: u64,
    ) -> Place {
        let index = self.entries.len();
        let mut all = Map::new();
        for (name, value) in headers {
            let text = String::from_utf8_lossy(value.as_bytes());
            match all.get_mut(name.as_str()) {
                Some(Value::String(first)) => {
                    first.push_str(", ");
                    first.push_str(&text);
                }
                _ => {
                    all.insert(name.as_str().to_owned(), json!(text));
                }
            }
        }
        self.entries.push(Entry {
            seq: index + 1,
            base,
            method: method.to_owned(),
            target: target.to_owned(),
            headers: all,
            body: String::new(),
            length: 0,
            user: None,
            status: None,
            connection,
            closed_by_client: false,
            received: false,
        });
        Place { generation: self.generation, index }
    }

    pub(crate) fn count_operation(&mut self, label: String) {
        *self.by_operation.entry(label).or_default() += 1;
    }

    /// Whether the entry is from after the last reset.
    pub(crate) fn has(&self, place: Place) -> bool {
        place.generation == self.generation
    }

    fn entry(&mut self, place: Place) -> Option<&mut Entry> {
        if self.has(place) { self.entries.get_mut(place.index) } else { None }
    }

    pub(crate) fn set_body(&mut self, place: Place, body: &Received) {
        if let Some(entry) = self.entry(place) {
            entry.body = String::from_utf8_lossy(&body.bytes).into_owned();
            entry.length = body.length;
            entry.received = true;
        }
    }

    /// Its body is not read before the request is released.
    pub(crate) fn set_held(&mut self, place: Place) {
        if let Some(entry) = self.entry(place) {
            entry.received = true;
        }
    }

    pub(crate) fn set_user(&mut self, place: Place, user: &'static str) {
        if let Some(entry) = self.entry(place) {
            entry.user = Some(user);
        }
    }

    pub(crate) fn set_status(&mut self, place: Place, status: u16) {
        if let Some(entry) = self.entry(place) {
            entry.status = Some(status);
        }
    }

    pub(crate) fn closed_by_client(&mut self, place: Place) {
        if let Some(entry) = self.entry(place) {
            entry.closed_by_client = true;
            entry.received = true;
        }
    }

    pub(crate) fn of(&self, base: Option<Base>) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| base.is_none_or(|base| entry.base == base))
    }

    /// How many requests have come, their bodies with them.
    pub(crate) fn received(&self, base: Option<Base>) -> usize {
        self.of(base).filter(|entry| entry.received).count()
    }

    pub(crate) fn counts(&self) -> Value {
        let connections: BTreeSet<u64> = self.entries.iter().map(|entry| entry.connection).collect();
        json!({
            "api": self.of(Some(Base::Api)).count(),
            "automation": self.of(Some(Base::Automation)).count(),
            "identity": self.of(Some(Base::Identity)).count(),
            "storage": self.of(Some(Base::Storage)).count(),
            "token": self.identity.token,
            "actas": self.identity.actas,
            "discovery": self.identity.discovery,
            "jwks": self.identity.jwks,
            "revocation": self.identity.revocation,
            "sign_outs": self.identity.sign_outs,
            "connections": connections.len(),
            "by_operation": self.by_operation,
        })
    }

    pub(crate) fn clear(&mut self) {
        *self = Log { generation: self.generation + 1, ..Log::default() };
    }
}
