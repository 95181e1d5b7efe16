//! Regions with their grid, and what leaving them costs.

use std::fmt::Write as _;

use super::model::{Widths, width};
use super::read::{Files, Result, figure, number, optional, pick, text};
use super::sources::Sources;

pub(super) fn regions(
    files: &Files,
    sources: &Sources,
    widths: &Widths,
    out: &mut String,
) -> Result<Vec<String>> {
    let rows = files.rows("regions.csv")?;
    let annual = files.rows("electricity-maps/annual.csv")?;
    let variability = files.rows("variability.csv")?;
    let [least, _] = width(widths, "intensity_least")?;
    let mut names = Vec::new();
    let _ = writeln!(
        out,
        "pub(crate) const REGION_COUNT: usize = {};",
        rows.len()
    );
    out.push_str("pub(crate) static REGIONS: [Region; REGION_COUNT] = [\n");
    for row in &rows {
        let name = text(row, "region")?;
        let zone = text(row, "zone")?;
        let grid = annual
            .iter()
            .find(|r| r["region"] == name)
            .ok_or_else(|| format!("electricity-maps/annual.csv: no region {name}"))?;
        if grid["zone"] != zone {
            return Err(format!(
                "{}: zone {} but regions.csv says {zone}",
                grid["#"], grid["zone"]
            ));
        }
        let value = number(grid, "avg_2025")?;
        let mut seen = vec![number(grid, "avg_2023")?, number(grid, "avg_2024")?, value];
        seen.extend(optional(grid, "consumption_2023_gsf")?);
        let low = seen.iter().copied().fold(value * (-least).exp(), f64::min);
        let high = seen.iter().copied().fold(value * least.exp(), f64::max);
        let intensity = figure(value, low, high, sources.id(grid, "source")?);

        let pue = number(row, "pue")?;
        let [low, high] = if row["pue_source"] == "aws-pue-2025" {
            let [down, up] = width(widths, "pue_published")?;
            [(pue * (-down).exp()).max(1.0), pue * up.exp()]
        } else {
            width(widths, "pue_unpublished")?
        };
        let pue = figure(
            pue,
            low.min(pue),
            high.max(pue),
            sources.id(row, "pue_source")?,
        );

        let spread = variability
            .iter()
            .find(|r| r["zone"] == zone)
            .or_else(|| variability.iter().find(|r| r["zone"] == "*"))
            .ok_or("variability.csv: no row for every other zone (*)")?;
        let _ = writeln!(
            out,
            "    Region {{ name: {name:?}, location: {:?}, country: {:?}, geography: {:?}, partition: {:?}, zone: {zone:?}, zone_source: SourceId({}), intensity: {intensity}, intensity_year: 2025, attribution: Attribution::LocationBased, renewable_percent: {:?}, carbon_free_percent: {:?}, pue: {pue}, variability: Variability {{ h24: {:?}, h96: {:?}, source: SourceId({}) }} }},",
            text(row, "location")?,
            text(row, "country")?,
            text(row, "geography")?,
            pick(
                row,
                "partition",
                &[
                    ("aws", "aws"),
                    ("aws-cn", "aws-cn"),
                    ("aws-us-gov", "aws-us-gov")
                ]
            )?,
            sources.id(row, "zone_source")?,
            optional(grid, "renewable_percent_2025")?,
            optional(grid, "carbon_free_percent_2025")?,
            number(spread, "h24")?,
            number(spread, "h96")?,
            sources.id(spread, "source")?,
        );
        names.push(name.to_owned());
    }
    out.push_str("];\n");
    if annual.len() != rows.len() {
        return Err("electricity-maps/annual.csv: not one row per region".to_owned());
    }
    Ok(names)
}

pub(super) fn transfer(
    files: &Files,
    sources: &Sources,
    regions: &[String],
    out: &mut String,
) -> Result<()> {
    let rows = files.rows("transfer.csv")?;
    let _ = writeln!(
        out,
        "pub(crate) static TRANSFER: [(&str, &str, f64); {}] = [",
        rows.len()
    );
    for row in &rows {
        sources.id(row, "source")?;
        for column in ["from", "to"] {
            let name = text(row, column)?;
            if name != "*" && !regions.iter().any(|r| r == name) {
                return Err(format!("{}: no region {name:?}", row["#"]));
            }
        }
        let _ = writeln!(
            out,
            "    ({:?}, {:?}, {:?}),",
            row["from"],
            row["to"],
            number(row, "usd_per_gb")?
        );
    }
    out.push_str("];\n");
    Ok(())
}
