//! Settings and options: values by name that a program gives.
//!
//! | member | states |
//! |---|---|
//! | `kind` | what it may be |
//! | `values` | of a choice: the texts that it may be |
//! | `range` | of a whole number: the least and the highest |
//! | `default` | what it is when it is not given |
//! | `default_doc` | the same in words, where there is no one value |
//! | `mobile_doc` | of settings: what it is in Swift and Kotlin, where that differs |
//! | `lists` | of options: that only lists have it |
//! | `of` | of settings: who takes it, `client`, `sign_in` (an `AuthorizationSession`) and `login` |
//! | `mobile` | of settings: in Swift and Kotlin it is one of the `settings` (the default), has a place of its `own`, or there is `none` |
//! | `rust` | of settings: in Rust it is one of the `settings` (the default), or has a place of its `own` |
//! | `alias` | of settings: the name in the official Python client |
//! | `commands` | of settings and parameters of methods: the commands of `beproduct` in a shell that have it as a flag |
//! | `command_doc`, `command_default` | what the help of its flag says, where `doc` and the default do not fit there |
//! | `flag` | of a setting with several forms: the flags that give one, each with its own name and `kind`; `sets` is the form |
//! | `variable` | of settings: that the environment variable BEPRODUCT_ and its name sets it; of a `flag`: the name of a variable of the command |

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::names;
use crate::shapes::{Choice, Literal};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Text,
    Url,
    Path,
    Integer,
    Boolean,
    Seconds,
    Choice,
    Headers,
    Query,
    Plan,
    Ledger,
    TokenStore,
    /// A list of records of this client.
    Records,
    /// Code of the program.
    Progress,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Home {
    #[default]
    Settings,
    Own,
    None,
}

#[derive(Debug, Serialize)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) camel: String,
    pub(crate) pascal: String,
    pub(crate) kind: Kind,
    pub(crate) record: Option<String>,
    pub(crate) required: bool,
    pub(crate) choices: Vec<Choice>,
    pub(crate) range: Option<[u64; 2]>,
    pub(crate) default: Option<Literal>,
    /// Its default included.
    pub(crate) doc: String,
    /// The same for Swift and Kotlin.
    pub(crate) mobile_doc: String,
    pub(crate) lists: bool,
    pub(crate) of: Vec<String>,
    pub(crate) mobile: Home,
    pub(crate) rust: Home,
    pub(crate) alias: Option<String>,
    /// Environment variable that sets it.
    pub(crate) variable: Option<String>,
    pub(crate) commands: Vec<String>,
    /// What the flag's help says.
    pub(crate) help: String,
    /// Of a setting with several forms.
    pub(crate) flags: Vec<FormFlag>,
}

/// A flag that gives one form of a setting.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FormFlag {
    pub(crate) name: String,
    pub(crate) sets: String,
    pub(crate) kind: Kind,
    pub(crate) variable: Option<String>,
    pub(crate) doc: String,
    pub(crate) default_doc: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(alias = "setting", alias = "option")]
    entry: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    name: String,
    kind: Kind,
    record: Option<String>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    values: Vec<ChoiceEntry>,
    range: Option<[u64; 2]>,
    default: Option<Literal>,
    default_doc: Option<String>,
    doc: String,
    mobile_doc: Option<String>,
    #[serde(default)]
    lists: bool,
    #[serde(default)]
    of: Vec<String>,
    #[serde(default)]
    mobile: Home,
    #[serde(default)]
    rust: Home,
    alias: Option<String>,
    #[serde(default)]
    variable: bool,
    #[serde(default)]
    commands: Vec<String>,
    command_doc: Option<String>,
    command_default: Option<String>,
    #[serde(default)]
    flag: Vec<FormFlag>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChoiceEntry {
    name: String,
    #[serde(default)]
    doc: String,
}

const TAKERS: [&str; 3] = ["client", "sign_in", "login"];

