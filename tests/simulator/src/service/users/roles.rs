//! The roles of the company. No request changes them.

use serde_json::{Value, json};

use crate::answers::{Answer, ok};
use crate::calendar::{DAY, stamp};
use crate::people::{USERS, person};
use crate::seed::EPOCH;

pub(super) struct Role {
    id: &'static str,
    pub(super) name: &'static str,
    description: &'static str,
    kind: &'static str,
    is_admin: bool,
    active: bool,
}

static ROLES: [Role; 5] = [
    Role {
        id: "3b1e9a54-6f0d-4c52-8a17-90d3c7e2b5f1",
        name: "Administrator",
        description: "Everything",
        kind: "Internal",
        is_admin: true,
        active: true,
    },
    Role {
        id: "a4c07d2e-58b3-4f6a-9e21-1d7f6b80c3e9",
        name: "Designer",
        description: "Design team",
        kind: "Internal",
        is_admin: false,
        active: true,
    },
    Role {
        id: "566aa54d-257b-4284-b9d9-7a13ba385193",
        name: "Planner",
        description: "Planning team",
        kind: "Internal",
        is_admin: false,
        active: true,
    },
    Role {
        id: "c81f4b90-2d6e-47a3-b05c-e9a3d4176f28",
        name: "Vendor Full",
        description: "",
        kind: "Partner",
        is_admin: false,
        active: true,
    },
    Role {
        id: "f0d25e63-91c8-4b7d-8c4a-27e6a1b95d30",
        name: "Trainee",
        description: "no longer in use",
        kind: "Internal",
        is_admin: false,
        active: false,
    },
];

pub(super) fn named(name: &str) -> Option<&'static Role> {
    ROLES.iter().find(|role| role.name == name)
}

pub(super) fn find(id: &str) -> Option<&'static Role> {
    ROLES.iter().find(|role| role.id.eq_ignore_ascii_case(id))
}

pub(super) fn list() -> Answer {
    ok(&ROLES.iter().map(Role::view).collect::<Vec<_>>())
}

impl Role {
    pub(super) fn view(&self) -> Value {
        json!({
            "id": self.id, "roleName": self.name, "roleDescription": self.description, "roleType": self.kind,
            "isAdmin": self.is_admin, "active": self.active, "createdBy": person(&USERS[0]),
            "createdAt": stamp(EPOCH), "modifiedBy": person(&USERS[1]), "modifiedAt": stamp(EPOCH + DAY),
        })
    }
}
