//! Settings from outside of a program: `BEPRODUCT_*` variables, and a credentials file with a profile for each company.
//!
//! ```toml
//! [default]
//! company_domain = "acme"
//! client_id = "my-app"
//! client_secret = "..."
//! ```
//!
//! A profile may have any setting of a client. Tokens are not among them: they stand in a file of their own beside it, or
//! where its `token_store` says.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};
use toml_edit::{DocumentMut, Item, Table};

use super::store::{self, TokenStore, open_store};
use super::tokens::Tokens;
use crate::clock::Clock;
use crate::config::{Config, StoreConfig};
use crate::credentials::trimmed;
use crate::error::{Error, Result};
use crate::folders::user_folder;
use crate::own::names::VARIABLES;
use crate::private_file;

const DEFAULT: &str = "default";
const WHAT: &str = "the credentials file";

/// Settings that belong to one application, and mean nothing for another.
const OF_AN_APPLICATION: &[&str] = &[
    "client_secret",
    "client_credentials",
    "redirect_uri",
    "response_type",
    "pkce",
    "scope",
    "refresh_token",
    "access_token",
    "token_store",
];

/// The credentials file: profiles by name, each a set of client settings. Only its owner may read it.
#[derive(Debug, Clone)]
pub struct Profiles(PathBuf);

impl Profiles {
    /// The file that `BEPRODUCT_CREDENTIALS_FILE` names, else `beproduct-client/credentials.toml` in the user's folder for
    /// settings (`~/.config`).
    ///
    /// # Errors
    /// `config` when there is no such folder.
    pub fn of_user() -> Result<Self> {
        if let Some(path) = std::env::var_os("BEPRODUCT_CREDENTIALS_FILE").filter(|path| !path.is_empty()) {
            return Ok(Self(path.into()));
        }
        user_folder(&["XDG_CONFIG_HOME", "APPDATA"], ".config")
            .map(|folder| Self(folder.join("credentials.toml")))
            .ok_or_else(|| {
                Error::config("there is no home folder: set BEPRODUCT_CREDENTIALS_FILE to the path of a file")
            })
    }

    /// The profile that `BEPRODUCT_PROFILE` names, else `default`.
    #[must_use]
    pub fn chosen() -> String {
        std::env::var("BEPRODUCT_PROFILE")
            .ok()
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| DEFAULT.into())
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The settings of a profile, with its token store. `None` if the profile does not exist.
    ///
    /// # Errors
    /// `config` when the file cannot be read, when others may read it, or when it is not valid TOML.
    pub fn get(&self, name: &str) -> Result<Option<Map<String, Value>>> {
        check_name(name)?;
        let document = self.document()?;
        let Some(table) = document.get(name) else { return Ok(None) };
        let table = table.as_table_like().ok_or_else(|| self.wrong(format!("{name} is not a table")))?;
        let mut settings = Map::new();
        for (key, item) in table.iter() {
            let value = item.as_value().and_then(json);
            let value = value
                .ok_or_else(|| self.wrong(format!("{key} of [{name}] has a value of an unsupported type")))?;
            settings.insert(key.to_owned(), value);
        }
        if !settings.contains_key("token_store") && !settings.contains_key("client_credentials") {
            settings.insert("token_store".into(), self.usual_store(name)?);
        }
        Ok(Some(settings))
    }

    /// Sets settings of a profile, and creates the profile if needed; null removes a setting. The rest of the file stays
    /// unchanged.
    ///
    /// # Errors
    /// As [`Profiles::get`], and when the file cannot be written.
    pub fn set(&self, name: &str, settings: &Map<String, Value>) -> Result<()> {
        check_name(name)?;
        let mut document = self.document()?;
        let entry = document.entry(name).or_insert_with(|| Item::Table(Table::new()));
        let table = entry.as_table_like_mut().ok_or_else(|| self.wrong(format!("{name} is not a table")))?;
        for (key, value) in settings {
            match toml(value) {
                Some(value) => {
                    table.insert(key, Item::Value(value));
                }
                None => {
                    table.remove(key);
                }
            }
        }
        self.make_folder()?;
        private_file::replace(WHAT, &self.0, document.to_string().as_bytes())
    }

