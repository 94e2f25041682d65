//! Larger sets with chance that follows from a seed: faults, processes that end at a line of their journal, budgets that are used up,
//! and other writers. What is reported has to be what is there, and nothing may be there twice.
//!
//! | variable | what |
//! |---|---|
//! | `BEPRODUCT_SET_SEEDS` | how many seeds, or `a..b`. Default 1,000 |
//! | `BEPRODUCT_SET_SEED` | this seed alone, with its edits and reports |

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

use beproduct::Client;
use beproduct_simulator::Options;
use serde_json::{Value, json};

use super::chance::{Chance, seeds};
use super::common::Service;
use super::state::{Seek, State, rows, values};
use super::{call, client};

const ONE: &str = "BEPRODUCT_SET_SEED";

#[test]
fn what_is_reported_is_what_is_there_and_nothing_is_there_twice() {
    let seeds = seeds("BEPRODUCT_SET_SEEDS", ONE, 1_000);
    let shows = std::env::var_os(ONE).is_some();
    let (next, seen) = (AtomicU64::new(seeds.start), std::sync::Mutex::new(Seen::default()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let options = Options {
                        styles: 40,
                        materials: 1,
                        images: 0,
                        colors: 0,
                        blocks: 0,
                        table_rows: 60,
                        ..Options::default()
                    };
                    let service = Service::with(options).await;
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= seeds.end {
                            break;
                        }
                        let came = Set::new(&service, seed).await.run(shows).await;
                        seen.lock().unwrap().add(seed, came);
                    }
                });
            });
        }
    });
    let seen = seen.into_inner().unwrap();
    let count = seeds.count();
    println!("{count} sets with {} edits in {} runs: {:?}", seen.edits, seen.runs, seen.outcomes);
    assert!(seen.broken.is_empty(), "{:#?}", seen.broken);
}

#[derive(Default)]
struct Seen {
    edits: u64,
    runs: u64,
    outcomes: BTreeMap<String, u64>,
    broken: Vec<String>,
}

impl Seen {
    fn add(&mut self, seed: u64, came: Came) {
        self.edits += came.outcomes.len() as u64;
        self.runs += came.runs;
        for outcome in came.outcomes {
            *self.outcomes.entry(outcome).or_default() += 1;
        }
        self.broken.extend(came.broken.into_iter().map(|text| format!("seed {seed}: {text}")));
    }
}

#[derive(Default)]
struct Came {
    outcomes: Vec<String>,
    runs: u64,
    broken: Vec<String>,
}

struct Set<'a> {
    service: &'a Service,
    chance: Chance,
    folder: tempfile::TempDir,
    style_folder: String,
    table: String,
    styles: Vec<String>,
    lines: Vec<String>,
    form: String,
    grid: String,
    /// Rows of grids that are there before, by style.
    rows: HashMap<String, Vec<String>>,
    edits: Vec<(Value, Seek)>,
    /// What other writers have changed.
    touched: HashSet<String>,
    refuses: bool,
}

impl<'a> Set<'a> {
    async fn new(service: &'a Service, seed: u64) -> Self {
        let chance = Chance::new(seed, "set");
        let lag = if chance.hits(0.3) { json!({"lists": chance.between(1, 4)}) } else { Value::Null };
        let not_stored = if chance.hits(0.3) { 0.05 } else { 0.0 };
        service
            .control(
                "reset",
                json!({"seed": seed % 5 + 1, "lag": lag, "not_stored": not_stored, "upload_looks": seed % 3}),
            )
            .await;
        let folder = tempfile::tempdir().unwrap();
        let client = client(service, &folder, json!({}), json!({}));
        let style_folder = service.address("style_folder");
        let table = service.address("data_table");
        let styles = client.style().list().folder_id(&style_folder).collect().await.unwrap();
        let styles: Vec<_> = styles.into_iter().filter_map(|style| style.id).collect();
        let lines = client.data_tables().data(&table).collect().await.unwrap();
        let lines = lines.into_iter().filter_map(|line| line.id).collect();
        let apps = call(&client, "style.app_list", json!({"header_id": styles[0]})).await.unwrap();
        let app = |title: &str| {
            let apps = apps.as_array().unwrap();
            apps.iter().find(|app| app["title"] == title).unwrap()["id"].as_str().unwrap().to_owned()
        };
        let (form, grid) = (app("Design Notes"), app("Process Steps"));
        let mut rows = HashMap::new();
        for style in styles.iter().take(2) {
            let ids: Vec<_> = (0..3).map(|_| uuid(&chance)).collect();
            let sent: Vec<_> = ids
                .iter()
                .map(|id| json!({"rowId": id, "rowFields": {"step": format!("before {id}")}}))
                .collect();
            let arguments = json!({"header_id": style, "app_id": grid, "rows": sent});
            // A value of it may not be stored, which matters to nobody.
            call(&client, "style.app_grid_update", arguments).await.unwrap();
            rows.insert(style.clone(), ids);
        }
        call(&client, "style.tag_create", json!({"name": "Sale"})).await.unwrap();
        client.shut_down().await;
        let mut set = Self {
            service,
            chance,
            folder,
            style_folder,
            table,
            styles,
            lines,
            form,
            grid,
            rows,
            edits: Vec::new(),
            touched: HashSet::new(),
            refuses: false,
        };
        set.make_edits();
        set
    }

