//! A process that ends at any line of its journal, whatever comes of a request.

use std::collections::BTreeMap;

use beproduct::Client;
use beproduct_simulator::Options;
use serde_json::{Map, Value, json};

use super::common::Service;
use super::{call, client};

/// The state of the records that a set is about, and how often each was written.
async fn state(client: &Client, ids: &[String], folder: &str) -> Value {
    let mut records = BTreeMap::new();
    for id in ids {
        let record = call(client, "style.get", json!({"header_id": id})).await.unwrap();
        let link = record["headerData"]["backImage"]["origin"].as_str().unwrap_or_default();
        let shows = link.contains("/planned%2Epng?");
        records.insert(id.clone(), json!([record["headerName"], record["isDeleted"], shows]));
    }
    let all = client.style().list().folder_id(folder).collect().await.unwrap();
    let new = all.iter().filter(|style| style.header_name.as_deref() == Some("New"));
    json!({"records": records, "new": new.count()})
}

/// What comes of the request that a rule meets.
const FATES: [(&str, &str); 5] = [
    ("answered", ""),
    ("lost before the work", r#"{"reset": "before"}"#),
    ("lost after the work", r#"{"reset": "before", "apply": true}"#),
    ("cut off", r#"{"truncate": 10}"#),
    ("failed after the work", r#"{"status": 500, "apply": true, "body": "NullReference"}"#),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_may_end_anywhere() {
    let service = Service::with(Options {
        styles: 12,
        materials: 0,
        images: 0,
        colors: 0,
        blocks: 0,
        table_rows: 0,
        ..Options::default()
    })
    .await;
    let (mut runs, mut unknown, mut longest) = (0, 0, 0);
    let met = [
        ("Create?", true),
        ("Create?", false),
        ("/Update", true),
        ("Image/Upload", true),
        ("Header/Delete/", true),
    ];
    for (met, numbered) in met {
        for (fate, action) in FATES {
            let clean = scenario(&service, met, action, numbered, None).await;
            // Without a crash, and then at each line of the journal, with and without what follows it.
            longest = longest.max(clean.lines);
            for line in 5..=clean.lines {
                for untold in [false, true] {
                    let ended = scenario(&service, met, action, numbered, Some((line, untold))).await;
                    let place = format!("{met} {fate}, numbered {numbered}, line {line}, untold {untold}");
                    runs += 1;
                    assert!(ended.state["new"].as_u64() <= Some(1), "{place}");
                    let may_be_unknown =
                        ["Create?", "Image/Upload"].contains(&met) && fate == "lost before the work";
                    match ended.counts.get("unknown") {
                        Some(_) => {
                            // The process ended between its word and the request, or the request was lost.
                            unknown += 1;
                            assert!(may_be_unknown || untold, "{place}: {:?}", ended.counts);
                        }
                        None => assert_eq!(ended.state, clean.complete, "{place}: {:?}", ended.counts),
                    }
                    assert!(ended.creations <= 1, "{place}: {} creations", ended.creations);
                    assert!(ended.uploads <= 1, "{place}: {} uploads", ended.uploads);
                }
            }
        }
    }
    println!(
        "{runs} runs that ended at one of {longest} lines, {unknown} of them with an edit that is unknown"
    );
    assert!(unknown > 0);
}

struct Ended {
    counts: Map<String, Value>,
    state: Value,
    /// The state of a run in which nothing goes wrong.
    complete: Value,
    lines: u64,
    /// Requests to create, and uploads, that have arrived.
    creations: usize,
    uploads: usize,
}

/// A set of five edits, of which one request meets a fate; its process ends at a line of the journal, and another goes on. What
/// it creates has a number, or is in a folder that gives it one.
async fn scenario(
    service: &Service,
    met: &str,
    action: &str,
    numbered: bool,
    end: Option<(u64, bool)>,
) -> Ended {
    service.control("reset", json!({"upload_looks": 0})).await;
    let folder = tempfile::tempdir().unwrap();
    let one_at_a_time = json!({"concurrency": 1});
    let second = client(service, &folder, json!({}), one_at_a_time.clone());
    let style_folder = service.address("style_folder");
    let styles = second.style().list().folder_id(&style_folder).collect().await.unwrap();
    let ids: Vec<_> = styles.iter().take(3).map(|style| style.id.clone().unwrap()).collect();
    let image = folder.path().join("planned.png");
    std::fs::write(&image, "picture").unwrap();
    let folders = call(&second, "style.folders", json!({})).await.unwrap();
    let (of_new, new) = match numbered {
        true => (style_folder, json!({"header_number": "N-1", "header_name": "New"})),
        false => (folders[2]["id"].as_str().unwrap().to_owned(), json!({"header_name": "New"})),
    };
    let edits = json!([
        {"kind": "create", "resource": "style", "folder_id": of_new, "fields": new},
        {"kind": "update", "resource": "style", "record": {"id": ids[0]}, "fields": {"header_name": "First"}},
        {"kind": "update", "resource": "style", "record": {"id": ids[1]}, "fields": {"header_name": "Second"}},
        {"kind": "update", "resource": "style", "record": {"id": ids[0]}, "image": image, "position": "back"},
        {"kind": "delete", "resource": "style", "record": {"id": ids[2]}},
    ]);
    let preview = call(&second, "changes.preview", json!({"edits": edits})).await.unwrap();
    if !action.is_empty() {
        let action: Value = serde_json::from_str(action).unwrap();
        service.control("faults", json!([{"path": met, "times": 1, "action": action}])).await;
    }
    let journal = folder.path().join("one.journal");
    let testing =
        end.map_or(json!({}), |(line, untold)| json!({"journal_lines": line, "journal_line_untold": untold}));
    let first = client(service, &folder, testing, one_at_a_time);
    let mut report = call(&first, "changes.apply", json!({"preview": preview, "journal": journal})).await;
    first.shut_down().await;
    drop(first);
    if report.is_err() && !journal.exists() {
        // It was not begun: the edits are previewed again.
        let preview = call(&second, "changes.preview", json!({"edits": edits})).await.unwrap();
        report = call(&second, "changes.apply", json!({"preview": preview, "journal": journal})).await;
    } else if report.is_err() {
        report = call(&second, "changes.resume", json!({"journal": journal})).await;
    }
    let report = report.unwrap();
    assert_eq!((&report["end"], &report["left"]), (&json!("complete"), &json!(0)), "{report}");
    let lines = std::fs::read_to_string(&journal).unwrap().lines().count() as u64;
    let state = state(&second, &ids, &of_new).await;
    let log = service.look("log?base=api").await;
    let count = |path: &str| {
        let is_there = |entry: &&Value| entry["target"].as_str().unwrap().contains(path);
        log.as_array().unwrap().iter().filter(is_there).count()
    };
    let (creations, uploads) = (count("Header/Create?"), count("Image/Upload"));
    let complete = json!({
        "records": {
            ids[0].clone(): ["First", false, true], ids[1].clone(): ["Second", false, false],
            ids[2].clone(): [styles[2].header_name, true, false],
        },
        "new": 1,
    });
    second.shut_down().await;
    Ended {
        counts: report["counts"].as_object().unwrap().clone(),
        state,
        complete,
        lines,
        creations,
        uploads,
    }
}
