//! Values that are sent and are no arguments.

use serde::{Deserialize, Serialize};

use super::{Body, Kind, Operation, Place};
use crate::placeholders::Names;

/// A value that is sent and is no argument.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Implied {
    pub(crate) wire: String,
    pub(crate) place: Place,
    pub(crate) source: Source,
}

/// Where an implied value comes from.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case", tag = "from", content = "value")]
pub(crate) enum Source {
    Text(String),
    Integer(i64),
    Boolean(bool),
    /// The client.
    Client(ClientValue),
    /// The argument of this name, which is sent in two places.
    Argument(String),
}

/// What a client knows.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClientValue {
    /// The domain of its company.
    Company,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct ImpliedEntry {
    wire: String,
    place: Place,
    value: Option<Literal>,
    client: Option<ClientValue>,
    argument: Option<String>,
}

#[derive(Deserialize, Clone)]
#[serde(untagged)]
enum Literal {
    Text(String),
    Integer(i64),
    Boolean(bool),
}

impl ImpliedEntry {
    pub(super) fn resolve(&self, names: &Names) -> Result<Implied, String> {
        let wire = names.name(&self.wire)?;
        let source = match (&self.value, self.client, &self.argument) {
            (Some(Literal::Text(text)), None, None) => Source::Text(names.name(text)?),
            (Some(Literal::Integer(number)), None, None) => Source::Integer(*number),
            (Some(Literal::Boolean(flag)), None, None) => Source::Boolean(*flag),
            (None, Some(value), None) => Source::Client(value),
            (None, None, Some(argument)) => Source::Argument(names.name(argument)?),
            _ => return Err(format!("implied {wire}: it needs one of value, client and argument")),
        };
        Ok(Implied { wire, place: self.place, source })
    }
}

pub(super) fn validate(operation: &Operation) -> Result<(), String> {
    for (index, implied) in operation.implied.iter().enumerate() {
        check(operation, implied, &operation.implied[..index])
            .map_err(|text| format!("implied {}: {text}", implied.wire))?;
    }
    Ok(())
}

fn check(operation: &Operation, implied: &Implied, earlier: &[Implied]) -> Result<(), String> {
    let same = |wire: &str, place| wire == implied.wire && place == implied.place;
    if operation.parameters.iter().any(|parameter| same(&parameter.wire, parameter.place))
        || earlier.iter().any(|other| same(&other.wire, other.place))
    {
        return Err("its place is taken by a value of the same name".into());
    }
    match (implied.place, &implied.source) {
        (Place::Query, _) => {}
        (Place::Body, Source::Client(_)) => return Err("values of the client go into the query".into()),
        (Place::Body, _) if matches!(operation.body, Body::Object) => {}
        (Place::Body, _) => return Err("the body is no object".into()),
        _ => return Err("it can be in the query or in the body".into()),
    }
    let Source::Argument(name) = &implied.source else { return Ok(()) };
    let argument = operation.parameters.iter().find(|parameter| parameter.name == *name);
    match argument {
        None => Err(format!("there is no parameter {name}")),
        Some(argument) if matches!(argument.kind, Kind::Id | Kind::Text | Kind::Integer | Kind::Boolean) => {
            Ok(())
        }
        Some(_) => Err(format!("the parameter {name} is no id, text, integer or boolean")),
    }
}