    /// Keeps a sign-in: first the tokens in the store of the profile, then its settings. Tokens of an earlier sign-in in
    /// another store are removed.
    ///
    /// # Errors
    /// As [`Profiles::set`], and those of the store.
    pub(crate) async fn keep(
        &self,
        name: &str,
        settings: &Map<String, Value>,
        tokens: Tokens,
        clock: &dyn Clock,
    ) -> Result<()> {
        let before = self.get(name)?;
        let place = self.place(name, settings)?;
        let store = self.store(name, settings)?;
        self.make_folder()?;
        {
            // A renewal in flight would write over it.
            let _lease = store::lease(&*store, clock).await?;
            store.save(tokens).await?;
        }
        let mut settings = settings.clone();
        // The sign-in counts, and not what was written there by hand.
        for given in ["refresh_token", "access_token"] {
            settings.insert(given.into(), Value::Null);
        }
        if place == self.usual_store(name)? {
            settings.insert("token_store".into(), Value::Null);
        }
        self.set(name, &settings)?;
        let former = before.and_then(|before| before.get("token_store").cloned());
        if let Some(former) = former.filter(|former| *former != place)
            && let Ok(config) = Config::read(serde_json::json!({"token_store": former}))
            && let Some(former) = open_store(config.token_store.as_ref())?
        {
            former.clear().await.map_err(|error| {
                let text = format!(
                    "the sign-in is saved, but the previous one was not removed: {}",
                    error.message()
                );
                error.with_message(text)
            })?;
        }
        Ok(())
    }

    /// Whether a sign-in could be kept: asked before a person signs in.
    pub(crate) async fn check(&self, name: &str, settings: &Map<String, Value>) -> Result<()> {
        if self.get(name)?.is_some_and(|profile| profile.get("client_credentials") == Some(&true.into())) {
            return Err(Error::config(format!(
                "profile {name:?} belongs to an application that signs in as itself: save the sign-in in another profile"
            )));
        }
        let store = self.store(name, settings)?;
        self.make_folder()?;
        store.load().await?;
        store.check().await
    }

    /// Where the tokens of a profile are kept, for people.
    ///
    /// # Errors
    /// As [`Profiles::get`].
    pub fn place_of_tokens(&self, name: &str) -> Result<String> {
        let place = self.place(name, &Map::new())?;
        Ok(match (place["file"].as_str(), place["keyring"].as_str()) {
            (Some(path), _) => path.to_owned(),
            (None, Some(entry)) => format!("the keyring, as {entry:?}"),
            (None, None) => "memory".into(),
        })
    }

    /// Where the tokens of a profile are kept, once it has these settings.
    fn place(&self, name: &str, settings: &Map<String, Value>) -> Result<Value> {
        let given = settings.get("token_store").filter(|store| !store.is_null()).cloned();
        match given {
            Some(store) => Ok(store),
            None if settings.contains_key("token_store") => self.usual_store(name),
            None => {
                let profile = self.get(name)?.unwrap_or_default();
                profile.get("token_store").cloned().map_or_else(|| self.usual_store(name), Ok)
            }
        }
    }

    fn make_folder(&self) -> Result<()> {
        let Some(folder) = self.0.parent() else { return Ok(()) };
        std::fs::create_dir_all(folder).map_err(|error| {
            Error::config(format!("the folder {} cannot be created: {error}", folder.display()))
        })
    }

    /// The token store of a profile, once it has these settings, to be used.
    fn store(&self, name: &str, settings: &Map<String, Value>) -> Result<Arc<dyn TokenStore>> {
        let mut merged = self.get(name)?.unwrap_or_default();
        merged.extend(settings.clone());
        merged.insert("token_store".into(), self.place(name, settings)?);
        // What cannot be used would be an error at the next start.
        let config = Config::read(Value::Object(merged))?;
        open_store(config.token_store.as_ref())?
            .ok_or_else(|| Error::config("token_store: a sign-in cannot be kept in memory"))
    }

    /// The store of a profile that names no other: a file beside this one.
    fn usual_store(&self, name: &str) -> Result<Value> {
        check_name(name)?;
        let path = self.0.with_file_name(format!("{name}.tokens.json"));
        Ok(serde_json::json!({"file": text(&path)?}))
    }

