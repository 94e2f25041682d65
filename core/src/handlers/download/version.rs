//! Whether two answers are about the same version of a file (RFC 9110, 8.8 and 13.1.5).

use std::time::Duration;

use ::http::header::{CONTENT_LENGTH, CONTENT_RANGE, DATE, ETAG, LAST_MODIFIED};
use ::http::{HeaderMap, HeaderValue};

/// What a storage says of the version of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    tag: Option<HeaderValue>,
    /// When it was last changed, if that was long enough ago that a later change has another time.
    changed: Option<HeaderValue>,
    /// Bytes of the whole file.
    length: u64,
}

impl Version {
    /// None where the answer does not say enough to prove anything.
    pub(super) fn of(headers: &HeaderMap, length: Option<u64>) -> Option<Self> {
        let of = |name| headers.get(name).cloned();
        let changed = of(LAST_MODIFIED).filter(|_| has_settled(headers));
        let version = Self { tag: of(ETAG), changed, length: length? };
        version.validator().is_some().then_some(version)
    }

    /// The value of `If-Range`.
    pub(super) fn validator(&self) -> Option<&HeaderValue> {
        self.strong().or(self.changed.as_ref())
    }

    /// An ETag that names every byte.
    fn strong(&self) -> Option<&HeaderValue> {
        self.tag.as_ref().filter(|tag| !tag.as_bytes().starts_with(b"W/"))
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        let named = match (self.strong(), other.strong()) {
            // An answer to `If-Range` may leave the time of the last change out.
            (Some(one), Some(two)) => one == two,
            (None, None) => self.tag == other.tag && self.changed == other.changed,
            _ => false,
        };
        named && self.length == other.length
    }
}

/// Whether the file is older than the answer by so much that the seconds of its time tell it from the next version.
fn has_settled(headers: &HeaderMap) -> bool {
    let time = |name| httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok();
    let age = time(DATE).zip(time(LAST_MODIFIED)).and_then(|(now, changed)| now.duration_since(changed).ok());
    age.is_some_and(|age| age >= Duration::from_secs(1))
}

/// Bytes of the body, as the head announces them.
pub(super) fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The part of a file that an answer brings.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) begin: u64,
    /// Bytes of the whole file, if they are known.
    pub(super) total: Option<u64>,
}

impl Range {
    /// None for what is no range of bytes: `bytes 3-6/7` is one, whose last number may be `*`.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(CONTENT_RANGE)?.to_str().ok()?;
        let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
        let (begin, end) = range.split_once('-')?;
        let (begin, end): (u64, u64) = (begin.parse().ok()?, end.parse().ok()?);
        let total = match total {
            "*" => None,
            total => Some(total.parse().ok()?),
        };
        (begin <= end && total.is_none_or(|total| end < total)).then_some(Self { begin, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(::http::HeaderName, &'static str)]) -> HeaderMap {
        all.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn ranges_are_read() {
        let range = |text| Range::of(&headers(&[(CONTENT_RANGE, text)]));
        assert_eq!(range("bytes 3-6/7"), Some(Range { begin: 3, total: Some(7) }));
        assert_eq!(range("bytes 3-6/*"), Some(Range { begin: 3, total: None }));
        for bad in ["", "bytes */7", "items 3-6/7", "bytes 3-6", "bytes 3-6/x", "bytes 6-3/7", "bytes 3-7/7"]
        {
            assert_eq!(range(bad), None, "{bad}");
        }
        assert_eq!(Range::of(&HeaderMap::new()), None);
    }

    #[test]
    fn a_version_is_proved_by_what_names_every_byte() {
        const TIME: &str = "Wed, 21 May 2025 02:15:00 GMT";
        const NOW: &str = "Wed, 21 May 2025 02:16:01 GMT";
        let version = |tag, time, length| {
            let tag = Some(tag).filter(|tag: &&str| !tag.is_empty()).map(|tag| (ETAG, tag));
            let time = Some(time).filter(|time: &&str| !time.is_empty()).map(|time| (LAST_MODIFIED, time));
            let now = [(DATE, NOW)];
            Version::of(&headers(&tag.into_iter().chain(time).chain(now).collect::<Vec<_>>()), length)
        };
        // Nothing that proves it.
        for (tag, time, length) in [
            ("", "", Some(7)),
            ("W/\"a\"", "", Some(7)),
            ("\"a\"", TIME, None),
            ("", NOW, Some(7)),
            ("", "soon", Some(7)),
        ] {
            assert_eq!(version(tag, time, length), None, "{tag} {time} {length:?}");
        }
        let of = |tag, time, length| version(tag, time, Some(length)).unwrap();
        assert_eq!(of("\"a\"", TIME, 7).validator().unwrap(), "\"a\"");
        assert_eq!(of("W/\"a\"", TIME, 7).validator().unwrap(), TIME);
        for (one, two, same) in [
            (of("\"a\"", TIME, 7), of("\"a\"", "", 7), true),
            (of("\"a\"", TIME, 7), of("\"b\"", TIME, 7), false),
            (of("\"a\"", TIME, 7), of("\"a\"", TIME, 8), false),
            (of("\"a\"", TIME, 7), of("", TIME, 7), false),
            (of("", TIME, 7), of("", TIME, 7), true),
            (of("W/\"a\"", TIME, 7), of("W/\"a\"", TIME, 7), true),
            (of("W/\"a\"", TIME, 7), of("W/\"b\"", TIME, 7), false),
            (of("", TIME, 7), of("", "Wed, 21 May 2025 02:16:00 GMT", 7), false),
        ] {
            assert_eq!((one.is(&two), two.is(&one)), (same, same), "{one:?} {two:?}");
        }
    }
}
