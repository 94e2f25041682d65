use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::clock::RecordedClock;
use crate::http::{Reached, TransportError};

fn classify() -> Classify {
    Classify {
        company: "acme".into(),
        secrets: Secrets::default(),
        time: ServerTime::new(Arc::new(RecordedClock::new()), None),
    }
}

/// Judges an answer to an operation.
fn judge(id: &str, status: u16, body: &str, whole: bool) -> Result<Reply> {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let cut = || TransportError::new(Reached::Sent, "the answer of api was cut off", "reset");
    let extent = if whole { Extent::Whole } else { Extent::Cut(Arc::new(cut())) };
    let reply = Reply { status, headers: HeaderMap::new(), body, extent, stream: None };
    let operation = Operation::find(id).unwrap();
    let server = if operation.base == Base::Automation { Server::Automation } else { Server::Api };
    classify().judge(reply, operation, server)
}

#[test]
fn a_cut_answer_says_why() {
    let error = judge("style.get", 200, "{", false).err().unwrap();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Network, "the answer of api was cut off"));
    let cut = std::error::Error::source(&error).and_then(std::error::Error::source);
    assert_eq!(cut.map(ToString::to_string).as_deref(), Some("reset"), "{error:?}");
}

/// One of each effect.
const READ: &[&str] = &["style.get"];
const WRITES: &[&str] = &["style.create", "style.update", "style.delete", "data_tables.update", "raw.get"];

const PAGE: &str = "<!doctype html><title>Maintenance</title>";
const REFUSED: &str = r#"{"error": true, "message": "locked"}"#;
const GONE: &str = "Style not found";

