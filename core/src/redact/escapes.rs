//! A text as it reads once its escapes are undone: those of JSON, of forms and of HTML.
//!
//! A server that sends a secret back may escape it, each character in the way it likes. So secrets are looked for in the
//! text and in all that it reads as, and each letter knows the place that it comes from.

use std::ops::Range;

/// A text with its escapes undone, and where each of its bytes comes from.
pub(super) struct View {
    text: Vec<u8>,
    /// Place of each byte in the original text.
    places: Vec<Range<u32>>,
}

/// What a kind of escapes reads at the beginning of a text: the length of an escape, and what it means.
type Read = fn(&[u8]) -> Option<(usize, Letter)>;

/// What an escape means, in UTF-8, or a single byte of it.
struct Letter {
    bytes: [u8; 4],
    length: usize,
}

/// How many layers of escapes are undone: a form in a JSON text that is a member of another, say.
const LAYERS: usize = 3;

/// How many readings of a text are looked at; those with the fewest layers come first.
const MOST_VIEWS: usize = 32;

const KINDS: [Read; 4] = [json, percent, plus, html];

impl View {
    fn of(text: &[u8]) -> Self {
        let places = (0..u32::try_from(text.len()).unwrap_or(u32::MAX)).map(|at| at..at + 1).collect();
        Self { text: text.to_owned(), places }
    }

    /// All that a text reads as, itself first.
    pub(super) fn all(text: &str) -> Vec<Self> {
        let mut views = vec![Self::of(text.as_bytes())];
        let mut layer = 0..1;
        for _ in 0..LAYERS {
            for index in layer.clone() {
                for read in KINDS {
                    let Some(view) = views[index].undone(read) else { continue };
                    // Two ways lead to the same text where its escapes do not touch each other.
                    if views.len() < MOST_VIEWS && views.iter().all(|known| known.text != view.text) {
                        views.push(view);
                    }
                }
            }
            layer = layer.end..views.len();
        }
        views
    }

    /// Without the escapes of one kind. None where there are none.
    fn undone(&self, read: Read) -> Option<Self> {
        let mut view = Self { text: Vec::new(), places: Vec::new() };
        let mut at = 0;
        let mut found = false;
        while at < self.text.len() {
            if let Some((length, letter)) = read(&self.text[at..]) {
                let place = self.place(at..at + length);
                for byte in &letter.bytes[..letter.length] {
                    view.text.push(*byte);
                    view.places.push(place.clone());
                }
                at += length;
                found = true;
            } else {
                view.text.push(self.text[at]);
                view.places.push(self.places[at].clone());
                at += 1;
            }
        }
        found.then_some(view)
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Where a part comes from. It is not empty.
    pub(super) fn place(&self, part: Range<usize>) -> Range<u32> {
        self.places[part.start].start..self.places[part.end - 1].end
    }
}

impl Letter {
    fn byte(byte: u8) -> Self {
        Self { bytes: [byte, 0, 0, 0], length: 1 }
    }

    fn of(code: u32) -> Option<Self> {
        let mut bytes = [0; 4];
        let length = char::from_u32(code)?.encode_utf8(&mut bytes).len();
        Some(Self { bytes, length })
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| Some(number * 16 + char::from(*digit).to_digit(16)?))
}

/// `\u002B`, `\/`, `\"`.
fn json(text: &[u8]) -> Option<(usize, Letter)> {
    let (b'\\', rest) = text.split_first()? else { return None };
    let short = |letter: u8| Some((2, Letter::byte(letter)));
    match rest.first()? {
        b'u' => {
            let unit = hex(rest.get(1..5)?)?;
            // Two halves of a letter.
            if (0xD800..0xDC00).contains(&unit)
                && let Some([b'\\', b'u', low @ ..]) = rest.get(5..11)
                && let Some(low) = hex(low).filter(|low| (0xDC00..0xE000).contains(low))
            {
                return Some((12, Letter::of(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))?));
            }
            Some((6, Letter::of(unit)?))
        }
        b'n' => short(b'\n'),
        b'r' => short(b'\r'),
        b't' => short(b'\t'),
        b'b' => short(8),
        b'f' => short(12),
        letter @ (b'"' | b'\\' | b'/' | b'\'') => short(*letter),
        _ => None,
    }
}

/// `%2B`.
fn percent(text: &[u8]) -> Option<(usize, Letter)> {
    let (b'%', rest) = text.split_first()? else { return None };
    Some((3, Letter::byte(u8::try_from(hex(rest.get(..2)?)?).ok()?)))
}

/// A blank, as forms have it, beside `%2B`.
fn plus(text: &[u8]) -> Option<(usize, Letter)> {
    match text.first()? {
        b'+' => Some((1, Letter::byte(b' '))),
        _ => percent(text),
    }
}

/// `&quot;`, `&#43;`, `&#x2b;`.
fn html(text: &[u8]) -> Option<(usize, Letter)> {
    let (b'&', rest) = text.split_first()? else { return None };
    let end = rest.iter().take(10).position(|letter| *letter == b';')?;
    let letter = match &rest[..end] {
        b"amp" => Letter::byte(b'&'),
        b"lt" => Letter::byte(b'<'),
        b"gt" => Letter::byte(b'>'),
        b"quot" => Letter::byte(b'"'),
        b"apos" => Letter::byte(b'\''),
        [b'#', b'x' | b'X', digits @ ..] if !digits.is_empty() => Letter::of(hex(digits)?)?,
        [b'#', digits @ ..] => Letter::of(std::str::from_utf8(digits).ok()?.parse().ok()?)?,
        _ => return None,
    };
    Some((end + 2, letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_that_are_undone() {
        for (given, read) in [
            (r"a\u002B\u002b\/\u0022\n", "a++/\"\n"),
            (r"\ud83d\ude00 \ud83d \x \u12", "\u{1F600} \\ud83d \\x \\u12"),
            ("a%2B%2f%C3%A9+%2 %zz", "a+/é+%2 %zz"),
            ("&amp;&quot;&#43;&#x2B;&#X2b; &nbsp; &;&", "&\"+++ &nbsp; &;&"),
        ] {
            let views = View::all(given);
            assert!(views.iter().any(|view| view.text() == read.as_bytes()), "{given}");
            for view in &views {
                // Every byte comes from somewhere, in order, and no place is left out.
                let ends: Vec<_> = view.places.iter().map(|place| place.end).collect();
                assert!(ends.is_sorted() && ends.last().copied() == Some(given.len() as u32), "{given}");
            }
        }
        assert_eq!(View::all("nothing to undo: 5 %, a & b, c:\\").len(), 1);
    }
}
