//! Resources.

mod ml_training;
mod training_dashboard;
mod training_report;

pub(crate) use ml_training::MlTraining;
pub(crate) use ml_training::{
    figures, image, live_price, manifest, measured, placement, request, spec,
};
pub(crate) use training_dashboard::TrainingDashboard;
pub(crate) use training_report::TrainingReport;
