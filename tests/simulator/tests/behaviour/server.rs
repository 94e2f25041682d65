//! TLS, HTTP versions and determinism.

use beproduct_simulator::{Options, Simulator};
use reqwest::{Certificate, Client, Version};
use serde_json::json;

use crate::support::{World, client, parameter, small};

#[tokio::test]
async fn tls_with_its_own_authority() {
    let simulator = Simulator::start(Options { tls: true, ..small() }).await.unwrap();
    let at = simulator.addresses();
    let ca = std::fs::read(at.ca.as_ref().unwrap()).unwrap();
    let url = format!("{}/.well-known/openid-configuration", at.identity);
    let trusting = |ca: &[u8]| Client::builder().tls_certs_only([Certificate::from_pem(ca).unwrap()]);
    let answer = trusting(&ca).build().unwrap().get(&url).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, Version::HTTP_2));
    let answer = trusting(&ca).http1_only().build().unwrap().get(&url).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, Version::HTTP_11));
    assert!(client().get(&url).send().await.is_err());

    drop(simulator);
    assert!(!std::path::Path::new(at.ca.as_ref().unwrap()).exists());
}

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes() {
    let (first, second) = (World::new().await, World::new().await);
    let other = World::with(Options { seed: 2, ..small() }).await;
    let text = async |world: &World| {
        let body = serde_json::json!({"filters": []});
        world.post("Style/Headers?pageSize=100&showDeleted=true", &body).await.text().await.unwrap()
    };
    let expected = text(&first).await;
    assert_eq!(text(&second).await, expected);
    assert_ne!(text(&other).await, expected);
}

#[tokio::test]
async fn dropping_it_closes_the_port() {
    let simulator = Simulator::start(small()).await.unwrap();
    let url = format!("{}/counts", simulator.addresses().control);
    assert_eq!(client().get(&url).send().await.unwrap().status(), 200);
    drop(simulator);
    tokio::task::yield_now().await;
    assert!(client().get(&url).send().await.is_err());
}

#[tokio::test]
async fn no_date_unless_a_rule_adds_one() {
    for tls in [false, true] {
        let simulator = Simulator::start(Options { tls, ..small() }).await.unwrap();
        let at = simulator.addresses();
        let http = Client::builder().tls_danger_accept_invalid_certs(true).build().unwrap();
        let url = format!("{}/.well-known/openid-configuration", at.identity);
        assert!(http.get(&url).send().await.unwrap().headers().get("date").is_none());
        let date = "Tue, 15 Nov 1994 08:12:31 GMT";
        let rules = json!([{"action": {"headers": {"date": date}}}]);
        http.post(format!("{}/faults", at.control)).json(&rules).send().await.unwrap();
        assert_eq!(http.get(&url).send().await.unwrap().headers()["date"], date);
    }
}

#[tokio::test]
async fn every_secret_is_noted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secrets");
    std::fs::write(&file, "of another simulator\n").unwrap();
    let world = World::with(Options { secrets_file: Some(file.clone()), ..small() }).await;
    let extra = [("state", "short"), ("nonce", "a-nonce-of-length")];
    let back = world.browse(&world.authorize_url(&world.at.client_id, &extra)).await;
    let (_, answer) = world.redeem(&back).await;
    let code = parameter(&back, "code").unwrap();
    let text = |name: &str| answer[name].as_str().unwrap();

    let noted = std::fs::read_to_string(&file).unwrap();
    let noted: Vec<&str> = noted.lines().collect();
    for secret in [
        "of another simulator",
        &world.at.client_secret,
        &world.at.impersonation_client_secret,
        &world.at.password,
        &world.at.refresh_token,
        &world.token,
        "a-nonce-of-length",
        &code,
        text("access_token"),
        text("id_token"),
        text("refresh_token"),
    ] {
        assert!(noted.contains(&secret), "{secret}");
    }
    assert!(!noted.contains(&"short"));
}
