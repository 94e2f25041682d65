//! Reads `core/catalog/client/`: what the client does itself, and what it takes and reports in every language.

mod command;
mod errors;
mod input;
mod methods;
mod plan;

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use crate::catalogue::Resource;
use crate::marks::{self, Names};
use crate::shapes::{self, Family};

pub(crate) use command::Command;
pub(crate) use errors::ErrorClass;
pub(crate) use input::{Home, Input};
pub(crate) use methods::Group;
pub(crate) use plan::Plan;

/// The client's own part of the catalogue.
#[derive(Debug, Serialize)]
pub(crate) struct Own {
    /// Its records and choices.
    pub(crate) families: Vec<Family>,
    /// Its methods: `client.quota`.
    pub(crate) groups: Vec<Group>,
    pub(crate) settings: Vec<Input>,
    pub(crate) options: Vec<Input>,
    /// Options that are code of the program, which each language hands over its way.
    pub(crate) callbacks: Vec<Input>,
    pub(crate) errors: Vec<ErrorClass>,
    pub(crate) plan: Plan,
    /// Commands in a shell, with the flags that are any of these.
    pub(crate) commands: Vec<Command>,
    pub(crate) credentials: Plan,
}

impl Own {
    /// The class of an error, without the language's ending.
    pub(crate) fn class<'a>(&'a self, kind: &'a str) -> &'a str {
        self.errors.iter().find(|error| error.kind == kind).map_or(kind, |error| &error.class)
    }
}

/// Reads it, and checks all texts of the catalogue, those of the service included.
pub(crate) fn read(catalog: &Path, resources: &[Resource], service: &[Family]) -> Result<Own, String> {
    let folder = catalog.join("client");
    let errors = errors::read(&folder.join("errors.toml"))?;
    let kinds = shapes::choice(
        "error_kind",
        "What went wrong, for a caller who has to react to it.",
        errors::choices(&errors),
    );
    let families = shapes::read_own(&catalog.join("shapes/client"), kinds)?;
    let options = input::read(&folder.join("options.toml"), "option")?;
    let (callbacks, options) = options.into_iter().partition(|option| option.kind == input::Kind::Progress);
    let groups = methods::read(&folder.join("methods"), &families, &errors)?;
    let settings = input::read(&folder.join("settings.toml"), "setting")?;
    let plan = plan::read(&folder.join("plan.toml"))?;
    let own = Own {
        commands: command::build(&settings, &plan, &groups)?,
        groups,
        settings,
        options,
        callbacks,
        plan,
        credentials: plan::read(&folder.join("credentials.toml"))?,
        families,
        errors,
    };
    distinct(&own, resources)?;
    check(&own, resources, service)?;
    Ok(own)
}

/// Some languages take arguments and options side by side.
fn distinct(own: &Own, resources: &[Resource]) -> Result<(), String> {
    let options: BTreeSet<_> =
        own.options.iter().chain(&own.callbacks).map(|option| option.name.as_str()).collect();
    for operation in resources.iter().flat_map(|resource| &resource.operations) {
        if let Some(both) = operation.parameters.iter().find(|one| options.contains(one.name.as_str())) {
            return Err(format!(
                "{}: {} is an option too; give the parameter a wire name",
                operation.id, both.name
            ));
        }
    }
    Ok(())
}

fn check(own: &Own, resources: &[Resource], service: &[Family]) -> Result<(), String> {
    let methods = own
        .groups
        .iter()
        .flat_map(|group| group.methods.iter().map(|method| format!("{}.{}", group.name, method.name)));
    let names = Names {
        options: own.options.iter().map(|option| option.name.as_str()).collect(),
        settings: own.settings.iter().map(|setting| setting.name.as_str()).collect(),
        errors: own.errors.iter().map(|error| error.kind.as_str()).collect(),
        methods: methods.collect(),
    };
    let none = BTreeSet::new();
    let check = |place: &str, text: &str, arguments: &BTreeSet<&str>| {
        marks::check(text, &names, arguments).map_err(|error| format!("{place}: {error}"))
    };
    for operation in resources.iter().flat_map(|resource| &resource.operations) {
        let arguments = operation.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        check(&operation.id, &operation.doc, &arguments)?;
        operation.held.iter().try_for_each(|held| check(&operation.id, &held.doc, &arguments))?;
        for parameter in &operation.parameters {
            check(&operation.id, &parameter.doc, &arguments)?;
        }
    }
    for shape in own.families.iter().chain(service).flat_map(|family| &family.shapes) {
        check(&shape.name, &shape.doc, &none)?;
        for property in &shape.properties {
            check(&shape.name, &property.doc, &none)?;
        }
    }
    for group in &own.groups {
        check(&group.name, &group.doc, &none)?;
        for method in &group.methods {
            let arguments = method.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
            check(&method.id, &method.doc, &arguments)?;
            for text in method.errors.iter().map(|error| &error.when) {
                check(&method.id, text, &arguments)?;
            }
        }
    }
    for input in own.settings.iter().chain(&own.options).chain(&own.callbacks).chain(&own.plan.options) {
        check(&input.name, &input.doc, &none)?;
        check(&input.name, &input.mobile_doc, &none)?;
    }
    for one in own.plan.plans.iter().chain(&own.credentials.plans) {
        check(&one.name, &one.doc, &none)?;
        for parameter in &one.parameters {
            check(&one.name, &parameter.input.doc, &none)?;
        }
    }
    own.errors.iter().try_for_each(|error| check(&error.kind, &error.doc, &none))
}
