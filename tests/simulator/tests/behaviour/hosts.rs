//! The automation host and the storage of files, which are not the API.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{World, parameter};

#[tokio::test]
async fn the_automation_host_has_its_own_header() {
    let world = World::new().await;
    let url = format!("{}/api/autonumber?id={}", world.at.automation, world.at.autonumber);
    let ask = |url: &str| world.http.get(url).header("x-authorization", format!("Bearer {}", world.token));
    let with_company = format!("{url}&company=acme");
    assert_eq!(world.http.get(&with_company).bearer_auth(&world.token).send().await.unwrap().status(), 401);
    assert_eq!(ask(&with_company).bearer_auth(&world.token).send().await.unwrap().status(), 401);
    assert_eq!(ask(&url).send().await.unwrap().status(), 404);
    let mut numbers = Vec::new();
    for _ in 0..2 {
        let answer: Value = ask(&with_company).send().await.unwrap().json().await.unwrap();
        numbers.push(answer["generatedNumber"].as_str().unwrap().to_owned());
    }
    assert_eq!(numbers, ["exm00042", "exm00043"]);
    let counts = world.observe("counts").await;
    assert_eq!((&counts["api"], &counts["automation"]), (&json!(0), &json!(5)));
}

#[tokio::test]
async fn a_sequence_of_numbers_has_as_many_digits_as_its_template() {
    let world = World::new().await;
    let ask = |method: Method, path: &str| {
        let url = format!("{}/api/{path}&company=acme", world.at.automation);
        world.http.request(method, url).header("x-authorization", format!("Bearer {}", world.token))
    };
    for template in ["", "a", "a[", "a[]", "a[1]", &format!("a[{}]", "0".repeat(70_000))] {
        let body = json!({"name": "n", "template": template});
        let answer = ask(Method::POST, "autonumber?name=n").json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 400);
    }
    let body = json!({"name": "n", "template": "a-[000]-z"});
    let answer = ask(Method::POST, "autonumber?name=n").json(&body).send().await.unwrap();
    let made: Value = answer.json().await.unwrap();
    let path = format!("autonumber?id={}", made["id"].as_str().unwrap());
    let answer: Value = ask(Method::GET, &path).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["generatedNumber"], "a-001-z");
}

#[tokio::test]
async fn a_file_is_processed_later_and_lies_behind_a_signed_link() {
    let world = World::new().await;
    let list = world.styles("pageSize=1", json!([])).await;
    let path = format!("Style/Header/{}", list["result"][0]["id"].as_str().unwrap());
    let send = |parameters: &str| {
        let disposition = format!("Content-Disposition: form-data; name=\"file\"{parameters}");
        let body = format!("--b1\r\n{disposition}\r\n\r\npicture\r\n--b1--\r\n");
        let request = world.request(Method::POST, &format!("{path}/Image/Upload")).body(body);
        request.header("content-type", "multipart/form-data; boundary=b1").send()
    };
    assert_eq!(send("").await.unwrap().status(), 400);
    let sent = send("; filename=\"front.png\"").await.unwrap();
    let sent: Value = sent.json().await.unwrap();
    let status = format!("Style/GetImageProcessingStatus/{}", sent["imageId"].as_str().unwrap());
    for finished in [false, false, true] {
        assert_eq!(world.get_json(&status).await["finished"], finished);
    }
    let header = world.get_json(&path).await;
    let link = header["headerData"]["frontImage"]["origin"].as_str().unwrap();
    let file = world.http.get(link).send().await.unwrap();
    assert_eq!(file.bytes().await.unwrap(), "picture");
    // No token, and no other spelling.
    assert_eq!(world.http.get(link).bearer_auth(&world.token).send().await.unwrap().status(), 400);
    let url: reqwest::Url = link.parse().unwrap();
    let mut spelled = url.clone();
    spelled.query_pairs_mut().clear().append_pair("sig", &parameter(&url, "sig").unwrap());
    assert_eq!(world.http.get(spelled).send().await.unwrap().status(), 403);
}
