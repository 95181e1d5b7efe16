//! The formulas: what a run takes on a type in a region.
//!
//! Symbols as in the guide "How the decision is made": T hours of training, r share of
//! repeated work on spot, o start-up, H billed hours, D gigabytes.

mod figures;
mod inputs;
mod limits;
mod pace;

use std::rc::Rc;

use catalog::{Catalog, Figure, InstanceType, ModelClass, Region};

pub(crate) use figures::Figures;
pub(crate) use inputs::straying;
pub(crate) use pace::{NoPace, Pace, SCALING};

use crate::time::{Grid, Timing};
use crate::{Capacity, InputMode, ModelType, Request};

/// What the throughput table calls a model type.
pub(crate) fn class_of(model_type: ModelType) -> Option<ModelClass> {
    match model_type {
        ModelType::ComputerVision => Some(ModelClass::Vision),
        ModelType::NaturalLanguage => Some(ModelClass::Nlp),
        ModelType::GenerativeAi => Some(ModelClass::Llm),
        ModelType::TabularData | ModelType::ReinforcementLearning | ModelType::TimeSeries => None,
    }
}

/// Half-widths of a figure in natural logarithms.
pub(crate) fn widths(figure: Figure) -> [f64; 2] {
    let ln = |ratio: f64| {
        if ratio > 0.0 && ratio.is_finite() {
            ratio.ln().max(0.0)
        } else {
            0.0
        }
    };
    [
        ln(figure.value / figure.low),
        ln(figure.high / figure.value),
    ]
}

/// Everything about the request that does not depend on the candidate.
#[derive(Debug)]
pub(crate) struct Model<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) request: &'a Request,
    pub(crate) class: Option<ModelClass>,
    pub(crate) reference: usize,
    pub(crate) home: usize,
    pub(crate) instances: f64,
    /// `None`: the request knows no time.
    pub(crate) time: Option<Rc<Timing>>,
}

/// How the capacity is bought, with what spot needs to know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Buying {
    OnDemand,
    Spot {
        saving: f64,
        interruption_percent: f64,
    },
}

impl Buying {
    pub(crate) fn capacity(self) -> Capacity {
        match self {
            Self::OnDemand => Capacity::OnDemand,
            Self::Spot { .. } => Capacity::Spot,
        }
    }
}

impl<'a> Model<'a> {
    pub(crate) fn types(&self) -> &'a [InstanceType] {
        self.catalog.instance_types()
    }

    pub(crate) fn regions(&self) -> &'a [Region] {
        self.catalog.regions()
    }

    /// The grid of a region over time; `None` without time, or where none may be used.
    pub(crate) fn grid(&self, region: usize) -> Option<&Grid> {
        self.time.as_ref()?.grid(self.catalog, region).ok()
    }

    /// The intensity of a region without any time, in the signal's kind.
    pub(crate) fn level(&self, region: usize) -> f64 {
        self.grid(region)
            .map_or(self.regions()[region].intensity.value, |grid| grid.level)
    }

    /// Hours of downloading the dataset at the start of every attempt.
    pub(crate) fn download_h(&self, instance_type: &InstanceType) -> f64 {
        if self.request.input_mode != InputMode::File {
            return 0.0;
        }
        let constants = self.catalog.constants();
        let speed = if instance_type.has_nvme() {
            constants.nvme_gb_per_s
        } else {
            constants.ebs_gb_per_s
        };
        self.request.dataset_size_gb / (3600.0 * speed.value)
    }

    /// Whether the dataset would have to be moved to run in a region.
    pub(crate) fn is_remote(&self, region: usize) -> bool {
        region != self.home
            && !self
                .request
                .regional
                .get(self.regions()[region].name)
                .is_some_and(|r| r.dataset_s3_uri)
    }
}
