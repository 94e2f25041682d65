//! Users of the company and their roles. What is changed here does not reach who signs in.

mod roles;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::answers::{Answer, Refusal, ok};
use crate::calendar::{DAY, Millis, whole_seconds};
use crate::people::{AccountType, USERS, User};
use crate::random::Random;
use crate::seed::EPOCH;
use crate::state::State;

use super::Call;
use super::members::{flag, keep_texts, required, show_texts};
use super::route::{Route, get, post};
use roles::Role;

pub(crate) const ROUTES: &[Route] = &[
    get("Users/List", list),
    get("Users/GetByEmail", by_email),
    get("Users/GetById/{id}", by_id),
    post("Users/Create", create),
    post("Users/{id}/Update", update),
    get("Users/Roles", |_| Ok(roles::list())),
    get("Users/{id}/Role", role),
];

const STREAM: u64 = 33;

/// Members that an update changes too.
const TEXTS: [&str; 5] = ["email", "firstName", "lastName", "title", "culture"];

/// A user as the company knows it.
pub(crate) struct Account {
    id: Uuid,
    username: String,
    texts: Map<String, Value>,
    account: AccountType,
    role: Option<&'static Role>,
    /// None before the user has registered.
    registered_on: Option<Millis>,
    active: bool,
}

/// The users who sign in, and one who does not any more.
pub(crate) fn accounts(seed: u64) -> Vec<Account> {
    let mut accounts: Vec<_> =
        USERS.iter().enumerate().map(|(index, user)| seeded(index as Millis, user)).collect();
    let former = Random::for_record(seed, STREAM, 0).uuid();
    accounts.push(Account {
        id: former,
        username: "former.planner".to_owned(),
        texts: texts("former@example.com", "Former Planner"),
        account: AccountType::Private,
        role: roles::named("Planner"),
        registered_on: Some(EPOCH),
        active: false,
    });
    accounts
}

fn seeded(days: Millis, user: &User) -> Account {
    let role = match user.account {
        AccountType::Partner => "Vendor Full",
        AccountType::Private if user.is_administrator => "Administrator",
        AccountType::Private => "Designer",
    };
    Account {
        id: Uuid::parse_str(user.id).unwrap_or_default(),
        username: user.username.to_owned(),
        texts: texts(user.email, user.name),
        account: user.account,
        role: roles::named(role),
        registered_on: Some(EPOCH + days * DAY),
        active: true,
    }
}

fn texts(email: &str, name: &str) -> Map<String, Value> {
    let (first, last) = name.split_once(' ').unwrap_or((name, ""));
    let members = [("email", email), ("firstName", first), ("lastName", last)];
    members.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect()
}

/// Whether the company has a user of this id.
pub(crate) fn is_known(accounts: &[Account], id: &str) -> bool {
    let id = Uuid::parse_str(id).ok();
    accounts.iter().any(|account| Some(account.id) == id)
}

impl Account {
    fn is_called(&self, email: &str) -> bool {
        let own = self.texts.get("email").and_then(Value::as_str);
        own.is_some_and(|own| own.eq_ignore_ascii_case(email))
    }

    fn view(&self) -> Value {
        let mut answer = json!({
            "id": self.id, "username": self.username,
            "accountType": match self.account {
                AccountType::Private => "PRIVATE",
                AccountType::Partner => "PARTNER",
            },
            "role": self.role.map(|role| role.name),
            "registerdOn": self.registered_on.map(whole_seconds), "active": self.active,
        });
        // The culture is not among them.
        show_texts(&self.texts, &TEXTS[..4], &mut answer);
        answer
    }
}

fn not_found() -> Refusal {
    Refusal::failure("User not found")
}

/// The user that the path names.
fn find<'a>(call: &Call<'_>, state: &'a State) -> Result<&'a Account, Refusal> {
    let id = Uuid::parse_str(call.argument("id")).ok();
    state.users.iter().find(|account| Some(account.id) == id).ok_or_else(not_found)
}

/// Users who are switched off are in the list as well.
fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = call.shared.state();
    Ok(ok(&state.users.iter().map(Account::view).collect::<Vec<_>>()))
}

fn by_email(call: &Call<'_>) -> Result<Answer, Refusal> {
    let email = call.parameter("email").filter(|email| !email.is_empty());
    let email = email.ok_or_else(|| Refusal::validation("email", "The email field is required."))?;
    let state = call.shared.state();
    let found = state.users.iter().find(|account| account.is_called(email));
    Ok(ok(&found.ok_or_else(not_found)?.view()))
}

fn by_id(call: &Call<'_>) -> Result<Answer, Refusal> {
    Ok(ok(&find(call, &call.shared.state())?.view()))
}

/// The role that the body names by its id.
fn role_of(body: &Map<String, Value>) -> Result<Option<&'static Role>, Refusal> {
    match body.get("roleId") {
        None | Some(Value::Null) => Ok(None),
        Some(id) => {
            let role = id.as_str().and_then(roles::find);
            role.map(Some).ok_or_else(|| Refusal::failure("Role not found"))
        }
    }
}

/// No two users have the same name to sign in with or the same e-mail address.
fn create(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let (username, email) = (required(&body, "username")?, required(&body, "email")?);
    let role = role_of(&body)?;
    let mut texts = Map::new();
    keep_texts(&body, &TEXTS, &mut texts)?;
    let state = &mut *call.shared.state();
    let is_taken =
        |account: &Account| account.username.eq_ignore_ascii_case(username) || account.is_called(email);
    if state.users.iter().any(is_taken) {
        return Err(Refusal::failure("User already exists"));
    }
    let account = Account {
        id: state.new_id(),
        username: username.to_owned(),
        texts,
        account: AccountType::Private,
        role,
        registered_on: None,
        active: true,
    };
    let answer = ok(&account.view());
    state.users.push(account);
    Ok(answer)
}

/// The name to sign in with is not read, and what notifications the user gets is shown nowhere.
fn update(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let (role, active) = (role_of(&body)?, flag(&body, "active")?);
    flag(&body, "emailNotification")?;
    let state = &mut *call.shared.state();
    let id = find(call, state)?.id;
    if let Some(email) = body.get("email").and_then(Value::as_str)
        && state.users.iter().any(|account| account.id != id && account.is_called(email))
    {
        return Err(Refusal::failure("User already exists"));
    }
    let account = state.users.iter_mut().find(|account| account.id == id).ok_or_else(not_found)?;
    keep_texts(&body, &TEXTS, &mut account.texts)?;
    account.role = role.or(account.role);
    account.active = active.unwrap_or(account.active);
    Ok(ok(&account.view()))
}

fn role(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = call.shared.state();
    let role = find(call, &state)?.role.ok_or_else(|| Refusal::failure("Role not found"))?;
    Ok(ok(&role.view()))
}
