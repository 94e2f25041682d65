//! How few requests the work takes.

// A test may stop at once.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

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

/// How many API requests some work takes.
async fn cost<T>(service: &Service, work: impl Future<Output = T>) -> (T, u64) {
    let before = service.count("api").await;
    let done = work.await;
    (done, service.count("api").await - before)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_records_by_their_numbers_and_ids() {
    let service = Service::start(10_000, 0).await;
    let client = service.client();
    let styles = client.style().list().collect().await.unwrap();
    let numbers: Vec<_> = styles.iter().filter_map(|style| style.header_number.clone()).collect();
    let ids: Vec<_> = styles.iter().rev().filter_map(|style| style.id.clone()).collect();

    let (found, requests) = cost(&service, client.style().get_many_by_number(numbers).into_future()).await;
    let many = found.unwrap();
    assert_eq!(
        many.found.len() + many.ambiguous.iter().map(|many| many.records.len()).sum::<usize>(),
        10_000
    );
    assert_eq!(requests, 50);

    let (found, requests) = cost(&service, client.style().get_many(ids.clone()).into_future()).await;
    let found = found.unwrap();
    assert_eq!((found.by.as_str(), found.missing.len(), requests), ("filter", 0, 50));
    assert!(found.found.iter().filter_map(|style| style.id.clone()).eq(ids));

    // A service that does not know the filter: the pages of the folder.
    service.control("reset", json!({"id_filter": false})).await;
    let client = service.client();
    let folder = service.address("style_folder");
    let of_folder = client.style().list().folder_id(&folder).collect().await.unwrap();
    let ids: Vec<_> = of_folder.iter().rev().filter_map(|style| style.id.clone()).collect();
    let count = ids.len();
    let (found, requests) =
        cost(&service, client.style().get_many(ids).folder_id(&folder).into_future()).await;
    let found = found.unwrap();
    assert_eq!((found.by.as_str(), found.found.len()), ("pages", count));
    assert!(requests <= (count as u64).div_ceil(200), "{requests} requests for {count} records");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_many_records() {
    let service = Service::start(600, 0).await;
    let client = service.client();
    let folder = service.address("style_folder");
    let styles: Vec<_> = client.style().list().folder_id(&folder).collect().await.unwrap();
    let styles: Vec<_> = styles.into_iter().take(146).collect();
    assert_eq!(styles.len(), 146);
    let apps = client.style().app_list(styles[0].id.as_ref().unwrap()).await.unwrap();
    let named = |app: &beproduct::models::App| (app.id.clone().unwrap(), app.r#type.clone().unwrap());
    let holds_values =
        ["Form", "Grid", "FormGrid", "List", "ImagesForm", "ImagesGrid", "Attachments", "BOM", "SKU"];
    let apps: Vec<_> =
        apps.iter().map(named).filter(|(_, kind)| holds_values.contains(&kind.as_str())).take(6).collect();
    assert_eq!(apps.len(), 6);
    let chosen: Vec<_> = apps.iter().map(|(id, _)| id.clone()).collect();
    let records = json!(styles);

    let read = client.style().apps_get_many(records.clone()).apps(chosen.clone());
    let (read, requests) = cost(&service, read.into_future()).await;
    let read = read.unwrap();
    assert_eq!((read.pages.len(), read.failed, requests), (876, 0, 876 + 1));
    assert!(read.pages.iter().all(|page| page.outcome == "read" && page.page.is_some()));

    // Fifteen records change.
    for style in &styles[..15] {
        let fields = serde_json::Map::from_iter([("header_name".to_owned(), "Changed".into())]);
        client.style().update(style.id.as_ref().unwrap()).fields(fields).await.unwrap();
    }
    let ids: Vec<_> = styles.iter().filter_map(|style| style.id.clone()).collect();
    let again = client.style().apps_get_many(json!(ids)).apps(chosen).state(read.state.clone());
    let (again, requests) = cost(&service, again.into_future()).await;
    let again = again.unwrap();
    let due = again.pages.iter().filter(|page| page.outcome == "read").count();
    // With a list of the headers, whose ids alone are given, and one of the applications.
    assert_eq!((again.pages.len(), again.failed, due, requests), (876, 0, 90, 90 + 2));
}

#[tokio::test]
async fn sample_requests_are_always_read_and_no_variation_is_created() {
    let service = Service::start(100, 0).await;
    let client = service.client();
    let folder = service.address("style_folder");
    let style = client.style().list().folder_id(&folder).collect().await.unwrap().swap_remove(0);
    let first = client.style().apps_get_many(json!([style])).await.unwrap();
    assert_eq!(first.failed, 0);
    let again = client.style().apps_get_many(json!([style])).state(first.state.clone()).await.unwrap();
    let outcomes = |kind: &str| {
        let of = |one: &&beproduct::models::AppOutcome| one.r#type.as_deref() == Some(kind);
        let titles =
            again.pages.iter().filter(of).map(|page| (page.title.clone().unwrap(), page.outcome.clone()));
        titles.collect::<Vec<_>>()
    };
    let expected = |all: &[(&str, &str)]| -> Vec<(String, String)> {
        all.iter().map(|(title, outcome)| ((*title).to_owned(), (*outcome).to_owned())).collect()
    };
    assert_eq!(outcomes("SampleRequestMulti"), expected(&[("Proto Sample", "read"), ("Fit Sample", "read")]));
    assert_eq!(outcomes("Grid").first().map(|(_, outcome)| outcome.as_str()), Some("unchanged"));
    assert_eq!(outcomes("BOMVariations"), expected(&[("BOM Variations", "unchanged"), ("Plain BOM", "off")]));
    assert_eq!(again.state, first.state);
}

#[tokio::test]
async fn records_that_are_asked_for_within_a_moment_share_a_request() {
    let service = Service::start(100, 0).await;
    let settings = json!({"testing": {"clock": "manual"}});
    let client = service.builder(settings).build().unwrap();
    let styles = client.style().list().collect().await.unwrap();
    let clock = client.recorded_clock().unwrap().clone();
    let pauses = clock.pauses().len();
    let before = service.count("api").await;
    let ids: Vec<_> = styles.iter().take(20).filter_map(|style| style.id.clone()).collect();
    let nobody = "00000000-0000-4000-8000-000000000001".to_owned();
    let loads =
        [&nobody].into_iter().chain(&ids).chain([&ids[0]]).map(|id| client.style().load(id).into_future());
    let window = async {
        while clock.pauses().len() == pauses {
            tokio::task::yield_now().await;
        }
        assert_eq!(clock.pauses()[pauses..], [Duration::from_millis(10)]);
        clock.advance(Duration::from_millis(10));
    };
    let (loaded, ()) = tokio::join!(futures_util::future::join_all(loads), window);
    for (id, result) in ids.iter().chain([&ids[0]]).zip(&loaded[1..]) {
        assert_eq!(result.as_ref().unwrap().id.as_ref(), Some(id));
    }
    assert_eq!(loaded[0].as_ref().unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(service.count("api").await - before, 1);
    // One that nobody waits for any more is not sent.
    drop(client.style().load(&ids[0]).into_future());
    assert_eq!(service.count("api").await - before, 1);
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
