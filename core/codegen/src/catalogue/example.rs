//! The call of a resource that the reference shows in every language.

use serde::{Deserialize, Serialize};

use super::{Kind, Operation};

/// A call of an operation with those arguments that it needs, and with some of the others.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Example {
    /// Its short name.
    pub(crate) operation: String,
    #[serde(default)]
    pub(crate) with: Vec<String>,
}

impl Example {
    pub(super) fn validate(&self, operations: &[Operation]) -> Result<(), String> {
        let operation = operations.iter().find(|operation| operation.name == self.operation);
        let operation =
            operation.ok_or_else(|| format!("example: there is no operation {}", self.operation))?;
        let find = |name: &str| operation.parameters.iter().find(|parameter| parameter.name == name);
        if let Some(name) = self.with.iter().find(|name| find(name).is_none_or(|found| found.required)) {
            return Err(format!("example: {} has no argument {name} that may be left out", self.operation));
        }
        let shown = operation.parameters.iter().filter(|one| one.required || self.with.contains(&one.name));
        let mut others = shown.filter(|one| !matches!(one.kind, Kind::Id | Kind::Text | Kind::RelativePath));
        others.next().map_or(Ok(()), |other| Err(format!("example: {} is no id and no text", other.name)))
    }
}
