//! Tags, comments, revisions and partners of records.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::World;

async fn delete(world: &World, path: &str) -> u16 {
    world.request(Method::DELETE, path).send().await.unwrap().status().as_u16()
}

fn names(tags: &Value) -> Vec<&str> {
    tags.as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn tags_of_a_master_folder_and_of_a_record() {
    let world = World::new().await;
    assert_eq!(names(&world.get_json("Tag/Style/List").await), ["Line A", "Line B"]);
    assert_eq!(names(&world.get_json("Tag/Block/List").await), ["Base Blocks"]);
    let body = json!({"name": "Capsule", "integration": null, "shareWith": []});
    let tag = world.post_json("Tag/Style/Create", &body).await;
    let path = format!("Tag/{}", tag["id"].as_str().unwrap());
    let renamed = world
        .post_json(&format!("{path}/Update"), &json!({"name": "Drop", "integration": "Browzwear"}))
        .await;
    assert_eq!((&renamed["id"], &renamed["name"]), (&tag["id"], &json!("Drop")));

    let user = json!([world.at.user_id]);
    for _ in 0..2 {
        world.post_json(&format!("{path}/Share"), &user).await;
    }
    let users = async || world.get_json("Tag/Style/List").await[2]["tagUsers"].clone();
    assert_eq!(users().await, user);
    world.post_json(&format!("{path}/Unshare"), &user).await;
    assert_eq!(users().await, json!([]));
    assert_eq!(world.post(&format!("{path}/Share"), &json!(["nobody"])).await.status(), 400);

    let style = format!("Style/Header/Create?folderId={}", world.at.style_folder);
    let style = world.post_json(&style, &json!({"fields": []})).await;
    let id = style["id"].as_str().unwrap();
    assert_eq!(style["tags"], json!(null));
    // A name that is no tag of styles is passed over.
    world.post_json(&format!("Tag/Header/{id}/Add"), &json!(["Drop", "Line A", "Base Blocks"])).await;
    assert_eq!(names(&world.get_json(&format!("Tag/Header/{id}")).await), ["Drop", "Line A"]);
    let tagged = world.get_json(&format!("Style/Header/{id}")).await;
    assert_eq!(tagged["tags"][0], json!({"id": tag["id"], "name": "Drop"}));
    assert!(tagged["modifiedAt"].as_str() > style["modifiedAt"].as_str());
    world.post_json(&format!("Tag/Header/{id}/Remove"), &json!(["Line A"])).await;
    assert_eq!(delete(&world, &format!("{path}/Delete")).await, 200);
    assert_eq!(world.get_json(&format!("Style/Header/{id}")).await["tags"], json!([]));
    assert_eq!(delete(&world, &format!("{path}/Delete")).await, 400);
}

#[tokio::test]
async fn comments_and_revisions_are_lists_of_their_own() {
    let world = World::new().await;
    for master in ["Style", "Color"] {
        let id = world.first(master).await["id"].as_str().unwrap().to_owned();
        for (kind, key) in [("Comment", "comment"), ("Revision", "revision")] {
            let list = format!("{kind}/Heeader/{id}");
            assert_eq!(world.get_json(&list).await, json!([]));
            let path = format!("{kind}/Header/{id}");
            let made = world.post_json(&format!("{path}/Create"), &json!({key: "wider"})).await;
            assert_eq!((&made["Type"], &made["Body"]), (&json!(kind), &json!("wider")));
            world.post_json(&format!("{path}/Create"), &json!({"body": "longer"})).await;
            let named = format!("{key}Id={}", made["Id"].as_str().unwrap());
            let edited = world
                .post_json(&format!("{path}/Edit?{named}"), &json!({"body": "narrow", key: "narrower"}))
                .await;
            assert_eq!(world.get_json(&list).await[0], edited);
            assert_eq!(edited["Body"], "narrower");
            assert_eq!(delete(&world, &format!("{path}/Delete?{named}")).await, 200);
            assert_eq!(delete(&world, &format!("{path}/Delete?{named}")).await, 400);
            assert_eq!(world.get_json(&list).await[0]["Body"], "longer");
            assert_eq!(world.post(&format!("{path}/Create"), &json!({"text": "x"})).await.status(), 400);
        }
        assert_eq!(world.get(&format!("Comment/Header/{id}")).await.status(), 404);
    }
    assert_eq!(world.get("Comment/Heeader/nothing").await.status(), 400);
}

#[tokio::test]
async fn records_are_shared_with_partners() {
    let world = World::new().await;
    let id = world.first("Image").await["id"].as_str().unwrap().to_owned();
    let path = format!("Share/Header/{id}");
    let partners = json!(["487ec841-2d82-40fc-a9de-a85889ac91cf", "9c5f1f5a-0d35-47e4-8a61-6bb0f5b7a902"]);
    for _ in 0..2 {
        world.post_json(&format!("{path}/Share"), &partners).await;
    }
    let shares = world.get_json(&format!("{path}/Get")).await;
    assert_eq!(shares.as_array().unwrap().len(), 2);
    assert_eq!(shares[0]["partner"]["name"], "Douro Mills");
    assert_eq!(shares[0]["createdBy"]["name"], "Sample Designer");
    world.post_json(&format!("{path}/Unshare"), &json!([partners[0]])).await;
    assert_eq!(world.get_json(&format!("{path}/Get")).await[0]["partner"]["name"], "Como Seta");
    assert_eq!(world.post(&format!("{path}/Share"), &json!(["nobody"])).await.status(), 400);
}
