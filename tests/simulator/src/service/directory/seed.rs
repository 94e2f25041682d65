//! The companies that the directory has from the start: the partners that records name, and more beside them.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::calendar::{DAY, HOUR, Millis};
use crate::people::{PARTNERS, USERS, User, partner_user, person};
use crate::random::Random;
use crate::seed::EPOCH;

use super::company::{Company, Contact};

const STREAM: u64 = 31;
const STREAM_CONTACT: u64 = 32;

/// Companies beside the partners that records name.
const OTHERS: usize = 38;

/// Contacts of the first company.
const CONTACTS: usize = 7;

const TYPES: [&str; 4] = ["VENDOR", "FACTORY", "AGENT", "RETAILER"];
const TRADES: [&str; 5] = ["Mills", "Knits", "Trims", "Prints", "Denim"];
const PLACES: [(&str, &str); 6] =
    [("Braga", "PT"), ("Izmir", "TR"), ("Prato", "IT"), ("Hue", "VN"), ("Borås", "SE"), ("Tirupur", "IN")];
const FIRST_NAMES: [&str; 6] = ["Ines", "Emre", "Giulia", "Linh", "Nils", "Priya"];
const LAST_NAMES: [&str; 5] = ["Costa", "Demir", "Bianchi", "Tran", "Berg"];

pub(crate) fn companies(seed: u64) -> Vec<Company> {
    let known = PARTNERS.iter().enumerate().map(|(index, partner)| {
        let id = Uuid::parse_str(partner.id).unwrap_or_default();
        company(seed, index, id, partner.name, partner.country, partner.kind)
    });
    let others = (PARTNERS.len()..PARTNERS.len() + OTHERS).map(|index| {
        let mut random = Random::for_record(seed, STREAM, index as u64);
        let (place, country) = *random.pick(&PLACES);
        // The number keeps name and type unique.
        let name = format!("{place} {} {index}", random.pick(&TRADES));
        company(seed, index, random.uuid(), &name, country, TYPES[index % TYPES.len()])
    });
    known.chain(others).collect()
}

fn company(seed: u64, index: usize, id: Uuid, name: &str, country: &str, kind: &str) -> Company {
    let at = EPOCH + index as Millis * HOUR + 418;
    let code = (!index.is_multiple_of(8) || index == 0).then(|| format!("EX{:02}", index + 1));
    let count = if index == 0 { CONTACTS } else { index % 3 };
    let mut contacts: Vec<_> = (0..count).map(|number| contact(seed, index, number)).collect();
    if index + 1 == PARTNERS.len() {
        contacts.push(of_user(partner_user()));
    }
    Company {
        id,
        texts: texts([
            ("directoryId", json!(code)),
            ("name", json!(name)),
            ("country", json!(country)),
            ("partnerType", json!(kind)),
        ]),
        active: index % 9 != 8,
        contacts,
        created_by: person(&USERS[0]),
        created_at: at,
        modified_by: person(&USERS[1]),
        modified_at: at + DAY + 487,
    }
}

fn contact(seed: u64, company: usize, number: usize) -> Contact {
    let mut random = Random::for_record(seed, STREAM_CONTACT, (company * 100 + number) as u64);
    let (first, last) = (*random.pick(&FIRST_NAMES), *random.pick(&LAST_NAMES));
    let username = format!("{first}.{last}{company}{number}").to_lowercase();
    Contact {
        id: random.uuid(),
        texts: texts([
            ("email", json!(format!("{username}@example.com"))),
            ("firstName", json!(first)),
            ("lastName", json!(last)),
            ("role", json!("Vendor Full")),
        ]),
        // Every third has not registered yet.
        registration: (number % 3 != 2).then(|| (username, EPOCH + number as Millis * DAY)),
    }
}

/// A user of a partner company is a contact of it.
fn of_user(user: &User) -> Contact {
    let (first, last) = user.name.split_once(' ').unwrap_or((user.name, ""));
    Contact {
        id: Uuid::parse_str(user.id).unwrap_or_default(),
        texts: texts([
            ("email", json!(user.email)),
            ("firstName", json!(first)),
            ("lastName", json!(last)),
            ("role", json!("Vendor Full")),
        ]),
        registration: Some((user.username.to_owned(), EPOCH)),
    }
}

fn texts<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
