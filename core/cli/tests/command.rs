//! The command as a shell sees it.

// A test may stop at once.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output};

/// In a home of its own.
fn beproduct(home: &Path, arguments: &[&str]) -> Output {
    let command = env!("CARGO_BIN_EXE_beproduct");
    let clean = Command::new(command).env_remove("XDG_STATE_HOME").env("HOME", home).args(arguments).output();
    clean.unwrap()
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
        file.execute(
            "INSERT INTO usage VALUES ('https://developers.beproduct.com acme', date('now', ?1), 'style.attributes_list', 'export', ?2)",
            (offset, requests),
        )
        .unwrap();
    }
}

#[test]
fn the_quota_as_text_and_as_json() {
    let home = tempfile::tempdir().unwrap();
    ledger(&home.path().join(".local/state/beproduct-client/quota.sqlite"), 500);
    let plan = ["quota", "--company", "acme", "--edition", "business-max", "--licenses", "8"];
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

    // Another company has another count, and without a plan nothing can be left.
    let shown = beproduct(home.path(), &["quota", "--company", "other"]);
    assert!(text(&shown.stdout).starts_with("0 requests since midnight UTC"));
}

#[test]
fn wrong_arguments_and_ledgers() {
    let home = tempfile::tempdir().unwrap();
    let fails = |arguments: &[&str], status: i32, expected: &str| {
        let shown = beproduct(home.path(), arguments);
        assert_eq!(shown.status.code(), Some(status), "{arguments:?}");
        assert!(text(&shown.stderr).contains(expected), "{arguments:?}: {}", text(&shown.stderr));
        assert!(shown.stdout.is_empty());
    };
    fails(&[], 2, "Usage: beproduct");
    fails(&["quote"], 2, "quota");
    fails(&["quota"], 2, "--company");
    fails(&["quota", "--company", ""], 1, "company_domain is missing");
    fails(&["quota", "--company", "acme", "--edition", "business-max"], 2, "--licenses");
    fails(&["quota", "--company", "acme", "--edition", "premium", "--licenses", "8"], 2, "business-max");
    fails(&["quota", "--company", "acme", "--api-url", "http://example.com"], 1, "use https");
    let missing = home.path().join("missing");
    let named = ["quota", "--company", "acme", "--ledger", missing.to_str().unwrap()];
    fails(&named, 1, "there is no ledger");
    assert!(!missing.exists());
    let file = home.path().join("text");
    std::fs::write(&file, "this is no database, though it is long enough to be looked at as one").unwrap();
    fails(&["quota", "--company", "acme", "--ledger", file.to_str().unwrap()], 1, file.to_str().unwrap());
}
