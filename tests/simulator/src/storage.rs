//! The storage of files behind signed links. It knows no access tokens, and a link only as it was given.

use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use uuid::Uuid;

use crate::answers::{Answer, empty, plain};
use crate::faults::Action;
use crate::files::StoredFile;
use crate::state::Shared;

/// Answers a request to `/files/...`.
pub(crate) fn answer(
    shared: &Shared,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    rule: &Action,
) -> Answer {
    if headers.contains_key(header::AUTHORIZATION) || headers.contains_key("x-authorization") {
        return plain(StatusCode::BAD_REQUEST, "InvalidAuthenticationInfo".to_owned());
    }
    let id = uri.path().split('/').nth(2).and_then(|id| Uuid::parse_str(id).ok());
    let state = shared.state();
    match id.and_then(|id| state.files.get(&id)) {
        Some(file) if uri.query() != Some(&state.links(&shared.origin).signature(&file.link)) => {
            plain(StatusCode::FORBIDDEN, "AuthenticationFailed".to_owned())
        }
        Some(file) if method == Method::GET => {
            serve(file, headers, rule.ranges.unwrap_or(state.settings.ranges), rule.if_range != Some(false))
        }
        _ => empty(StatusCode::NOT_FOUND),
    }
}

fn serve(file: &StoredFile, headers: &HeaderMap, ranges: bool, if_range: bool) -> Answer {
    let tag = format!("\"{}\"", &file.digest[..16]);
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let unchanged = text(header::IF_RANGE).is_none_or(|wanted| wanted == tag || !if_range);
    let asked =
        text(header::RANGE).filter(|_| ranges && unchanged).and_then(|range| part(range, file.length));
    let (status, start, end) = match asked {
        None => (StatusCode::OK, 0, file.length),
        Some(Some((start, end))) => (StatusCode::PARTIAL_CONTENT, start, end),
        Some(None) => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
    };
    let mut answer = Answer::new(file.content.body(start, end));
    *answer.status_mut() = status;
    let mut add = |name, value: String| {
        answer.headers_mut().extend(HeaderValue::try_from(value).map(|value| (name, value)));
    };
    add(header::CONTENT_LENGTH, (end - start).to_string());
    add(header::CONTENT_TYPE, content_type(&file.link.name).to_owned());
    add(header::ETAG, tag);
    if ranges {
        add(header::ACCEPT_RANGES, "bytes".to_owned());
    }
    match status {
        StatusCode::PARTIAL_CONTENT => {
            add(header::CONTENT_RANGE, format!("bytes {start}-{}/{}", end - 1, file.length));
        }
        StatusCode::RANGE_NOT_SATISFIABLE => add(header::CONTENT_RANGE, format!("bytes */{}", file.length)),
        _ => {}
    }
    answer
}

/// Start and end of the one range that is asked for; `Some(None)` is one beyond the end. Several ranges, and what is
/// no range of bytes, are answered with the whole file.
fn part(range: &str, length: u64) -> Option<Option<(u64, u64)>> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    if first.is_empty() {
        let count: u64 = last.parse().ok()?;
        let start = length.saturating_sub(count);
        return Some((start < length).then_some((start, length)));
    }
    let start: u64 = first.parse().ok()?;
    let end = match last {
        "" => length,
        _ => last.parse::<u64>().ok()?.saturating_add(1).min(length),
    };
    Some((start < end).then_some((start, end)))
}

/// webp and ai come as any file.
fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).as_deref() {
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("pdf") => "application/pdf",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_bytes() {
        assert_eq!(part("bytes=2-4", 10), Some(Some((2, 5))));
        assert_eq!(part("bytes=8-", 10), Some(Some((8, 10))));
        assert_eq!(part("bytes=-3", 10), Some(Some((7, 10))));
        assert_eq!(part("bytes=5-99", 10), Some(Some((5, 10))));
        assert_eq!(part("bytes=10-", 10), Some(None));
        assert_eq!(part("bytes=-0", 10), Some(None));
        assert_eq!(part("bytes=1-2,4-5", 10), None);
        assert_eq!(part("rows=1-2", 10), None);
    }
}
