//! Images of records: a file that is sent, processed by the service, and shown by its record under a new link
//! (docs/service/uploads.md, Uploads).
//!
//! | file | what |
//! |---|---|
//! | `judge.rs` | what will become of an edit that has an image |
//! | `known.rs` | images that earlier sets have uploaded |
//! | `send.rs` | the upload |
//! | `processing.rs` | the wait until it is processed |

mod judge;
mod known;
mod processing;
mod send;

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use url::Url;

pub(super) use self::judge::judge;
pub(super) use self::processing::{LISTS, Processed};
pub(super) use self::send::upload_of;
use super::task::Task;
use crate::arguments::files::{FileSource, as_sent};
use crate::arguments::shown as shown_argument;
use crate::catalog::Operation;
use crate::error::{Error, Result};
use crate::near;
use crate::redact::address;

/// Where records show their image that have only one. Those with several have a member for each position.
const SHOWN: [(&str, &str); 2] = [("image", "/headerData/preview"), ("block", "/headerData/frontImage")];

/// The member of a record that shows the image of this position, or what is wrong with it. Without one it is the first.
pub(super) fn shown_at(resource: &str, position: Option<&str>) -> Result<String, String> {
    let known = positions(resource);
    match (position, known) {
        (None, [main, ..]) => Ok(member(main)),
        (Some(position), [_, ..]) if known.contains(&position) => Ok(member(position)),
        (Some(position), [_, ..]) => {
            let hint = near::hint_or_all(position, known, "positions are");
            Err(format!("has the position {position:?}, which there is not{hint}"))
        }
        (position, []) => match SHOWN.iter().find(|(of, _)| *of == resource) {
            None => Err(format!("has an image, which a {resource} does not show: upload sends one")),
            Some(_) if position.is_some() => {
                Err(format!("has a position, and a {resource} has one image: leave it out"))
            }
            Some((_, member)) => Ok((*member).to_owned()),
        },
    }
}

/// Positions that the upload of an image takes.
fn positions(resource: &str) -> &'static [&'static str] {
    let upload = Operation::find(&format!("{resource}.attributes_upload_position"));
    let parameters = upload.map(|upload| upload.parameters).unwrap_or_default();
    parameters.iter().find(|parameter| parameter.name == "position").map_or(&[], |position| position.choices)
}

fn member(position: &str) -> String {
    format!("/headerData/{position}Image")
}

/// A file, as a preview has it. Its hash shows whether it is still the one that was previewed; that of a URL is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Picture {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

impl Picture {
    /// A path or URL as a text, or an object as an upload takes it.
    pub(super) fn read(name: &str, value: &Value) -> Result<Self> {
        let source = match value {
            Value::String(url) if is_url(url) => {
                FileSource::url(url).map_err(|error| Error::config(format!("{name}: {}", error.message())))?
            }
            Value::String(_) | Value::Object(_) => FileSource::from_json(name, value)?,
            _ => {
                return Err(Error::config(format!(
                    "{name} has to be a path, a URL, {{path, name}} or {{url, name}}, not {}",
                    shown_argument(value)
                )));
            }
        };
        let file_name = source.file_name(name)?;
        let url = source.address().map(Url::to_string);
        let path = match source.local() {
            None if url.is_none() => {
                return Err(Error::config(format!(
                    "{name} has to be a path or a URL: a set of changes may be carried out later, and by another process"
                )));
            }
            None => None,
            // It is read later, and the folder of the process may be another one then.
            Some(path) => Some(absolute(path).map_err(|text| Error::config(format!("{name}: {text}")))?),
        };
        Ok(Self { path, url, name: file_name, sha256: None })
    }

    /// That of a change.
    pub(super) fn of(value: &Value) -> Option<Self> {
        serde_json::from_value(value.clone()).ok()
    }

    pub(super) fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// As an upload takes it.
    fn argument(&self) -> Value {
        let mut members = Map::from_iter([("name".to_owned(), Value::from(self.name.as_str()))]);
        match (&self.path, &self.url) {
            (Some(path), _) => members.insert("path".into(), path.as_str().into()),
            (None, url) => members.insert("url".into(), url.clone().into()),
        };
        Value::Object(members)
    }

