//! Values that an operation sends beside its arguments.

use serde_json::{Map, Value};

use super::{Prepared, encode};
use crate::catalog::{ClientValue, Implied, Place, Source};

/// Puts an implied value into the query or among the members of the body. One that comes from an argument which was not
/// given is left out, and one of the client waits for the client.
pub(super) fn add(
    prepared: &mut Prepared,
    members: &mut Map<String, Value>,
    implied: &'static Implied,
    arguments: &Map<String, Value>,
) {
    let value = match implied.source {
        Source::Text(text) => text.into(),
        Source::Integer(number) => number.into(),
        Source::Boolean(flag) => flag.into(),
        Source::Argument(name) => match arguments.get(name) {
            None | Some(Value::Null) => return,
            Some(value) => encode::canonical(value),
        },
        Source::Client(value) => return prepared.of_client.push((implied.wire, value)),
    };
    match (implied.place, value) {
        (Place::Body, value) => {
            members.insert(implied.wire.to_owned(), value);
        }
        (_, Value::String(text)) => prepared.query.push((implied.wire.to_owned(), text)),
        (_, value) => prepared.query.push((implied.wire.to_owned(), value.to_string())),
    }
}

impl ClientValue {
    /// The value of a client for this company.
    pub(crate) fn of(self, company: &str) -> String {
        match self {
            Self::Company => company.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::build;
    use crate::catalog::{
        Absent, AnswerKind, Base, BodyKind, Effect, Handler, Kind, Method, Operation, Parameter, Replay,
    };
    use serde_json::json;

    const fn text(name: &'static str, place: Place) -> Parameter {
        Parameter {
            name,
            wire: name,
            place,
            kind: Kind::Text,
            required: false,
            absent: Absent::Omit,
            schema: None,
            standard: &[],
            choices: &[],
            needs: None,
            adds_if_true: false,
            adds_without: None,
            not_again: None,
            one_of: &[],
            most: None,
            values_in: None,
            removes_if: None,
            on_page: false,
            new_needs: &[],
            read_as: &[],
            members: &[],
        }
    }

    const fn implied(wire: &'static str, place: Place, source: Source) -> Implied {
        Implied { wire, place, source }
    }

    static OPERATION: Operation = Operation {
        id: "test.post",
        resource: "test",
        name: "post",
        official: "post",
        effect: Effect::Action,
        replay: Replay::Unsafe,
        paged: false,
        noun: "record",
        identity: "",
        lookup: None,
        method: Method::Post,
        base: Base::Api,
        path: "Test",
        rows: None,
        answer: AnswerKind::Any,
        body: BodyKind::Object,
        handler: Handler::Request,
        gives_back: None,
        look: None,
        gathers_into: None,
        of_many: None,
        poll: None,
        moves_to: None,
        tells_limits: false,
        one_of: &[],
        app_types: &[],
        lists_apps: false,
        parameters: &[text("name", Place::Body), text("other", Place::Query)],
        implied: &[
            implied("kind", Place::Body, Source::Text("a b")),
            implied("merge", Place::Body, Source::Boolean(false)),
            implied("version", Place::Query, Source::Integer(2)),
            implied("name", Place::Query, Source::Argument("name")),
            implied("other", Place::Body, Source::Argument("other")),
            implied("company", Place::Query, Source::Client(ClientValue::Company)),
        ],
    };

    #[test]
    fn implied_values_are_sent_behind_the_arguments() {
        let prepared = build(&OPERATION, json!({"name": "x y"}).as_object().unwrap()).unwrap();
        assert_eq!(encode::query(&prepared.query), "version=2&name=x%20y");
        assert_eq!(prepared.body.unwrap(), r#"{"name":"x y","kind":"a b","merge":false}"#);
        let of_client: Vec<_> =
            prepared.of_client.iter().map(|(wire, value)| (*wire, value.of("Acme"))).collect();
        assert_eq!(of_client, [("company", "Acme".to_owned())]);
    }
}
