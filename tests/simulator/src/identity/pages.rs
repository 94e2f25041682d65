//! The pages that a person sees.

use http::StatusCode;

use crate::answers::{Answer, html};

use super::Form;

/// A page that says one thing.
pub(super) fn notice(status: StatusCode, text: &str) -> Answer {
    let page = format!(
        "<!doctype html>
<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{text}</title></head>
<body><h1>{text}</h1></body></html>
"
    );
    html(status, page)
}

/// The sign-in form, which carries all parameters of the request along.
pub(super) fn sign_in(request: &Form, alert: Option<&str>) -> Answer {
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
    let alert = alert.map(|text| format!("<p role=\"alert\">{text}</p>\n")).unwrap_or_default();
    let page = format!(
        "<!doctype html>
<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sign in</title></head>
<body><h1>Sign in</h1>
{alert}<form method=\"post\" action=\"/ids/connect/authorize\">
{kept}<label>User name <input id=\"username\" name=\"username\" autocomplete=\"username\"></label>
<label>Password <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\"></label>
<button id=\"allow\" name=\"decision\" value=\"allow\">Sign in</button>
<button id=\"deny\" name=\"decision\" value=\"deny\">Deny</button>
</form></body></html>
"
    );
    html(StatusCode::OK, page)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