    fn make_edits(&mut self) {
        let count =
            if self.chance.hits(0.03) { self.chance.between(100, 400) } else { self.chance.between(1, 30) };
        let (mut styles, mut lines) = (self.styles.clone(), self.lines.clone());
        let mut rows = self.rows.clone();
        let (mut forms, mut tags, mut images) =
            (self.styles.clone(), self.styles.clone(), self.styles.clone());
        let mut created = Vec::new();
        for index in 0..count {
            let of = |style: &str, app: &str| json!({"kind": "update", "resource": "style", "record": {"id": style}, "app_id": app});
            let line =
                |kind: &str| json!({"kind": kind, "resource": "data_tables", "record": {"id": self.table}});
            let text = format!("text {index}");
            let (mut edit, seek) = match self.chance.below(13) {
                0 | 1 if !styles.is_empty() => {
                    let style = styles.remove(self.chance.below(styles.len()));
                    let edit = json!({"kind": "update", "resource": "style", "record": {"id": style}, "fields": {"header_name": text}});
                    (edit, Seek::Name(style, text))
                }
                // One of which nothing else is planned.
                2 if styles.len() > 20 => {
                    let style = styles.remove(self.chance.between(2, styles.len() - 1));
                    if ![&forms, &tags, &images].iter().all(|own| own.contains(&style)) {
                        styles.push(style);
                        continue;
                    }
                    images.retain(|one| *one != style);
                    forms.retain(|one| *one != style);
                    tags.retain(|one| *one != style);
                    (
                        json!({"kind": "delete", "resource": "style", "record": {"id": style}}),
                        Seek::Deleted(style),
                    )
                }
                3 => {
                    let number = format!("N-{index}");
                    created.push(number.clone());
                    let fields = json!({"header_number": number, "header_name": text});
                    let edit = json!({"kind": "create", "resource": "style", "folder_id": self.style_folder, "fields": fields});
                    (edit, Seek::Number(number))
                }
                4 if !forms.is_empty() => {
                    let style = forms.remove(self.chance.below(forms.len()));
                    let mut edit = of(&style, &self.form);
                    edit["fields"] = json!({"pieces": index + 1});
                    (edit, Seek::Form(style, index as u64 + 1))
                }
                5 if !rows.is_empty() => {
                    let style = rows.keys().min().unwrap().clone();
                    let row = rows.get_mut(&style).unwrap().pop();
                    let Some(row) = row else {
                        rows.remove(&style);
                        continue;
                    };
                    let mut edit = of(&style, &self.grid);
                    edit["row_id"] = json!(row);
                    if self.chance.hits(0.5) {
                        edit["kind"] = json!("delete");
                        (edit, Seek::RowGone(style, row))
                    } else {
                        edit["fields"] = json!({"minutes": index + 1});
                        (edit, Seek::Minutes(style, row, index as u64 + 1))
                    }
                }
                6 if !created.is_empty() => {
                    let number = self.chance.one_of(&created).clone();
                    let edit = json!({
                        "kind": "create", "resource": "style", "record": {"number": number}, "app_id": self.grid,
                        "fields": {"step": text},
                    });
                    (edit, Seek::Row { style: None, number: Some(number), step: text })
                }
                7 if !lines.is_empty() => {
                    let id = lines.remove(self.chance.below(lines.len()));
                    let mut edit = line("update");
                    edit["row_id"] = json!(id);
                    edit["fields"] = json!({"label": text});
                    (edit, Seek::Label(id, text))
                }
                8 if !lines.is_empty() => {
                    let id = lines.remove(self.chance.below(lines.len()));
                    let mut edit = line("delete");
                    edit["row_id"] = json!(id);
                    (edit, Seek::LineGone(id))
                }
                9 => {
                    let mut edit = line("create");
                    edit["fields"] = json!({"label": text});
                    (edit, Seek::LabelOfNew(text))
                }
                10 if !tags.is_empty() => {
                    let style = tags.remove(self.chance.below(tags.len()));
                    let edit = json!({"kind": "update", "resource": "style", "record": {"id": style}, "tags": {"add": ["Sale"]}});
                    (edit, Seek::Tag(style))
                }
                11 if !images.is_empty() => {
                    let style = images.remove(self.chance.below(images.len()));
                    let name = format!("image-{index}.png");
                    let path = self.folder.path().join(&name);
                    std::fs::write(&path, &text).unwrap();
                    let mut edit = json!({"kind": "update", "resource": "style", "record": {"id": style}, "image": path});
                    let member = match self.chance.hits(0.5) {
                        true => "frontImage",
                        false => {
                            edit["position"] = json!("back");
                            "backImage"
                        }
                    };
                    (edit, Seek::Image(style, member, name))
                }
                _ => {
                    let style = self.styles[self.chance.below(2)].clone();
                    let mut edit = of(&style, &self.grid);
                    edit["kind"] = json!("create");
                    edit["fields"] = json!({"step": text});
                    (edit, Seek::Row { style: Some(style), number: None, step: text })
                }
            };
            edit["origin"] = json!(format!("edit {}", self.edits.len()));
            self.edits.push((edit, seek));
        }
    }

