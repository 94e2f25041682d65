//! What was granted since the last reset, and the codes and tokens that stand for it.

use std::collections::{HashMap, HashSet};

use crate::calendar::Millis;
use crate::people::{User, administrator};
use crate::state::Shared;

use super::FIRST_REFRESH_TOKEN;
use super::clients::Client;

/// Of the refresh token that is there from the start.
const FIRST_SCOPE: &str = "openid profile email roles offline_access BeProductPublicApi";

/// What a client may do, and for whom.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(super) client: &'static Client,
    /// None when the client speaks for itself.
    pub(crate) user: Option<&'static User>,
    pub(super) scope: Vec<String>,
    pub(super) nonce: Option<String>,
    /// Shared by all tokens that come from one sign-in.
    pub(super) family: u64,
}

impl Grant {
    pub(super) fn has_scope(&self, name: &str) -> bool {
        self.scope.iter().any(|scope| scope == name)
    }
}

pub(super) struct Code {
    pub(super) grant: Grant,
    pub(super) redirect_uri: String,
    pub(super) challenge: Option<String>,
    pub(super) issued: Millis,
    pub(super) used: bool,
}

pub(super) struct RefreshToken {
    pub(super) grant: Grant,
    pub(super) used: bool,
}

pub(super) struct AccessToken {
    pub(super) grant: Grant,
    pub(super) expires: Millis,
}

pub(crate) struct Grants {
    pub(super) codes: HashMap<String, Code>,
    pub(super) refresh: HashMap<String, RefreshToken>,
    pub(super) access: HashMap<String, AccessToken>,
    pub(super) revoked: HashSet<u64>,
    families: u64,
}

impl Grants {
    pub(crate) fn new() -> Self {
        let mut grants = Grants {
            codes: HashMap::new(),
            refresh: HashMap::new(),
            access: HashMap::new(),
            revoked: HashSet::new(),
            families: 0,
        };
        let grant = Grant {
            client: Client::first(),
            user: Some(administrator()),
            scope: FIRST_SCOPE.split(' ').map(str::to_owned).collect(),
            nonce: None,
            family: 0,
        };
        grants.refresh.insert(FIRST_REFRESH_TOKEN.to_owned(), RefreshToken { grant, used: false });
        grants
    }

    pub(super) fn new_family(&mut self) -> u64 {
        self.families += 1;
        self.families
    }

    /// A new refresh token.
    pub(super) fn add_refresh_token(&mut self, shared: &Shared, grant: Grant) -> String {
        let token = secret(shared);
        self.refresh.insert(token.clone(), RefreshToken { grant, used: false });
        token
    }

    /// What an access token stands for, if it is good.
    pub(crate) fn behind(&self, token: &str, now: Millis) -> Option<&Grant> {
        let access = self.access.get(token)?;
        let is_good = now < access.expires && !self.revoked.contains(&access.grant.family);
        is_good.then_some(&access.grant)
    }

    pub(crate) fn expire_access_tokens(&mut self) {
        self.access.clear();
    }

    pub(crate) fn revoke_refresh_tokens(&mut self) {
        self.refresh.clear();
    }
}

/// A new text that cannot be guessed: 32 hexadecimal digits.
pub(super) fn opaque() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// Such a text that gives access.
pub(super) fn secret(shared: &Shared) -> String {
    let text = opaque();
    shared.secrets.note(&text);
    text
}
