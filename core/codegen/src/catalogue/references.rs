//! Checks what operations state about other operations, and what only one kind of operation can state.

use super::{Answer, Effect, Handler, Kind, Operation, Parameter, Resource, held, lists, uploads};

pub(super) fn validate(resources: &[Resource]) -> Result<(), String> {
    let all: Vec<_> = resources.iter().flat_map(|resource| &resource.operations).collect();
    for operation in &all {
        check(operation, &all).map_err(|text| format!("operation {}: {text}", operation.id))?;
    }
    match all.iter().filter(|operation| operation.tells_limits).collect::<Vec<_>>().as_slice() {
        [first, second, ..] => Err(format!("{} and {} both have tells_limits", first.id, second.id)),
        _ => Ok(()),
    }
}

fn check(operation: &Operation, all: &[&Operation]) -> Result<(), String> {
    let find = |id: &str| {
        all.iter().find(|other| other.id == id).ok_or_else(|| format!("there is no operation {id}"))
    };
    let takes_nothing = operation.parameters.is_empty() && operation.implied.is_empty();
    if operation.tells_limits && (operation.effect != Effect::Read || !takes_nothing) {
        return Err("tells_limits is for a read without parameters".into());
    }
    let lists = operation.effect == Effect::Read && operation.answer == Answer::List && !operation.paged;
    if operation.lists_apps && !lists {
        return Err("lists_apps is for a plain list".into());
    }
    let of_many = matches!(operation.handler, Handler::GetMany | Handler::GetAppsOfMany);
    let needs_look = of_many
        || matches!(operation.handler, Handler::DeleteHeader | Handler::DeleteFiles | Handler::DownloadMany);
    let may_look = needs_look || operation.handler == Handler::Download;
    if (needs_look && operation.look.is_none()) || (!may_look && operation.look.is_some()) {
        return Err(
            "look goes with the handlers delete_header, delete_files, get_many, get_apps_of_many, download_many and, where it \
             may be, download"
                .into(),
        );
    }
    match (&operation.gathers_into, operation.handler == Handler::Load) {
        (Some(many), true) if find(many)?.handler == Handler::GetMany => {}
        (None, false) => {}
        _ => return Err("gathers_into goes with the handler load, and names a read of many records".into()),
    }
    if let Some(look) = &operation.look {
        let look = find(look)?;
        if operation.handler == Handler::DownloadMany {
            return match look.handler {
                Handler::Download => Ok(()),
                _ => Err(format!("look: {} reads no file", look.id)),
            };
        }
        if look.effect != Effect::Read || look.answer != Answer::Object {
            return Err(format!("look: {} is no read of one record", look.id));
        }
        if of_many {
            return lists::validate(operation, look, |id| find(id).copied());
        }
        let missing = look.parameters.iter().find(|needed| needed.required && !has(operation, &needed.name));
        if let Some(missing) = missing {
            return Err(format!("look: {} needs {}, which is no parameter here", look.id, missing.name));
        }
    }
    held::validate(operation, |id| find(id).copied())?;
    if let Some(poll) = &operation.poll {
        uploads::validate_poll(poll, find(&poll.operation)?)?;
        if let Some(fallback) = &poll.fallback {
            uploads::validate_poll(poll, find(fallback)?)?;
        }
    }
    for parameter in &operation.parameters {
        check_parameter(operation, parameter, &find)
            .map_err(|text| format!("parameter {}: {text}", parameter.name))?;
    }
    Ok(())
}

fn check_parameter<'a>(
    operation: &Operation,
    parameter: &Parameter,
    find: &dyn Fn(&str) -> Result<&'a &'a Operation, String>,
) -> Result<(), String> {
    if (parameter.kind == Kind::TableRows) && operation.handler != Handler::UpdateRows {
        return Err("table rows need the handler update_rows".into());
    }
    let are_filters = matches!(parameter.kind, Kind::Filters | Kind::ColorwayFilters);
    let are_values =
        matches!(parameter.kind, Kind::Fields | Kind::Colorways | Kind::Records | Kind::TableRows);
    if !are_filters && !parameter.standard.is_empty() {
        return Err("standard is for filters".into());
    }
    if are_filters && parameter.schema.is_none() && parameter.standard.is_empty() {
        return Err("filters need a schema or standard fields to be checked against".into());
    }
    let Some(schema) = &parameter.schema else { return Ok(()) };
    if !are_filters && !are_values {
        return Err("schema is for filters and values of fields".into());
    }
    if are_filters && schema.record.is_some() {
        return Err("schema: record is for values of fields".into());
    }
    let source = find(&schema.operation)?;
    // Pages have schemas of several forms.
    let may_list = source.answer == Answer::List || (source.answer == Answer::Any && are_values);
    if source.effect != Effect::Read || !may_list || source.paged {
        return Err(format!("schema: {} is no plain list", source.id));
    }
    if !source.parameters.iter().all(|needed| needed.name == schema.argument)
        || !has(source, &schema.argument)
    {
        return Err(format!("schema: {} is not the one argument of {}", schema.argument, source.id));
    }
    let given = schema.record.as_ref().unwrap_or(&schema.argument);
    if !has(operation, given) {
        return Err(format!("schema: {given} is no parameter here"));
    }
    Ok(())
}

fn has(operation: &Operation, parameter: &str) -> bool {
    operation.parameters.iter().any(|own| own.name == parameter)
}
