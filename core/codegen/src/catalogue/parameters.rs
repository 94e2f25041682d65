//! What only some kinds of parameters can state.

use super::{Absent, Kind, Operation, Parameter, Place};

impl Operation {
    /// Whether its path is written by the caller.
    pub(crate) fn is_by_hand(&self) -> bool {
        self.parameters.iter().any(|parameter| parameter.kind == Kind::RelativePath)
    }
}

pub(super) fn validate(operation: &Operation) -> Result<(), String> {
    for parameter in &operation.parameters {
        check(operation, parameter).map_err(|text| format!("parameter {}: {text}", parameter.name))?;
    }
    if let Some(name) = &operation.moves_to {
        let moves = |one: &&Parameter| one.name == *name && one.kind == Kind::Id && one.place == Place::Body;
        if !operation.parameters.iter().any(|one| moves(&one)) {
            return Err(format!("moves_to: there is no id {name} in the body"));
        }
    }
    if operation.one_of.len() == 1 {
        return Err("one_of: it names one parameter".into());
    }
    let is_app = |one: &Parameter| one.name == "app_id" && one.kind == Kind::Id;
    if !operation.app_types.is_empty() && !operation.parameters.iter().any(is_app) {
        return Err("app_types: there is no id app_id".into());
    }
    for name in &operation.one_of {
        match find(operation, name) {
            None => return Err(format!("one_of: there is no parameter {name}")),
            Some(parameter) if parameter.required => {
                return Err(format!("one_of: {name} is required"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn find<'a>(operation: &'a Operation, name: &str) -> Option<&'a Parameter> {
    operation.parameters.iter().find(|parameter| parameter.name == name)
}

fn check(operation: &Operation, parameter: &Parameter) -> Result<(), String> {
    let kind = parameter.kind;
    if (kind == Kind::Choice) == parameter.choices.is_empty() {
        return Err("the kind choice and choices need each other".into());
    }
    let may_choose = match parameter.place {
        Place::Path | Place::Query => true,
        Place::Handler => operation.is_by_hand(),
        Place::Body => false,
    };
    if kind == Kind::Choice && !may_choose {
        return Err(
            "a choice is in the path or in the query, or says what a request is that is written by hand"
                .into(),
        );
    }
    if kind == Kind::Ids && parameter.place != Place::Body {
        return Err("ids are in the body".into());
    }
    let is_flag = kind == Kind::Boolean;
    if !is_flag && (parameter.needs.is_some() || parameter.adds_if_true) {
        return Err("needs and adds_if_true are for a boolean".into());
    }
    if !is_flag && parameter.absent == Absent::False {
        return Err("absent = \"false\" is for a boolean".into());
    }
    if let Some(needed) = parameter.needs.as_ref().filter(|needed| find(operation, needed).is_none()) {
        return Err(format!("needs: there is no parameter {needed}"));
    }
    let of_records = parameter.adds_without.is_some()
        || parameter.not_again.is_some()
        || !parameter.one_of.is_empty()
        || !parameter.read_as.is_empty();
    if kind != Kind::Records && of_records {
        return Err("adds_without, not_again, one_of and read_as are for records".into());
    }
    if kind != Kind::Integer && parameter.most.is_some() {
        return Err("most is for an integer".into());
    }
    if parameter.closed && !matches!(kind, Kind::Records | Kind::Json) {
        return Err("closed is for records, and for JSON that is one".into());
    }
    if parameter.closed && (parameter.record.is_none() || parameter.place != Place::Body) {
        return Err("closed needs a shape, in the body".into());
    }
    if (kind != Kind::Records || !parameter.closed)
        && (parameter.values_in.is_some() || parameter.removes_if.is_some())
    {
        return Err("values_in and removes_if are for closed records".into());
    }
    if parameter.removes_if.is_some() && (parameter.values_in.is_none() || parameter.adds_without.is_none()) {
        return Err("removes_if needs values_in and adds_without".into());
    }
    if kind != Kind::Fields && parameter.on_page {
        return Err("on_page is for fields".into());
    }
    if (kind == Kind::Colorways) == parameter.new_needs.is_empty() {
        return Err("the kind colorways and new_needs need each other".into());
    }
    if matches!(kind, Kind::Records | Kind::TableRows) && parameter.record.is_none() {
        return Err("records need a shape".into());
    }
    Ok(())
}
