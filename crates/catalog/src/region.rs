//! An AWS region: its grid, its electricity, its law.

use crate::SourceId;

/// What `data_residency = "geography"` means: a set of regions under one law or
/// on one continent. `eu` is the member states only; the United Kingdom and
/// Switzerland stand apart.
pub type Geography = &'static str;

/// `aws`, `aws-cn` or `aws-us-gov`.
pub type Partition = &'static str;

/// One AWS region.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    /// `eu-north-1`.
    pub name: &'static str,
    /// `Europe (Stockholm)`.
    pub location: &'static str,
    /// ISO 3166 alpha-3.
    pub country: &'static str,
    /// What residency by geography means.
    pub geography: Geography,
    /// AWS partition.
    pub partition: Partition,
    /// Grid zone in Electricity Maps' naming.
    pub zone: &'static str,
    /// Annual average intensity in gCO2e/kWh: consumption, life-cycle, location-based.
    pub intensity_g_per_kwh: f64,
    /// Least of the annual values that the range is made from.
    pub intensity_low: f64,
    /// Greatest of the annual values that the range is made from.
    pub intensity_high: f64,
    /// Year of `intensity_g_per_kwh`.
    pub intensity_year: u16,
    /// Source of the intensity.
    pub intensity_source: SourceId,
    /// Renewable share of consumption in percent.
    pub renewable_percent: Option<f64>,
    /// Carbon-free share (renewable and nuclear) in percent.
    pub carbon_free_percent: Option<f64>,
    /// Power usage effectiveness of AWS's data centres there.
    pub pue: f64,
    /// Whether AWS published the PUE for this very region.
    pub pue_published: bool,
    /// Source of the PUE.
    pub pue_source: SourceId,
    /// USD per GB leaving the region for another one; `None` = unknown.
    pub egress_usd_per_gb: Option<f64>,
    /// Coefficient of variation of a 24 h and a 96 h mean around the annual mean.
    pub cv_24h: f64,
    /// See `cv_24h`.
    pub cv_96h: f64,
}
