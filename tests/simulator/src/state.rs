//! What the server remembers, and how a reset begins it anew.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::watch;
use uuid::Uuid;

use crate::calendar::{Millis, now};
use crate::faults::Faults;
use crate::files::StoredFile;
use crate::identity::clients;
use crate::identity::grants::Grants;
use crate::identity::keys::KeyRing;
use crate::identity::{FIRST_REFRESH_TOKEN, PASSWORD};
use crate::limits::Limits;
use crate::log::Log;
use crate::model::{FileLink, Links, MasterKind, Records};
use crate::options::{Changes, Options, Settings};
use crate::people;
use crate::secrets::Secrets;
use crate::seed;
use crate::server::Addresses;
use crate::service::automation::{Locks, Sequence};
use crate::service::comments::Post;
use crate::service::directory::{self, Company};
use crate::service::inbox::{self, Task};
use crate::service::pages::{self, Page};
use crate::service::shares::Share;
use crate::service::tracking::{self, Tracking};
use crate::service::uploads::Upload;
use crate::service::users::{self, Account};

/// Shared by all connections.
pub(crate) struct Shared {
    pub(crate) options: Options,
    /// Scheme, host and port, without a path.
    pub(crate) origin: Arc<str>,
    pub(crate) ca: Option<String>,
    pub(crate) secrets: Secrets,
    state: Mutex<State>,
    /// Bumped with each request that has come with its body, and each reset, for those who wait for requests.
    pub(crate) arrivals: watch::Sender<u64>,
    /// Bumped when held requests may go on.
    pub(crate) releases: watch::Sender<u64>,
}

pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) records: Records,
    pub(crate) grants: Grants,
    pub(crate) keys: KeyRing,
    pub(crate) limits: Limits,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    /// How many ids were handed out since seeding.
    added: u64,
    /// The last number given to a record.
    numbered: u64,
    last_write: Millis,
    pub(crate) sequences: Vec<Sequence>,
    pub(crate) locks: Locks,
    pub(crate) uploads: HashMap<Uuid, Upload>,
    pub(crate) files: HashMap<Uuid, StoredFile>,
    /// 3D files by the size class of a block.
    pub(crate) assets: Vec<(Uuid, FileLink)>,
    /// Raised when all links to files expire.
    link_generation: u64,
    /// How far the clock of records, files and links is ahead of the machine's.
    ahead: Millis,
    /// Pages that something has written.
    pub(crate) pages: HashMap<pages::Key, Page>,
    /// Comments and revisions, and whom records are shared with, by record.
    pub(crate) posts: HashMap<Uuid, Vec<Post>>,
    pub(crate) shares: HashMap<Uuid, Vec<Share>>,
    /// The directory.
    pub(crate) companies: Vec<Company>,
    pub(crate) users: Vec<Account>,
    pub(crate) tasks: Vec<Task>,
    /// Fields of the company that were made or changed, by id.
    pub(crate) company_fields: HashMap<String, Value>,
    /// Whether a value is required, by folder and field, where that was set.
    pub(crate) required_fields: HashMap<(Uuid, &'static str), bool>,
    pub(crate) tracking: Tracking,
}

impl State {
    fn new(settings: Settings, log: Log) -> Self {
        let records = seed::records(settings.sizes);
        State {
            tasks: inbox::seeded(&records),
            tracking: Tracking::new(records.master(MasterKind::Style).folders[0].id),
            records,
            grants: Grants::new(),
            keys: KeyRing::new(settings.id_token_alg),
            limits: Limits::new(settings.day_limit, settings.rate_per_minute),
            faults: Faults::default(),
            log,
            added: 0,
            numbered: 0,
            last_write: 0,
            locks: Locks::new(),
            uploads: HashMap::new(),
            files: HashMap::new(),
            assets: Vec::new(),
            link_generation: 0,
            ahead: 0,
            pages: HashMap::new(),
            posts: HashMap::new(),
            shares: HashMap::new(),
            companies: directory::companies(settings.sizes.seed),
            users: users::accounts(settings.sizes.seed),
            company_fields: HashMap::new(),
            required_fields: HashMap::new(),
            sequences: vec![Sequence::first(seed::added_id(settings.sizes.seed, 0))],
            settings,
        }
    }

    /// An id for a new record.
    pub(crate) fn new_id(&mut self) -> Uuid {
        self.added += 1;
        seed::added_id(self.settings.sizes.seed, self.added)
    }

