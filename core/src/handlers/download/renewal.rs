//! A fresh link in the place of one that has expired: the record that has it is read again.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::answer::{self, Answer};
use crate::arguments::{self, link::Link};
use crate::catalog::Operation;
use crate::error::{Error, Result};
use crate::options::{Call, CallOptions};
use crate::requester::Requester;

/// The read of the record.
pub(super) struct Renewal {
    read: &'static Operation,
    call: Call,
}

impl Renewal {
    /// None for an operation that names no record.
    ///
    /// # Errors
    /// `config` for what is no id of a record.
    pub(super) fn of(operation: &'static Operation, call: &Call) -> Result<Option<Self>> {
        let Some(read) = operation.look.and_then(Operation::find) else { return Ok(None) };
        let known = |name: &str| read.parameters.iter().any(|parameter| parameter.name == name);
        let arguments = call.arguments.iter().filter(|(name, _)| known(name));
        let arguments = arguments.map(|(name, value)| (name.clone(), value.clone())).collect();
        arguments::prepare(read, &arguments)
            .map_err(|error| Error::config(error.message()).with_operation(operation.id))?;
        // What belongs to the file is not for the record.
        let options = CallOptions { progress: None, ..call.options.clone() };
        Ok(Some(Self { read, call: Call { arguments, options } }))
    }

    /// The record as it is now.
    pub(super) async fn read(&self, requester: &Requester) -> Result<Answer> {
        requester.request(self.read, &self.call).await.map_err(|error| {
            let text =
                format!("the link has expired, and its record could not be read again: {}", error.message());
            error.with_message(text)
        })
    }

    /// The link in the record that leads to the same place, whatever its signature.
    pub(super) fn find(record: &Answer, link: &str) -> Result<Link> {
        let found = like(&answer::value(&record.body), link)?;
        Link::read("link", &Value::String(found))
    }
}

/// The one link in a record that leads to the same place. Of several, it is the one that asks for the same: a preview may
/// differ from the file by a parameter.
fn like(record: &Value, link: &str) -> Result<String> {
    let mut all = BTreeSet::new();
    collect(record, place_of(link), &mut all);
    let are_several = all.len() > 1;
    if are_several {
        all.retain(|found| parameters_of(found) == parameters_of(link));
    }
    let problem = match (all.pop_first(), all.is_empty()) {
        (Some(found), true) => return Ok(found),
        _ if are_several => "has several links to this file",
        _ => "has no link to this file any more",
    };
    Err(Error::config(format!("the link has expired, and its record {problem}; read it again")))
}

/// A link without its query, letter for letter.
fn place_of(link: &str) -> &str {
    link.split(['?', '#']).next().unwrap_or(link)
}

/// The names in the query of a link: their values change with every signature.
fn parameters_of(link: &str) -> BTreeSet<&str> {
    let query = link.split_once('?').map_or("", |(_, query)| query);
    query.split('&').map(|pair| pair.split('=').next().unwrap_or(pair)).collect()
}

/// All links in a value that lead to a place.
fn collect(value: &Value, place: &str, all: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if place_of(text) == place => {
            all.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, place, all)),
        Value::Object(members) => members.values().for_each(|member| collect(member, place, all)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_link_is_found_by_its_place() {
        let record = json!({"headerData": {"frontImage": {
            "preview": "https://store.example/1/front.png?sig=p",
            "origin": "https://store.example/2/front%20a.png?sig=new",
        }}, "colorways": [{"image": null}, {"image": {"origin": "https://store.example/3/c.png"}}],
            "preview": "https://store.example/4/d.png?w=200&sig=p", "origin": "https://store.example/4/d.png?sig=o",
            "a": "https://store.example/5/e.png?sig=1", "b": "https://store.example/5/e.png?sig=2"});
        let find = |link: &str| like(&record, link).ok();
        assert_eq!(
            find("https://store.example/2/front%20a.png?sig=old").as_deref(),
            Some("https://store.example/2/front%20a.png?sig=new")
        );
        assert_eq!(find("https://store.example/3/c.png?x").as_deref(), Some("https://store.example/3/c.png"));
        assert_eq!(find("https://store.example/2/front a.png"), None);
        assert_eq!(find("https://store.example/2/"), None);
        assert_eq!(
            find("https://store.example/4/d.png?sig=old").as_deref(),
            Some("https://store.example/4/d.png?sig=o")
        );
        for (link, says) in [
            ("https://store.example/5/e.png?sig=old", "has several links"),
            ("https://store.example/5/e.png?token=old", "has several links"),
            ("https://store.example/6/f.png?sig=old", "has no link"),
        ] {
            assert!(like(&record, link).unwrap_err().message().contains(says), "{link}");
        }
    }
}
