//! What a run does: processes one after the other, the clients of each, and their calls.

use std::time::Duration;

use serde_json::{Value, json};

use crate::chance::Chance;

#[derive(Debug)]
pub(crate) struct Plan {
    /// Begin of the simulated time, Unix seconds.
    pub(crate) start: u64,
    /// Requests in a day, an hour and a minute.
    pub(crate) limits: [Option<u64>; 3],
    pub(crate) processes: Vec<Process>,
    /// Whether it is written to files what is used of leases.
    pub(crate) journal: bool,
}

#[derive(Debug)]
pub(crate) struct Process {
    /// Steps after which it ends in the middle of everything.
    pub(crate) crash: Option<u64>,
    pub(crate) clients: Vec<ClientPlan>,
}

#[derive(Debug)]
pub(crate) struct ClientPlan {
    pub(crate) settings: Value,
    /// Requests that it sets aside for when the ledger is away.
    pub(crate) share: u64,
    /// When it is dropped without being closed.
    pub(crate) dropped: Option<Duration>,
    /// Callers, who make one call after the other.
    pub(crate) callers: Vec<Vec<Planned>>,
}

#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) after: Duration,
    pub(crate) operation: &'static str,
    pub(crate) arguments: Value,
    pub(crate) options: Value,
    pub(crate) named: bool,
    pub(crate) cancelled: Option<Duration>,
    /// When the caller goes away.
    pub(crate) dropped: Option<Duration>,
    /// Of a list: whether it is read as a whole, and how often a caller goes on after a failure.
    pub(crate) whole: bool,
    pub(crate) patience: usize,
}

pub(crate) const LIST: &str = "material.attributes_list";

fn seconds(value: f64) -> Duration {
    Duration::from_secs_f64(value)
}

impl Plan {
    pub(crate) fn new(seed: u64) -> Self {
        let chance = Chance::new(seed, "plan");
        // Eight o'clock, or shortly before midnight.
        let start = 1_800_000_000
            + if chance.hits(0.4) { 57_600 - chance.below(300) as u64 } else { chance.below(3_600) as u64 };
        let limit = |share: f64, least: usize, most: usize| {
            chance.hits(share).then(|| chance.between(least, most) as u64)
        };
        let limits = [limit(0.7, 10, 150), limit(0.3, 10, 80), limit(0.4, 3, 25)];
        let processes = chance.between(1, 3);
        let processes = (0..processes)
            .map(|index| {
                let last = index + 1 == processes;
                let crash = (!last || chance.hits(0.2)).then(|| chance.below(400) as u64);
                let clients = chance.between(1, 3);
                let mut calls = 36 / processes / clients;
                calls = chance.between(calls / 2, calls + 4);
                let clients = (0..clients).map(|_| ClientPlan::new(&chance, limits, calls)).collect();
                Process { crash, clients }
            })
            .collect();
        let mut plan = Self { start, limits, processes, journal: false };
        plan.choose_leases(&Chance::new(seed, "leases"));
        plan
    }
}

impl Plan {
    fn choose_leases(&mut self, chance: &Chance) {
        self.journal = chance.hits(0.5);
        for client in self.processes.iter_mut().flat_map(|process| &mut process.clients) {
            if chance.hits(0.2) {
                client.share = chance.between(1, 8) as u64;
            }
        }
    }
}

impl ClientPlan {
    /// A client without a plan and without calls.
    pub(crate) fn idle() -> Self {
        let settings = json!({"company_domain": "acme", "access_token": "x", "token_store": "memory"});
        Self { settings, share: 0, dropped: None, callers: Vec::new() }
    }