    /// The number of a record that the service numbers, in a folder that numbers by itself or beside the numbers of
    /// others.
    pub(crate) fn next_number(&mut self, kind: MasterKind, numbering: Option<&str>) -> String {
        self.numbered += 1;
        match numbering {
            Some(prefix) => format!("{prefix}{:06}", self.numbered),
            None => {
                let others = self.records.master(kind).len() as u64;
                format!("{}{:06}", kind.prefix(), others + self.numbered)
            }
        }
    }

    /// The clock of records, files and links.
    pub(crate) fn now(&self) -> Millis {
        now() + self.ahead
    }

    pub(crate) fn advance(&mut self, by: Millis) {
        self.ahead += by;
    }

    /// The time of a write; no two writes have the same.
    pub(crate) fn write_time(&mut self) -> Millis {
        self.last_write = self.now().max(self.last_write + 1);
        self.last_write
    }

    pub(crate) fn links(&self, origin: &Arc<str>) -> Links {
        Links {
            origin: origin.clone(),
            now: self.now(),
            lifetime: self.settings.link_lifetime,
            generation: self.link_generation,
        }
    }

    pub(crate) fn expire_links(&mut self) {
        self.link_generation += 1;
    }
}

impl Shared {
    pub(crate) fn new(options: Options, origin: String, ca: Option<String>, secrets: Secrets) -> Self {
        let settings = Settings::new(&options, &Changes::default());
        for secret in
            [clients::CLIENT_SECRET, clients::IMPERSONATION_CLIENT_SECRET, PASSWORD, FIRST_REFRESH_TOKEN]
        {
            secrets.note(secret);
        }
        Shared {
            options,
            origin: origin.into(),
            ca,
            secrets,
            state: Mutex::new(State::new(settings, Log::default())),
            arrivals: watch::Sender::new(0),
            releases: watch::Sender::new(0),
        }
    }

    /// The state; a panic of another request does not make it unusable.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn reset(&self, changes: &Changes) {
        let settings = Settings::new(&self.options, changes);
        let mut state = self.state();
        let mut log = std::mem::take(&mut state.log);
        log.clear();
        *state = State::new(settings, log);
        drop(state);
        self.release();
        self.arrivals.send_modify(|n| *n += 1);
    }

    pub(crate) fn release(&self) {
        self.releases.send_modify(|n| *n += 1);
    }

    pub(crate) fn identity_base(&self) -> String {
        format!("{}/ids", self.origin)
    }

    pub(crate) fn addresses(&self) -> Addresses {
        let state = self.state();
        let folder = |kind: MasterKind| state.records.master(kind).folders[0].id.to_string();
        Addresses {
            api: self.origin.to_string(),
            automation: format!("{}/automation", self.origin),
            identity: self.identity_base(),
            control: format!("{}/simulator", self.origin),
            company: self.options.company.clone(),
            ca: self.ca.clone(),
            client_id: clients::CLIENT_ID.to_owned(),
            client_secret: clients::CLIENT_SECRET.to_owned(),
            public_client_id: clients::PUBLIC_CLIENT_ID.to_owned(),
            legacy_client_id: clients::LEGACY_CLIENT_ID.to_owned(),
            impersonation_client_id: clients::IMPERSONATION_CLIENT_ID.to_owned(),
            impersonation_client_secret: clients::IMPERSONATION_CLIENT_SECRET.to_owned(),
            refresh_token: FIRST_REFRESH_TOKEN.to_owned(),
            username: people::administrator().username.to_owned(),
            password: PASSWORD.to_owned(),
            administrator_id: people::administrator().id.to_owned(),
            user_id: people::colleague().id.to_owned(),
            partner_id: people::partner_user().id.to_owned(),
            redirect_uri: clients::REDIRECT_URI.to_owned(),
            post_logout_redirect_uri: clients::POST_LOGOUT_REDIRECT_URI.to_owned(),
            style_folder: folder(MasterKind::Style),
            material_folder: folder(MasterKind::Material),
            image_folder: folder(MasterKind::Image),
            color_folder: folder(MasterKind::Color),
            block_folder: folder(MasterKind::Block),
            data_table: state.records.tables[0].id.to_string(),
            plan: tracking::plan(state.records.master(MasterKind::Style).folders[0].id).to_string(),
            autonumber: state.sequences[0].id.to_string(),
        }
    }
}
