//! How an object is cut for a multipart copy, within S3's limits. Pure.
//!
//! Limits: S3 user guide, "Amazon S3 multipart upload limits" and "Uploading an object using multipart upload": 10,000
//! parts, 5 MiB to 5 GiB each but for the last, 5 GB in one CopyObject.

use std::ops::RangeInclusive;

/// What one CopyObject takes, in bytes.
pub(crate) const SINGLE_COPY_MAX: u64 = 5_000_000_000;
/// A usual part, in bytes; more for the few objects that would need too many.
const USUAL: u64 = 512 << 20;
const SMALLEST: u64 = 5 << 20;
const MOST_PARTS: u64 = 10_000;

/// One part: its number, from 1, and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) number: i32,
    pub(super) bytes: RangeInclusive<u64>,
}

impl Part {
    pub(super) fn size(&self) -> u64 {
        self.bytes.end() - self.bytes.start() + 1
    }
}

/// The parts of an object of `size` bytes where objects above `threshold` bytes are cut.
pub(super) fn parts(size: u64, threshold: u64) -> impl Iterator<Item = Part> {
    let part = USUAL
        .min(threshold)
        .max(SMALLEST)
        .max(size.div_ceil(MOST_PARTS));
    (1..)
        .zip(0..size.div_ceil(part))
        .map(move |(number, index)| Part {
            number,
            bytes: index * part..=((index + 1) * part).min(size) - 1,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;
    const TIB: u64 = 1 << 40;

    #[test]
    fn every_size_is_cut_within_the_limits_of_s3() {
        let sizes = [
            SINGLE_COPY_MAX + 1,
            6 * GIB,
            USUAL * MOST_PARTS,
            USUAL * MOST_PARTS + 1,
            5_000_000_000_000,
            5 * TIB,
            // The largest object that S3 has.
            50_000_000_000_000,
        ];
        for size in sizes {
            let mut next = 0;
            let mut count = 0;
            for (part, number) in parts(size, SINGLE_COPY_MAX).zip(1..) {
                assert_eq!((part.number, *part.bytes.start()), (number, next), "{size}");
                next = part.bytes.end() + 1;
                count += 1;
                assert!(part.size() <= 5 * GIB, "{size}: {part:?}");
                assert!(part.size() >= SMALLEST || next == size, "{size}: {part:?}");
            }
            assert_eq!(next, size);
            assert!(count <= MOST_PARTS, "{size}: {count} parts");
        }
        assert_eq!(parts(5_000_000_000_000, SINGLE_COPY_MAX).count(), 9_314);
    }
}
