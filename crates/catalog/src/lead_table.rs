//! Numbers that depend on how far ahead a forecast looks.

use crate::SourceId;
use crate::generated::LEAD_TABLES;

/// Columns of a row; a table uses the first few.
pub(crate) const COLUMNS: usize = 10;

/// A table of `data/forecast.csv`: one row per lead, in between they are interpolated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeadTable {
    /// `lags`, `lags_profile`, `blend`, `range_lags`, `range_blend`; `assumed_fade` and `assumed_spread` have one row.
    pub name: &'static str,
    /// Where it comes from.
    pub source: SourceId,
    /// Leads in h, ascending, each with its numbers.
    pub(crate) rows: &'static [(f64, [f64; COLUMNS])],
}

impl LeadTable {
    /// The table of this name, from `data/forecast.csv`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        LEAD_TABLES.iter().find(|table| table.name == name)
    }

    /// The numbers at a lead in h; before the first row and after the last one they stay as they are there.
    #[must_use]
    pub fn at(&self, lead: f64) -> [f64; COLUMNS] {
        let after = self.rows.partition_point(|(row, _)| *row <= lead);
        match (
            after.checked_sub(1).map(|i| self.rows[i]),
            self.rows.get(after).copied(),
        ) {
            (Some((from, low)), Some((to, high))) => {
                let share = (lead - from) / (to - from);
                std::array::from_fn(|i| low[i] + share * (high[i] - low[i]))
            }
            (Some((_, only)), None) | (None, Some((_, only))) => only,
            (None, None) => [0.0; COLUMNS],
        }
    }
}
