//! A fresh link in the place of one that has expired: the record that has it is read again.

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
        let found = same_place(&answer::value(&record.body), place_of(link));
        let found = found.and_then(|found| Link::read("link", &Value::String(found)).ok());
        found.ok_or_else(|| {
            Error::config(
                "the link has expired, and its record has no link to this file any more; read it again",
            )
        })
    }
}

/// A link without its query, letter for letter.
fn place_of(link: &str) -> &str {
    link.split(['?', '#']).next().unwrap_or(link)
}

fn same_place(value: &Value, place: &str) -> Option<String> {
    match value {
        Value::String(text) => (place_of(text) == place).then(|| text.clone()),
        Value::Array(items) => items.iter().find_map(|item| same_place(item, place)),
        Value::Object(members) => members.values().find_map(|member| same_place(member, place)),
        _ => None,
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
        }}, "colorways": [{"image": null}, {"image": {"origin": "https://store.example/3/c.png"}}]});
        let find = |link: &str| same_place(&record, place_of(link));
        assert_eq!(
            find("https://store.example/2/front%20a.png?sig=old").as_deref(),
            Some("https://store.example/2/front%20a.png?sig=new")
        );
        assert_eq!(find("https://store.example/3/c.png?x").as_deref(), Some("https://store.example/3/c.png"));
        assert_eq!(find("https://store.example/2/front a.png"), None);
        assert_eq!(find("https://store.example/2/"), None);
    }
}