type Row = (&'static [&'static str], &'static [u16], &'static [&'static str], bool, Verdict);
type Verdict = Option<(ErrorKind, Outcome, Failure)>;

/// Operations, statuses, bodies, whether the body came to its end; then what it is taken for.
fn table() -> Vec<Row> {
    use ErrorKind::{Auth, Conflict, Decode, Network, NotFound, Permission, RateLimited, Server, Validation};
    use Failure::{Fault, Final, Interrupted, Throttled, TokenRejected, Unreadable};
    use Outcome::{Refused, Unknown};
    const ANY: &[&str] = &["", "text", "{}", PAGE, REFUSED];
    const SUCCESS: &[u16] = &[200, 201, 202, 204, 207, 299];
    vec![
        // A 2xx is success, unless its body says otherwise.
        (READ, SUCCESS, &["{}", "[]", "null", "\u{feff}{}"], true, None),
        (READ, &[204], &[""], true, None),
        (READ, &[200], &["", "text", "{\"a\":"], true, Some((Decode, Refused, Unreadable))),
        (READ, SUCCESS, &[PAGE], true, Some((Decode, Refused, Unreadable))),
        (READ, SUCCESS, &["", "{\"a\":", REFUSED], false, Some((Network, Refused, Unreadable))),
        (WRITES, SUCCESS, &["", "text", "{}", "[]", "null", "{\"a\":"], true, None),
        (WRITES, SUCCESS, &["", "{\"a\":", "te"], false, None),
        (WRITES, SUCCESS, &[PAGE, "\u{feff}<!-- 17 --> <HTML>"], true, Some((Decode, Unknown, Final))),
        (WRITES, SUCCESS, &["<html><bo"], false, Some((Decode, Unknown, Final))),
        (READ, SUCCESS, &[REFUSED, "\u{feff}{\"Error\": true}"], true, Some((Validation, Refused, Final))),
        (
            WRITES,
            SUCCESS,
            &[REFUSED, "{\"error\": true, \"error\": false}"],
            true,
            Some((Validation, Refused, Final)),
        ),
        (WRITES, SUCCESS, &["{\"error\": true, \"mess"], false, Some((Validation, Refused, Final))),
        (
            WRITES,
            SUCCESS,
            &["{\"error\": true, \"message\": \"Style not found\"}"],
            true,
            Some((NotFound, Refused, Final)),
        ),
        // A 4xx but 408 was refused, whatever its body is.
        (READ, &[400, 402, 405, 413, 422, 499], ANY, true, Some((Validation, Refused, Final))),
        (WRITES, &[400, 402, 405, 413, 422, 499], ANY, true, Some((Validation, Refused, Final))),
        (WRITES, &[400, 413], &[""], false, Some((Validation, Refused, Final))),
        (WRITES, &[401], ANY, true, Some((Auth, Refused, TokenRejected))),
        (WRITES, &[403], ANY, true, Some((Permission, Refused, Final))),
        (WRITES, &[404, 410], ANY, true, Some((NotFound, Refused, Final))),
        (WRITES, &[409], ANY, true, Some((Conflict, Refused, Final))),
        (WRITES, &[429], ANY, true, Some((RateLimited, Refused, Throttled))),
        (READ, &[429], ANY, false, Some((RateLimited, Refused, Throttled))),
        (READ, &[408], ANY, true, Some((Server, Refused, Interrupted))),
        (WRITES, &[408], ANY, true, Some((Server, Unknown, Interrupted))),
        // What else comes after a write leaves open whether it was done.
        (READ, &[502, 503, 504], ANY, true, Some((Server, Refused, Interrupted))),
        (WRITES, &[502, 503, 504], ANY, true, Some((Server, Unknown, Interrupted))),
        (READ, &[500, 501, 505, 599], ANY, true, Some((Server, Refused, Fault))),
        (WRITES, &[500, 501, 505, 599], ANY, true, Some((Server, Unknown, Fault))),
        (READ, &[0, 100, 103, 199, 300, 303, 399, 600, 999], ANY, true, Some((Server, Refused, Final))),
        (WRITES, &[0, 100, 103, 199, 300, 303, 399, 600, 999], ANY, true, Some((Server, Unknown, Final))),
        // The service's own words, as all that a 4xx or a 500 says.
        (
            READ,
            &[400, 403, 404, 500],
            &[GONE, "\u{feff}Page not found.\r\n", "\"Material not found\""],
            true,
            Some((NotFound, Refused, Final)),
        ),
        (
            READ,
            &[400, 500],
            &["{\"error\": true, \"message\": \"block NOT found\"}"],
            true,
            Some((NotFound, Refused, Final)),
        ),
        (WRITES, &[400], &[GONE], true, Some((NotFound, Refused, Final))),
        (WRITES, &[500], &[GONE], true, Some((NotFound, Unknown, Final))),
        (
            READ,
            &[502, 503, 504, 408],
            &[GONE, "upstream host not found", "Page not found."],
            true,
            Some((Server, Refused, Interrupted)),
        ),
        (
            READ,
            &[500],
            &["upstream host not found", "Style not found\n  at X", "no Style not found", "not found"],
            true,
            Some((Server, Refused, Fault)),
        ),
        (READ, &[501, 599], &[GONE], true, Some((Server, Refused, Fault))),
        (
            READ,
            &[400],
            &["upstream host not found", "{\"title\": \"Style not found\", \"errors\": {}}"],
            true,
            Some((Validation, Refused, Final)),
        ),
        (READ, &[401], &[GONE], true, Some((Auth, Refused, TokenRejected))),
    ]
}

#[test]
fn what_an_answer_is_taken_for() {
    for (operations, statuses, bodies, whole, expected) in table() {
        for id in operations {
            for status in statuses {
                for body in bodies {
                    let verdict = judge(id, *status, body, whole).err();
                    let verdict = verdict.map(|error| (error.kind(), error.outcome(), error.failure()));
                    assert_eq!(verdict, expected, "{id} {status} {body:?}, whole: {whole}");
                }
            }
        }
    }
}

#[test]
fn a_page_after_a_write_is_named() {
    let error = judge("style.create", 200, PAGE, true).unwrap_err();
    assert!(error.message().contains(r#"an HTML page ("Maintenance")"#), "{error}");
    assert!(!error.retryable() && error.body_excerpt().is_some());
}

#[test]
fn a_404_says_who_may_have_written_it() {
    let text = |id: &str, body: &str| judge(id, 404, body, true).unwrap_err().message().to_owned();
    assert!(text("style.get", "").contains("is the company domain \"acme\" right?"));
    let by_hand = "404 with an empty body: are the path and the company domain \"acme\" right?";
    assert_eq!(text("raw.get", ""), by_hand);
    // That host has the company elsewhere.
    assert_eq!(text("automation.autonumber_list", ""), "there is nothing at this address");
    for id in ["style.get", "automation.autonumber_list"] {
        assert!(
            text(id, PAGE).contains("an HTML page (\"Maintenance\"), which a proxy or a gateway may have")
        );
        assert_eq!(text(id, "{}"), "there is nothing at this address");
        assert_eq!(text(id, GONE), GONE);
    }
}

#[test]
fn a_401_has_one_wording() {
    let text = |body: &str| judge("style.get", 401, body, true).unwrap_err().message().to_owned();
    assert_eq!(text(""), NOT_ACCEPTED);
    assert_eq!(text(PAGE), NOT_ACCEPTED);
    assert_eq!(text(r#"{"message": "Expired"}"#), format!("{NOT_ACCEPTED} (Expired)"));
}

#[test]
fn what_a_storage_says_is_about_the_link() {
    use ErrorKind::{Conflict, NotFound, Permission, RateLimited, Server as Fault, Validation};
    const QUOTED: &str = "<?xml version=\"1.0\"?><Error><Code>AuthenticationFailed</Code><Message>sig=secret</Message></Error>";
    let error = |server, status, body: &str| {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let reply = Reply { status, headers: HeaderMap::new(), body, extent: Extent::Whole, stream: None };
        classify().judge(reply, Operation::find("raw.download").unwrap(), server).unwrap_err()
    };
    for (status, kind, failure, says) in [
        (401, Permission, Failure::Final, "refuses the link"),
        (403, Permission, Failure::Final, "read the record again for a new one"),
        (404, NotFound, Failure::Final, "there is no file behind the link"),
        (410, NotFound, Failure::Final, "there is no file behind the link"),
        (400, Validation, Failure::Final, "the storage answered with status 400"),
        (409, Conflict, Failure::Final, "the storage answered with status 409"),
        (416, Validation, Failure::Final, "the storage answered with status 416"),
        (429, RateLimited, Failure::Throttled, "the storage takes no more requests"),
        (302, Fault, Failure::Final, "the storage redirects"),
        (500, Fault, Failure::Fault, "the storage failed with status 500"),
        (503, Fault, Failure::Interrupted, "the storage failed with status 503"),
    ] {
        for body in ["", "AuthenticationFailed", QUOTED, PAGE, "link sig=secret", r#"{"window": "1 day"}"#] {
            let error = error(Server::Storage, status, body);
            assert_eq!((error.kind(), error.failure()), (kind, failure), "{status} {body}");
            assert_eq!(error.outcome(), Outcome::Refused);
            assert!(error.message().contains(says), "{error}");
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
            let named = body.contains("AuthenticationFailed");
            assert_eq!(error.code(), named.then_some("AuthenticationFailed"));
            assert_eq!(error.message().contains("(AuthenticationFailed)"), named, "{error}");
            assert!(!["company", "token", "service"].iter().any(|word| error.message().contains(word)));
        }
    }
    let source = error(Server::Source, 401, "");
    assert_eq!(source.message(), "the server of the file refuses access to it");
    assert_eq!(error(Server::Source, 404, GONE).message(), "there is no file at this address");
}

#[test]
fn a_limit_of_the_day_is_no_missing_permission() {
    let kind = |body: &str| judge("style.get", 403, body, true).unwrap_err().kind();
    assert_eq!(kind("Daily limit of requests reached"), ErrorKind::QuotaExceeded);
    assert_eq!(kind("The share link is past its limit of 30 days"), ErrorKind::Permission);
    assert_eq!(kind("Your API access ends a day after the trial"), ErrorKind::Permission);
}

#[test]
fn bodies_of_429_in_odd_forms() {
    let wait = |body: &str| judge("style.get", 429, body, true).unwrap_err().retry_after();
    assert_eq!(wait("\u{feff}{\"retryAfterSeconds\": 4}"), Some(Duration::from_secs(4)));
    assert_eq!(
        wait(r#"{"retryAfterSeconds": 9, "RetryAfterSeconds": 4, "retryAfterSeconds": 5}"#),
        Some(Duration::from_secs(5))
    );
    assert_eq!(wait(r#"{"retryAfterSeconds": 1e400}"#), None);
    for odd in ["-1", "0", "null", "[]", "\"4\"", "1e308"] {
        assert_eq!(wait(&format!(r#"{{"retryAfterSeconds": {odd}}}"#)), None, "{odd}");
    }
    let error = judge("style.get", 429, r#"{"window": "1 day", "limit": 5}"#, true).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QuotaExceeded);
}

#[test]
fn waits_in_seconds_and_as_dates() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    let longest = Duration::from_secs_f64(LONGEST_SECONDS);
    let wait = |texts: &[&str]| {
        let mut headers = HeaderMap::new();
        for text in texts {
            headers.append(RETRY_AFTER, text.parse().unwrap());
        }
        retry_after(&headers, now)
    };
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(wait(&[]), None);
    assert_eq!(wait(&["21"]), seconds(21));
    assert_eq!(wait(&[" 0 "]), seconds(0));
    assert_eq!(wait(&["1.5"]), Some(Duration::from_millis(1500)));
    assert_eq!(wait(&["Sun, 06 Nov 1994 08:49:47 GMT"]), seconds(10));
    assert_eq!(wait(&["Sun, 06 Nov 1994 08:49:07 GMT"]), seconds(0));
    assert_eq!(wait(&["Fri, 31 Dec 9999 23:59:59 GMT"]), Some(longest));
    // Several: the longest that can be read.
    assert_eq!(wait(&["", "5", "20", "soon"]), seconds(20));
    assert_eq!(wait(&["5, 20"]), seconds(20));
    let digits = "9".repeat(64 * 1024);
    for huge in ["99999999999999999999", &digits] {
        assert_eq!(wait(&[huge]), Some(longest), "{huge:.30}");
    }
    for odd in ["", " ", "-5", "+5", "1e3", "inf", "NaN", "1.2.3", ".5", "soon", "5 s", ","] {
        assert_eq!(wait(&[odd]), None, "{odd}");
    }
}

#[test]
fn a_page_that_is_not_found_says_what_that_may_mean() {
    let says = |id: &str, status: u16, body: &str| {
        let error = judge(id, status, body, true).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{id} {body}");
        error.message().to_owned()
    };
    let first = "Page not found: app_id is not an application of this record";
    let list = "; style.app_list lists applications with their types";
    assert_eq!(says("style.app_get", 400, "Page not found."), format!("{first}{list}"));
    assert_eq!(
        says("style.app_reset", 500, "\"Page not found\""),
        format!("{first}, or nothing was ever written to its page{list}")
    );
    let failed = r#"{"error": true, "message": "Page not found."}"#;
    assert_eq!(
        says("style.app_list_update", 200, failed),
        format!("{first}, or it is of another type than List{list}")
    );
    assert_eq!(says("style.get", 400, "Page not found."), "Page not found.");
    assert_eq!(says("style.app_get", 400, "Style not found"), "Style not found");
}
