//! One page of a list, as slices of the body that it came in.

use std::ops::Range;

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::answer::list::{self, List};
use crate::own::Meta;

/// One page of records.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Page {
    /// Its number, from 0.
    pub number: u64,
    /// Records of the whole list, where the service says it.
    pub total: Option<u64>,
    /// The body as it came from the service.
    pub raw: Bytes,
    /// How the page came about.
    pub meta: Meta,
    rows: Vec<Range<usize>>,
    /// Whether all rows of the body are among them.
    is_whole: bool,
}

impl Page {
    /// The rows of the list with these indexes.
    pub(super) fn new(
        number: u64,
        list: &List,
        kept: &[usize],
        total: Option<u64>,
        raw: Bytes,
        meta: Meta,
    ) -> Self {
        let is_whole = kept.len() == list.rows.len();
        let rows = kept.iter().map(|index| list.rows[*index].range.clone()).collect();
        Self { number, total, raw, meta, rows, is_whole }
    }

    /// Number of records. Those that an earlier page held are left out.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it holds no record. A page that is delivered does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Each record as JSON text, a slice of the body.
    pub fn records(&self) -> impl ExactSizeIterator<Item = Bytes> + '_ {
        self.rows.iter().map(|range| self.raw.slice(range.clone()))
    }

    /// The records as a JSON array: a slice of the body, unless records were left out.
    #[must_use]
    pub fn json(&self) -> Bytes {
        if self.is_whole {
            let rows = self.rows.first().zip(self.rows.last());
            return list::array(&self.raw, rows.map(|(first, last)| first.start..last.end));
        }
        let mut json =
            BytesMut::with_capacity(self.rows.iter().map(|range| range.len() + 1).sum::<usize>() + 2);
        json.put_u8(b'[');
        for (index, range) in self.rows.iter().enumerate() {
            if index > 0 {
                json.put_u8(b',');
            }
            json.put_slice(&self.raw[range.clone()]);
        }
        json.put_u8(b']');
        json.freeze()
    }
}
