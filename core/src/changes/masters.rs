//! The folders of records that can be changed, and what changes and reads them. The catalogue says it by what its operations take.

use std::sync::LazyLock;

use crate::catalog::{Effect, Handler, Kind, Lookup, Operation, Parameter, operations};

/// One kind of records.
#[derive(Debug)]
pub(super) struct Master {
    /// `style`.
    pub(super) resource: &'static str,
    /// What one is called in texts.
    pub(super) noun: &'static str,
    pub(super) create: &'static Operation,
    pub(super) update: &'static Operation,
    pub(super) delete: &'static Operation,
    /// Reads many by their ids.
    pub(super) by_id: &'static Operation,
    /// Reads many by their numbers.
    pub(super) by_number: &'static Operation,
    /// Reads the fields of a folder.
    pub(super) schema: &'static Operation,
    /// Where the fields of a new record are.
    pub(super) fields: &'static Parameter,
    /// The number of a record: its field, and its member.
    pub(super) number: Lookup,
}

static MASTERS: LazyLock<Vec<Master>> = LazyLock::new(|| operations().filter_map(Master::of).collect());

impl Master {
    /// The kind whose records this operation creates.
    fn of(create: &'static Operation) -> Option<Self> {
        let fields = fields_of(create).filter(|_| create.effect == Effect::Create)?;
        let schema = fields.schema.as_ref().filter(|schema| schema.record.is_none())?;
        let own = || operations().filter(|other| other.resource == create.resource);
        let with = |handler| own().find(|other| other.handler == handler);
        let update = own().find(|other| {
            let schema = fields_of(other).and_then(|fields| fields.schema.as_ref());
            other.effect == Effect::Update && schema.is_some_and(|schema| schema.record.is_some())
        })?;
        let (by_id, by_number) = (with(Handler::GetMany)?, with(Handler::GetManyByNumber)?);
        Some(Self {
            resource: create.resource,
            noun: create.noun,
            create,
            update,
            delete: with(Handler::DeleteHeader)?,
            by_id,
            by_number,
            schema: Operation::find(schema.operation)?,
            fields,
            number: by_number.lookup?,
        })
    }

    pub(super) fn find(resource: &str) -> Option<&'static Self> {
        MASTERS.iter().find(|master| master.resource == resource)
    }

    pub(super) fn names() -> Vec<&'static str> {
        MASTERS.iter().map(|master| master.resource).collect()
    }
}

/// The values of fields that an operation takes, those of pages aside.
fn fields_of(operation: &'static Operation) -> Option<&'static Parameter> {
    operation.parameters.iter().find(|parameter| parameter.kind == Kind::Fields && !parameter.on_page)
}

/// The one argument that an operation cannot do without.
pub(super) fn needed(operation: &Operation) -> &'static str {
    operation.parameters.iter().find(|parameter| parameter.required).map_or("", |parameter| parameter.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_five_masters() {
        assert_eq!(Master::names(), ["style", "material", "image", "color", "block"]);
        let style = Master::find("style").unwrap();
        let ids = [style.create, style.update, style.delete, style.by_id].map(|one| one.id);
        let expected =
            ["create", "update", "delete", "get_many"].map(|name| format!("style.attributes_{name}"));
        assert_eq!(ids.map(str::to_owned), expected);
        assert_eq!((style.schema.id, style.number.field), ("style.folder_schema", "header_number"));
        assert_eq!(needed(style.update), "header_id");
    }
}
