//! State of the limits, and the version of the service.

use serde_json::json;

use crate::answers::{Answer, Refusal, ok};
use crate::calendar::now;

use super::Call;
use super::route::{Route, get};

pub(crate) const ROUTES: &[Route] =
    &[get("ratelimit/status", ratelimit_status), get("Info/Version", version)];

fn ratelimit_status(call: &Call<'_>) -> Result<Answer, Refusal> {
    Ok(ok(&call.shared.state().limits.status(now())))
}

fn version(_: &Call<'_>) -> Result<Answer, Refusal> {
    Ok(ok(&json!({"version": "simulator", "apiVersion": "1.0"})))
}