    /// The hash of its content. None for a URL, which is read when it is sent.
    async fn hash(&self, handle: &tokio::runtime::Handle) -> std::result::Result<Option<String>, String> {
        let Some(path) = self.path.clone() else { return Ok(None) };
        let shown = path.clone();
        let hashed = handle.spawn_blocking(move || {
            let mut hash = Sha256::new();
            std::io::copy(&mut std::fs::File::open(path)?, &mut hash)?;
            Ok::<_, std::io::Error>(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
        });
        match hashed.await {
            Ok(Ok(hash)) => Ok(Some(hash)),
            Ok(Err(error)) => Err(format!("{shown}: {error}")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Whether a link leads to a file of this name. A link keeps the name (docs/service/uploads.md, Uploads), as it was sent.
    fn is_at(&self, link: &str) -> bool {
        let segment = link.rsplit('/').next().unwrap_or_default();
        let name = percent_encoding::percent_decode_str(segment).decode_utf8();
        name.is_ok_and(|name| name == self.name || name == as_sent(&self.name))
    }
}

fn is_url(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| ["https", "http"].iter().any(|known| scheme.eq_ignore_ascii_case(known)))
}

fn absolute(path: &Path) -> std::result::Result<String, String> {
    let shown = path.display();
    let whole = std::path::absolute(path).map_err(|error| format!("{shown}: {error}"))?;
    whole.into_os_string().into_string().map_err(|_| format!("{shown} is not UTF-8"))
}

/// The name of a planned image, for people. A URL may hold a signature.
pub(super) fn name_of(planned: &Value) -> &str {
    planned["name"].as_str().unwrap_or_default()
}

/// Where a planned image comes from. None for what is no image.
pub(super) fn shown(planned: &Value) -> Option<String> {
    let url = planned["url"].as_str().and_then(|url| Url::parse(url).ok()).map(|url| address(&url));
    url.or_else(|| planned["path"].as_str().map(str::to_owned))
}

/// Where an image is, without the signature, which changes by itself. None where there is no image.
pub(super) fn link(image: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().filter(|link| !link.trim().is_empty()).map(str::to_owned);
    let link = text(&image["origin"]).or_else(|| text(&image["preview"])).or_else(|| text(image))?;
    Some(link.split(['?', '#']).next().unwrap_or_default().to_owned())
}

impl Task {
    /// What it uploads, and the member of the record that shows it; with the link of the preview.
    pub(super) fn picture(&self) -> Option<(Picture, &str, Option<&str>)> {
        self.image()?;
        let change = self.fields.first()?;
        Some((Picture::of(&change.new)?, &change.id, change.old.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn images_are_paths_and_urls() {
        let read = |value: Value| Picture::read("edits[0].image", &value);
        let here = std::env::current_dir().unwrap();
        let path = read(json!("a/front 1.png")).unwrap();
        assert_eq!(path.path.as_deref(), here.join("a/front 1.png").to_str());
        assert_eq!(path.name, "front 1.png");
        let named = read(json!({"path": "/a/b.png", "name": "c.png"})).unwrap();
        assert_eq!(named.argument(), json!({"path": "/a/b.png", "name": "c.png"}));
        let url = read(json!("https://example.com/p/b%20c.png?sig=1")).unwrap();
        assert_eq!(
            url.argument(),
            json!({"url": "https://example.com/p/b%20c.png?sig=1", "name": "b c.png"})
        );
        for (value, says) in [
            (json!(7), "edits[0].image has to be a path, a URL, {path, name} or {url, name}, not 7"),
            (json!({"pth": "a"}), "edits[0].image has an unknown member"),
            (json!({"attached": 0, "name": "a.png"}), "edits[0].image has to be a path or a URL"),
            (json!("https://example.com/"), "edits[0].image: https://example.com/ ends with no file name"),
            (json!({"path": "a.png", "name": "b/c"}), "edits[0].image: \"b/c\" cannot be the name of a file"),
        ] {
            let error = read(value).unwrap_err();
            assert!(error.message().starts_with(says), "{error}");
        }
    }

    #[test]
    fn links_are_compared_without_their_signature() {
        let pair = |origin: &str| json!({"preview": "https://example.com/p.png", "origin": origin});
        assert_eq!(
            link(&pair("https://example.com/a.png?sig=1")),
            link(&pair("https://example.com/a.png?sig=2"))
        );
        assert_ne!(
            link(&pair("https://example.com/a.png?sig=1")),
            link(&pair("https://example.com/b.png?sig=1"))
        );
        assert_eq!(
            link(&json!({"preview": "https://example.com/p.png", "origin": null})).as_deref(),
            Some("https://example.com/p.png")
        );
        for empty in
            [json!(null), json!({"preview": "", "origin": null}), json!({"preview": null, "origin": ""})]
        {
            assert_eq!(link(&empty), None);
        }
        let quoted = Picture::read("image", &json!("5\" wide.png")).unwrap();
        assert!(quoted.is_at("https://example.com/5%22%20wide.png"));
        assert!(quoted.is_at("https://example.com/5%2522%20wide.png"));
        let picture = Picture::read("image", &json!("front 1.png")).unwrap();
        assert!(
            picture.is_at("https://example.com/1/front%201%2Epng")
                && !picture.is_at("https://example.com/1/front")
        );
    }

    #[test]
    fn positions_of_images() {
        let is = |member: &str| Ok(member.to_owned());
        assert_eq!(shown_at("style", None), is("/headerData/frontImage"));
        assert_eq!(shown_at("style", Some("back")), is("/headerData/backImage"));
        assert_eq!(shown_at("material", None), is("/headerData/mainImage"));
        assert_eq!(shown_at("material", Some("detail")), is("/headerData/detailImage"));
        assert_eq!(shown_at("image", None), is("/headerData/preview"));
        assert_eq!(shown_at("block", None), is("/headerData/frontImage"));
        assert!(shown_at("style", Some("bak")).unwrap_err().contains("did you mean \"back\"?"));
        assert!(shown_at("block", Some("front")).unwrap_err().contains("leave it out"));
        assert!(shown_at("color", None).unwrap_err().contains("a color does not show"));
    }
}
