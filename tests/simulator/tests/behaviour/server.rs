//! TLS, HTTP versions and determinism.

use beproduct_simulator::{Options, Simulator};
use reqwest::{Certificate, Client, Version};

use crate::support::{World, client, small};

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
