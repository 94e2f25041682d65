//! An access token for another user, in exchange for that of an administrator.

use http::StatusCode;

use crate::answers::Answer;
use crate::calendar::now;
use crate::people::{AccountType, user_by_id};
use crate::state::{Shared, State};

use super::clients::Client;
use super::grants::Grant;
use super::token::invalid_grant;
use super::{Form, issue, oauth_error};

pub(super) fn act_as(shared: &Shared, state: &mut State, client: &'static Client, form: &Form) -> Answer {
    let Some(behind) = form.get("token").and_then(|token| state.grants.behind(token, now())) else {
        return invalid_grant("The token is not a valid access token.");
    };
    if !behind.user.is_some_and(|user| user.is_administrator) {
        return invalid_grant("The token is not that of an administrator.");
    }
    let target = form.get("actas").and_then(user_by_id);
    let Some(target) = target.filter(|user| user.account == AccountType::Private) else {
        return invalid_grant("The user is not registered as PRIVATE with the company.");
    };
    let Some(scope) = form.scope(&state.settings) else {
        return oauth_error(StatusCode::BAD_REQUEST, "invalid_scope", None);
    };
    let family = state.grants.new_family();
    let grant = Grant { client, user: Some(target), scope, nonce: None, family };
    issue::answer(issue::tokens(shared, state, &grant, false))
}
