//! What a staged content was copied from: one small object beside the copies, written once they are complete.
//!
//! An entity tag of a copy says nothing of its source (parts and keys change it), so that a later content finds out
//! from here which objects are the same and need not come over the border again.

use std::io::{BufRead, BufReader, Cursor, Lines, Write};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;

use crate::s3::Listed;

/// A larger index is not kept: a change then copies everything. At some 40 bytes an object, over a million.
const LARGEST: usize = 64 << 20;

/// Written while the source is listed: one line an object, in the order of the keys.
pub(super) struct Writer(Option<GzEncoder<Vec<u8>>>);

impl Writer {
    pub(super) fn new() -> Self {
        Writer(Some(GzEncoder::new(Vec::new(), Compression::default())))
    }

    pub(super) fn add(&mut self, object: &Listed) {
        let key = serde_json::Value::from(object.key.as_str());
        if let Some(encoder) = &mut self.0 {
            let written = writeln!(encoder, "{} {} {key}", object.size, object.etag);
            if written.is_err() || encoder.get_ref().len() > LARGEST {
                self.0 = None;
            }
        }
    }

    /// The bytes; `None` when there are too many.
    pub(super) fn finish(self) -> Option<Vec<u8>> {
        self.0.and_then(|encoder| encoder.finish().ok())
    }
}

/// Lines of an index.
type Unpacked = Lines<BufReader<GzDecoder<Cursor<Vec<u8>>>>>;

/// Read along with a listing in the same order.
pub(super) struct Reader {
    lines: Option<Unpacked>,
    peeked: Option<Listed>,
}

impl Reader {
    pub(super) fn new(bytes: Option<Vec<u8>>) -> Self {
        let open = |bytes| BufReader::new(GzDecoder::new(Cursor::new(bytes))).lines();
        Reader {
            lines: bytes.map(open),
            peeked: None,
        }
    }

    /// The content of the index holds this very object. Keys have to be asked for in order.
    pub(super) fn has(&mut self, object: &Listed) -> bool {
        loop {
            if self.peeked.is_none() {
                self.peeked = self.next();
            }
            match &self.peeked {
                Some(known) if known.key < object.key => self.peeked = None,
                Some(known) => {
                    return known.key == object.key
                        && known.size == object.size
                        && known.etag == object.etag;
                }
                None => return false,
            }
        }
    }

    /// What cannot be read ends the index: the rest is copied from its source.
    fn next(&mut self) -> Option<Listed> {
        let line = self.lines.as_mut()?.next()?.ok();
        let read = line.as_deref().and_then(parse);
        if read.is_none() {
            self.lines = None;
        }
        read
    }
}

fn parse(line: &str) -> Option<Listed> {
    let mut fields = line.splitn(3, ' ');
    Some(Listed {
        size: fields.next()?.parse().ok()?,
        etag: fields.next()?.to_owned(),
        key: serde_json::from_str(fields.next()?).ok()?,
        modified: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(key: &str, size: u64, etag: &str) -> Listed {
        Listed {
            key: key.to_owned(),
            size,
            etag: etag.to_owned(),
            modified: 0,
        }
    }

    #[test]
    fn a_hundred_thousand_objects_are_found_again_in_few_bytes() {
        let object_of = |number: u32| {
            let key = format!(
                "data/shard-{:04}/part-{number:06}\nodd \"name\"",
                number / 100
            );
            object(&key, u64::from(number), &format!("{number:032x}"))
        };
        let mut writer = Writer::new();
        (0..100_000).for_each(|number| writer.add(&object_of(number)));
        let bytes = writer.finish().unwrap();
        assert!(bytes.len() < 4 << 20, "{} bytes", bytes.len());
        let mut reader = Reader::new(Some(bytes));
        for number in 0..100_000 {
            let mut asked = object_of(number);
            let changed = number % 7 == 0;
            if changed {
                asked.etag = "other".to_owned();
            }
            assert_eq!(reader.has(&asked), !changed, "{number}");
        }
        assert!(!reader.has(&object("later", 1, "a")));
    }

    #[test]
    fn what_is_no_index_holds_nothing() {
        let asked = object("data/a", 1, "a");
        assert!(!Reader::new(None).has(&asked));
        assert!(!Reader::new(Some(b"no index".to_vec())).has(&asked));
    }
}
