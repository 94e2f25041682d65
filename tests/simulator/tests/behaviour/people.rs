//! The directory with its contacts, users and roles.

use serde_json::{Value, json};

use crate::support::World;

async fn refused(world: &World, path: &str, body: &Value) -> Value {
    let answer = world.post(path, body).await;
    assert_eq!(answer.status(), 400, "{path}");
    answer.json().await.unwrap()
}

#[tokio::test]
async fn lists_of_the_directory_are_bare_arrays() {
    let world = World::new().await;
    let first = world.get_json("Directory/Companies?pageSize=20&pageNumber=0").await;
    let last = world.get_json("Directory/Companies?pageSize=20&pageNumber=2").await;
    assert_eq!((first.as_array().unwrap().len(), last.as_array().unwrap().len()), (20, 3));
    let body = json!({"filters": [{"field": "PartnerType", "operator": "Eq", "value": "SUPPLIER"},
                                  {"field": "Nothing", "operator": "Eq", "value": "x"}]});
    let found = world.post_json("Directory/Companies?pageSize=20", &body).await;
    assert_eq!((found.as_array().unwrap().len(), &found[0]["name"]), (1, &json!("Como Seta")));
    let id = found[0]["id"].as_str().unwrap();
    assert_eq!(world.get_json(&format!("Directory/Company?directoryId={id}")).await, found[0]);
    // The code in the record is no id.
    assert_eq!(world.get("Directory/Company?directoryId=EX03").await.status(), 400);
}

#[tokio::test]
async fn companies_are_added_and_changed() {
    let world = World::new().await;
    let contacts = json!([{"email": "a@example.com"}]);
    let body = json!({"name": "Example Mill", "partnerType": "VENDOR", "contacts": contacts});
    let company = world.post_json("Directory/Add", &body).await;
    let id = company["id"].as_str().unwrap();
    let update = json!({"city": "Braga", "partnerType": "AGENT", "active": false});
    let updated = world.post_json(&format!("Directory/Update/{id}"), &update).await;
    assert_eq!((&updated["city"], &updated["partnerType"]), (&json!("Braga"), &json!("VENDOR")));
    assert!(updated["modifiedAt"].as_str() > company["modifiedAt"].as_str());

    let style = world.first("Style").await["id"].as_str().unwrap().to_owned();
    world.post_json(&format!("Share/Header/{style}/Share"), &json!([id])).await;
    let shares = world.get_json(&format!("Share/Header/{style}/Get")).await;
    assert_eq!(shares[0]["partner"]["name"], "Example Mill");

    let typeless = refused(&world, "Directory/Add", &json!({"name": "A", "partnerType": "MILL"})).await;
    assert_eq!(typeless["errors"], json!({"partnerType": ["The value 'MILL' is not valid."]}));
    let wrong = json!({"name": "A", "partnerType": "VENDOR", "zip": 4700});
    let errors = refused(&world, "Directory/Add", &wrong).await;
    assert_eq!(errors["errors"], json!({"zip": ["The value is not valid."]}));
}

#[tokio::test]
async fn a_contact_who_has_registered_keeps_name_and_address() {
    let world = World::new().await;
    let mill = "487ec841-2d82-40fc-a9de-a85889ac91cf";
    let contacts = world.get_json(&format!("Directory/Contacts?directoryId={mill}")).await;
    let update = json!({"email": "new@example.com", "title": "Buyer"});
    for (index, email) in [(0_usize, &contacts[0]["email"]), (2, &json!("new@example.com"))] {
        let id = contacts[index]["id"].as_str().unwrap();
        world.post_json(&format!("Directory/{mill}/Contact/{id}/Update"), &update).await;
        let contact = world.get_json(&format!("Directory/Contact?contactId={id}")).await;
        assert_eq!((&contact["email"], &contact["title"]), (email, &json!("Buyer")));
    }
    let add = format!("Directory/{mill}/Contact/Add");
    let nameless = refused(&world, &add, &json!({"firstName": "A"})).await;
    assert_eq!(nameless["errors"], json!({"email": ["The field is required."]}));
}

#[tokio::test]
async fn users_are_created_and_changed() {
    let world = World::new().await;
    let roles = world.get_json("Users/Roles").await;
    let body = json!({"username": "a.user", "email": "a+b@example.com", "roleId": roles[2]["id"]});
    let user = world.post_json("Users/Create", &body).await;
    assert_eq!((&user["role"], &user["accountType"]), (&json!("Planner"), &json!("PRIVATE")));
    assert_eq!(world.get_json("Users/GetByEmail?email=a%2Bb@example.com").await, user);
    // A plus that is not encoded is a blank.
    assert_eq!(world.get("Users/GetByEmail?email=a+b@example.com").await.status(), 400);
    assert_eq!(refused(&world, "Users/Create", &body).await["message"], "User already exists");

    let id = user["id"].as_str().unwrap();
    let update = json!({"username": "other", "roleId": roles[1]["id"], "active": false});
    let updated = world.post_json(&format!("Users/{id}/Update"), &update).await;
    assert_eq!((&updated["username"], &updated["active"]), (&json!("a.user"), &json!(false)));
    assert_eq!(world.get_json(&format!("Users/{id}/Role")).await, roles[1]);
    let tag = json!({"name": "Drop", "shareWith": [id]});
    assert_eq!(world.post_json("Tag/Style/Create", &tag).await["tagUsers"], json!([id]));
}
