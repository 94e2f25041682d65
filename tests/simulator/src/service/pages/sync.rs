//! Pages of several records at once. The form of the answer is not known: here it is that of other lists.

use serde_json::Value;
use uuid::Uuid;

use super::{Place, shown};
use crate::answers::{Answer, Refusal, ok};
use crate::calendar::parse;
use crate::model::MasterKind;
use crate::service::apps;
use crate::service::route::{Route, post};
use crate::service::{Call, Page};

pub(crate) const ROUTES: &[Route] = &[post("sync/syncpages", pages)];

const MASTERS: [MasterKind; 4] =
    [MasterKind::Style, MasterKind::Material, MasterKind::Image, MasterKind::Color];

/// Without ids, all records and applications. `since` leaves out pages that were not written after it.
fn pages(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = Value::Object(call.object()?);
    let ids = |name: &str| -> Result<Option<Vec<Uuid>>, Refusal> {
        serde_json::from_value(body[name].clone())
            .map_err(|_| Refusal::validation(name, "The value is not an array of ids."))
    };
    let (headers, wanted) = (ids("headerIds")?, ids("applicationIds")?);
    let kind = call.parameter("folder").unwrap_or("Style");
    let kind = MASTERS.into_iter().find(|known| known.name().eq_ignore_ascii_case(kind));
    let kind = kind.ok_or_else(|| Refusal::validation("folder", "The value is not valid."))?;
    let since = match body["since"].as_str() {
        None => None,
        Some(text) => {
            Some(parse(text).ok_or_else(|| Refusal::validation("since", "The value is not valid."))?)
        }
    };
    let page = Page::new(call.whole_number("skip", 0)?, call.whole_number("take", 30)?);
    let state = call.shared.state();
    let master = state.records.master(kind);
    let of_record = |at: usize| {
        let header = master.record(at);
        apps::of(kind, master.folders[header.folder].id).map(move |app| Place {
            kind,
            header: header.id,
            app,
            timeline: None,
        })
    };
    let is_wanted = |place: &Place| {
        let written = state.pages.get(&place.key()).map(|page| page.modified_at);
        place.app.of_type.name != "BOMVariations"
            && wanted.as_ref().is_none_or(|wanted| wanted.contains(&place.app.id))
            && body["template"].as_str().is_none_or(|template| template == place.app.of_type.name)
            && since.is_none_or(|since| written.is_some_and(|at| at > since))
    };
    let records: Vec<usize> = match headers {
        Some(ids) => ids.into_iter().filter_map(|id| master.at(id)).collect(),
        None => (0..master.len()).collect(),
    };
    let places = records.into_iter().flat_map(of_record).filter(is_wanted);
    Ok(ok(&page.cut(places).map(|place| shown(call, &state, &place))))
}
