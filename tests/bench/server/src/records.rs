//! The styles of the list, written once.

use bytes::{Bytes, BytesMut};

/// A style of 3.1 kB. Each `@` is its number, of twelve hexadecimal digits.
const STYLE: &str = include_str!("header.json");

/// The number of the style with this id.
pub(crate) fn number(id: &str) -> Option<usize> {
    usize::from_str_radix(id.get(24..)?, 16).ok()
}

/// All styles, one behind the other with commas between them.
pub(crate) struct Records {
    text: Bytes,
    /// Where each begins, and behind the last one where the next would.
    starts: Vec<usize>,
}

impl Records {
    pub(crate) fn new(count: usize) -> Self {
        let style: serde_json::Value = serde_json::from_str(STYLE).unwrap_or_default();
        let style = style.to_string();
        let parts: Vec<&str> = style.split('@').collect();
        let mut text = BytesMut::new();
        let mut starts = vec![0];
        for number in 0..count {
            text.extend_from_slice(parts.join(&format!("{number:012x}")).as_bytes());
            text.extend_from_slice(b",");
            starts.push(text.len());
        }
        Records { text: text.freeze(), starts }
    }

    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The styles from `first` on, at most `count`, as they are between the brackets of an array.
    pub(crate) fn slice(&self, first: usize, count: usize) -> Bytes {
        let first = first.min(self.len());
        let end = first.saturating_add(count).min(self.len());
        match self.starts[first]..self.starts[end] {
            range if range.is_empty() => Bytes::new(),
            range => self.text.slice(range.start..range.end - 1),
        }
    }
}
