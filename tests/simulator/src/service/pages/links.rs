//! Links to pages of other records. In which form a page has them is not known: here as a request has them.

use serde_json::json;

use super::{Place, Type, change, rows};
use crate::answers::{Answer, Refusal, message};
use crate::model::MasterKind;
use crate::service::Call;
use crate::service::route::{Route, post};

const STYLE: &[MasterKind] = &[MasterKind::Style];

pub(crate) const ROUTES: &[Route] = &[post("{Master}/PageLinkPages", write).only(STYLE)];

pub(super) const LINK_PAGES: Type = Type::new("LinkPages", "Related Pages", |_| json!([]), |_| json!({}));

/// A link that is added again is there twice, and all of them go when it is removed.
fn write(call: &Call<'_>) -> Result<Answer, Refusal> {
    let sent = rows::sent(call)?;
    let state = &mut *call.shared.state();
    let place = Place::of_query(call, state)?.only(&["LinkPages"])?;
    change(call, state, &place, |_, data| {
        let Some(links) = data.as_array_mut() else { return Ok(()) };
        for item in &sent {
            let link = json!({"headerId": item["headerId"], "pageId": item["pageId"]});
            if link["headerId"].is_null() || link["pageId"].is_null() {
                return Err(Refusal::validation("$", "headerId and pageId are required."));
            }
            match item["removeLink"] == true {
                true => links.retain(|known| *known != link),
                false => links.push(link),
            }
        }
        Ok(())
    })?;
    Ok(message("Page updated"))
}
