//! What an instance type costs in a region, and whether it is offered there.

use crate::SourceId;

/// Whether a type is offered in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// AWS's offerings or a price list name it.
    Offered,
    /// They do not.
    NotOffered,
    /// No list covers the region.
    Unknown,
}

/// An on-demand training price and the spot market beside it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// USD per instance and hour; `None` = offered, price unknown.
    pub on_demand_usd_h: Option<f64>,
    /// Whether SageMaker's uplift over EC2 was checked for this family.
    pub verified: bool,
    /// Source of the price.
    pub source: SourceId,
    /// The spot market, where one was seen.
    pub spot: Option<SpotMarket>,
}

/// A spot market as Spot Advisor shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpotMarket {
    /// Saving against on-demand in percent; may be negative.
    pub saving_percent: f64,
    /// Share of instances interrupted per month, middle of the band, in percent.
    pub interruption_percent: f64,
    /// Source of both.
    pub source: SourceId,
}
