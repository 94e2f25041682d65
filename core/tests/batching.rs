//! How few requests the work takes.

// A test may stop at once.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::{Arc, Mutex};

use beproduct::models::DataTableRowChange;
use beproduct::{CallOptions, ErrorKind, Filter, OnProgress, Operator, Outcome, Progress};
use common::Service;
use futures_util::TryStreamExt as _;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_styles() {
    let service = Service::start(5000, 0).await;
    let client = service.client();

    let mut first = std::pin::pin!(client.style().list().stream());
    assert!(first.try_next().await.unwrap().unwrap().header_number.is_some());
    assert!(service.count("api").await <= 2);

    let before = service.count("api").await;
    let styles = client.style().list().collect().await.unwrap();
    assert_eq!(styles.len(), 5000);
    assert!(service.count("api").await - before <= 26);

    let before = service.count("api").await;
    let streamed: Vec<_> = client.style().list().stream().try_collect().await.unwrap();
    assert_eq!(streamed.len(), 5000);
    assert_eq!(streamed[4999].id, styles[4999].id);
    assert!(service.count("api").await - before <= 26);

    let before = service.count("api").await;
    let numbers: Vec<_> = styles.iter().filter_map(|style| style.header_number.clone()).collect();
    let found = client.style().get_many_by_number(numbers).await.unwrap();
    let known = found.found.len() + found.ambiguous.iter().map(|many| many.records.len()).sum::<usize>();
    assert_eq!(known, 5000);
    assert!(service.count("api").await - before <= 26);
    let status = client.quota_status().await.unwrap();
    assert_eq!(status.used, service.count("api").await);
}

#[tokio::test]
async fn stopping_early_costs_as_many_pages_again_at_most() {
    let service = Service::start(1000, 0).await;
    let client = service.client();
    for take in [1, 99, 100, 101, 200, 201, 301, 450] {
        let before = service.count("api").await;
        let mut styles = std::pin::pin!(client.style().list().stream());
        for _ in 0..take {
            styles.try_next().await.unwrap().unwrap();
        }
        let requests = service.count("api").await - before;
        assert!(requests <= 2 * (take as u64).div_ceil(200), "{take} records took {requests} requests");
    }
}

#[tokio::test]
async fn ten_thousand_rows() {
    let service = Service::start(10, 10_000).await;
    let client = service.client();
    let table = service.address("data_table");
    let rows = client.data_tables().data(&table).collect().await.unwrap();
    assert_eq!(rows.len(), 10_000);
    assert!(service.count("api").await <= 51);
    let columns = client.data_tables().schema(&table).await.unwrap();
    let column = columns
        .iter()
        .find(|column| column.field_type.as_deref() == Some("Text"))
        .unwrap()
        .field_id
        .clone()
        .unwrap();

    let before = service.count("api").await;
    let changes = rows.into_iter().map(|row| DataTableRowChange {
        row_id: row.id,
        row_fields: Some(json!({&column: "changed"})),
        ..DataTableRowChange::default()
    });
    let done = client.data_tables().update(&table, changes).await.unwrap();
    assert_eq!((done.applied, done.requests), (10_000, 100));
    assert_eq!(service.count("api").await - before, 100);
}

