//! A partner company and its contacts, and what a request makes of them.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::answers::Refusal;
use crate::calendar::{Millis, stamp, whole_seconds};
use crate::people::{User, person};
use crate::service::members::{flag, keep_texts, required, show_texts};

/// Words for what a partner is.
const TYPES: [&str; 6] = ["VENDOR", "FACTORY", "AGENT", "RETAILER", "SUPPLIER", "OTHER"];

/// Members that an update changes too.
const TEXTS: [&str; 9] =
    ["directoryId", "name", "address", "country", "state", "zip", "city", "phone", "website"];

/// What a contact is known by, which is fixed once the contact has registered.
const IDENTITY: [&str; 3] = ["email", "firstName", "lastName"];

const DETAILS: [&str; 4] = ["title", "mobilePhone", "workPhone", "role"];

pub(crate) struct Company {
    pub(crate) id: Uuid,
    /// Members that are texts, by name.
    pub(super) texts: Map<String, Value>,
    pub(super) active: bool,
    pub(super) contacts: Vec<Contact>,
    pub(super) created_by: Value,
    pub(super) created_at: Millis,
    pub(super) modified_by: Value,
    pub(super) modified_at: Millis,
}

impl Company {
    /// The company that a create describes; `new_id` gives the ids of the contacts.
    pub(super) fn read(
        id: Uuid,
        body: &Map<String, Value>,
        user: &User,
        at: Millis,
        mut new_id: impl FnMut() -> Uuid,
    ) -> Result<Self, Refusal> {
        required(body, "name")?;
        let kind = required(body, "partnerType")?;
        if !TYPES.contains(&kind) {
            return Err(Refusal::validation("partnerType", &format!("The value '{kind}' is not valid.")));
        }
        let mut texts = Map::new();
        keep_texts(body, &TEXTS, &mut texts)?;
        keep_texts(body, &["partnerType"], &mut texts)?;
        let contacts = match body.get("contacts") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => {
                items.iter().map(|item| Contact::of(new_id(), item)).collect::<Result<_, _>>()?
            }
            Some(_) => return Err(Refusal::validation("contacts", "The value is not an array.")),
        };
        Ok(Company {
            id,
            texts,
            active: flag(body, "active")?.unwrap_or(true),
            contacts,
            created_by: person(user),
            created_at: at,
            modified_by: person(user),
            modified_at: at,
        })
    }

    /// The partner type and the contacts are not read.
    pub(super) fn update(
        &mut self,
        body: &Map<String, Value>,
        user: &User,
        at: Millis,
    ) -> Result<(), Refusal> {
        let active = flag(body, "active")?;
        keep_texts(body, &TEXTS, &mut self.texts)?;
        self.active = active.unwrap_or(self.active);
        self.modified_by = person(user);
        self.modified_at = at;
        Ok(())
    }

    /// The text of this name, or an empty one.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.texts.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn is_active(&self) -> bool {
        self.active
    }

    pub(crate) fn modified_at(&self) -> Millis {
        self.modified_at
    }

    /// Answers do not say whether it is active, and have no fax number any more.
    pub(super) fn view(&self) -> Value {
        let mut answer = json!({
            "id": self.id, "fax": null, "createdBy": self.created_by, "createdAt": stamp(self.created_at),
            "modifiedBy": self.modified_by, "modifiedAt": stamp(self.modified_at),
        });
        show_texts(&self.texts, &TEXTS, &mut answer);
        show_texts(&self.texts, &["partnerType"], &mut answer);
        answer
    }

    /// The company where others name it.
    pub(crate) fn reference(&self) -> Value {
        json!({"id": self.id, "name": self.text("name"), "partnerType": self.text("partnerType"),
               "country": self.texts.get("country")})
    }
}

pub(super) struct Contact {
    pub(super) id: Uuid,
    pub(super) texts: Map<String, Value>,
    /// The name to sign in with, and when the contact has registered. None before that.
    pub(super) registration: Option<(String, Millis)>,
}

impl Contact {
    fn of(id: Uuid, item: &Value) -> Result<Self, Refusal> {
        let body = item.as_object();
        Self::read(id, body.ok_or_else(|| Refusal::validation("contacts", "A contact is not an object."))?)
    }

    pub(super) fn read(id: Uuid, body: &Map<String, Value>) -> Result<Self, Refusal> {
        required(body, "email")?;
        let mut texts = Map::new();
        keep_texts(body, &IDENTITY, &mut texts)?;
        keep_texts(body, &DETAILS, &mut texts)?;
        Ok(Contact { id, texts, registration: None })
    }

    pub(super) fn update(&mut self, body: &Map<String, Value>) -> Result<(), Refusal> {
        let mut texts = self.texts.clone();
        keep_texts(body, &DETAILS, &mut texts)?;
        if self.registration.is_none() {
            keep_texts(body, &IDENTITY, &mut texts)?;
        }
        self.texts = texts;
        Ok(())
    }

    pub(super) fn view(&self) -> Value {
        let (username, registered) = self.registration.as_ref().map(|(name, at)| (name, *at)).unzip();
        let mut answer = json!({
            "id": self.id, "username": username, "accountType": "PARTNER",
            "registerdOn": registered.map(whole_seconds), "active": true, "invitedAsVendor": false,
            "invitationPending": registered.is_none(),
        });
        show_texts(&self.texts, &IDENTITY, &mut answer);
        show_texts(&self.texts, &DETAILS, &mut answer);
        answer
    }
}
