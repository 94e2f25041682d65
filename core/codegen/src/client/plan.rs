//! Plans: what a company bought; and credentials: what a client signs in with. Each is a way to make one, with arguments of
//! its own and the options of all.
//!
//! | member | states |
//! |---|---|
//! | `members` | what a flag says of a member that is no parameter |
//! | `sets` of a plan | members that it has in any case |
//! | `sets` of a parameter | the member that it gives, where its name is another |

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::input::{self, Entry, Input};
use crate::names;
use crate::shapes::Literal;

#[derive(Debug, Serialize)]
pub(crate) struct Plan {
    pub(crate) doc: String,
    pub(crate) plans: Vec<OnePlan>,
    pub(crate) options: Vec<Input>,
    pub(crate) members: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct OnePlan {
    pub(crate) name: String,
    pub(crate) camel: String,
    pub(crate) sets: BTreeMap<String, Literal>,
    pub(crate) doc: String,
    pub(crate) parameters: Vec<Parameter>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Parameter {
    /// The member that it gives.
    pub(crate) sets: String,
    #[serde(flatten)]
    pub(crate) input: Input,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    doc: String,
    #[serde(default)]
    members: BTreeMap<String, String>,
    plan: Vec<PlanEntry>,
    #[serde(default)]
    option: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanEntry {
    name: String,
    #[serde(default)]
    sets: BTreeMap<String, Literal>,
    doc: String,
    #[serde(default)]
    parameter: Vec<ParameterEntry>,
}

#[derive(Deserialize)]
struct ParameterEntry {
    sets: Option<String>,
    #[serde(flatten)]
    entry: Entry,
}

pub(super) fn read(path: &Path) -> Result<Plan, String> {
    let file: File = crate::catalogue::parse(path)?;
    let named = |error: String| format!("{}: {error}", path.display());
    Ok(Plan {
        doc: file.doc,
        members: file.members,
        plans: file.plan.into_iter().map(one).collect::<Result<_, _>>().map_err(named)?,
        options: file.option.into_iter().map(input::resolve).collect::<Result<_, _>>().map_err(named)?,
    })
}

fn one(entry: PlanEntry) -> Result<OnePlan, String> {
    let parameters = entry.parameter.into_iter().map(|parameter| {
        let input = input::resolve(parameter.entry)?;
        Ok(Parameter { sets: parameter.sets.unwrap_or_else(|| input.name.clone()), input })
    });
    Ok(OnePlan {
        camel: names::camel(&entry.name),
        name: entry.name,
        sets: entry.sets,
        doc: entry.doc,
        parameters: parameters.collect::<Result<_, String>>()?,
    })
}