#[tokio::test]
async fn calls_of_several_requests_report_their_progress() {
    let service = Service::start(450, 10).await;
    let client = service.client();
    let seen: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let reports = Arc::clone(&seen);
    let mut options = CallOptions::default();
    options.progress = Some(OnProgress::new(move |progress| reports.lock().unwrap().push(progress)));
    let client = client.with_options(options).unwrap();
    let taken = || {
        let reports = std::mem::take(&mut *seen.lock().unwrap());
        let operation = reports[0].operation.clone();
        assert!(reports.iter().all(|progress| progress.operation == operation));
        (operation, reports.iter().map(|progress| (progress.done, progress.total)).collect::<Vec<_>>())
    };

    let styles = client.style().list().collect().await.unwrap();
    let pages = vec![(200, Some(450)), (400, Some(450)), (450, Some(450))];
    assert_eq!(taken(), ("style.attributes_list".into(), pages.clone()));
    let streamed: Vec<_> = client.style().list().stream().try_collect().await.unwrap();
    assert_eq!(streamed.len(), 450);
    assert_eq!(taken(), ("style.attributes_list".into(), pages));

    let numbers: Vec<_> = styles.into_iter().filter_map(|style| style.header_number).take(199).collect();
    let numbers = numbers.into_iter().chain((0..250).map(|number| format!("none {number}")));
    client.style().get_many_by_number(numbers).await.unwrap();
    let reports = vec![(200, Some(449)), (400, Some(449)), (449, Some(449))];
    assert_eq!(taken(), ("style.attributes_get_many_by_number".into(), reports));

    let row =
        || DataTableRowChange { row_fields: Some(json!({"code": "x"})), ..DataTableRowChange::default() };
    let table = service.address("data_table");
    client.data_tables().update(table, (0..250).map(|_| row())).await.unwrap();
    let reports = vec![(100, Some(250)), (200, Some(250)), (250, Some(250))];
    assert_eq!(taken(), ("data_tables.update".into(), reports));
    client.style().folders().await.unwrap();
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_failed_write_tells_of_every_row() {
    let service = Service::start(10, 300).await;
    let client = service.client();
    let table = service.address("data_table");
    let rows = client.data_tables().data(&table).collect().await.unwrap();
    service.control("faults", json!([{"path": "/Update", "skip": 1, "action": {"status": 503}}])).await;
    let changes = rows.into_iter().map(|row| DataTableRowChange {
        row_id: row.id,
        row_fields: Some(json!({"label": "changed"})),
        ..DataTableRowChange::default()
    });
    let error = client.data_tables().update(&table, changes).await.unwrap_err();
    let fates = error.details().unwrap()["rows"].as_array().unwrap();
    let count = |outcome: &str| fates.iter().filter(|fate| fate["outcome"] == outcome).count();
    assert_eq!((count("applied"), count("unknown"), count("not_sent")), (100, 100, 100));
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(!error.retryable());
}

#[tokio::test]
async fn lookups_are_checked() {
    let service = Service::start(300, 0).await;
    let client = service.client();
    let styles = client.style().list().collect().await.unwrap();
    let number = styles[0].header_number.clone().unwrap();
    let style = client.style().get_by_number(format!(" {number} ")).await.unwrap();
    assert_eq!(style.id, styles[0].id);
    let error = client.style().get_by_number("NO-SUCH").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);

    // The service answers with something else.
    let unrelated = json!({"result": [{"id": "x", "headerNumber": "OTHER"}], "total": 1});
    service
        .control("faults", json!([{"path": "Headers", "action": {"status": 200, "body": unrelated}}]))
        .await;
    let error = client.style().get_by_number(&number).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let twice =
        json!({"result": [{"id": "x", "headerNumber": "A"}, {"id": "y", "headerNumber": "A"}], "total": 2});
    service
        .control("faults", json!([{"path": "Headers", "times": 2, "action": {"status": 200, "body": twice}}]))
        .await;
    let error = client.style().get_by_number("A").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let found = client.style().get_many_by_number(["A", "B"]).await.unwrap();
    assert_eq!(found.missing, ["B"]);
    assert_eq!(found.ambiguous[0].records.len(), 2);
}

#[tokio::test]
async fn filters_are_checked_before_they_leave() {
    let service = Service::start(300, 0).await;
    let client = service.client();
    let folder = service.address("style_folder");
    let error = client.style().list().filters([Filter::eq("headerNumber", "x")]).collect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("give folder_id"), "{error}");
    assert!(error.message().ends_with(r#"did you mean "header_number"?"#), "{error}");
    assert_eq!(service.count("api").await, 0);

    let error = client
        .style()
        .list()
        .folder_id(&folder)
        .filters([Filter::eq("headerNumber", "x")])
        .collect()
        .await
        .unwrap_err();
    assert!(error.message().contains("header_number"), "{error}");
    let schema = client.style().folder_search_schema(&folder).await.unwrap();
    let field = schema
        .iter()
        .find_map(|field| field.field_id.clone().filter(|id| !id.starts_with("header_")))
        .unwrap();
    let requests = service.count("api").await;
    client
        .style()
        .list()
        .folder_id(&folder)
        .filters([Filter::new(&field, Operator::Neq, "x")])
        .collect()
        .await
        .unwrap();
    let by_operation = service.look("counts").await["by_operation"].clone();
    assert_eq!(by_operation["GET Style/FolderSearchSchema"], 2, "{by_operation} after {requests}");
}

#[tokio::test]
async fn equal_reads_share_a_request() {
    let service = Service::start(10, 0).await;
    let client = service.client();
    let styles = client.style().list().collect().await.unwrap();
    let id = styles[0].id.clone().unwrap();
    let before = service.count("api").await;
    service.control("faults", json!([{"path": "Style/Header/", "action": {"hang": true}}])).await;
    let calls: Vec<_> = (0..50).map(|_| tokio::spawn(client.style().get(&id).into_future())).collect();
    service.look(&format!("wait?base=api&requests={}", before + 1)).await;
    service.control("release", json!({})).await;
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().id.as_ref(), Some(&id));
    }
    assert_eq!(service.count("api").await, before + 1);
}

/// To send all rows again would repeat those that were applied.
#[tokio::test]
async fn a_write_of_several_requests_is_refused_only_if_its_first_one_is() {
    for (sent_before, outcome) in [(1, Outcome::Unknown), (0, Outcome::Refused)] {
        let service = Service::start(10, 101).await;
        let client = service.builder(json!({"attempts": 1})).build().unwrap();
        let table = service.address("data_table");
        let rows = client.data_tables().data(&table).collect().await.unwrap();
        let fault = json!([{"path": "/Update", "skip": sent_before, "action": {"status": 429}}]);
        service.control("faults", fault).await;
        let changes = rows.into_iter().map(|row| DataTableRowChange {
            row_id: row.id,
            row_fields: Some(json!({"label": "changed"})),
            ..DataTableRowChange::default()
        });
        let error = client.data_tables().update(&table, changes).await.unwrap_err();
        assert_eq!(error.outcome(), outcome, "{error}");
    }
}
