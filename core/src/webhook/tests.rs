use serde_json::json;

use super::*;
use crate::own::ErrorKind;

/// An event as it was recorded, with the data that it has.
fn sent(event_type: &str, data: Value) -> Value {
    json!({
        "subscriptionId": null, "eventType": event_type, "objectType": "Header", "headerId": "h1",
        "headerNumber": "EX-1", "headerName": "Jacket", "folderId": "f1", "folderName": "Style", "applicationId": null,
        "applicationName": null, "pageId": null, "data": data, "user": {"id": "u1", "userName": "sample.designer"},
        "date": "2025-05-20T14:02:07.9051134Z",
    })
}

fn event(body: &Value) -> WebhookEvent {
    parse_event(body.to_string().as_bytes()).unwrap()
}

fn refused(body: impl AsRef<[u8]>) -> String {
    let error = parse_event(body.as_ref()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    error.message().to_owned()
}

fn call(operation: &str, name: &str, value: &str) -> Option<WebhookRead> {
    let arguments = [(name.to_owned(), Value::from(value))].into_iter().collect();
    Some(WebhookRead { operation: operation.into(), arguments })
}

#[test]
fn an_event_of_a_header() {
    let season = json!({"name": "Season", "value": "Fall", "type": "DropDown", "required": false});
    let mut body = sent("OnChange", json!({"after": {"season": season, "tags": null}, "before": null}));
    body["params"] = json!({"company": "Acme", "logicId": "l1", "invocationId": "i1"});
    let event = event(&body);
    assert_eq!((event.kind, event.subject), (WebhookKind::Change, WebhookSubject::Header));
    assert_eq!((event.header_id.as_deref(), event.master_folder.as_deref()), (Some("h1"), Some("Style")));
    assert_eq!(
        (event.company.as_deref(), event.user_name.as_deref()),
        (Some("Acme"), Some("sample.designer"))
    );
    assert_eq!(event.before, None);
    let after = event.after.unwrap();
    assert_eq!(after.keys().collect::<Vec<_>>(), ["season", "tags"]);
    assert_eq!(after["season"], season);
    assert_eq!(event.read, call("style.attributes_get", "header_id", "h1"));
}

/// Whatever kind of record, its call is one that there is.
#[test]
fn the_calls_that_read_are_in_the_catalogue() {
    for (folder, has_rows) in
        [("Style", true), ("Material", true), ("Color", false), ("Image", false), ("Block", false)]
    {
        let mut body = sent("OnDelete", json!({"before": {}, "after": null}));
        body["folderName"] = folder.into();
        let mut page = body.clone();
        (page["applicationId"], page["pageId"]) = ("a1".into(), "p1".into());
        let mut row = body.clone();
        row["data"]["planId"] = "plan".into();
        for (body, subject, reads) in [
            (body, WebhookSubject::Header, true),
            (page, WebhookSubject::Page, true),
            (row, WebhookSubject::PlanRow, has_rows),
        ] {
            let event = event(&body);
            assert_eq!((event.subject, event.read.is_some()), (subject, reads), "{folder}");
            let Some(read) = event.read else { continue };
            let operation = crate::catalog::operations().find(|operation| operation.id == read.operation);
            let operation = operation.unwrap_or_else(|| panic!("there is no {}", read.operation));
            let required = operation.parameters.iter().filter(|parameter| parameter.required);
            let names: Vec<_> = required.map(|parameter| parameter.name).collect();
            assert_eq!(read.arguments.keys().collect::<Vec<_>>(), names, "{}", read.operation);
        }
    }
}

#[test]
fn an_event_of_a_plan_says_which() {
    let event = event(&sent(
        "OnCreate",
        json!({"before": null, "after": {"Id": "r1"}, "planId": "p1", "planFolderId": "pf", "timelineId": "r1"}),
    ));
    assert_eq!((event.kind, event.subject), (WebhookKind::Create, WebhookSubject::PlanRow));
    assert_eq!((event.plan_folder_id.as_deref(), event.timeline_id.as_deref()), (Some("pf"), Some("r1")));
    assert_eq!(event.read, call("tracking.plan_style_timeline_list", "plan_id", "p1"));
}

#[test]
fn an_event_that_comes_again_has_the_same_key() {
    let one = sent("OnChange", json!({"before": {}, "after": {}}));
    let mut again = one.clone();
    again["data"] = json!({"after": {}, "before": {}});
    assert_eq!(event(&one).repeat_key, event(&again).repeat_key);
    for (name, value) in [("date", "2025-05-20T14:02:08Z"), ("headerId", "h2"), ("eventType", "OnCopy")] {
        let mut other = one.clone();
        other[name] = value.into();
        assert_ne!(event(&one).repeat_key, event(&other).repeat_key, "{name}");
    }
    let mut undated = one;
    undated["date"] = Value::Null;
    assert_eq!(event(&undated).repeat_key, None);
}

/// Nothing but the kind has to be there, and members of another form are as good as missing.
#[test]
fn a_poor_event() {
    let found = event(&json!({"eventType": "OnCopy", "data": "?", "user": [], "params": 1, "headerId": " "}));
    assert_eq!((found.kind, found.subject), (WebhookKind::Copy, WebhookSubject::Other));
    assert_eq!((found.read, found.repeat_key, found.header_id), (None, None, None));
    let with_mark = [b"\xEF\xBB\xBF", sent("OnCopy", Value::Null).to_string().as_bytes()].concat();
    assert_eq!(parse_event(&with_mark).unwrap().kind, WebhookKind::Copy);
}

#[test]
fn what_is_no_event() {
    assert_eq!(refused(""), "the body of a webhook: it is empty");
    assert_eq!(refused(" \n"), "the body of a webhook: it is empty");
    let whole = sent("OnChange", json!({"before": null, "after": {"x": "ä"}})).to_string();
    for end in 1..whole.len() {
        let text = refused(&whole.as_bytes()[..end]);
        assert!(text.contains("it is cut off") || text.contains("it is no JSON"), "{end}: {text}");
    }
    assert!(refused(&whole[..40]).contains("it is cut off: EOF while parsing"), "{}", refused(&whole[..40]));
    assert!(refused("<html>").contains("it is no JSON: expected value at line 1 column 1"));
    assert!(refused("eventType=OnChange").contains("it is no JSON"));
    assert_eq!(refused("[]"), "the body of a webhook: it is no JSON object");
    assert!(refused("{}").contains("as it has no `eventType`"));
    assert!(refused(r#"{"eventType": 7}"#).contains(r#"its kind "7" is unknown"#));
    let unknown = refused(sent("OnArchive", Value::Null).to_string());
    assert!(
        unknown
            .contains(r#"its kind "OnArchive" is unknown; known are OnCreate, OnChange, OnDelete, OnCopy"#),
        "{unknown}"
    );
    let long = refused(json!({"eventType": "x".repeat(1000)}).to_string());
    assert!(long.contains(&format!("{:?} is", "x".repeat(SHOWN))), "{long}");
    let long = refused(vec![b' '; 5_000_000]);
    assert_eq!(long, "the body of a webhook: 5000000 bytes are more than an event has (4194304)");
}
