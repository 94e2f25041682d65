//! From method and path to the operation. A route is one line beside the function that it leads to; paths are matched
//! without regard to case.

use http::Method;
use percent_encoding::percent_decode_str;

use crate::answers::{Answer, Refusal};
use crate::model::MasterKind;

use super::Call;

pub(crate) type Perform = fn(&Call<'_>) -> Result<Answer, Refusal>;

#[derive(Clone, Copy)]
enum Verb {
    Get,
    Post,
    Delete,
}

impl Verb {
    fn is(self, method: &Method) -> bool {
        *method
            == match self {
                Verb::Get => Method::GET,
                Verb::Post => Method::POST,
                Verb::Delete => Method::DELETE,
            }
    }
}

/// `path` is what follows the base and the company. `{Master}` in it is one of the master folders, any other name in
/// braces an argument.
#[derive(Clone, Copy)]
pub(crate) struct Route {
    verb: Verb,
    path: &'static str,
    masters: &'static [MasterKind],
    pub(crate) perform: Perform,
}

impl Route {
    /// The same for some master folders only.
    pub(crate) const fn only(self, masters: &'static [MasterKind]) -> Self {
        Route { masters, ..self }
    }
}

const fn route(verb: Verb, path: &'static str, perform: Perform) -> Route {
    Route { verb, path, masters: &MasterKind::ALL, perform }
}

pub(crate) const fn get(path: &'static str, perform: Perform) -> Route {
    route(Verb::Get, path, perform)
}

pub(crate) const fn post(path: &'static str, perform: Perform) -> Route {
    route(Verb::Post, path, perform)
}

pub(crate) const fn delete(path: &'static str, perform: Perform) -> Route {
    route(Verb::Delete, path, perform)
}

/// Styles and materials, which have colorways and sizes.
pub(crate) const SEWN: &[MasterKind] = &[MasterKind::Style, MasterKind::Material];

/// Where a path leads.
pub(crate) struct Matched {
    /// None where the path is known, but not with this method.
    pub(crate) route: Option<Route>,
    pub(crate) master: Option<MasterKind>,
    arguments: Vec<(&'static str, String)>,
}

impl Matched {
    /// The part of the path that the route calls by this name.
    pub(crate) fn argument(&self, name: &str) -> &str {
        self.arguments.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// The name under which requests like this are counted.
    pub(crate) fn label(&self, method: &Method) -> String {
        let path = self.route.map_or("other", |route| route.path);
        format!("{method} {}", path.replace("{Master}", self.master.map_or("", MasterKind::name)))
    }
}

/// The route of these areas that a path leads to: of several the one that names most of it.
pub(crate) fn find(areas: &[&'static [Route]], method: &Method, path: &str) -> Option<Matched> {
    let segments: Vec<String> = path.split('/').map(decode).collect();
    let mut best: Option<(usize, Matched)> = None;
    for route in areas.iter().copied().flatten() {
        let Some((named, master, arguments)) = compare(route, &segments) else { continue };
        let fits = route.verb.is(method);
        if best
            .as_ref()
            .is_none_or(|(most, best)| named > *most || named == *most && fits && best.route.is_none())
        {
            best = Some((named, Matched { route: fits.then_some(*route), master, arguments }));
        }
    }
    best.map(|(_, matched)| matched)
}

type Compared = (usize, Option<MasterKind>, Vec<(&'static str, String)>);

fn compare(route: &Route, segments: &[String]) -> Option<Compared> {
    let pattern = || route.path.split('/');
    if pattern().count() != segments.len() {
        return None;
    }
    let (mut named, mut master, mut arguments) = (0, None, Vec::new());
    for (wanted, segment) in pattern().zip(segments) {
        if wanted == "{Master}" {
            let mut masters = route.masters.iter();
            master = Some(*masters.find(|kind| kind.name().eq_ignore_ascii_case(segment))?);
            named += 1;
        } else if let Some(name) = wanted.strip_prefix('{') {
            arguments.push((name.trim_end_matches('}'), segment.clone()));
        } else if wanted.eq_ignore_ascii_case(segment) {
            named += 1;
        } else {
            return None;
        }
    }
    Some((named, master, arguments))
}

fn decode(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::API;

    fn found(method: Method, path: &str) -> String {
        find(API, &method, path).map_or_else(|| "nothing".to_owned(), |matched| matched.label(&method))
    }

    #[test]
    fn the_route_that_names_most_of_a_path_is_taken() {
        assert_eq!(found(Method::POST, "style/header/CREATE"), "POST Style/Header/Create");
        assert_eq!(found(Method::GET, "Style/Header/Create"), "GET other");
        assert_eq!(found(Method::GET, "Block/Header/7"), "GET Block/Header/{id}");
        assert_eq!(found(Method::GET, "Color/Header/Delete/7"), "GET Color/Header/Delete/{id}");
        assert_eq!(found(Method::GET, "Tag/Image/List"), "GET Tag/Image/List");
        assert_eq!(found(Method::GET, "Tag/Header/7"), "GET Tag/Header/{id}");
        assert_eq!(found(Method::DELETE, "Tag/7/Delete"), "DELETE Tag/{tag_id}/Delete");
    }

    #[test]
    fn a_master_folder_has_only_its_own_routes() {
        assert_eq!(found(Method::GET, "Image/ColorwaySchema"), "nothing");
        assert_eq!(found(Method::POST, "Color/Header/7/Move"), "nothing");
        assert_eq!(found(Method::GET, "Garment/Folders"), "nothing");
        let of_style = find(API, &Method::POST, "Style/Header/a%2Fb/Update").unwrap();
        assert_eq!((of_style.master, of_style.argument("id")), (Some(MasterKind::Style), "a/b"));
    }
}
