//! Sets of changes in a shell: what is printed, what is written, and the status that a script sees.

// A test may stop at once.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use beproduct_simulator::{Options, Simulator};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

struct Shell {
    home: TempDir,
    simulator: Simulator,
    runtime: Runtime,
}

impl Shell {
    fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let options = Options { styles: 20, materials: 0, table_rows: 0, ..Options::default() };
        let simulator = runtime.block_on(Simulator::start(options)).unwrap();
        Self { home: tempfile::tempdir().unwrap(), simulator, runtime }
    }

    /// Runs the command, signed in by variables.
    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let at = self.simulator.addresses();
        let mut command = Command::new(env!("CARGO_BIN_EXE_beproduct"));
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("BEPRODUCT_") || name.starts_with("XDG_") {
                command.env_remove(&*name);
            }
        }
        for (name, value) in [
            ("COMPANY_DOMAIN", &at.company),
            ("CLIENT_ID", &at.client_id),
            ("CLIENT_SECRET", &at.client_secret),
            ("REFRESH_TOKEN", &at.refresh_token),
            ("API_URL", &at.api),
            ("IDENTITY_URL", &at.identity),
        ] {
            command.env(format!("BEPRODUCT_{name}"), value);
        }
        command.env("HOME", self.home.path()).current_dir(self.home.path()).args(arguments);
        command
    }

    /// Runs the command until the service has an update, and presses Ctrl-C until it ends.
    fn interrupted(&self, arguments: &[&str]) -> String {
        self.control("faults", r#"[{"path": "/Update", "action": {"hang": true}}]"#);
        let before = self.look("counts")["api"].as_u64().unwrap();
        let child = self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let pid = child.id().to_string();
        // The schema, and a read of what is there.
        self.look(&format!("wait?base=api&requests={}", before + 3));
        let ended = std::thread::spawn(move || child.wait_with_output().unwrap());
        while !ended.is_finished() {
            Command::new("kill").args(["-INT", &pid]).stderr(Stdio::null()).status().unwrap();
        }
        self.control("release", "{}");
        text(&ended.join().unwrap().stderr).to_owned()
    }

    /// What the simulator's control interface answers.
    fn look(&self, path: &str) -> Value {
        let url = format!("{}/{path}", self.simulator.addresses().control);
        let answer =
            async { reqwest::get(url).await.unwrap().error_for_status().unwrap().json().await.unwrap() };
        self.runtime.block_on(answer)
    }

    /// The command ends with this status and prints these texts.
    fn shows(&self, arguments: &[&str], status: i32, expected: &[&str]) -> String {
        let shown = self.run(arguments);
        let all = format!("{}{}", text(&shown.stdout), text(&shown.stderr));
        assert_eq!(shown.status.code(), Some(status), "{arguments:?}: {all}");
        for expected in expected {
            assert!(all.contains(expected), "{arguments:?}: {expected}: {all}");
        }
        text(&shown.stdout).to_owned()
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.home.path().join(name), content).unwrap();
    }

    fn read(&self, path: impl AsRef<Path>) -> String {
        std::fs::read_to_string(self.home.path().join(path)).unwrap()
    }

    /// The folder of styles that numbers its records.
    fn folders(&self) -> String {
        let at = self.simulator.addresses();
        let settings = json!({
            "company_domain": at.company, "client_id": at.client_id, "client_secret": at.client_secret,
            "refresh_token": at.refresh_token, "api_url": at.api, "identity_url": at.identity, "ledger": "memory",
            "state_dir": self.home.path().join("state"),
        });
        let config = beproduct::Config::from_json(settings).unwrap();
        self.runtime.block_on(async {
            let client = beproduct::ClientBuilder::from_config(config).build().unwrap();
            let answer =
                client.call("style.folders", serde_json::Map::new(), beproduct::CallOptions::default());
            let folders: Value = serde_json::from_slice(&answer.await.unwrap().body).unwrap();
            client.shut_down().await;
            folders[2]["id"].as_str().unwrap().to_owned()
        })
    }

    fn control(&self, path: &str, body: &str) {
        let body: Value = serde_json::from_str(body).unwrap();
        let url = format!("{}/{path}", self.simulator.addresses().control);
        let sent =
            async { reqwest::Client::new().post(url).json(&body).send().await.unwrap().error_for_status() };
        self.runtime.block_on(sent).unwrap();
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_file_is_previewed_applied_and_resumed() {
    let shell = Shell::new();
    shell.write(
        "styles.csv",
        "\u{feff}Number;Name;Note\nST-000001;First;a\nST-000002;Second;b\nST-000003;Third;c\n",
    );
    let preview = [
        "preview",
        "styles.csv",
        "--to",
        "style",
        "--key",
        "header_number",
        "--delimiter",
        ";",
        "--out",
        "p.json",
    ];
    let columns = ["--map", "Number=header_number", "--map", "Name=header_name", "--map", "Note="];
    let preview = [&preview[..], &columns].concat();
    shell.shows(
        &preview,
        2,
        &[
            "3 update",
            "styles.csv:2: style ST-000001; header_name ",
            "-> \"First\"",
            "6 requests (2 to read, 3 to write, 1 to verify)",
            "beproduct apply p.json",
        ],
    );
    // The schema, a read before and one after, and two writes.
    let applied = ["apply", "p.json", "--journal", "j", "--budget", "5"];
    shell.shows(&applied, 4, &["2 done", "1 left", "stopped at its budget; beproduct resume"]);
    shell.shows(&["resume", "j", "--results", "r.csv"], 0, &["3 done", "journal "]);
    let results = shell.read("r.csv");
    assert!(
        results.starts_with(
            "index,origin,kind,resource,outcome,id,number,row_id,reason\n0,styles.csv:2,update,style,done,"
        ),
        "{results}"
    );
    assert_eq!(results.lines().count(), 4);
    shell.shows(&["resume", "j", "--results", "r.ndjson"], 0, &["3 done"]);
    let results = shell.read("r.ndjson");
    let results: Vec<Value> = results.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(results.len(), 3, "{results:?}");
    for (index, result) in results.iter().enumerate() {
        let origin = format!("styles.csv:{}", index + 2);
        let expected = json!([index, origin, "update", "style", "done"]);
        assert_eq!(
            json!(["index", "origin", "kind", "resource", "outcome"].map(|name| &result[name])),
            expected
        );
    }
    shell.shows(&applied[..4], 1, &["was applied before"]);
    let again = shell.shows(&preview, 0, &["3 unchanged", "0 requests"]);
    assert!(!again.contains("beproduct apply"), "{again}");
}

#[test]
fn what_is_not_done_is_shown() {
    let shell = Shell::new();
    shell.write("rows.csv", "header_number,active\nST-000001,No\nNONE,No\n");
    let preview = ["preview", "rows.csv", "--to", "style", "--key", "header_number"];
    let json = shell.shows(&[&preview[..], &["--json", "--out", "p.json"]].concat(), 2, &[]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["counts"], json!({"update": 1, "unmatched": 1}));
    shell.control(
        "faults",
        r#"[{"path": "/Update", "action": {"status": 400, "body": {"error": true, "message": "No."}}}]"#,
    );
    let shown = [
        "1 refused",
        "rows.csv:2: style ST-000001 refused; ",
        "rows.csv:3: style NONE unmatched; no style has the number NONE",
    ];
    shell.shows(&["apply", "p.json"], 3, &shown);
    shell.write("none.csv", "header_number,active\nNONE,No\n");
    shell.shows(&["preview", "none.csv", "--to", "style", "--key", "header_number"], 3, &["1 unmatched"]);
}

#[test]
fn wrong_arguments_and_files() {
    let shell = Shell::new();
    shell.write("rows.csv", "header_number,active\nST-000001,No\n");
    shell.write("p.json", "{}");
    for (arguments, status, expected) in [
        (&["preview"][..], 64, "<FILE>"),
        (&["preview", "rows.csv"], 64, "to is missing: what the rows are about, one of style, material"),
        (&["preview", "rows.csv", "--to", "style"], 64, "key is missing: the column that names the style"),
        (&["preview", "rows.csv", "--to", "style", "--key", "id"], 1, "rows.csv:2 has no column \"id\""),
        (&["preview", "rows.csv", "--to", "stile", "--key", "id"], 64, "did you mean \"style\"?"),
        (&["preview", "rows.csv", "--map", "a"], 64, "it has to be COLUMN=FIELD"),
        (&["preview", "none.csv", "--to", "style", "--key", "id"], 1, "none.csv cannot be read"),
        (&["apply", "none.json"], 1, "none.json cannot be read"),
        (&["apply", "rows.csv"], 1, "rows.csv is no preview"),
        (&["apply", "p.json"], 1, "preview has to be what preview has returned"),
        (&["resume", "none"], 1, "there is no journal at"),
        (&["resume", "p.json", "--budget", "half"], 64, "budget has to be a number of requests"),
        (&["resume", "p.json"], 1, "is no journal of changes"),
        (
            &["preview", "rows.csv", "--to", "style", "--key", "header_number", "--out", "rows.csv"],
            64,
            "is the file of the edits",
        ),
        (
            &["preview", "rows.csv", "--to", "style", "--key", "header_number", "--out", "none/p.json"],
            1,
            "there is no folder none",
        ),
        (&["apply", "p.json", "--results", "p.json"], 64, "is the preview: give another file"),
        (
            &["preview", "rows.csv", "--to", "style", "--key", "header_number", "--zone", "Mars"],
            64,
            "there is no time zone",
        ),
    ] {
        shell.shows(arguments, status, &[expected]);
    }
}

#[test]
fn a_preview_that_was_changed_by_hand() {
    let shell = Shell::new();
    shell.write("rows.csv", "header_number,active\nST-000001,No\n");
    shell.shows(
        &["preview", "rows.csv", "--to", "style", "--key", "header_number", "--out", "p.json"],
        2,
        &[],
    );
    let mut preview: Value = serde_json::from_str(&shell.read("p.json")).unwrap();
    preview["edits"][0]["kind"] = json!("delete");
    shell.write("p.json", &preview.to_string());
    shell.shows(
        &["apply", "p.json"],
        1,
        &["says update, and is to delete: it is not as preview has made it"],
    );
}

#[test]
fn a_file_without_rows_is_nothing_to_do() {
    let shell = Shell::new();
    shell.write("rows.csv", "header_number,active\n");
    shell.write("rows.ndjson", "");
    let preview = ["preview", "rows.csv", "--to", "style", "--key", "header_number", "--out", "p.json"];
    shell.shows(&preview, 0, &["0 requests"]);
    shell.shows(&["preview", "rows.ndjson"], 0, &["0 requests"]);
    shell.shows(&["apply", "p.json"], 0, &["0 requests"]);
}

#[test]
fn a_folder_that_numbers_its_records_is_told() {
    let shell = Shell::new();
    let client = shell.folders();
    let edit = |number: &str| {
        let fields = json!({"header_number": number, "header_name": number});
        format!("{}\n", json!({"kind": "create", "resource": "style", "folder_id": client, "fields": fields}))
    };
    shell.write("new.ndjson", &format!("{}{}", edit("DD-1"), edit("DD-2")));
    shell.shows(&["preview", "new.ndjson", "--out", "p.json"], 2, &["2 create"]);
    let told = ["1 done", "1 left", "DD-1 was sent", "j --numbers service lets it"];
    shell.shows(&["apply", "p.json", "--journal", "j"], 3, &told);
    shell.shows(&["resume", "j", "--numbers", "service"], 0, &["2 done", "DD-2 was sent"]);
}

#[test]
fn a_command_that_is_stopped_at_once_says_what_goes_on() {
    let shell = Shell::new();
    shell.write("rows.csv", "header_number,active\nST-000001,No\n");
    let preview = ["preview", "rows.csv", "--to", "style", "--key", "header_number", "--out", "p.json"];
    shell.shows(&preview, 2, &[]);
    let said = shell.interrupted(&["apply", "p.json", "--journal", "my journal"]);
    assert!(said.contains("stopped at once; beproduct resume '/"), "{said}");
    assert!(said.contains("/my journal' goes on"), "{said}");

    shell.shows(&preview, 2, &[]);
    let said = shell.interrupted(&["apply", "p.json"]);
    let says =
        "stopped at once; the same command goes on, or says which journal beproduct resume goes on with";
    assert!(said.contains(says), "{said}");
    shell.shows(&["apply", "p.json"], 1, &["resume goes on with its journal"]);
}