    async fn faults(&mut self) {
        let mut rules = Vec::new();
        for _ in 0..self.chance.below(6) {
            let paths = [
                "/Update",
                "Header/Create",
                "Header/Delete",
                "PageGrid",
                "PageForm",
                "Style/Headers",
                "/Data?",
                "Style/Page?",
                "/Add",
                "Image/Upload",
                "GetImageProcessingStatus",
            ];
            let path = *self.chance.one_of(&paths);
            let is_write =
                !["Style/Headers", "/Data?", "Style/Page?", "GetImageProcessingStatus"].contains(&path);
            let actions = [
                json!({"reset": "before"}),
                json!({"reset": "before", "apply": true}),
                json!({"truncate": 10}),
                json!({"status": 500, "apply": true, "body": "NullReference"}),
                json!({"status": 500, "body": "NullReference"}),
                json!({"status": 503}),
                json!({"status": 429}),
                json!({"status": 400, "body": {"message": "No"}}),
            ];
            let last = if is_write { actions.len() } else { actions.len() - 1 };
            let action = actions[self.chance.below(last)].clone();
            // A preview refuses edits of a page that cannot be read, if only because several of these have met all attempts.
            self.refuses |= action["status"] == 400 || !is_write;
            rules.push(json!({
                "path": path, "skip": self.chance.below(6), "times": self.chance.between(1, 2), "action": action,
            }));
        }
        self.service.control("faults", json!(rules)).await;
    }

    /// Somebody else changes what the set is about.
    async fn others(&mut self, client: &Client) {
        for _ in 0..self.chance.below(3) {
            let (_, seek) = self.chance.one_of(&self.edits).clone();
            match seek {
                Seek::Name(style, _) => {
                    let arguments = json!({"header_id": style, "fields": {"header_name": "Theirs"}});
                    // A fault may meet them.
                    let _ = call(client, "style.update", arguments).await;
                    self.touched.insert(style);
                }
                Seek::Label(id, _) | Seek::LineGone(id) => {
                    let rows = json!([{"rowId": id, "rowFields": {"label": "Theirs"}}]);
                    let _ = call(
                        client,
                        "data_tables.update",
                        json!({"data_table_id": self.table, "rows": rows}),
                    )
                    .await;
                    self.touched.insert(id);
                }
                Seek::Image(style, member, _) => {
                    let path = self.folder.path().join("theirs.png");
                    std::fs::write(&path, "theirs").unwrap();
                    let mut arguments = json!({"header_id": style, "file": path});
                    let mut upload = "style.upload";
                    if member == "backImage" {
                        arguments["position"] = json!("back");
                        upload = "style.upload_position";
                    }
                    let _ = call(client, upload, arguments).await;
                    self.touched.insert(format!("{style} {member}"));
                }
                Seek::Minutes(style, row, _) => {
                    let rows = json!([{"rowId": row, "deleteRow": true}]);
                    let arguments = json!({"header_id": style, "app_id": self.grid, "rows": rows});
                    let _ = call(client, "style.app_grid_update", arguments).await;
                    self.touched.insert(row);
                }
                _ => {}
            }
        }
    }

