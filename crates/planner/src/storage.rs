//! How the data reach the container: the size of a file system, and the mode where the user gave none.

use std::borrow::Cow;

use catalog::Catalog;

use crate::{InputMode, Request};

/// Capacity of a SCRATCH_2 file system that holds so many GB, in GiB: 1200, 2400, then in steps of 2400 (FSx API
/// reference, CreateFileSystem). A GB is counted as a GiB, which leaves 7 % for what Lustre itself takes.
#[must_use]
pub fn file_system_gib(dataset_gb: f64) -> u32 {
    if dataset_gb <= 1200.0 {
        return 1200;
    }
    let steps = (dataset_gb / 2400.0).ceil().clamp(1.0, 1e6);
    2400 * steps as u32
}

/// The request with its input mode decided: what takes long to download first is streamed.
pub(crate) fn with_input_mode<'r>(catalog: &Catalog, request: &'r Request) -> Cow<'r, Request> {
    let large = request.dataset_size_gb > catalog.constants().file_mode_gb.value;
    if !request.input_mode_by_size || !large {
        return Cow::Borrowed(request);
    }
    Cow::Owned(Request {
        input_mode: InputMode::FastFile,
        ..request.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacities_are_legal_and_hold_the_data() {
        for (gb, gib) in [
            (0.0, 1200),
            (1200.0, 1200),
            (1200.1, 2400),
            (2400.0, 2400),
            (2401.0, 4800),
            (10_000.0, 12_000),
        ] {
            assert_eq!(file_system_gib(gb), gib, "{gb}");
            assert!(f64::from(gib) * 1.073_741_824 > gb * 1.07, "{gb}");
        }
    }
}