pub(super) fn read(path: &Path, what: &str) -> Result<Vec<Input>, String> {
    let file: File = crate::catalogue::parse(path)?;
    let inputs = file.entry.into_iter().map(|entry| {
        let name = entry.name.clone();
        resolve(entry).map_err(|error| format!("{what} {name}: {error}"))
    });
    let inputs: Vec<_> = inputs.collect::<Result<_, _>>()?;
    for input in &inputs {
        if let Some(taker) = input.of.iter().find(|taker| !TAKERS.contains(&taker.as_str())) {
            return Err(format!("{what} {}: nobody is called {taker}", input.name));
        }
        if (what == "setting") == input.of.is_empty() {
            return Err(format!("{what} {}: settings, and they alone, say who takes them", input.name));
        }
        if what != "setting" && !(input.commands.is_empty() && input.variable.is_none()) {
            return Err(format!("{what} {}: no command and no variable has options of a call", input.name));
        }
    }
    Ok(inputs)
}

/// Adds the default to the text, and what follows from the name.
pub(super) fn resolve(entry: Entry) -> Result<Input, String> {
    if (entry.kind == Kind::Choice) == entry.values.is_empty() {
        return Err("a choice, and nothing else, has values".into());
    }
    if (entry.kind == Kind::Records) != entry.record.is_some() {
        return Err("records, and nothing else, have a shape".into());
    }
    if entry.default.is_some() && entry.default_doc.is_some() {
        return Err("it has two defaults".into());
    }
    let default = entry.default_doc.or_else(|| entry.default.as_ref().map(|value| shown(entry.kind, value)));
    let help_default = match &entry.command_doc {
        Some(_) => entry.command_default.as_ref(),
        None => default.as_ref(),
    };
    let variable = entry.variable.then(|| format!("BEPRODUCT_{}", entry.name.to_uppercase()));
    let help = help(
        entry.command_doc.as_ref().unwrap_or(&entry.doc),
        variable.as_deref(),
        help_default.map(String::as_str),
    );
    let unit = if entry.kind == Kind::Seconds { "{unit:seconds}" } else { "" };
    let with_default = |doc: &str| match &default {
        Some(default) => format!("{}{unit} Default: {default}.", doc.trim()),
        None => format!("{}{unit}", doc.trim()),
    };
    Ok(Input {
        camel: names::camel(&entry.name),
        pascal: names::pascal(&entry.name),
        name: entry.name,
        kind: entry.kind,
        record: entry.record,
        required: entry.required,
        choices: entry.values.iter().map(|value| Choice::new(&value.name, &value.doc)).collect(),
        range: entry.range,
        default: entry.default,
        doc: with_default(&entry.doc),
        mobile_doc: with_default(entry.mobile_doc.as_ref().unwrap_or(&entry.doc)),
        lists: entry.lists,
        of: entry.of,
        mobile: entry.mobile,
        rust: entry.rust,
        alias: entry.alias,
        variable,
        commands: entry.commands,
        help,
        flags: entry.flag,
    })
}

/// What the help of a flag says: `Host of the API [env: NAME] [default: URL]`.
pub(super) fn help(doc: &str, variable: Option<&str>, default: Option<&str>) -> String {
    let mut text = doc.trim().trim_end_matches('.').to_owned();
    for (what, value) in [("env", variable), ("default", default)] {
        if let Some(value) = value {
            text += &format!(" [{what}: {value}]");
        }
    }
    text.replace('`', "")
}

/// A default in words: `60 s`.
fn shown(kind: Kind, value: &Literal) -> String {
    match value {
        Literal::Number(number) if kind == Kind::Seconds => format!("{number} s"),
        Literal::Number(number) => grouped(&number.to_string()),
        Literal::Boolean(value) => format!("{{value:{value}}}"),
        Literal::Text(text) => format!("`{text}`"),
        Literal::Nothing(_) => "none".into(),
    }
}

/// `256000000` as `256,000,000`.
fn grouped(digits: &str) -> String {
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_said() {
        assert_eq!(shown(Kind::Seconds, &Literal::Number(60)), "60 s");
        assert_eq!(shown(Kind::Integer, &Literal::Number(256_000_000)), "256,000,000");
        assert_eq!(shown(Kind::Integer, &Literal::Number(200)), "200");
        assert_eq!(shown(Kind::Boolean, &Literal::Boolean(true)), "{value:true}");
    }
}
