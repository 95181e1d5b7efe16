//! Numbers per lead of a forecast.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::read::{Files, Result, number, optional, text};
use super::sources::Sources;

const COLUMNS: usize = 10;

/// Lead and numbers.
type Rows = Vec<(f64, Vec<f64>)>;

pub(super) fn leads(files: &Files, sources: &Sources, out: &mut String) -> Result<()> {
    let mut tables: BTreeMap<String, (usize, Rows)> = BTreeMap::new();
    for row in &files.rows("forecast.csv")? {
        let source = sources.id(row, "source")?;
        let table = tables
            .entry(text(row, "table")?.to_owned())
            .or_insert((source, Vec::new()));
        let lead = number(row, "lead_h")?;
        if table.0 != source || table.1.last().is_some_and(|(last, _)| *last >= lead) {
            return Err(format!(
                "{}: another source, or leads not ascending",
                row["#"]
            ));
        }
        let numbers = (0..COLUMNS)
            .map(|column| Ok(optional(row, &format!("c{column}"))?.unwrap_or(0.0)))
            .collect::<Result<_>>()?;
        table.1.push((lead, numbers));
    }
    let _ = writeln!(
        out,
        "pub(crate) static LEAD_TABLES: [LeadTable; {}] = [",
        tables.len()
    );
    for (name, (source, rows)) in &tables {
        let rows: Vec<String> = rows
            .iter()
            .map(|(lead, numbers)| format!("({lead:?}, {numbers:?})"))
            .collect();
        let _ = writeln!(
            out,
            "    LeadTable {{ name: {name:?}, source: SourceId({source}), rows: &[{}] }},",
            rows.join(", ")
        );
    }
    out.push_str("];\n");
    Ok(())
}
