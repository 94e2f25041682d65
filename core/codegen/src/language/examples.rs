//! One call of each resource in every language: on its reference page, and where a compiler reads it.

use minijinja::{Environment, Error, Value};

use super::{kotlin, member, python, rust, swift, typescript};

pub(super) fn register(environment: &mut Environment<'_>) {
    environment
        .add_function("example_arguments", |resource: Value| Ok::<_, Error>(Shown::of(&resource)?.given));
    environment
        .add_function("example_python", |resource: Value| Shown::of(&resource).map(|shown| shown.python()));
    environment.add_function("example_ts", |resource: Value| Shown::of(&resource)?.typescript());
    environment
        .add_function("example_kotlin", |resource: Value| Shown::of(&resource).map(|shown| shown.kotlin()));
    environment
        .add_function("example_swift", |resource: Value| Shown::of(&resource).map(|shown| shown.swift()));
    environment
        .add_function("example_rust", |resource: Value| Shown::of(&resource).map(|shown| shown.rust()));
}

/// A call that is shown, with the arguments that it has.
struct Shown {
    resource: Value,
    operation: Value,
    given: Vec<Value>,
}

impl Shown {
    fn of(resource: &Value) -> Result<Self, Error> {
        let example = resource.get_attr("example")?;
        let (name, with) = (member(&example, "operation"), example.get_attr("with")?);
        let operation = resource.get_attr("operations")?.try_iter()?.find(|one| member(one, "name") == name);
        let operation = operation.unwrap_or_default();
        let with: Vec<_> = with.try_iter()?.map(|name| name.to_string()).collect();
        let given = operation.get_attr("parameters")?.try_iter()?;
        let given = given.filter(|one| required(one) || with.contains(&member(one, "name"))).collect();
        Ok(Self { resource: resource.clone(), operation, given })
    }

    fn paged(&self) -> bool {
        self.operation.get_attr("paged").is_ok_and(|paged| paged.is_true())
    }

    fn python(&self) -> String {
        let argument = |one: &Value| {
            let name = python::name_of(&member(one, "name"));
            if required(one) { name } else { format!("{name}={name}") }
        };
        let given = self.listed(argument);
        let (resource, name) = (member(&self.resource, "name"), member(&self.operation, "name"));
        let call = format!("client.{resource}.{}({given})", python::name_of(&name));
        match self.paged() {
            true => format!("for record in {call}:\n    print(record)"),
            false => format!("print({call})"),
        }
    }

    fn typescript(&self) -> Result<String, Error> {
        let leading = member(&typescript::leading(&self.operation)?, "name");
        let (first, others): (Vec<_>, Vec<_>) =
            self.given.iter().partition(|one| member(one, "name") == leading);
        let mut given: Vec<_> = first.into_iter().map(|one| member(one, "camel")).collect();
        if !others.is_empty() {
            let others: Vec<_> = others.into_iter().map(|one| member(one, "camel")).collect();
            given.push(format!("{{ {} }}", others.join(", ")));
        }
        let (resource, name) = (member(&self.resource, "camel"), member(&self.operation, "camel"));
        let call = format!("client.{resource}.{name}({})", given.join(", "));
        Ok(match self.paged() {
            true => format!("for await (const record of {call}) console.log(record);"),
            false => format!("console.log(await {call});"),
        })
    }

    fn kotlin(&self) -> String {
        let argument = |one: &Value| {
            let name = kotlin::name_of(&member(one, "camel"));
            if required(one) { name } else { format!("{name} = {name}") }
        };
        let given = self.listed(argument);
        let (resource, name) = (member(&self.resource, "camel"), member(&self.operation, "camel"));
        let call = format!("client.{resource}.{}({given})", kotlin::name_of(&name));
        match self.paged() {
            true => format!("{call}.collect {{ println(it) }}"),
            false => format!("println({call})"),
        }
    }

    fn swift(&self) -> String {
        let given = self.listed(|one| {
            let name = swift::name_of(&member(one, "name"));
            format!("{name}: {name}")
        });
        let (resource, name) = (member(&self.resource, "camel"), member(&self.operation, "name"));
        let call = format!("client.{resource}.{}({given})", swift::name_of(&name));
        match self.paged() {
            true => format!("for try await record in {call} {{\n    print(record)\n}}"),
            false => format!("print(try await {call})"),
        }
    }

    fn rust(&self) -> String {
        let name_of = |one: &Value| rust::name_of(&member(one, "name"));
        let first: Vec<_> = self.given.iter().filter(|one| required(one)).map(name_of).collect();
        let others = self.given.iter().filter(|one| !required(one)).map(name_of);
        let others: String = others.map(|name| format!(".{name}({name})")).collect();
        let (resource, name) = (member(&self.resource, "name"), name_of(&self.operation));
        let call = format!("client.{resource}().{name}({}){others}", first.join(", "));
        match self.paged() {
            true => format!(
                "let mut records = pin!({call}.stream());\nwhile let Some(record) = records.try_next().await? {{\n    \
                 println!(\"{{record:?}}\");\n}}"
            ),
            false => format!("println!(\"{{:?}}\", {call}.await?);"),
        }
    }

    fn listed(&self, argument: impl Fn(&Value) -> String) -> String {
        self.given.iter().map(argument).collect::<Vec<_>>().join(", ")
    }
}

fn required(parameter: &Value) -> bool {
    parameter.get_attr("required").is_ok_and(|required| required.is_true())
}
