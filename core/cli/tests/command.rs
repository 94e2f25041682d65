//! The command as a shell sees it.

// A test may stop at once.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use beproduct_simulator::{Addresses, Options, Simulator};
use serde_json::{Value, json};

/// In a home of its own.
fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_beproduct"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("BEPRODUCT_") || name.starts_with("XDG_") {
            command.env_remove(&*name);
        }
    }
    command.env("HOME", home).args(arguments);
    command
}

fn beproduct(home: &Path, arguments: &[&str]) -> Output {
    command(home, arguments).output().unwrap()
}

/// The command ends with this status, and says so only on standard error.
fn fails(home: &Path, arguments: &[&str], status: i32, expected: &str) {
    let shown = beproduct(home, arguments);
    assert_eq!(shown.status.code(), Some(status), "{arguments:?}");
    assert!(text(&shown.stderr).contains(expected), "{arguments:?}: {}", text(&shown.stderr));
    assert!(shown.stdout.is_empty());
}

/// The flags that the help of a command names, without those that are no setting and no argument of a method.
fn flags(home: &Path, command: &str, own: &[&str]) -> BTreeSet<String> {
    let shown = beproduct(home, &[command, "-h"]);
    let lines = text(&shown.stdout).lines().filter_map(|line| line.trim().strip_prefix("--"));
    let names = lines.map(|line| line.split(' ').next().unwrap_or(line).to_owned());
    names.filter(|name| !name.ends_with(':') && !own.contains(&name.as_str())).collect()
}

fn flags_in<'a>(arguments: impl IntoIterator<Item = &'a &'a str>) -> BTreeSet<String> {
    arguments.into_iter().filter_map(|argument| argument.strip_prefix("--")).map(str::to_owned).collect()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A ledger in which today's requests of a company are counted, as the client writes it.
