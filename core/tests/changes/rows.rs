//! Rows of pages and tables, forms, tags and shares.

use beproduct::Client;
use beproduct_simulator::Options;
use serde_json::{Value, json};

use super::common::Service;
use super::{call, client, cost};

/// Ids of the applications of a style, by their titles.
async fn apps(client: &Client, style: &str) -> Value {
    let list = call(client, "style.app_list", json!({"header_id": style})).await.unwrap();
    let list = list.as_array().unwrap().iter();
    list.map(|app| (app["title"].as_str().unwrap().to_owned(), app["id"].clone())).collect()
}

async fn writes(service: &Service, path: &str) -> usize {
    let log = service.look("log?base=api").await;
    let is_write = |entry: &&Value| entry["target"].as_str().unwrap().contains(path);
    log.as_array().unwrap().iter().filter(is_write).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_rows_are_a_hundred_requests() {
    let service =
        Service::with(Options { styles: 300, materials: 0, table_rows: 10_000, ..Options::default() }).await;
    let folder = tempfile::tempdir().unwrap();
    let client = client(&service, &folder, json!({}), json!({}));
    let styles = client.style().list().folder_id(service.address("style_folder")).collect().await.unwrap();
    let styles: Vec<_> = styles.into_iter().take(100).map(|style| style.id.unwrap()).collect();
    assert_eq!(styles.len(), 100);
    let grid = apps(&client, &styles[0]).await["Process Steps"].clone();
    let edits: Vec<_> = (0..10_000)
        .map(|index| {
            json!({
                "kind": "create", "resource": "style", "record": {"id": styles[index / 100]}, "app_id": grid,
                "fields": {"step": format!("Step {index}"), "minutes": index}, "origin": format!("row {index}"),
            })
        })
        .collect();
    let (preview, requests) = cost(&service, call(&client, "changes.preview", json!({"edits": edits}))).await;
    let preview = preview.unwrap();
    assert_eq!(preview["counts"], json!({"create": 10_000}));
    println!("preview of 10,000 rows of 100 grids: {requests} requests, 100 of them pages");
    let applied = call(&client, "changes.apply", json!({"preview": preview}));
    let (report, requests) = cost(&service, applied).await;
    let report = report.unwrap();
    assert_eq!(report["counts"], json!({"done": 10_000}));
    assert_eq!(writes(&service, "/PageGrid").await, 100);
    assert_eq!(report["cost"], requests);
    assert_eq!(preview["requests"]["total"], requests);
    println!("apply: {requests} requests: 100 writes, 100 pages before, 100 after, and one schema");
    let again = call(&client, "changes.preview", json!({"edits": edits})).await.unwrap();
    assert_eq!(again["counts"], json!({"unchanged": 10_000}));

    let table = service.address("data_table");
    let rows = client.data_tables().data(&table).collect().await.unwrap();
    let edits: Vec<_> = rows
        .iter()
        .enumerate()
        .map(|(index, row)| {
            json!({
                "kind": "update", "resource": "data_tables", "record": {"id": table}, "row_id": row.id,
                "fields": {"label": format!("Label {index}")},
            })
        })
        .collect();
    assert_eq!(edits.len(), 10_000);
    let preview = call(&client, "changes.preview", json!({"edits": edits})).await.unwrap();
    let (report, requests) =
        cost(&service, call(&client, "changes.apply", json!({"preview": preview}))).await;
    let report = report.unwrap();
    assert_eq!(report["counts"], json!({"done": 10_000}));
    assert_eq!(writes(&service, "/Update").await, 100);
    assert_eq!(preview["requests"]["total"], requests);
    println!(
        "10,000 rows of a table: {requests} requests: 100 writes, 50 lists before, 50 after, and one schema"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_are_checked_by_any_number_of_schemas() {
    let service =
        Service::with(Options { styles: 1, materials: 0, table_rows: 0, ..Options::default() }).await;
    let folder = tempfile::tempdir().unwrap();
    let client = client(&service, &folder, json!({}), json!({}));
    let schema =
        json!([{"fieldId": "price", "fieldName": "Price", "fieldType": "Decimal", "properties": {}}]);
    let rows = json!({"total": 0, "pageSize": 200, "pageNumber": 0, "result": []});
    service
        .control(
            "faults",
            json!([
                {"path": "Schema", "times": 1_000, "action": {"status": 200, "body_json": schema}},
                {"path": "/Data?", "times": 1_000, "action": {"status": 200, "body_json": rows}},
            ]),
        )
        .await;
    let edits: Vec<_> = (0..300)
        .map(|index| {
            json!({
                "kind": "create", "resource": "data_tables", "record": {"id": uuid::Uuid::from_u128(index)},
                "fields": {"price": "cheap"},
            })
        })
        .collect();
    let preview = call(&client, "changes.preview", json!({"edits": edits})).await.unwrap();
    assert_eq!(preview["counts"], json!({"refused": 300}), "{:#}", preview["edits"][0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_holds_whatever_reading_takes() {
    for concurrency in [1, 8] {
        keep_budget(concurrency).await;
    }
}

async fn keep_budget(concurrency: usize) {
    let service =
        Service::with(Options { styles: 60, materials: 0, table_rows: 30, ..Options::default() }).await;
    service.control("reset", json!({"id_filter": false})).await;
    let folder = tempfile::tempdir().unwrap();
    let client =
        client(&service, &folder, json!({}), json!({"max_page_size": 10, "concurrency": concurrency}));
    let table = service.address("data_table");
    let styles = client.style().list().folder_id(service.address("style_folder")).collect().await.unwrap();
    let update = |number: &Option<String>, name: &str| {
        let record = json!({"number": number});
        json!({"kind": "update", "resource": "style", "record": record, "fields": {"header_name": name}})
    };
    // Only a read shows that the filter by id does nothing.
    let edits: Vec<_> = styles.iter().take(20).map(|style| update(&style.header_number, "First")).collect();
    let preview = call(&client, "changes.preview", json!({"edits": edits})).await.unwrap();
    let wishes = json!({"preview": preview, "journal": folder.path().join("first"), "budget": 24});
    let (report, requests) = cost(&service, call(&client, "changes.apply", wishes)).await;
    let report = report.unwrap();
    let counted = report["cost"].as_u64().unwrap();
    assert!(requests <= counted && counted <= 24, "{requests} requests with a budget of 24: {report}");

    let updates = styles.iter().take(20).map(|style| update(&style.header_number, "Other"));
    let rows = (0..250).map(|index| {
        let fields = json!({"label": format!("New {index}")});
        json!({"kind": "create", "resource": "data_tables", "record": {"id": table}, "fields": fields})
    });
    let edits: Vec<_> = updates.chain(rows).collect();
    let preview = call(&client, "changes.preview", json!({"edits": edits})).await.unwrap();
    let journal = folder.path().join("j");
    let mut arguments = json!({"preview": preview, "journal": journal});
    let mut operation = "changes.apply";
    // What a budget is too small for is left for a larger one.
    for budget in (5..400).step_by(5) {
        arguments["budget"] = json!(budget);
        let (report, requests) = cost(&service, call(&client, operation, arguments.clone())).await;
        let report = report.unwrap();
        let counted = report["cost"].as_u64().unwrap();
        assert!(
            requests <= counted && counted <= budget,
            "{requests} requests with a budget of {budget}: {report}"
        );
        (operation, arguments) = ("changes.resume", json!({"journal": journal}));
        if report["end"] == "complete" {
            assert_eq!(report["counts"], json!({"done": 270}));
            return;
        }
    }
    panic!("it never ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_down_is_not_asked_for_every_page() {
    let service =
        Service::with(Options { styles: 300, materials: 0, table_rows: 0, ..Options::default() }).await;
    let folder = tempfile::tempdir().unwrap();
    let client = client(&service, &folder, json!({}), json!({"attempts": 1}));
    let styles = client.style().list().folder_id(service.address("style_folder")).collect().await.unwrap();
    let ids: Vec<_> = styles.iter().take(120).filter_map(|style| style.id.clone()).collect();
    let apps = call(&client, "style.app_list", json!({"header_id": ids[0]})).await.unwrap();
    let edits: Vec<_> = ids
        .iter()
        .map(|id| {
            let record = json!({"id": id});
            json!({"kind": "create", "resource": "style", "record": record, "app_id": apps[2]["id"], "fields": {"step": "Cut"}})
        })
        .collect();
    let preview = call(&client, "changes.preview", json!({"edits": edits})).await.unwrap();
    service
        .control(
            "faults",
            json!([{"path": "Page?", "times": 0, "action": {"status": 500, "body": "Out of order"}}]),
        )
        .await;
    let journal = folder.path().join("j");
    let wishes = json!({"preview": preview, "journal": journal});
    let (report, requests) = cost(&service, call(&client, "changes.apply", wishes)).await;
    assert!(report.is_err());
    // The schema, and two batches of pages.
    assert_eq!(requests, 101);
    service.control("calm", json!({})).await;
    let report = call(&client, "changes.resume", json!({"journal": journal})).await.unwrap();
    assert_eq!((&report["end"], &report["counts"]), (&json!("complete"), &json!({"done": 120})));
}
