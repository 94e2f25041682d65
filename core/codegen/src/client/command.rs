//! Commands of `beproduct` in a shell: the flags that are settings, members of the plan or parameters of methods.
//!
//! Nothing here names a command or a flag: `commands` in the catalogue does (`input.rs` lists the members). A command that has the
//! setting `plan` has a flag for each member of a plan. Two of them exclude each other if no plan has both, and one requires
//! the other if every plan that has the one has the other.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::input::{self, Input, Kind};
use super::methods::Group;
use super::plan::Plan;
use crate::marks;
use crate::names;
use crate::shapes::{Choice, Literal};

#[derive(Debug, Serialize)]
pub(crate) struct Command {
    pub(crate) name: String,
    pub(crate) pascal: String,
    pub(crate) flags: Vec<Flag>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Flag {
    pub(crate) name: String,
    pub(crate) pascal: String,
    pub(crate) value: Given,
    pub(crate) range: Option<[u64; 2]>,
    pub(crate) choices: Vec<Choice>,
    pub(crate) help: String,
    /// The setting that it gives. A parameter of a method gives none.
    pub(crate) setting: Option<String>,
    /// The member of this setting, where it has members or forms.
    pub(crate) member: Option<String>,
    /// Variable that only the command reads.
    pub(crate) variable: Option<String>,
    pub(crate) excludes: Vec<String>,
    pub(crate) requires: Vec<String>,
}

/// What is given behind the flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Given {
    Text,
    Url,
    Path,
    Integer,
    Boolean,
    Choice,
    /// Nothing: the flag itself says it.
    Switch,
}

impl Flag {
    fn new(name: &str, kind: Kind, help: &str) -> Result<Self, String> {
        let value = match kind {
            Kind::Text => Given::Text,
            Kind::Url => Given::Url,
            Kind::Path => Given::Path,
            Kind::Integer => Given::Integer,
            Kind::Boolean => Given::Boolean,
            Kind::Choice => Given::Choice,
            _ => return Err(format!("{name}: no flag can give its kind")),
        };
        Ok(Self {
            name: name.to_owned(),
            pascal: names::pascal(name),
            value,
            range: None,
            choices: Vec::new(),
            help: help.to_owned(),
            setting: None,
            member: None,
            variable: None,
            excludes: Vec::new(),
            requires: Vec::new(),
        })
    }

    fn of(input: &Input) -> Result<Self, String> {
        let mut flag = Self::new(&input.name, input.kind, &input.help)?;
        let shown = |choice: &Choice| Choice::new(&choice.name, &input::help(&choice.doc, None, None));
        flag.choices = input.choices.iter().map(shown).collect();
        flag.range = input.range;
        if let Some([least, most]) = input.range {
            flag.help = format!("{} [{least} to {most}]", flag.help);
        }
        Ok(flag)
    }

    fn member(mut self, setting: &str, member: &str) -> Self {
        self.setting = Some(setting.to_owned());
        self.member = Some(member.to_owned());
        self
    }
}

pub(super) fn build(settings: &[Input], plan: &Plan, groups: &[Group]) -> Result<Vec<Command>, String> {
    let mut flags: BTreeMap<&str, Vec<Flag>> = BTreeMap::new();
    for setting in settings {
        if setting.variable.is_some() && !matches!(setting.kind, Kind::Text | Kind::Url) {
            return Err(format!("setting {}: a variable is a text", setting.name));
        }
        if !setting.commands.is_empty() {
            let of_setting = of_setting(setting, plan)?;
            for command in &setting.commands {
                flags.entry(command).or_default().extend(of_setting.iter().cloned());
            }
        }
    }
    for parameter in groups.iter().flat_map(|group| &group.methods).flat_map(|method| &method.parameters) {
        if parameter.variable.is_some() {
            return Err(format!("parameter {}: variables are for settings", parameter.name));
        }
        for command in &parameter.commands {
            flags.entry(command).or_default().push(Flag::of(parameter)?);
        }
    }
    let commands = flags.into_iter().map(|(name, flags)| {
        check(&flags).map_err(|error| format!("command {name}: {error}"))?;
        Ok(Command { name: name.to_owned(), pascal: names::pascal(name), flags })
    });
    commands.collect()
}

