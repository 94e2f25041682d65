//! The persons and partner companies of the pretended company.

use serde_json::{Value, json};

/// How a user is registered with the company.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccountType {
    Private,
    Partner,
}

pub(crate) struct User {
    pub(crate) id: &'static str,
    pub(crate) username: &'static str,
    pub(crate) name: &'static str,
    pub(crate) email: &'static str,
    pub(crate) account: AccountType,
    pub(crate) is_administrator: bool,
}

pub(crate) static USERS: [User; 4] = [
    User {
        id: "7edcd102-73ab-4cb0-b63d-fbdab96f1fe1",
        username: "sample.designer",
        name: "Sample Designer",
        email: "designer@example.com",
        account: AccountType::Private,
        is_administrator: true,
    },
    User {
        id: "8569f518-e241-4ba9-994a-929c9dbac76e",
        username: "sample.manager",
        name: "Sample Manager",
        email: "manager@example.com",
        account: AccountType::Private,
        is_administrator: false,
    },
    User {
        id: "1f0b7c9e-52a4-4d4e-9a43-0a6d6b1e7f10",
        username: "ana.ferreira",
        name: "Ana Ferreira",
        email: "ana@example.com",
        account: AccountType::Private,
        is_administrator: false,
    },
    User {
        id: "c2b6a3d8-9d0e-4a57-8f3b-53a1c4b90e21",
        username: "jo.lindqvist",
        name: "Jo Lindqvist",
        email: "jo@example.com",
        account: AccountType::Partner,
        is_administrator: false,
    },
];

/// The user who signs in unless another is named.
pub(crate) fn administrator() -> &'static User {
    &USERS[0]
}

/// A user in whose place an administrator may act.
pub(crate) fn colleague() -> &'static User {
    &USERS[1]
}

/// A user of a partner company.
pub(crate) fn partner_user() -> &'static User {
    &USERS[3]
}

pub(crate) struct Partner {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) country: &'static str,
    pub(crate) kind: &'static str,
}

pub(crate) static PARTNERS: [Partner; 5] = [
    Partner {
        id: "487ec841-2d82-40fc-a9de-a85889ac91cf",
        name: "Douro Mills",
        country: "PT",
        kind: "VENDOR",
    },
    Partner {
        id: "5b0b9d8e-6b4f-4a53-92b5-1d9d8d8f2a01",
        name: "Anatolia Tekstil",
        country: "TR",
        kind: "FACTORY",
    },
    Partner {
        id: "9c5f1f5a-0d35-47e4-8a61-6bb0f5b7a902",
        name: "Como Seta",
        country: "IT",
        kind: "SUPPLIER",
    },
    Partner {
        id: "d1a7b6c3-7e18-4c0f-a3f4-2f6a9e8c4b03",
        name: "Mekong Garments",
        country: "VN",
        kind: "FACTORY",
    },
    Partner {
        id: "e8f2c4d5-1b29-4d3e-b5a6-3c7d0a9b8e04",
        name: "Nordic Trims",
        country: "SE",
        kind: "AGENT",
    },
];

pub(crate) fn user_by_name(username: &str) -> Option<&'static User> {
    USERS.iter().find(|user| user.username == username)
}

pub(crate) fn user_by_id(id: &str) -> Option<&'static User> {
    USERS.iter().find(|user| user.id.eq_ignore_ascii_case(id))
}

pub(crate) fn partner_by_id(id: &str) -> Option<&'static Partner> {
    PARTNERS.iter().find(|partner| partner.id.eq_ignore_ascii_case(id))
}

/// By id or by name.
pub(crate) fn partner_of(text: &str) -> Option<&'static Partner> {
    partner_by_id(text).or_else(|| PARTNERS.iter().find(|partner| partner.name == text))
}

pub(crate) fn person(user: &User) -> Value {
    json!({"id": user.id, "name": user.name})
}

/// A supplier as records usually carry it, in Pascal case.
pub(crate) fn supplier(partner: &Partner) -> Value {
    json!({
        "Id": partner.id, "Address": null, "City": null, "Country": partner.country, "Name": partner.name,
        "Phone": null, "State": null, "Website": "", "Fax": "", "Zip": null, "SupplierType": partner.kind,
    })
}

/// The same in camel case, which is seen as well.
pub(crate) fn supplier_camel(partner: &Partner) -> Value {
    json!({
        "id": partner.id, "name": partner.name, "address": null, "city": null, "country": partner.country,
        "phone": null, "state": null, "website": null, "fax": null, "zip": null, "supplierType": null,
    })
}
