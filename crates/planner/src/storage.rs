//! How the data reach the container: the size of a file system, and the mode where the user gave none.

use std::borrow::Cow;

use catalog::{Catalog, Constants};

use crate::{InputMode, Request};

/// Capacity of a SCRATCH_2 file system that holds so many GB, in GiB: the least one, or a whole number of steps. A GB is
/// counted as a GiB, which leaves 7 % for what Lustre itself takes.
pub(crate) fn file_system_gib(c: &Constants, dataset_gb: f64) -> u32 {
    let (least, step) = (c.fsx_least_gib.value, c.fsx_step_gib.value);
    if dataset_gb <= least {
        return least as u32;
    }
    let steps = (dataset_gb / step).ceil().clamp(1.0, 1e6);
    (step * steps) as u32
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
            assert_eq!(file_system_gib(&Constants::EMBEDDED, gb), gib, "{gb}");
            assert!(f64::from(gib) * 1.073_741_824 > gb * 1.07, "{gb}");
        }
    }
}
