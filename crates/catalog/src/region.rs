//! An AWS region: its grid, its electricity, its law.

use crate::{Figure, SourceId};

/// How an intensity is attributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Attribution {
    /// The electricity of the grid that the region stands in.
    LocationBased,
    /// Contracts and certificates; only ever a user's own figure.
    MarketBased,
}

impl Attribution {
    /// `location-based` or `market-based`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LocationBased => "location-based",
            Self::MarketBased => "market-based",
        }
    }
}

/// How far the mean over a run strays from the year's mean, as half-widths in natural
/// logarithms for runs of 24 h and of 96 h.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variability {
    /// For a run of 24 h.
    pub h24: f64,
    /// For a run of 96 h.
    pub h96: f64,
    /// Where it comes from.
    pub source: SourceId,
}

/// One AWS region.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    /// `eu-north-1`.
    pub name: &'static str,
    /// `Europe (Stockholm)`.
    pub location: &'static str,
    /// ISO 3166 alpha-3.
    pub country: &'static str,
    /// What `data_residency = "geography"` means: regions under one law or on one
    /// continent. `eu` is the member states only; the United Kingdom and
    /// Switzerland stand apart.
    pub geography: &'static str,
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: &'static str,
    /// Grid zone in Electricity Maps' naming.
    pub zone: &'static str,
    /// Source of the zone.
    pub zone_source: SourceId,
    /// Annual average intensity in gCO2e/kWh: consumption, life-cycle. The range
    /// is the least and the greatest of the last years.
    pub intensity: Figure,
    /// Year of `intensity`.
    pub intensity_year: u16,
    /// Of the grid, unless the user says otherwise.
    pub attribution: Attribution,
    /// Renewable share of consumption in percent.
    pub renewable_percent: Option<f64>,
    /// Carbon-free share (renewable and nuclear) in percent.
    pub carbon_free_percent: Option<f64>,
    /// Power usage effectiveness of AWS's data centres there.
    pub pue: Figure,
    /// How far a run strays from the annual average.
    pub variability: Variability,
}

impl Region {
    /// Domain of the region's services: `amazonaws.com` or `amazonaws.com.cn`.
    #[must_use]
    pub fn dns_suffix(&self) -> &'static str {
        if self.partition == "aws-cn" {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        }
    }
}
