//! What an instance type costs in a region, and whether it is offered there.

use crate::SourceId;
use crate::generated::INTERRUPTION;

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

/// How a price is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Basis {
    /// A SageMaker price that was published.
    Published,
    /// The EC2 price of the region times the family's uplift.
    Ec2Uplift,
    /// The price in us-east-1 times the region's ratio.
    RegionalRatio,
    /// The user's own figure.
    Own,
    /// Offered, price unknown.
    Unknown,
}

/// An on-demand training price and the spot market beside it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// USD per instance and hour; `None` = price unknown.
    pub on_demand_usd_h: Option<f64>,
    /// How it is known.
    pub basis: Basis,
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
}

/// One cell of the price table, packed: there are 5,510 of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cell {
    /// Millionths of a USD per hour; 0 = unknown.
    pub(crate) micro_usd: u32,
    pub(crate) spot_saving: i8,
    /// 0 = no market, else an index into [`INTERRUPTION`] plus one.
    pub(crate) band: u8,
    pub(crate) source: SourceId,
    pub(crate) flags: u8,
}

/// The price row exists.
pub(crate) const ROW: u8 = 1;
/// The uplift was checked.
pub(crate) const VERIFIED: u8 = 2;
/// The type is offered.
pub(crate) const OFFERED: u8 = 4;
/// Two bits: the basis.
pub(crate) const BASIS_SHIFT: u8 = 4;

/// The greatest interruption share that a market is shown with, in percent.
pub const WORST_INTERRUPTION_PERCENT: f64 = INTERRUPTION[INTERRUPTION.len() - 1];

impl Cell {
    pub(crate) fn price(&self) -> Option<Price> {
        if self.flags & ROW == 0 {
            return None;
        }
        let basis = match (self.source, (self.flags >> BASIS_SHIFT) & 3) {
            (SourceId::OVERRIDE, _) => Basis::Own,
            (_, 0) => Basis::Unknown,
            (_, 1) => Basis::Published,
            (_, 2) => Basis::Ec2Uplift,
            _ => Basis::RegionalRatio,
        };
        Some(Price {
            on_demand_usd_h: (self.micro_usd > 0).then(|| f64::from(self.micro_usd) / 1e6),
            basis,
            verified: self.flags & VERIFIED != 0,
            source: self.source,
            spot: (self.band > 0).then(|| SpotMarket {
                saving_percent: f64::from(self.spot_saving),
                interruption_percent: INTERRUPTION[usize::from(self.band - 1) % INTERRUPTION.len()],
            }),
        })
    }
}