    fn document(&self) -> Result<DocumentMut> {
        let text = private_file::read(WHAT, &self.0)?.unwrap_or_default();
        // What the parser says quotes the line, which may hold a secret.
        text.parse().map_err(|error: toml_edit::TomlError| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            self.wrong(format!(
                "line {line} is not valid TOML: {}",
                error.message().lines().next().unwrap_or_default()
            ))
        })
    }

    fn wrong(&self, text: String) -> Error {
        Error::config(format!("{WHAT} {}: {text}", self.0.display()))
    }
}

/// Settings are texts.
fn text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| Error::config(format!("the path {} is not UTF-8", path.display())))
}

/// A profile names a file too.
fn check_name(name: &str) -> Result<()> {
    let plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err(Error::config(format!(
            "profile {name:?}: a name consists of letters, digits and the characters -_."
        )));
    }
    Ok(())
}

fn json(value: &toml_edit::Value) -> Option<Value> {
    use toml_edit::Value as Toml;
    Some(match value {
        Toml::String(text) => text.value().as_str().into(),
        Toml::Integer(number) => (*number.value()).into(),
        Toml::Float(number) => serde_json::Number::from_f64(*number.value())?.into(),
        Toml::Boolean(flag) => (*flag.value()).into(),
        Toml::Array(items) => items.iter().map(json).collect::<Option<Vec<_>>>()?.into(),
        Toml::InlineTable(members) => {
            let members = members.iter().map(|(key, value)| Some((key.to_owned(), json(value)?)));
            Value::Object(members.collect::<Option<Map<_, _>>>()?)
        }
        Toml::Datetime(_) => return None,
    })
}

fn toml(value: &Value) -> Option<toml_edit::Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64()?.into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().filter_map(toml).collect::<toml_edit::Array>().into(),
        Value::Object(members) => {
            let members = members.iter().filter_map(|(key, value)| Some((key.as_str(), toml(value)?)));
            members.collect::<toml_edit::InlineTable>().into()
        }
    })
}

/// The settings, with what is missing from where `profile` or `environment` say.
pub(crate) fn completed(mut settings: Map<String, Value>) -> Result<Map<String, Value>> {
    let named = match settings.remove("profile") {
        None => None,
        Some(Value::String(name)) => Some(name),
        Some(_) => {
            return Err(Error::config(
                "settings: profile has to be the name of a profile in the credentials file",
            ));
        }
    };
    let environment = reads_environment(&mut settings)?;
    if named.is_none() && !environment {
        return Ok(settings);
    }
    let variables = if environment { variables() } else { Map::new() };
    let settings = without_blanks(settings);
    let chosen = std::env::var_os("BEPRODUCT_PROFILE").is_some_and(|name| !name.is_empty());
    let must_be_there = named.is_some() || chosen || variables.is_empty();
    let name = named.unwrap_or_else(Profiles::chosen);
    let profiles = match Profiles::of_user() {
        Ok(profiles) => profiles,
        // A machine without a home, and all that is needed in variables.
        Err(_) if !must_be_there => return Ok(over(variables, settings)),
        Err(error) => return Err(error),
    };
    let profile = match profiles.get(&name)? {
        Some(profile) => profile,
        None if must_be_there => {
            return Err(Error::config(format!(
                "there is no profile {name:?} in {}: sign in once (beproduct login --profile {name})",
                profiles.path().display()
            )));
        }
        None => Map::new(),
    };
    Ok([without_blanks(profile), variables, settings].into_iter().fold(Map::new(), over))
}

/// Whether two layers name the same application must not depend on a line break.
fn without_blanks(mut settings: Map<String, Value>) -> Map<String, Value> {
    for name in ["client_id", "client_secret", "refresh_token", "access_token"] {
        if let Some(Value::String(text)) = settings.get_mut(name) {
            *text = trimmed(text).to_owned();
        }
    }
    // An unset variable of a shell names no other sign-in.
    settings.retain(|name, value| !(name.ends_with("_token") && value == ""));
    settings
}

fn reads_environment(settings: &mut Map<String, Value>) -> Result<bool> {
    match settings.remove("environment") {
        None => Ok(false),
        Some(Value::Bool(environment)) => Ok(environment),
        Some(_) => Err(Error::config("settings: environment has to be true or false")),
    }
}

