//! What an operation takes until another gives it back, such as a lock.

use serde::{Deserialize, Serialize};

use super::{Handler, Operation, ResourceEntry};
use crate::placeholders::Names;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Held {
    pub(crate) name: String,
    /// Id of the operation that gives it back.
    pub(crate) release: String,
    /// What holding it means.
    pub(crate) doc: String,
}

impl Held {
    /// As it is in a resource.
    pub(super) fn of(self, resource: &ResourceEntry, names: &Names) -> Result<Self, String> {
        let release = format!("{}.{}", resource.name, names.name(&self.release)?);
        Ok(Self { release, doc: names.fill(&self.doc), name: self.name })
    }
}

pub(super) fn validate<'a>(
    operation: &Operation,
    find: impl Fn(&str) -> Result<&'a Operation, String>,
) -> Result<(), String> {
    let held = match (&operation.held, operation.handler == Handler::Acquire) {
        (Some(held), true) => held,
        (None, false) => return Ok(()),
        _ => return Err("held goes with the handler acquire".into()),
    };
    let release = find(&held.release)?;
    if release.handler != Handler::Release {
        return Err(format!("held: {} gives nothing back", release.id));
    }
    let all = release.parameters.iter().map(|parameter| &parameter.name);
    let required = operation.parameters.iter().filter(|parameter| parameter.required);
    match all.eq(required.map(|parameter| &parameter.name)) {
        true => Ok(()),
        false => Err(format!("held: {} does not take what is required here", release.id)),
    }
}
