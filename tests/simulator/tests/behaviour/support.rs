//! A running simulator and a signed-in client for it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use beproduct_simulator::{Addresses, Options, Simulator};
use jsonwebtoken::jwk::JwkSet;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde_json::{Value, json};

pub(crate) struct World {
    pub(crate) at: Addresses,
    pub(crate) http: Client,
    pub(crate) token: String,
    _simulator: Simulator,
}

pub(crate) fn small() -> Options {
    Options { styles: 60, materials: 20, table_rows: 250, ..Options::default() }
}

/// A client that follows no redirect and keeps no connection beyond its request's needs.
pub(crate) fn client() -> Client {
    Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(small()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let simulator = Simulator::start(options).await.unwrap();
        let mut world =
            World { at: simulator.addresses(), http: client(), token: String::new(), _simulator: simulator };
        world.sign_in().await;
        world
    }

    pub(crate) async fn sign_in(&mut self) {
        let refresh_token = self.at.refresh_token.clone();
        let (status, answer) = self.refresh(&refresh_token).await;
        assert_eq!(status, 200, "{answer}");
        self.token = answer["access_token"].as_str().unwrap().to_owned();
    }

    pub(crate) async fn refresh(&self, token: &str) -> (StatusCode, Value) {
        self.token_request(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", &self.at.client_id),
            ("client_secret", &self.at.client_secret),
        ])
        .await
    }

    pub(crate) async fn token_request(&self, form: &[(&str, &str)]) -> (StatusCode, Value) {
        let url = format!("{}/connect/token", self.at.identity);
        let answer = self.http.post(url).form(form).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// The address that starts a sign-in; a parameter of `extra` replaces the usual one of its name.
    pub(crate) fn authorize_url(&self, client_id: &str, extra: &[(&str, &str)]) -> String {
        let usual = [
            ("client_id", client_id),
            ("response_type", "code"),
            ("scope", "openid profile email roles offline_access BeProductPublicApi"),
            ("redirect_uri", &self.at.redirect_uri),
            ("state", "a state"),
        ];
        let usual = usual.iter().filter(|(name, _)| extra.iter().all(|(other, _)| other != name));
        let base = format!("{}/connect/authorize", self.at.identity);
        Url::parse_with_params(&base, usual.chain(extra)).unwrap().into()
    }

    /// Where a person who signs in at this address is sent to.
    pub(crate) async fn browse(&self, url: &str) -> Url {
        let answer = self.control("authorize", &json!({"url": url})).await;
        Url::parse(answer["redirect"].as_str().unwrap()).unwrap()
    }

    /// Exchanges the code of the client that has a secret.
    pub(crate) async fn redeem(&self, back: &Url) -> (StatusCode, Value) {
        self.token_request(&[
            ("grant_type", "authorization_code"),
            ("code", &parameter(back, "code").unwrap()),
            ("redirect_uri", &self.at.redirect_uri),
            ("client_id", &self.at.client_id),
            ("client_secret", &self.at.client_secret),
        ])
        .await
    }

    /// An id token of the client that has a secret, signed as the settings are now.
    pub(crate) async fn id_token(&self) -> String {
        let back = self.browse(&self.authorize_url(&self.at.client_id, &[("nonce", "a-nonce")])).await;
        let (status, answer) = self.redeem(&back).await;
        assert_eq!(status, 200, "{answer}");
        answer["id_token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn discovery(&self) -> Value {
        let url = format!("{}/.well-known/openid-configuration", self.at.identity);
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn key_set(&self) -> JwkSet {
        let url = format!("{}/.well-known/jwks", self.at.identity);
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn get_as(&self, access_token: &Value, path: &str) -> Response {
        let request = self.http.get(format!("{}/api/acme/{path}", self.at.api));
        request.bearer_auth(access_token.as_str().unwrap()).send().await.unwrap()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}/api/acme/{path}", self.at.api)).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response {
        self.request(Method::POST, path).json(body).send().await.unwrap()
    }

    pub(crate) async fn get_json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Value {
        let answer = self.post(path, body).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    /// The first record of a master folder.
    pub(crate) async fn first(&self, master: &str) -> Value {
        self.post_json(&format!("{master}/Headers?pageSize=1"), &json!({})).await["result"][0].clone()
    }

    /// Sends a file as the form that uploads are.
    pub(crate) async fn upload(&self, path: &str, name: &str, content: &[u8]) -> Value {
        let head = format!("Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"");
        let form = [format!("--b1\r\n{head}\r\n\r\n").as_bytes(), content, b"\r\n--b1--\r\n"].concat();
        let request = self.request(Method::POST, path).body(form);
        let answer = request.header("content-type", "multipart/form-data; boundary=b1").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    /// Asks for the status of an upload until it is finished, and gives the last answer.
    pub(crate) async fn processed(&self, upload: &Value) -> Value {
        let path = format!("Style/GetImageProcessingStatus/{}", upload["imageId"].as_str().unwrap());
        for _ in 0..20 {
            let status = self.get_json(&path).await;
            if status["finished"] == true {
                return status;
            }
        }
        panic!("not processed");
    }

    /// A page of styles.
    pub(crate) async fn styles(&self, query: &str, filters: Value) -> Value {
        self.post_json(&format!("Style/Headers?{query}"), &json!({"filters": filters})).await
    }

    pub(crate) async fn control(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/{path}", self.at.control);
        let answer = self.http.post(url).json(body).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    pub(crate) async fn observe(&self, path: &str) -> Value {
        let url = format!("{}/{path}", self.at.control);
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }
}

pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The claims of a JWT, whoever has signed it.
pub(crate) fn claims(token: &Value) -> Value {
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

pub(crate) fn numbers(page: &Value) -> Vec<&str> {
    let rows = page["result"].as_array().unwrap();
    rows.iter().map(|row| row["headerNumber"].as_str().unwrap()).collect()
}

/// The value of a field of a header or table row.
pub(crate) fn value<'a>(record: &'a Value, id: &str) -> &'a Value {
    let fields = record.get("headerData").unwrap_or(record)["fields"].as_array().unwrap();
    &fields.iter().find(|field| field["id"] == id).unwrap()["value"]
}
