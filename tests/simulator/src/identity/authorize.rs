//! The authorization endpoint: judges the request, and sends the browser back to the client with a code or, for
//! registrations of old, with the tokens themselves.

use http::{StatusCode, header};
use url::Url;

use crate::answers::{Answer, redirect};
use crate::calendar::now;
use crate::options::Settings;
use crate::people::user_by_name;
use crate::state::{Shared, State};

use super::clients::{CALLBACK, Client};
use super::grants::{Code, Grant, opaque, secret};
use super::{Form, PASSWORD, issue, pages};

/// Shows the sign-in page.
pub(super) fn page(shared: &Shared, query: &[u8]) -> Answer {
    let request = Form::parse(query);
    request.note_secrets(shared);
    let destination = match Destination::of(&request) {
        Ok(destination) => destination,
        Err(refusal) => return *refusal,
    };
    match judge(&request, destination.client, &shared.state().settings) {
        Ok(_) => pages::sign_in(&request, None),
        Err(error) => destination.failed(error),
    }
}

/// Takes the form that the person sent.
pub(super) fn submit(shared: &Shared, body: &[u8]) -> Answer {
    let request = Form::parse(body);
    request.note_secrets(shared);
    let destination = match Destination::of(&request) {
        Ok(destination) => destination,
        Err(refusal) => return *refusal,
    };
    let state = &mut *shared.state();
    let (kind, scope) = match judge(&request, destination.client, &state.settings) {
        Ok(judged) => judged,
        Err(error) => return destination.failed(error),
    };
    if request.get("decision") == Some("deny") {
        return destination.failed("access_denied");
    }
    let user = request.get("username").and_then(user_by_name);
    let Some(user) = user.filter(|_| request.get("password") == Some(PASSWORD)) else {
        return pages::sign_in(&request, Some("The user name or password is wrong."));
    };
    let grant = Grant {
        client: destination.client,
        user: Some(user),
        scope,
        nonce: request.get("nonce").map(str::to_owned),
        family: state.grants.new_family(),
    };
    match kind {
        ResponseType::Code => {
            let code = give_code(shared, state, grant, &request);
            destination.back(&[("code", &code), ("session_state", &opaque())])
        }
        ResponseType::Tokens => give_tokens(shared, state, &grant, destination),
    }
}

fn give_code(shared: &Shared, state: &mut State, grant: Grant, request: &Form) -> String {
    let code = secret(shared);
    state.grants.codes.insert(
        code.clone(),
        Code {
            grant,
            redirect_uri: request.get("redirect_uri").unwrap_or_default().to_owned(),
            challenge: challenge(request).map(str::to_owned),
            issued: now(),
            used: false,
        },
    );
    code
}

fn give_tokens(shared: &Shared, state: &mut State, grant: &Grant, destination: Destination) -> Answer {
    let Some(tokens) = issue::tokens(shared, state, grant, true) else {
        return destination.failed("server_error");
    };
    let tokens: Vec<(&str, String)> = tokens
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect();
    let mut parameters: Vec<(&str, &str)> =
        tokens.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let scope = grant.scope.join(" ");
    parameters.push(("scope", &scope));
    destination.back(&parameters)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ResponseType {
    Code,
    /// An access token and an id token, in the fragment of the address.
    Tokens,
}

impl ResponseType {
    fn of(request: &Form) -> Option<Self> {
        let mut words: Vec<&str> = request.get("response_type")?.split_whitespace().collect();
        words.sort_unstable();
        match words.as_slice() {
            ["code"] => Some(ResponseType::Code),
            ["id_token", "token"] => Some(ResponseType::Tokens),
            _ => None,
        }
    }

    fn grant_type(self) -> &'static str {
        match self {
            ResponseType::Code => "authorization_code",
            ResponseType::Tokens => "implicit",
        }
    }
}

fn challenge(request: &Form) -> Option<&str> {
    request.get("code_challenge").filter(|text| !text.is_empty())
}

/// What is asked for, or the error code for a request that cannot be granted, whoever signs in.
fn judge(
    request: &Form,
    client: &Client,
    settings: &Settings,
) -> Result<(ResponseType, Vec<String>), &'static str> {
    let kind = ResponseType::of(request).ok_or("unsupported_response_type")?;
    if !client.may(kind.grant_type()) {
        return Err("unauthorized_client");
    }
    let is_unacceptable = match kind {
        _ if settings.refuse_pkce => challenge(request).is_some(),
        // A challenge without a method would mean "plain", which is not offered.
        ResponseType::Code if challenge(request).is_some() => {
            request.get("code_challenge_method") != Some("S256")
        }
        ResponseType::Code => client.is_public(),
        ResponseType::Tokens => false,
    };
    let needs_nonce = kind == ResponseType::Tokens;
    if is_unacceptable || (needs_nonce && request.get("nonce").unwrap_or_default().is_empty()) {
        return Err("invalid_request");
    }
    let scope = request.scope(settings).ok_or("invalid_scope")?;
    if kind == ResponseType::Tokens && !scope.iter().any(|name| name == "openid") {
        return Err("invalid_scope");
    }
    Ok((kind, scope))
}

/// Where to send the browser. Without a known client and a registered address it is sent nowhere.
struct Destination {
    client: &'static Client,
    url: Url,
    in_fragment: bool,
    state: Option<String>,
}

impl Destination {
    fn of(request: &Form) -> Result<Self, Box<Answer>> {
        let refused = |text: &str| Box::new(pages::notice(StatusCode::BAD_REQUEST, text));
        let client = Client::named(request.get("client_id").unwrap_or_default())
            .ok_or_else(|| refused("This client is not known."))?;
        let redirect_uri = request.get("redirect_uri").unwrap_or_default();
        let mut response_type = request.get("response_type").unwrap_or_default().split_whitespace();
        match Url::parse(redirect_uri) {
            Ok(url) if client.may_send_to(redirect_uri, CALLBACK) => Ok(Destination {
                client,
                url,
                in_fragment: response_type.any(|word| matches!(word, "token" | "id_token")),
                state: request.get("state").map(str::to_owned),
            }),
            _ => Err(refused("This callback address is not registered for the client.")),
        }
    }

    fn failed(self, error: &str) -> Answer {
        self.back(&[("error", error)])
    }

    fn back(mut self, parameters: &[(&str, &str)]) -> Answer {
        let mut encoded = url::form_urlencoded::Serializer::new(String::new());
        encoded.extend_pairs(parameters);
        if let Some(state) = &self.state {
            encoded.append_pair("state", state);
        }
        let encoded = encoded.finish();
        if self.in_fragment {
            self.url.set_fragment(Some(&encoded));
        } else {
            self.url.set_query(Some(&encoded));
        }
        redirect(&self.url)
    }
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