    fn process(&self, is_last: bool) -> Client {
        let mut testing = json!({});
        if !is_last && self.chance.hits(0.5) {
            let lines = self.chance.between(1, 3 * self.edits.len() + 5);
            testing = json!({"journal_lines": lines, "journal_line_untold": self.chance.hits(0.5)});
        }
        client(self.service, &self.folder, testing, json!({"concurrency": self.chance.between(1, 6)}))
    }

    async fn run(mut self, shows: bool) -> Came {
        let mut came = Came::default();
        let edits: Vec<_> = self.edits.iter().map(|(edit, _)| edit.clone()).collect();
        if edits.is_empty() {
            return came;
        }
        let journal = self.folder.path().join("j");
        let (mut report, mut begun) = (None, false);
        for turn in 0.. {
            let is_last = turn >= 8;
            match is_last {
                false => self.faults().await,
                // What was left of the faults before would end it.
                true => drop(self.service.control("calm", json!({})).await),
            }
            let client = self.process(is_last);
            came.runs += 1;
            let mut wishes = json!({"journal": journal});
            if !is_last && self.chance.hits(0.3) {
                wishes["budget"] = json!(self.chance.between(0, 40));
            }
            let result = if begun {
                call(&client, "changes.resume", wishes).await
            } else {
                match call(&client, "changes.preview", json!({"edits": edits})).await {
                    Ok(preview) => {
                        if turn == 0 {
                            self.others(&client).await;
                        }
                        wishes["preview"] = preview;
                        call(&client, "changes.apply", wishes).await
                    }
                    Err(error) => Err(error),
                }
            };
            client.shut_down().await;
            begun = journal.exists();
            if shows {
                println!(
                    "turn {turn}: {:?}",
                    result.as_ref().map(|report| (&report["end"], &report["counts"]))
                );
            }
            match result {
                Ok(ended) if ended["end"] == "complete" => {
                    report = Some(ended);
                    break;
                }
                Ok(ended) if is_last => {
                    came.broken.push(format!("it ends with {}", ended["end"]));
                    return came;
                }
                Err(error) if is_last => {
                    came.broken.push(format!("it ends with {error}"));
                    return came;
                }
                _ => {}
            }
        }
        let report = report.unwrap();
        let outcomes = report["edits"].as_array().unwrap().clone();
        if outcomes.len() != edits.len() {
            came.broken.push(format!("{} edits have {} outcomes", edits.len(), outcomes.len()));
            return came;
        }
        self.service.control("calm", json!({})).await;
        let client = client(self.service, &self.folder, json!({}), json!({}));
        let state = self.state(&client, &outcomes).await;
        client.shut_down().await;
        for (((edit, seek), outcome), index) in self.edits.iter().zip(&outcomes).zip(0..) {
            let said = outcome["outcome"].as_str().unwrap();
            came.outcomes.push(said.to_owned());
            if shows {
                println!("{index}: {edit} is {said}, {}", outcome["reason"]);
            }
            if let Some(broken) = self.breaks(seek, said, &state, &outcomes) {
                came.broken
                    .push(format!("edit {index} ({seek:?}) is {said}, {}: {broken}", outcome["reason"]));
            }
        }
        came.broken.extend(state.twice());
        came
    }

