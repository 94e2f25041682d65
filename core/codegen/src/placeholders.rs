//! Placeholders in the texts of entries and shapes, and what an entry writes in their place.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer as _};

use crate::names;

/// Texts by the placeholder that they replace, without its braces.
pub(crate) type Variant = BTreeMap<String, String>;

/// What the placeholders of an entry mean for one of its operations.
#[derive(Clone)]
pub(crate) struct Names(Vec<(String, String)>);

impl Names {
    pub(crate) fn of(resource: &str, record: &str, records: &str) -> Self {
        let mut names = Self(Vec::new());
        names.add("resource", resource);
        names.0.push(("{records}".into(), records.to_owned()));
        if record.starts_with(['a', 'e', 'i', 'o', 'u']) {
            names.0.push(("a {record}".into(), format!("an {record}")));
            names.0.push(("A {record}".into(), format!("An {record}")));
        }
        names.0.push(("{record}".into(), record.to_owned()));
        names
    }

    /// Those of a variant too.
    pub(crate) fn with(&self, variant: &Variant) -> Self {
        let mut names = self.clone();
        variant.iter().for_each(|(name, text)| names.add(name, text));
        names
    }

    fn add(&mut self, name: &str, text: &str) {
        self.0.push((format!("{{{name}}}"), text.to_owned()));
        self.0.push((format!("{{{}}}", names::pascal(name)), names::pascal(text)));
    }

    /// The text with its placeholders replaced. Others stay: those of a path are its parameters.
    pub(crate) fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to)).trim().to_owned()
    }

    /// A name, in which no placeholder may stay.
    pub(crate) fn name(&self, text: &str) -> Result<String, String> {
        let name = self.fill(text);
        match name.contains(['{', '}']) {
            true => {
                Err(format!("{name} holds a placeholder that neither the resource nor a variant replaces"))
            }
            false => Ok(name),
        }
    }

    /// One of the words that the catalogue knows at this place.
    pub(crate) fn word<T: DeserializeOwned>(&self, what: &str, text: &str) -> Result<T, String> {
        let text = self.name(text)?;
        let deserializer: StrDeserializer<'_, Error> = text.as_str().into_deserializer();
        T::deserialize(deserializer).map_err(|error| format!("{what} {text}: {error}"))
    }
}

/// What placeholders mean for each resource, by its name.
pub(crate) type Resources = BTreeMap<String, Names>;

/// The shapes that a file holds, by name, each with its text.
pub(crate) fn all_shapes(
    name: &str,
    text: String,
    resources: &Resources,
) -> Result<Vec<(String, String)>, String> {
    /// The resources that a shape is for.
    #[derive(Deserialize)]
    struct For {
        #[serde(rename = "x-resources")]
        resources: Vec<String>,
    }
    if !name.contains('{') {
        return Ok(vec![(name.to_owned(), text)]);
    }
    let named: For = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let shape = |resource: &String| {
        let names = resources.get(resource).ok_or_else(|| format!("x-resources: there is no {resource}"))?;
        Ok((names.name(name)?, names.fill(&text)))
    };
    named.resources.iter().map(shape).collect()
}

/// Whether the variants of an entry fit each other.
pub(crate) fn check(variants: &[Variant]) -> Result<(), String> {
    const TAKEN: [&str; 3] = ["resource", "record", "records"];
    let Some(first) = variants.first() else { return Ok(()) };
    if let Some(taken) = first.keys().find(|name| TAKEN.contains(&name.as_str())) {
        return Err(format!("variants: the placeholder {taken} is that of the resource"));
    }
    match variants.iter().all(|variant| variant.keys().eq(first.keys())) {
        true => Ok(()),
        false => Err("variants: each has to replace the same placeholders".into()),
    }
}