    fn new(chance: &Chance, limits: [Option<u64>; 3], calls: usize) -> Self {
        let mut settings = json!({
            "company_domain": "acme",
            "client_id": "id",
            "client_secret": "secret",
            "refresh_token": "refresh",
            "token_store": "memory",
            "check_filters": false,
            "timeout": chance.one_of(&[5.0, 20.0, 60.0]),
            "max_wait": chance.one_of(&[0.5, 10.0, 60.0]),
            "idle_timeout": chance.one_of(&[3.0, 30.0]),
            "attempts": chance.between(1, 5),
            "concurrency": chance.one_of(&[1, 2, 10]),
            "quota_lease": chance.one_of(&[1, 1, 3, 20]),
        });
        let [day, hour, minute] = limits;
        if limits.iter().any(Option::is_some) {
            let mut plan = json!({});
            for (name, limit) in
                [("requests_per_day", day), ("requests_per_hour", hour), ("requests_per_minute", minute)]
            {
                if let Some(limit) = limit {
                    plan[name] = limit.into();
                }
            }
            settings["plan"] = plan;
        }
        if day.is_some() && chance.hits(0.3) {
            settings["quota_floor"] = chance.between(1, 8).into();
        }
        if chance.hits(0.15) {
            settings["quota_wait"] = json!(chance.between(5, 400));
        }
        if chance.hits(0.3) {
            settings["turn_timeout"] = json!(chance.between(1, 60));
        }
        let callers = chance.between(1, 8).min(calls.max(1));
        Self {
            settings,
            share: 0,
            dropped: chance.hits(0.1).then(|| seconds(120.0 * chance.share())),
            callers: (0..callers)
                .map(|_| (0..calls.div_ceil(callers)).map(|_| Planned::new(chance)).collect())
                .collect(),
        }
    }
}

impl Planned {
    fn new(chance: &Chance) -> Self {
        let style = || format!("s{}", chance.below(14));
        let unique = || format!("c{}", chance.between(100, 1 << 40));
        let (operation, arguments): (&'static str, Value) = match chance.below(16) {
            0..=1 => ("style.attributes_get", json!({"header_id": style()})),
            2..=3 => (
                "style.attributes_update",
                json!({"header_id": style(), "fields": {"header_name": unique()}}),
            ),
            4..=5 => (
                "style.attributes_create",
                json!({"folder_id": "f1", "fields": {"header_number": format!("N-{}", unique()), "header_name": "new"}}),
            ),
            6..=7 => ("style.attributes_delete", json!({"header_id": style()})),
            8 => ("data_tables.reset", json!({"data_table_id": unique()})),
            9 => {
                let rows: Vec<_> = (0..*chance.one_of(&[1, 3, 100, 230]))
                    .map(|row| json!({"rowId": format!("r{row}"), "rowFields": {"label": row}}))
                    .collect();
                ("data_tables.update", json!({"data_table_id": unique(), "rows": rows}))
            }
            10 => ("raw.post", json!({"path": "Unknown/Thing", "body": {"mark": unique()}})),
            11 => ("style.folders", json!({})),
            12 => {
                let numbers: Vec<_> = (0..chance.between(1, 6)).map(|_| format!("N-{}", style())).collect();
                ("style.attributes_get_many_by_number", json!({"numbers": numbers}))
            }
            _ => (LIST, json!({})),
        };
        let mut options = json!({});
        if chance.hits(0.3) {
            options["timeout"] = json!(chance.between(1, 90));
        }
        if chance.hits(0.2) {
            options["turn_timeout"] = json!(chance.between(1, 60));
        }
        if chance.hits(0.3) {
            options["priority"] = json!("bulk");
        }
        if chance.hits(0.3) {
            options["allow_repeat"] = json!(true);
        }
        if chance.hits(0.2) {
            options["attempts"] = json!(chance.between(1, 6));
        }
        if operation == LIST {
            options["page_size"] = json!(chance.one_of(&[1, 5, 7, 10, 30, 200]));
        } else if chance.hits(0.3) {
            options["label"] = json!(chance.one_of(&["sync", "report"]));
        }
        Self {
            after: seconds(30.0 * chance.share().powi(4)),
            operation,
            arguments,
            options,
            named: operation != "style.folders",
            cancelled: chance.hits(0.08).then(|| seconds(20.0 * chance.share().powi(2))),
            dropped: chance.hits(0.05).then(|| seconds(20.0 * chance.share().powi(2))),
            whole: chance.hits(0.5),
            patience: chance.below(3),
        }
    }
}