    fn breaks(&self, seek: &Seek, said: &str, state: &State, outcomes: &[Value]) -> Option<&'static str> {
        let is_there = state.shows(seek);
        let target = match seek {
            Seek::Name(id, _) | Seek::Label(id, _) | Seek::LineGone(id) | Seek::Minutes(_, id, _) => {
                id.clone()
            }
            Seek::Image(style, member, _) => format!("{style} {member}"),
            _ => String::new(),
        };
        if self.touched.contains(&target) {
            return None;
        }
        let made = |number: &str| {
            let of =
                self.edits.iter().position(|(_, seek)| matches!(seek, Seek::Number(one) if one == number));
            outcomes[of.unwrap()]["outcome"].as_str().unwrap_or_default().to_owned()
        };
        match said {
            "done" | "unchanged" => (!is_there).then_some("it is not there"),
            "not_stored" => is_there.then_some("it is there"),
            // The file may still be processed, or was stored where another was.
            "unknown" | "unverified" if matches!(seek, Seek::Image(..)) => is_there.then_some("it is there"),
            // A creation, or a row without an id of the client.
            "unknown" => (!matches!(seek, Seek::Number(_) | Seek::LabelOfNew(_)))
                .then_some("it could have been found out"),
            "refused" if self.refuses => is_there.then_some("it is there"),
            "left" => match seek {
                Seek::Row { number: Some(number), .. } if made(number) != "done" => None,
                _ => Some("it was not begun"),
            },
            _ => Some("that cannot be"),
        }
    }

    async fn state(&self, client: &Client, outcomes: &[Value]) -> State {
        let mut state = State::default();
        let get = |name: &'static str, arguments: Value| async move {
            call(client, name, arguments).await.unwrap()
        };
        let numbers: Vec<_> = self
            .edits
            .iter()
            .filter_map(|(_, seek)| match seek {
                Seek::Number(number) => Some(number.clone()),
                _ => None,
            })
            .collect();
        if !numbers.is_empty() {
            // The list may lag behind for some more reads.
            for _ in 0..10 {
                state.new.clear();
                let found = get(
                    "style.get_many_by_number",
                    json!({"numbers": numbers, "folder_id": self.style_folder}),
                )
                .await;
                for record in found["found"].as_array().unwrap() {
                    state.new.push((
                        record["headerNumber"].as_str().unwrap().to_owned(),
                        record["id"].as_str().unwrap().to_owned(),
                    ));
                }
                for several in found["ambiguous"].as_array().unwrap() {
                    state.broken.push(format!("the number {} is there twice", several["number"]));
                }
            }
        }
        // One whose number was not stored is known by its outcome.
        for ((_, seek), outcome) in self.edits.iter().zip(outcomes) {
            if let (Seek::Number(number), Some(id)) = (seek, outcome["id"].as_str()) {
                state.made.insert(number.clone(), id.to_owned());
            }
        }
        let ids = self.styles.iter().chain(state.new.iter().map(|(_, id)| id)).chain(state.made.values());
        let ids: HashSet<_> = ids.cloned().collect();
        let named: HashSet<String> = self
            .edits
            .iter()
            .filter_map(|(edit, _)| edit["record"]["id"].as_str())
            .map(str::to_owned)
            .collect();
        for id in ids {
            let is_new =
                state.new.iter().any(|(_, new)| *new == id) || state.made.values().any(|made| *made == id);
            if !is_new && !named.contains(&id) {
                continue;
            }
            let style = get("style.get", json!({"header_id": id})).await;
            let is_deleted = style["isDeleted"] == true;
            state.styles.insert(id.clone(), style);
            if is_deleted {
                continue;
            }
            let grid = get("style.app_get", json!({"header_id": id, "app_id": self.grid})).await;
            state.grids.insert(id.clone(), rows(&grid["data"]["gridData"], "rowId"));
            let form = get("style.app_get", json!({"header_id": id, "app_id": self.form})).await;
            state.forms.insert(id.clone(), values(&form["data"]));
            state.tags.insert(id.clone(), get("style.header_tag_list", json!({"header_id": id})).await);
        }
        let lines = client.data_tables().data(&self.table).collect().await.unwrap();
        let lines: Vec<Value> = lines.iter().map(|line| serde_json::to_value(line).unwrap()).collect();
        state.lines = rows(&json!(lines), "id");
        state
    }
}

fn uuid(chance: &Chance) -> String {
    let digits = |count: usize| {
        (0..count).map(|_| char::from_digit(chance.below(16) as u32, 16).unwrap()).collect::<String>()
    };
    format!("{}-{}-4{}-8{}-{}", digits(8), digits(4), digits(3), digits(3), digits(12))
}
