//! Values that are accepted and not stored: those of the rule, and a share of all. Which ones depends on the seed, the number of the
//! record or the id of the row, and the field, so a second try changes nothing.

use serde_json::Value;

use super::Call;
use crate::random::Random;
use crate::state::State;

pub(crate) struct Losses<'a> {
    named: &'a [String],
    share: f64,
    seed: u64,
    record: String,
}

impl<'a> Losses<'a> {
    pub(crate) fn new(call: &Call<'a>, state: &State, record: &str) -> Self {
        Losses {
            named: &call.rule.not_stored,
            share: state.settings.not_stored,
            seed: state.settings.sizes.seed,
            record: record.to_owned(),
        }
    }

    pub(crate) fn take(&self, field: &str) -> bool {
        const STREAM: u64 = 12;
        if self.named.iter().any(|named| named == field) {
            return true;
        }
        if self.share <= 0.0 {
            return false;
        }
        let key =
            uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, format!("{} {field}", self.record).as_bytes());
        let mut random = Random::for_record(self.seed, STREAM, key.as_u64_pair().0);
        (random.below(1_000_000) as f64) < self.share * 1_000_000.0
    }
}

/// Takes out of the rows of a request what is not stored of them, and of a form.
pub(crate) fn strip(call: &Call<'_>, sent: &mut Vec<Value>) {
    let state = call.shared.state();
    if call.rule.not_stored.is_empty() && state.settings.not_stored <= 0.0 {
        return;
    }
    let page = ["headerId", "pageId"].map(|name| call.parameter(name).unwrap_or_default()).join(" ");
    let is_lost = |record: &str, pair: &Value| {
        let field = pair["id"].as_str().unwrap_or_default();
        Losses::new(call, &state, record).take(field)
    };
    for row in sent.iter_mut() {
        // A new row has no id yet, so its values name it.
        let id = ["rowId", "itemId", "id"].iter().find_map(|name| row[*name].as_str());
        let id = id.or_else(|| row["materialUpdate"]["rowId"].as_str()).map(str::to_owned);
        let record = format!("{page} {}", id.unwrap_or_else(|| row.to_string()));
        for list in ["/rowFields", "/itemFields", "/fields", "/materialUpdate/rowFields"] {
            if let Some(Value::Array(pairs)) = row.pointer_mut(list) {
                pairs.retain(|pair| !is_lost(&record, pair));
            }
        }
    }
    // A form is a list of pairs.
    sent.retain(|pair| pair.get("value").is_none() || !is_lost(&page, pair));
}