fn of_setting(setting: &Input, plan: &Plan) -> Result<Vec<Flag>, String> {
    if setting.kind == Kind::Plan {
        return of_plan(&setting.name, plan);
    }
    if setting.flags.is_empty() {
        let mut flag = Flag::of(setting)?;
        flag.setting = Some(setting.name.clone());
        return Ok(vec![flag]);
    }
    let forms = setting.flags.iter().map(|form| {
        let help = input::help(&form.doc, form.variable.as_deref(), form.default_doc.as_deref());
        let mut flag = Flag::new(&form.name, form.kind, &help)?.member(&setting.name, &form.sets);
        flag.variable.clone_from(&form.variable);
        let others = setting.flags.iter().filter(|other| other.name != form.name);
        flag.excludes = others.map(|other| other.name.clone()).collect();
        Ok(flag)
    });
    forms.collect()
}

fn of_plan(setting: &str, plan: &Plan) -> Result<Vec<Flag>, String> {
    let inputs = plan.plans.iter().flat_map(|one| one.parameters.iter().map(|parameter| &parameter.input));
    for input in inputs.chain(&plan.options) {
        if !input.commands.is_empty() || input.variable.is_some() {
            return Err(format!("plan: {}: the setting {setting} says which commands have it", input.name));
        }
    }
    let mut flags: Vec<Flag> = Vec::new();
    // The plans that have a member, by its name.
    let mut plans: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (index, one) in plan.plans.iter().enumerate() {
        for (member, value) in &one.sets {
            let flag = of_fixed(member, value, &one.doc, plan)?;
            match flags.iter_mut().find(|known| known.name == *member) {
                Some(known) => known.choices.extend(flag.choices),
                None => flags.push(flag.member(setting, member)),
            }
            plans.entry(member.clone()).or_default().insert(index);
        }
        for parameter in &one.parameters {
            let mut flag = Flag::of(&parameter.input)?;
            flag.name.clone_from(&parameter.sets);
            flag.pascal = names::pascal(&parameter.sets);
            if !flags.iter().any(|known| known.name == flag.name) {
                flags.push(flag.member(setting, &parameter.sets));
            }
            plans.entry(parameter.sets.clone()).or_default().insert(index);
        }
    }
    for flag in &mut flags {
        let own = &plans[&flag.name];
        let others = || plans.iter().filter(|(name, _)| **name != flag.name);
        let excluded = others().filter(|(_, other)| own.is_disjoint(other));
        flag.excludes = excluded.map(|(name, _)| name.clone()).collect();
        let required = others().filter(|(_, other)| own.is_subset(other));
        flag.requires = required.map(|(name, _)| name.clone()).collect();
    }
    for option in &plan.options {
        flags.push(Flag::of(option)?.member(setting, &option.name));
    }
    Ok(flags)
}

/// A member that a plan has in any case: a text of several, or a switch.
fn of_fixed(member: &str, value: &Literal, doc: &str, plan: &Plan) -> Result<Flag, String> {
    let doc_of_member = plan.members.get(member);
    match value {
        Literal::Text(text) => {
            let doc_of_member =
                doc_of_member.ok_or_else(|| format!("the member {member} of plans has no text"))?;
            let mut flag = Flag::new(member, Kind::Choice, &input::help(doc_of_member, None, None))?;
            flag.choices.push(Choice::new(text, &input::help(doc, None, None)));
            Ok(flag)
        }
        Literal::Boolean(true) => {
            let mut flag = Flag::new(
                member,
                Kind::Boolean,
                &input::help(doc_of_member.map_or(doc, String::as_str), None, None),
            )?;
            flag.value = Given::Switch;
            Ok(flag)
        }
        _ => Err(format!("{member}: no flag can give its value")),
    }
}

/// A name may be taken once, and a text may only name flags of the same command.
fn check(flags: &[Flag]) -> Result<(), String> {
    let mut known = BTreeSet::new();
    if let Some(flag) = flags.iter().find(|flag| !known.insert(flag.name.as_str())) {
        return Err(format!("two of its flags are called {}", flag.name));
    }
    for flag in flags {
        let names = marks::Names {
            options: BTreeSet::new(),
            settings: known.clone(),
            errors: BTreeSet::new(),
            methods: BTreeSet::new(),
        };
        for text in std::iter::once(&flag.help).chain(flag.choices.iter().map(|choice| &choice.doc)) {
            marks::check(text, &names, &known)
                .map_err(|error| format!("flag {}: {error}; give it a command_doc", flag.name))?;
        }
    }
    Ok(())
}
