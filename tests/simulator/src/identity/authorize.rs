//! The sign-in page, and the way back to the client with a code.

use http::{HeaderValue, StatusCode, header};
use url::Url;

use crate::answers::{Answer, empty, html};
use crate::calendar::now;
use crate::people::user_by_name;
use crate::state::Shared;

use super::{CLIENT_ID, Code, Form, Grant, PASSWORD, PUBLIC_CLIENT_ID, is_registered, opaque};

/// Shows the form, which carries all parameters of the request along.
pub(crate) fn page(query: &[u8]) -> Answer {
    let request = Form::parse(query);
    match Destination::of(&request) {
        Err(refusal) => *refusal,
        Ok(destination) => match unacceptable(&request) {
            Some(error) => destination.failed(error),
            None => form(&request, None),
        },
    }
}

/// Takes the form that the person sent.
pub(crate) fn submit(shared: &Shared, body: &[u8]) -> Answer {
    let request = Form::parse(body);
    let destination = match Destination::of(&request) {
        Ok(destination) => destination,
        Err(refusal) => return *refusal,
    };
    if let Some(error) = unacceptable(&request) {
        return destination.failed(error);
    }
    if request.get("decision") == Some("deny") {
        return destination.failed("access_denied");
    }
    let user = request.get("username").and_then(user_by_name);
    let Some(user) = user.filter(|_| request.get("password") == Some(PASSWORD)) else {
        return form(&request, Some("The user name or password is wrong."));
    };
    let grants = &mut shared.state().grants;
    grants.families += 1;
    let grant = Grant {
        client_id: request.get("client_id").unwrap_or_default().to_owned(),
        user,
        scope: request.get("scope").unwrap_or("").split_whitespace().map(str::to_owned).collect(),
        nonce: request.get("nonce").map(str::to_owned),
        family: grants.families,
    };
    let code = opaque();
    grants.codes.insert(
        code.clone(),
        Code {
            grant,
            redirect_uri: request.get("redirect_uri").unwrap_or_default().to_owned(),
            challenge: request.get("code_challenge").map(str::to_owned),
            issued: now(),
            used: false,
        },
    );
    destination.back(&[("code", &code), ("session_state", &opaque())])
}

/// Where to send the browser. Without a known client and a registered address it is sent nowhere.
struct Destination {
    url: Url,
    state: Option<String>,
}

impl Destination {
    fn of(request: &Form) -> Result<Self, Box<Answer>> {
        let refused = |text: &str| {
            let page = format!(
                "<!doctype html><html lang=\"en\"><title>Sign-in not possible</title><h1>{text}</h1></html>"
            );
            Err(Box::new(html(StatusCode::BAD_REQUEST, page)))
        };
        let client_id = request.get("client_id").unwrap_or_default();
        if ![CLIENT_ID, PUBLIC_CLIENT_ID].contains(&client_id) {
            return refused("This client is not known.");
        }
        let redirect_uri = request.get("redirect_uri").unwrap_or_default();
        match Url::parse(redirect_uri) {
            Ok(url) if is_registered(client_id, redirect_uri) => {
                Ok(Destination { url, state: request.get("state").map(str::to_owned) })
            }
            _ => refused("This callback address is not registered for the client."),
        }
    }

    fn failed(self, error: &str) -> Answer {
        self.back(&[("error", error)])
    }

    fn back(mut self, parameters: &[(&str, &str)]) -> Answer {
        {
            let mut query = self.url.query_pairs_mut();
            query.extend_pairs(parameters);
            if let Some(state) = &self.state {
                query.append_pair("state", state);
            }
        }
        let mut answer = empty(StatusCode::FOUND);
        if let Ok(location) = HeaderValue::from_str(self.url.as_str()) {
            answer.headers_mut().insert(header::LOCATION, location);
        }
        answer
    }
}

/// The error code for a request that cannot be granted, whoever signs in.
fn unacceptable(request: &Form) -> Option<&'static str> {
    let challenge = request.get("code_challenge").filter(|text| !text.is_empty());
    if request.get("response_type") != Some("code") {
        return Some("unsupported_response_type");
    }
    // A challenge without a method would mean "plain", which is not offered.
    if challenge.is_some() && request.get("code_challenge_method") != Some("S256") {
        return Some("invalid_request");
    }
    if challenge.is_none() && request.get("client_id") == Some(PUBLIC_CLIENT_ID) {
        return Some("invalid_request");
    }
    let scopes = request.get("scope").unwrap_or("");
    if !scopes.split_whitespace().all(|scope| super::SCOPES.contains(&scope)) {
        return Some("invalid_scope");
    }
    None
}

fn form(request: &Form, notice: Option<&str>) -> Answer {
    let mut kept = String::new();
    for (name, value) in &request.0 {
        if !matches!(name.as_str(), "username" | "password" | "decision") {
            kept.push_str(&format!(
                "<input type=\"hidden\" name=\"{}\" value=\"{}\">\n",
                escape(name),
                escape(value)
            ));
        }
    }
    let notice = notice.map(|text| format!("<p role=\"alert\">{text}</p>\n")).unwrap_or_default();
    let page = format!(
        "<!doctype html>
<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sign in</title></head>
<body><h1>Sign in</h1>
{notice}<form method=\"post\" action=\"/ids/connect/authorize\">
{kept}<label>User name <input name=\"username\" autocomplete=\"username\"></label>
<label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\"></label>
<button name=\"decision\" value=\"allow\">Sign in</button>
<button name=\"decision\" value=\"deny\">Deny</button>
</form></body></html>
"
    );
    html(StatusCode::OK, page)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What a person with a browser would do: open `url` and send the form. Gives the address of the redirect.
pub(crate) fn sign_in(shared: &Shared, url: &str, username: &str, password: &str) -> Result<String, String> {
    let url = Url::parse(url).map_err(|error| format!("url: {error}"))?;
    let mut request: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    request.push(("username".to_owned(), username.to_owned()));
    request.push(("password".to_owned(), password.to_owned()));
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(request).finish();
    let answer = submit(shared, body.as_bytes());
    match answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()) {
        Some(location) => Ok(location.to_owned()),
        None if answer.status() == StatusCode::OK => Err("the user name or password is wrong".to_owned()),
        None => Err("the client or the redirect_uri is not registered".to_owned()),
    }
}