fn variables() -> Map<String, Value> {
    // The profile is a source of settings itself.
    let set =
        VARIABLES.iter().filter(|(_, setting)| *setting != "profile").filter_map(|(variable, setting)| {
            let value = std::env::var(variable).ok().filter(|value| !trimmed(value).is_empty())?;
            Some(((*setting).to_owned(), Value::String(value)))
        });
    without_blanks(set.collect())
}

/// Lays settings over others. Whoever names another application or another sign-in means all of it: a secret or tokens
/// that belong to what lies below are not mixed in.
fn over(mut below: Map<String, Value>, above: Map<String, Value>) -> Map<String, Value> {
    let names = |setting: &str| above.contains_key(setting);
    // Another server must not be shown what belongs to this one.
    let elsewhere = |setting: &str| names(setting) && above.get(setting) != below.get(setting);
    if elsewhere("identity_url") || elsewhere("token_endpoint") {
        below.remove("client_id");
        for setting in OF_AN_APPLICATION {
            below.remove(*setting);
        }
    }
    if names("client_id") && above.get("client_id") != below.get("client_id") {
        for setting in OF_AN_APPLICATION {
            below.remove(*setting);
        }
    }
    if names("refresh_token") || names("access_token") {
        for setting in ["refresh_token", "access_token", "token_store"] {
            below.remove(setting);
        }
    }
    below.extend(above);
    below
}

impl Config {
    /// The settings of a profile in the credentials file.
    ///
    /// # Errors
    /// `config` when it is not there or cannot be used.
    pub fn from_profile(name: &str) -> Result<Self> {
        Self::completed(serde_json::json!({"profile": name}))
    }

    /// The settings of the `BEPRODUCT_*` variables and, below them, of the profile that `BEPRODUCT_PROFILE` names
    /// (`default` without it).
    ///
    /// # Errors
    /// `config` when there is neither, or when they cannot be used.
    pub fn from_environment() -> Result<Self> {
        Self::completed(serde_json::json!({"environment": true}))
    }

    fn completed(source: Value) -> Result<Self> {
        let Value::Object(members) = source else { return Self::read(source) };
        Self::read(Value::Object(completed(members)?))
    }

    /// Settings for a sign-in that `profile` will keep. Missing settings are taken from an existing profile, so that a sign-in
    /// can be repeated by its name. `environment` is read as by [`Config::from_json`]. Existing tokens are left out.
    ///
    /// # Errors
    /// As [`Config::from_json`].
    pub fn for_login(mut settings: Map<String, Value>, profile: Option<&str>) -> Result<Self> {
        settings.retain(|_, value| !value.is_null());
        let below = match profile {
            Some(name) => Profiles::of_user()?.get(name)?.unwrap_or_default(),
            None => Map::new(),
        };
        let variables = if reads_environment(&mut settings)? { variables() } else { Map::new() };
        let place = below.get("token_store").cloned();
        let layers = [below, variables, settings].map(without_blanks).map(|mut layer| {
            layer.retain(|name, _| name != "refresh_token" && name != "access_token");
            layer
        });
        let mut all = layers.into_iter().fold(Map::new(), over);
        // Where tokens are kept is the profile's to say, whoever signs in.
        if let Some(place) = place {
            all.entry("token_store").or_insert(place);
        }
        Self::read(Value::Object(all))
    }

