//! The events that the service sends to webhooks (docs/service/webhooks.md).

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::answer::text_of;
use crate::catalog::Operation;
use crate::error::{Error, Result};
use crate::own::{WebhookEvent, WebhookKind, WebhookRead, WebhookSubject};

/// The longest body that is read, in bytes. A snapshot of a header takes a hundredth of it.
const MOST: usize = 4 << 20;

/// Letters of an unknown kind that an error shows.
const SHOWN: usize = 40;

const KINDS: [(&str, WebhookKind); 4] = [
    ("OnCreate", WebhookKind::Create),
    ("OnChange", WebhookKind::Change),
    ("OnDelete", WebhookKind::Delete),
    ("OnCopy", WebhookKind::Copy),
];

/// Reads the body that the service has sent to a webhook. Nothing is sent.
///
/// An event tells that something happened to a record, and [`WebhookEvent::read`] is the call that tells what. It proves
/// nothing, as it has no signature. See docs/service/webhooks.md.
///
/// # Errors
/// `config` for a body that is empty, longer than 4 MiB, no JSON or no event, and for an event of an unknown kind.
pub fn parse_event(body: &[u8]) -> Result<WebhookEvent> {
    let wrong = |problem: String| Error::config(format!("the body of a webhook: {problem}"));
    if body.len() > MOST {
        return Err(wrong(format!("{} bytes are more than an event has ({MOST})", body.len())));
    }
    let text = text_of(body);
    if text.is_empty() {
        return Err(wrong("it is empty".into()));
    }
    let mut event: Map<String, Value> =
        serde_json::from_slice(text).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => wrong("it is no JSON object".into()),
            serde_json::error::Category::Eof => wrong(format!("it is cut off: {error}")),
            _ => wrong(format!("it is no JSON: {error}")),
        })?;
    let mut take = |name: &str| event.remove(name).unwrap_or_default();
    let name = words(take("eventType"))
        .ok_or_else(|| wrong("it is no event of the service, as it has no `eventType`".into()))?;
    let Some((_, kind)) = KINDS.into_iter().find(|(known, _)| *known == name) else {
        let known = KINDS.map(|(known, _)| known).join(", ");
        let name: String = name.chars().take(SHOWN).collect();
        return Err(wrong(format!("its kind {name:?} is unknown; known are {known}")));
    };
    let (mut data, mut user, mut params) = (take("data"), take("user"), take("params"));
    let mut event = WebhookEvent {
        kind,
        subject: WebhookSubject::Other,
        header_id: words(take("headerId")),
        header_number: words(take("headerNumber")),
        header_name: words(take("headerName")),
        folder_id: words(take("folderId")),
        master_folder: words(take("folderName")),
        app_id: words(take("applicationId")),
        app_name: words(take("applicationName")),
        page_id: words(take("pageId")),
        plan_id: words(member(&mut data, "planId")),
        plan_folder_id: words(member(&mut data, "planFolderId")),
        timeline_id: words(member(&mut data, "timelineId")),
        before: snapshot(member(&mut data, "before")),
        after: snapshot(member(&mut data, "after")),
        user_id: words(member(&mut user, "id")),
        user_name: words(member(&mut user, "userName")),
        date: words(take("date")),
        company: words(member(&mut params, "company")),
        read: None,
        repeat_key: None,
    };
    event.subject = subject(&event);
    event.read = read(&event);
    event.repeat_key = repeat_key(&event, &name);
    Ok(event)
}

fn member(of: &mut Value, name: &str) -> Value {
    of.get_mut(name).map(Value::take).unwrap_or_default()
}

/// A text that says something.
fn words(value: Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn snapshot(value: Value) -> Option<IndexMap<String, Value>> {
    match value {
        Value::Object(members) => Some(members.into_iter().collect()),
        _ => None,
    }
}

fn subject(event: &WebhookEvent) -> WebhookSubject {
    // `objectType` says `Header` of a plan's rows too.
    match (&event.plan_id, &event.header_id, event.page_id.as_ref().or(event.app_id.as_ref())) {
        (Some(_), ..) => WebhookSubject::PlanRow,
        (None, Some(_), Some(_)) => WebhookSubject::Page,
        (None, Some(_), None) => WebhookSubject::Header,
        (None, None, _) => WebhookSubject::Other,
    }
}

/// The call that reads the record, if the catalogue has one: plans have rows of styles and of materials alone.
fn read(event: &WebhookEvent) -> Option<WebhookRead> {
    let resource = event.master_folder.as_deref()?.to_ascii_lowercase();
    let header_id = ("header_id", event.header_id.as_ref());
    let (operation, arguments) = match event.subject {
        WebhookSubject::Header => (format!("{resource}.attributes_get"), vec![header_id]),
        WebhookSubject::Page => {
            (format!("{resource}.app_get"), vec![header_id, ("app_id", event.app_id.as_ref())])
        }
        WebhookSubject::PlanRow => {
            (format!("tracking.plan_{resource}_timeline_list"), vec![("plan_id", event.plan_id.as_ref())])
        }
        WebhookSubject::Other => return None,
    };
    let operation = Operation::find(&operation)?.id.to_owned();
    let arguments =
        arguments.into_iter().map(|(name, value)| Some((name.to_owned(), value?.as_str().into())));
    Some(WebhookRead { operation, arguments: arguments.collect::<Option<_>>()? })
}

fn repeat_key(event: &WebhookEvent, kind: &str) -> Option<String> {
    let date = event.date.as_deref()?;
    let ids = [&event.header_id, &event.plan_id, &event.timeline_id, &event.page_id];
    let ids = ids.into_iter().map(|id| id.as_deref().unwrap_or_default());
    Some([kind, date].into_iter().chain(ids).collect::<Vec<_>>().join("|"))
}

#[cfg(test)]
mod tests;
