//! Partners that edits name by their name and type: looked up in the directory, which is read once (docs/service/directory.md, Records).

use serde_json::{Map, Value};

use super::Scene;
use super::edit::{Aim, Edit};
use super::judge::{Working, ended};
use super::present;
use super::preview::Action;
use crate::arguments::shown;
use crate::error::{Error, Result};
use crate::near;
use crate::own::Meta;

/// How a partner is named, beside by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Partner {
    name: String,
    partner_type: Option<String>,
}

/// Each with whether it is added or taken away.
pub(super) type Partners = Vec<(Partner, bool)>;

impl Partner {
    /// `{name}`, with a `partner_type` where several have the name.
    pub(super) fn read(name: &str, value: &Map<String, Value>) -> Result<Self> {
        let known = ["name", "partner_type", "partnerType"];
        near::check(value.keys(), &known, &format!("{name} has no member"), "it has")?;
        let text = |member: &str| match value.get(member).filter(|value| !value.is_null()) {
            None => Ok(None),
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.trim().to_owned())),
            Some(other) => {
                Err(Error::config(format!("{name}.{member} has to be a text, not {}", shown(other))))
            }
        };
        let partner_type = text("partner_type")?.or(text("partnerType")?);
        let known = text("name")?;
        let known =
            known.ok_or_else(|| Error::config(format!("{name} has to have the name of a partner")))?;
        Ok(Self { name: known, partner_type })
    }

    fn is(&self, listed: &Listed) -> bool {
        let has_type = |given: &String| given.eq_ignore_ascii_case(&listed.partner_type);
        self.name == listed.name && self.partner_type.as_ref().is_none_or(has_type)
    }

    fn shown(&self) -> String {
        match &self.partner_type {
            None => format!("the name {}", self.name),
            Some(partner_type) => format!("the name {} and the type {partner_type}", self.name),
        }
    }
}

const DIRECTORY: &str = "directory.directory_list";

/// A partner of the directory.
struct Listed {
    id: String,
    name: String,
    partner_type: String,
}

/// Puts ids in the place of names. An edit whose partner is not one of the directory ends.
pub(super) async fn find(
    scene: &Scene<'_>,
    edits: &mut [Edit],
    working: &mut [Option<Working>],
    meta: &mut Meta,
) -> Result<()> {
    let names = |edit: &Edit| matches!(&edit.aim, Aim::Shares { named } if !named.is_empty());
    if !edits.iter().any(names) {
        return Ok(());
    }
    let directory: Vec<Listed> = match present::all(scene, DIRECTORY, &Map::new(), meta).await {
        Ok(records) => records.iter().filter_map(listed).collect(),
        Err(error) if error.is_of_one() => {
            for edit in edits.iter().filter(|edit| names(edit)) {
                let reason = format!("the directory cannot be read: {}", error.message());
                working[edit.index] = Some(ended(edit, Action::Refused, reason));
            }
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    for edit in edits.iter_mut() {
        let Aim::Shares { named } = &mut edit.aim else { continue };
        let mut end = None;
        for (partner, is_added) in std::mem::take(named) {
            let found: Vec<_> = directory.iter().filter(|listed| partner.is(listed)).collect();
            match found.as_slice() {
                [one] if is_named_otherwise(&edit.fields, &one.id, is_added) => {
                    let text = format!("it says of the partner {} both that it is added and removed", one.id);
                    end.get_or_insert((Action::Refused, text));
                }
                [one] if edit.fields.iter().any(|(id, _)| id.eq_ignore_ascii_case(&one.id)) => {}
                [one] => edit.fields.push((one.id.clone(), Value::Bool(is_added))),
                [] => {
                    let known = directory.iter().map(|listed| listed.name.as_str());
                    let hint = near::hint(&partner.name, known);
                    let text = format!("no partner has {}{hint}", partner.shown());
                    end.get_or_insert((Action::Unmatched, text));
                }
                several => {
                    let all: Vec<_> =
                        several.iter().map(|one| format!("{} ({})", one.id, one.partner_type)).collect();
                    let text = format!("{} partners have {}: {}", all.len(), partner.shown(), all.join(", "));
                    end.get_or_insert((Action::Ambiguous, text));
                }
            }
        }
        if let Some((action, reason)) = end {
            working[edit.index] = Some(ended(edit, action, reason));
        }
    }
    Ok(())
}

fn is_named_otherwise(fields: &[(String, Value)], id: &str, is_added: bool) -> bool {
    fields.iter().any(|(known, flag)| known.eq_ignore_ascii_case(id) && *flag != is_added)
}

fn listed(record: &Value) -> Option<Listed> {
    let text = |name: &str| record[name].as_str().unwrap_or_default().trim().to_owned();
    Some(Listed {
        id: record["id"].as_str()?.to_owned(),
        name: text("name"),
        partner_type: text("partnerType"),
    })
}
