//! The directory: partner companies and their contacts.

mod company;
mod seed;

use uuid::Uuid;

use crate::answers::{Answer, Refusal, message, ok};
use crate::filters;
use crate::state::State;

pub(crate) use company::Company;
use company::Contact;
pub(crate) use seed::companies;

use super::Call;
use super::route::{Route, get, post};

/// `directoryId` of a query is the id of a record, and not the code of that name in the record.
pub(crate) const ROUTES: &[Route] = &[
    get("Directory/Companies", list),
    post("Directory/Companies", search),
    get("Directory/Company", read),
    post("Directory/Add", add),
    post("Directory/Update/{id}", update),
    get("Directory/Contacts", contacts),
    get("Directory/Contact", contact),
    post("Directory/{id}/Contact/Add", add_contact),
    post("Directory/{id}/Contact/{contact_id}/Update", update_contact),
];

/// The company with this id.
pub(crate) fn find<'a>(companies: &'a [Company], id: &str) -> Option<&'a Company> {
    let id = Uuid::parse_str(id).ok();
    companies.iter().find(|company| Some(company.id) == id)
}

fn not_found() -> Refusal {
    Refusal::failure("Company not found")
}

fn no_contact() -> Refusal {
    Refusal::failure("Contact not found")
}

/// An id that the query has to have.
fn needed(call: &Call<'_>, name: &str) -> Result<Uuid, Refusal> {
    call.guid(name)?.ok_or_else(|| Refusal::validation(name, &format!("The {name} field is required.")))
}

/// The company that the query names.
fn named<'a>(call: &Call<'_>, companies: &'a [Company]) -> Result<&'a Company, Refusal> {
    let id = needed(call, "directoryId")?;
    companies.iter().find(|company| company.id == id).ok_or_else(not_found)
}

/// The company that the path names.
fn in_path<'a>(call: &Call<'_>, state: &'a mut State) -> Result<&'a mut Company, Refusal> {
    let id = Uuid::parse_str(call.argument("id")).ok();
    state.companies.iter_mut().find(|company| Some(company.id) == id).ok_or_else(not_found)
}

/// Companies that are switched off are in the list as well. No list of the directory has a total.
fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let page = call.page()?;
    let state = call.shared.state();
    Ok(ok(&page.cut(state.companies.iter()).map(Company::view).result))
}

fn search(call: &Call<'_>) -> Result<Answer, Refusal> {
    let filters = filters::read(call.object()?.get("filters"))?;
    let page = call.page()?;
    let state = call.shared.state();
    let matching = state.companies.iter().filter(|company| filters::company_matches(&filters, company));
    Ok(ok(&page.cut(matching).map(Company::view).result))
}

fn read(call: &Call<'_>) -> Result<Answer, Refusal> {
    Ok(ok(&named(call, &call.shared.state().companies)?.view()))
}

/// A second company of the same name and type is another record.
fn add(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let state = &mut *call.shared.state();
    let (id, at) = (state.new_id(), state.write_time());
    let company = Company::read(id, &body, call.user, at, || state.new_id())?;
    let answer = ok(&company.view());
    state.companies.push(company);
    Ok(answer)
}

fn update(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let state = &mut *call.shared.state();
    let at = state.write_time();
    let company = in_path(call, state)?;
    company.update(&body, call.user, at)?;
    Ok(ok(&company.view()))
}

fn contacts(call: &Call<'_>) -> Result<Answer, Refusal> {
    let page = call.page()?;
    let state = call.shared.state();
    let contacts = named(call, &state.companies)?.contacts.iter();
    Ok(ok(&page.cut(contacts).map(Contact::view).result))
}

/// Some clients leave the company out.
fn contact(call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = needed(call, "contactId")?;
    let state = call.shared.state();
    let of = match call.parameter("directoryId") {
        None | Some("") => &state.companies[..],
        Some(_) => std::slice::from_ref(named(call, &state.companies)?),
    };
    let found = of.iter().flat_map(|company| &company.contacts).find(|contact| contact.id == id);
    Ok(ok(&found.ok_or_else(no_contact)?.view()))
}

fn add_contact(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let state = &mut *call.shared.state();
    let contact = Contact::read(state.new_id(), &body)?;
    let answer = ok(&contact.view());
    in_path(call, state)?.contacts.push(contact);
    Ok(answer)
}

fn update_contact(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let id = Uuid::parse_str(call.argument("contact_id")).ok();
    let state = &mut *call.shared.state();
    let contacts = &mut in_path(call, state)?.contacts;
    let contact = contacts.iter_mut().find(|contact| Some(contact.id) == id);
    contact.ok_or_else(no_contact)?.update(&body)?;
    Ok(message("Contact updated"))
}