    /// The settings that a profile needs to make clients with the tokens of a sign-in, and to repeat it.
    ///
    /// # Errors
    /// `config` for a path that is not UTF-8.
    pub(crate) fn to_profile(&self) -> Result<Map<String, Value>> {
        let mut settings = Map::new();
        for (name, value) in [
            ("company_domain", &self.company_domain),
            ("client_id", &self.client_id),
            ("client_secret", &self.client_secret),
            ("redirect_uri", &self.redirect_uri),
            ("scope", &self.scope),
            ("response_type", &self.response_type),
            ("api_url", &self.api_url),
            ("automation_url", &self.automation_url),
            ("identity_url", &self.identity_url),
            ("token_endpoint", &self.token_endpoint),
            ("ca_certificates", &self.ca_certificates),
            ("proxy", &self.proxy),
        ] {
            settings.insert(name.into(), value.clone().filter(|text| !text.is_empty()).into());
        }
        settings.insert("pkce".into(), if self.pkce { Value::Null } else { false.into() });
        let store = match &self.token_store {
            None | Some(StoreConfig::Memory) => Value::Null,
            // From whatever folder a program is started.
            Some(StoreConfig::File(path)) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                serde_json::json!({"file": text(&path)?})
            }
            Some(StoreConfig::Keyring(name)) => serde_json::json!({"keyring": name}),
        };
        settings.insert("token_store".into(), store);
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn profiles_are_kept_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let profiles = Profiles(folder.path().join("sub/credentials.toml"));
        assert!(profiles.get("acme").unwrap().is_none());
        profiles
            .set("acme", &object(json!({"company_domain": "acme", "scope": "openid", "pkce": false})))
            .unwrap();
        let text = std::fs::read_to_string(profiles.path()).unwrap();
        let text =
            format!("# mine\n{text}timeout = 7.5\nplan = {{ edition = \"enterprise\", licenses = 3 }}\n");
        private_file::replace(WHAT, profiles.path(), text.as_bytes()).unwrap();
        profiles.set("acme", &object(json!({"scope": null, "token_store": {"keyring": "acme"}}))).unwrap();
        profiles.set("other.1", &object(json!({"client_credentials": true}))).unwrap();
        let text = std::fs::read_to_string(profiles.path()).unwrap();
        assert!(text.starts_with("# mine\n[acme]\n"), "{text}");
        let acme = profiles.get("acme").unwrap().unwrap();
        assert_eq!(
            Value::Object(acme),
            json!({"company_domain": "acme", "pkce": false, "timeout": 7.5,
                "plan": {"edition": "enterprise", "licenses": 3}, "token_store": {"keyring": "acme"}})
        );
        assert_eq!(
            Value::Object(profiles.get("other.1").unwrap().unwrap()),
            json!({"client_credentials": true})
        );
        for name in ["", "../x", ".hidden", "a b"] {
            assert!(profiles.set(name, &Map::new()).unwrap_err().message().contains("letters"), "{name}");
        }
    }

    #[test]
    fn files_that_cannot_be_used() {
        let folder = tempfile::tempdir().unwrap();
        let profiles = Profiles(folder.path().join("credentials.toml"));
        let fails = |text: &str, expected: &str| {
            private_file::replace(WHAT, profiles.path(), text.as_bytes()).unwrap();
            let error = profiles.get("a").unwrap_err();
            assert!(error.message().contains(expected) && !error.message().contains("marker"), "{error}");
        };
        fails("[a]\nclient_secret = \"marker\n", "line 2 is not valid TOML");
        fails("a = 1\n", "a is not a table");
        fails("[a]\nscope = 2020-01-01\n", "scope of [a]");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(profiles.path(), std::fs::Permissions::from_mode(0o640)).unwrap();
            assert!(profiles.get("a").unwrap_err().message().contains("chmod 600"));
        }
    }

    #[test]
    fn sign_ins_are_not_mixed() {
        let mut profile = json!({"company_domain": "acme", "client_id": "a", "client_secret": "s", "token_store": {"file": "t"}});
        let laid = |above: Value| Value::Object(over(object(profile.clone()), object(above)));
        assert_eq!(
            laid(json!({"client_secret": "from elsewhere"})),
            json!({"company_domain": "acme", "client_id": "a", "client_secret": "from elsewhere", "token_store": {"file": "t"}})
        );
        assert_eq!(
            laid(json!({"access_token": "x"})),
            json!({"company_domain": "acme", "client_id": "a", "client_secret": "s", "access_token": "x"})
        );
        for setting in OF_AN_APPLICATION {
            profile[*setting] = "of another".into();
        }
        let server = over(object(profile.clone()), object(json!({"identity_url": "https://elsewhere"})));
        assert_eq!(
            Value::Object(server),
            json!({"company_domain": "acme", "identity_url": "https://elsewhere"})
        );
        let other = over(object(profile), object(json!({"client_id": "b"})));
        assert_eq!(Value::Object(other), json!({"company_domain": "acme", "client_id": "b"}));
    }
}
