//! Resources.

mod ml_training;

pub(crate) use ml_training::MlTraining;
pub(crate) use ml_training::{figures, image, live_price, placement, request, spec};