fn ledger(path: &Path, requests: u32) {
    let folder = path.parent().unwrap();
    std::fs::create_dir_all(folder).unwrap();
    let mut config = beproduct::Config::default();
    config.company_domain = Some("acme".into());
    config.state_dir = Some(folder.to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    // Makes the file and its table.
    let status = runtime.block_on(beproduct::stored_status(&config)).unwrap();
    assert_eq!(status.used, 0);
    let file = rusqlite::Connection::open(path).unwrap();
    // Every day is today, so that midnight may come.
    for offset in ["-1 day", "0 days", "1 day"] {
        for insert in [
            "INSERT INTO counts SELECT 'https://developers.beproduct.com acme', 'day', unixepoch(date('now', ?1)), ?2",
            "INSERT INTO spent SELECT 'https://developers.beproduct.com acme', unixepoch(date('now', ?1)),
                'style.attributes_list', 'export', 'desk:7', ?2",
            "INSERT INTO notes SELECT 'https://developers.beproduct.com acme', unixepoch(date('now', ?1)),
                'limits of the service', '[' || (?2 * 3) || ',null,null]'",
        ] {
            file.execute(insert, (offset, requests)).unwrap();
        }
    }
}

#[test]
fn the_quota_as_text_and_as_json() {
    let home = tempfile::tempdir().unwrap();
    ledger(&home.path().join(".local/state/beproduct-client/quota.sqlite"), 500);
    let plan = ["quota", "--company-domain", "acme", "--edition", "business-max", "--licenses", "8"];
    let shown = beproduct(home.path(), &plan);
    assert!(shown.status.success(), "{}", text(&shown.stderr));
    let lines: Vec<_> = text(&shown.stdout).lines().map(str::trim_end).collect();
    assert!(
        lines[0]
            .starts_with("[##############################----------]  1500 of 2000 requests left until 2")
    );
    assert_eq!(lines[3].split_whitespace().collect::<Vec<_>>(), ["500", "style.attributes_list", "export"]);

    let shown = beproduct(home.path(), &[&plan[..], &["--json"]].concat());
    let status: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!((&status["used"], &status["remaining"]), (&500.into(), &1500.into()));
    assert_eq!(status["store"], "sqlite");

    // Yesterday is there too, as every day is.
    let shown = beproduct(home.path(), &[&plan[..], &["--days", "2"]].concat());
    let words: Vec<_> = text(&shown.stdout).split_whitespace().collect();
    assert!(words.windows(2).any(|pair| pair == ["1000", "desk:7"]), "{}", text(&shown.stdout));
    let shown = beproduct(home.path(), &[&plan[..], &["--json", "--days", "2"]].concat());
    let status: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(status["report"]["by_label"], json!([{"name": "export", "requests": 1000}]));
    assert_eq!(status["report"]["by_day"].as_array().unwrap().len(), 2);
    fails(home.path(), &[&plan[..], &["--days", "91"]].concat(), 64, "not in 1..=90");
    fails(home.path(), &[&plan[..], &["--time-zone", "Mars"]].concat(), 1, "Mars");

    // Another company has another count, and without a plan nothing can be left.
    let shown = beproduct(home.path(), &["quota", "--company-domain", "other"]);
    assert!(text(&shown.stdout).starts_with("0 requests today"));
}

#[test]
fn every_flag_of_the_quota_has_its_effect() {
    let home = tempfile::tempdir().unwrap();
    ledger(&home.path().join(".local/state/beproduct-client/quota.sqlite"), 500);
    let other = home.path().join("other/quota.sqlite");
    ledger(&other, 70);
    let other = other.to_str().unwrap();
    let limit_of = |status: &Value, window: &str| {
        let limits = status["limits"].as_array().unwrap();
        limits.iter().find(|limit| limit["window"] == window).map(|limit| limit["limit"].clone())
    };
    type Expected<'a> = Box<dyn Fn(&Value) -> bool + 'a>;
    let is = |member: &'static str, value: u64| -> Expected<'_> {
        Box::new(move |status| status[member] == value)
    };
    let resets = |time: &'static str| -> Expected<'_> {
        Box::new(move |status| status["resets_at"].as_str().unwrap().contains(time))
    };
    let limits = |window: &'static str, limit: u64| -> Expected<'_> {
        Box::new(move |status| limit_of(status, window) == Some(limit.into()))
    };
    let base = ["quota", "--json", "--company-domain", "acme"];
    let cases: [(&[&str], Expected<'_>); 12] = [
        (&[], is("used", 500)),
        (&["--api-url", "https://other.example"], is("used", 0)),
        (&["--edition", "business-max", "--licenses", "4"], is("limit", 1_000)),
        (&["--edition", "enterprise", "--licenses", "4"], is("limit", 2_000)),
        (&["--requests-per-day", "700"], is("remaining", 200)),
        (&["--from-service"], is("limit", 1_500)),
        (&["--requests-per-hour", "7"], limits("hour", 7)),
        (&["--requests-per-minute", "3"], limits("minute", 3)),
        (&["--day-start", "06:30"], resets("T06:30")),
        (&["--time-zone", "Asia/Tokyo"], resets("T15:00")),
        (&["--ledger", other], is("used", 70)),
        (&["--days", "2"], Box::new(|status| status["report"]["requests"] == 1_000)),
    ];
    for (arguments, expected) in &cases {
        let shown = beproduct(home.path(), &[&base[..], arguments].concat());
        let status = serde_json::from_slice(&shown.stdout).unwrap_or_default();
        assert!(expected(&status), "{arguments:?}: {status} {}", text(&shown.stderr));
    }

    let redis = ["--redis", "http://127.0.0.1:9"];
    fails(home.path(), &[&base[..], &redis].concat(), 1, "ledger: redis");
    let known: Vec<_> =
        cases.iter().flat_map(|(arguments, _)| *arguments).chain(&base).chain(&redis).collect();
    let mut tested = flags_in(known);
    tested.remove("json");
    assert_eq!(flags(home.path(), "quota", &["json", "help"]), tested);

    // Variables are below the flags.
    let with = |variable: &str, value: &str, arguments: &[&str]| {
        command(home.path(), arguments).env(variable, value).output().unwrap()
    };
    let used =
        |shown: &Output| serde_json::from_slice::<Value>(&shown.stdout).unwrap_or_default()["used"].clone();
    assert_eq!(used(&with("BEPRODUCT_COMPANY_DOMAIN", "acme", &["quota", "--json"])), 500);
    assert_eq!(used(&with("BEPRODUCT_COMPANY_DOMAIN", "other", &base)), 500);
    assert_eq!(used(&with("BEPRODUCT_API_URL", "https://other.example", &base)), 0);
    let shown = with("BEPRODUCT_REDIS_URL", redis[1], &base);
    assert!(text(&shown.stderr).contains("ledger: redis"), "{}", text(&shown.stderr));
    assert_eq!(used(&with("BEPRODUCT_REDIS_URL", redis[1], &[&base[..], &["--ledger", other]].concat())), 70);
    assert_eq!(used(&with("BEPRODUCT_REDIS_URL", "", &base)), 500);
}

#[test]
fn flags_that_do_not_go_together_and_misspelt_ones() {
    let home = tempfile::tempdir().unwrap();
    let edition = ["quota", "--edition", "enterprise", "--licenses", "4"];
    let fails = |arguments: &[&str], expected: &str| fails(home.path(), arguments, 64, expected);
    for other in [&["--requests-per-day", "5"][..], &["--from-service"]] {
        fails(&[&edition[..], other].concat(), "cannot be used with");
    }
    fails(&["quota", "--requests-per-day", "5", "--from-service"], "cannot be used with");
    fails(&["quota", "--licenses", "4"], "--edition <EDITION>");
    fails(&["quota", "--ledger", "a", "--redis", "redis://b"], "cannot be used with");
    fails(&["login", "--keyring", "--token-file", "a"], "cannot be used with");
    fails(&["login", "--pkce", "perhaps"], "true, false");
    for (command, misspelt, meant) in [
        ("quota", "--company", "--company-domain"),
        ("quota", "--licences", "--licenses"),
        ("login", "--clientid", "--client-id"),
        ("login", "--redirect-url", "--redirect-uri"),
        ("logout", "--profil", "--profile"),
    ] {
        fails(&[command, misspelt, "x"], &format!("a similar argument exists: '{meant}'"));
    }
}

#[test]
fn wrong_arguments_and_ledgers() {
    let home = tempfile::tempdir().unwrap();
    let fails =
        |arguments: &[&str], status: i32, expected: &str| fails(home.path(), arguments, status, expected);
    fails(&[], 64, "Usage: beproduct");
    fails(&["quote"], 64, "quota");
    fails(&["quota"], 64, "--company-domain");
    fails(&["quota", "--company-domain", ""], 1, "company_domain is missing");
    fails(&["quota", "--company-domain", "acme", "--edition", "business-max"], 64, "--licenses");
    fails(
        &["quota", "--company-domain", "acme", "--edition", "premium", "--licenses", "8"],
        64,
        "business-max",
    );
    fails(&["quota", "--company-domain", "acme", "--api-url", "http://example.com"], 1, "use https");
    let missing = home.path().join("missing");
    let named = ["quota", "--company-domain", "acme", "--ledger", missing.to_str().unwrap()];
    fails(&named, 1, "there is no ledger");
    assert!(!missing.exists());
    let file = home.path().join("text");
    std::fs::write(&file, "this is no database, though it is long enough to be looked at as one").unwrap();
    fails(
        &["quota", "--company-domain", "acme", "--ledger", file.to_str().unwrap()],
        1,
        file.to_str().unwrap(),
    );
}

#[test]
fn nobody_is_signed_in_yet() {
    let home = tempfile::tempdir().unwrap();
    let fails =
        |arguments: &[&str], status: i32, expected: &str| fails(home.path(), arguments, status, expected);
    fails(&["login"], 64, "--client-id is missing");
    fails(&["login", "--client-id", "x"], 64, "--redirect-uri is missing");
    fails(
        &["login", "--company-domain", "acme", "--client-id", "x", "--redirect-uri", "no address"],
        1,
        "is not a valid URL",
    );
    let app = ["login", "--client-id", "x", "--redirect-uri", "https://app.example/callback"];
    fails(&app, 1, "company_domain is missing");
    fails(
        &[&app[..], &["--company-domain", "acme", "--free-port"]].concat(),
        1,
        "http address of this machine",
    );
    fails(&[&app[..], &["--company-domain", "acme", "--profile", "../x"]].concat(), 1, "letters, digits");
    fails(
        &[&app[..], &["--company-domain", "acme", "--response-type", "token"]].concat(),
        64,
        "id-token-token",
    );
    fails(
        &[&app[..], &["--company-domain", "acme", "--identity-url", "http://example.com"]].concat(),
        1,
        "use https",
    );
    fails(&["whoami"], 1, "there is no profile \"default\"");
    fails(&["whoami", "--profile", "acme"], 1, "beproduct login --profile acme");
    fails(&["logout"], 1, "there is no profile");
    fails(&["logout", "--no-browser"], 64, "--end-session");
    fails(&["logout", "--post-logout-redirect-uri", "https://app.example"], 64, "--end-session");
    // Standard input is at its end.
    let shown = command(home.path(), &[&app[..], &["--company-domain", "acme", "--no-browser"]].concat())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(shown.status.code(), Some(64));
    assert!(text(&shown.stderr).contains("no address was pasted"), "{}", text(&shown.stderr));
    let left: Vec<_> = std::fs::read_dir(home.path().join(".config/beproduct-client")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Runs `login`, and pastes these lines for the address that it shows.
fn log_in(home: &Path, arguments: &[&str], lines: impl FnOnce(&str) -> Vec<String>) -> Output {
    use std::io::{BufRead as _, BufReader, Read as _};
    let mut child = command(home, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut shown = BufReader::new(child.stderr.take().unwrap());
    let mut stderr = String::new();
    let url = loop {
        let from = stderr.len();
        assert_ne!(shown.read_line(&mut stderr).unwrap(), 0, "{stderr}");
        let line = stderr[from..].trim();
        if line.starts_with("http") {
            break line.to_owned();
        }
    };
    let mut stdin = child.stdin.take().unwrap();
    for line in lines(&url) {
        writeln!(stdin, "{line}").unwrap();
    }
    shown.read_to_string(&mut stderr).unwrap();
    let mut output = child.wait_with_output().unwrap();
    output.stderr = stderr.into_bytes();
    output
}

/// What the simulator's control interface answers.
async fn control(at: &Addresses, path: &str, body: Value) -> Value {
    let request = reqwest::Client::new().post(format!("{}/{path}", at.control)).json(&body);
    request.send().await.unwrap().json().await.unwrap()
}

#[test]
fn every_flag_of_a_sign_in_is_kept_in_the_profile() {
    let home = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = Options { styles: 1, materials: 0, table_rows: 0, ..Options::default() };
    let simulator = runtime.block_on(Simulator::start(options)).unwrap();
    let at = &simulator.addresses();
    let tokens = home.path().join("tokens.json");
    let arguments = [
        ["--profile", "acme"],
        ["--company-domain", &at.company],
        ["--client-id", &at.client_id],
        ["--client-secret", &at.client_secret],
        ["--redirect-uri", &at.redirect_uri],
        ["--scope", "openid profile BeProductPublicApi"],
        ["--response-type", "id-token-token"],
        ["--pkce", "false"],
        ["--identity-url", &at.identity],
        ["--api-url", &at.api],
        ["--token-file", tokens.to_str().unwrap()],
    ];
    let own = ["keyring", "free-port", "no-browser", "help"];
    assert_eq!(flags(home.path(), "login", &own), flags_in(arguments.as_flattened()));
    let login = [&["login", "--no-browser", "--free-port"], arguments.as_flattened()].concat();
    let shown = log_in(home.path(), &login, |url| {
        vec![
            runtime.block_on(control(at, "authorize", json!({"url": url})))["redirect"]
                .as_str()
                .unwrap()
                .to_owned(),
        ]
    });
    assert!(shown.status.success(), "{}", text(&shown.stderr));
    let profile =
        std::fs::read_to_string(home.path().join(".config/beproduct-client/credentials.toml")).unwrap();
    let kept: BTreeSet<_> = profile.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let expected = [
        "[acme]".to_owned(),
        format!("company_domain = {:?}", at.company),
        format!("client_id = {:?}", at.client_id),
        format!("client_secret = {:?}", at.client_secret),
        format!("redirect_uri = {:?}", at.redirect_uri),
        "scope = \"openid profile BeProductPublicApi\"".to_owned(),
        "response_type = \"id_token token\"".to_owned(),
        "pkce = false".to_owned(),
        format!("identity_url = {:?}", at.identity),
        format!("api_url = {:?}", at.api),
        format!("token_store = {{ file = {tokens:?} }}"),
    ];
    assert_eq!(kept, BTreeSet::from(expected));
    assert!(tokens.exists());
}

#[test]
fn a_sign_in_from_its_beginning_to_its_end() {
    let home = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = Options { styles: 1, materials: 0, table_rows: 0, ..Options::default() };
    let simulator = runtime.block_on(Simulator::start(options)).unwrap();
    let at = &simulator.addresses();
    let redirect = |url: &str| {
        let answer = runtime.block_on(control(at, "authorize", json!({"url": url})));
        answer["redirect"].as_str().unwrap().to_owned()
    };
    let login = ["login", "--no-browser", "--profile", "acme"];
    let account = [
        "--company-domain",
        &at.company,
        "--client-id",
        &at.client_id,
        "--client-secret",
        &at.client_secret,
        "--redirect-uri",
        "https://app.example/callback",
        "--identity-url",
        &at.identity,
        "--api-url",
        &at.api,
    ];
    // A registered address that is not this machine's cannot be had from the simulator: that the person ends there is
    // what the identity server sees to, and what is pasted is what they see.
    let pasted = |url: &str| {
        let there =
            url.replace("https%3A%2F%2Fapp.example%2Fcallback", "http%3A%2F%2F127.0.0.1%3A9%2Fcallback");
        vec!["nonsense".into(), "https://app.example/callback?code=a&state=b".into(), redirect(&there)]
    };
    let shown = log_in(home.path(), &[&login[..], &account[..]].concat(), pasted);
    assert_eq!(shown.status.code(), Some(1), "the code belongs to another redirect_uri");
    for expected in ["this is not the redirect URL", "belongs to another sign-in", "another redirect_uri"] {
        assert!(text(&shown.stderr).contains(expected), "{expected}: {}", text(&shown.stderr));
    }

    let ours = [&account[..6], &["--redirect-uri", &at.redirect_uri], &account[8..]].concat();
    let listening = [&login[..], &ours[..], &["--free-port"]].concat();
    let shown = log_in(home.path(), &listening, |url| vec![String::new(), redirect(url)]);
    assert!(shown.status.success(), "{}", text(&shown.stderr));
    let folder = home.path().join(".config/beproduct-client");
    let tokens = folder.join("acme.tokens.json");
    let expected = format!(
        "Signed in as profile \"acme\", renewed by itself.\nThe tokens are in {}.\n",
        tokens.display()
    );
    assert_eq!(text(&shown.stdout), expected);
    let mut files: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, [".acme.tokens.json.lock", "acme.tokens.json", "credentials.toml"]);

    let shown = beproduct(home.path(), &["whoami", "--profile", "acme"]);
    assert!(text(&shown.stdout).contains("user     sample.designer"), "{}", text(&shown.stderr));
    let shown = beproduct(home.path(), &["whoami", "--profile", "acme", "--json"]);
    let who: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!((&who["username"], &who["email_verified"]), (&"sample.designer".into(), &true.into()));

    // By the name of the profile alone, as all else is known.
    let again = ["login", "--no-browser", "--free-port", "--profile", "acme"];
    let shown = log_in(home.path(), &again, |url| vec![redirect(url)]);
    assert!(shown.status.success(), "{}", text(&shown.stderr));
    let profile = std::fs::read_to_string(folder.join("credentials.toml")).unwrap();
    assert!(
        !profile.contains("token_store")
            && profile.contains("redirect_uri = \"http://127.0.0.1:9/callback\""),
        "{profile}"
    );

    let back = "https://app.example/bye";
    let out =
        ["logout", "--profile", "acme", "--end-session", "--no-browser", "--post-logout-redirect-uri", back];
    assert_eq!(flags(home.path(), "logout", &["help"]), flags_in(&out));
    assert_eq!(flags(home.path(), "whoami", &["help", "json"]), flags_in(&out[1..2]));
    let shown = beproduct(home.path(), &out);
    assert!(text(&shown.stdout).starts_with("Signed out of profile \"acme\"; the refresh token is revoked."));
    assert!(text(&shown.stdout).contains("/connect/endsession?id_token_hint="));
    assert!(text(&shown.stdout).contains("post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye"));
    let shown = beproduct(home.path(), &["whoami", "--profile", "acme"]);
    assert!(text(&shown.stderr).contains("nobody is signed in"), "{}", text(&shown.stderr));
}
