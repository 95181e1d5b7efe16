//! Prices and offers, one packed cell per type and region.

use std::fmt::Write as _;

use super::read::{Files, Result, Row, number, optional, pick, text, yes};
use super::sources::Sources;

/// The bands in which interruptions are told, ascending; the table that a cell's index leads into.
pub(super) fn bands(files: &Files, sources: &Sources, out: &mut String) -> Result<Vec<String>> {
    let rows = files.rows("interruption-bands.csv")?;
    let mut percents = Vec::new();
    for row in &rows {
        sources.id(row, "source")?;
        let percent = number(row, "percent")?;
        let ascending = percents.last().is_none_or(|last| *last < percent);
        if !(0.0..100.0).contains(&percent) || !ascending {
            return Err(format!("{}: not ascending from 0 to 100", row["#"]));
        }
        percents.push(percent);
    }
    let _ = writeln!(
        out,
        "pub(crate) const INTERRUPTION: [f64; {}] = {percents:?};",
        rows.len()
    );
    rows.iter()
        .map(|row| text(row, "band").map(str::to_owned))
        .collect()
}

pub(super) fn cells(
    files: &Files,
    sources: &Sources,
    regions: &[String],
    types: &[String],
    bands: &[String],
    out: &mut String,
) -> Result<()> {
    const ROW: u8 = 1;
    const VERIFIED: u8 = 2;
    const OFFERED: u8 = 4;
    const BASIS_SHIFT: u8 = 4;
    let none = sources
        .index
        .get("price-unknown")
        .copied()
        .ok_or("sources.csv: no price-unknown")?;
    let mut cells = vec![vec![(0_u32, 0_i8, 0_u8, none, 0_u8); regions.len()]; types.len()];
    let find = |row: &Row, names: &[String], column: &str| {
        let name = text(row, column)?;
        names
            .iter()
            .position(|n| n == name)
            .ok_or_else(|| format!("{}: no {column} {name:?}", row["#"]))
    };
    for row in files.rows("prices.csv")? {
        let cell = &mut cells[find(&row, types, "type")?][find(&row, regions, "region")?];
        if cell.4 & ROW != 0 {
            return Err(format!("{}: type and region stand twice", row["#"]));
        }
        let basis = pick(
            &row,
            "basis",
            &[
                ("unknown", "0"),
                ("published", "1"),
                ("ec2_uplift", "2"),
                ("regional_ratio", "3"),
            ],
        )?;
        let price = optional(&row, "usd_per_hour")?;
        if price.is_none() != (basis == "0") {
            return Err(format!(
                "{}: a price needs a basis, and only an unknown price has none",
                row["#"]
            ));
        }
        let micro = price.map_or(0.0, |usd| (usd * 1e6).round());
        if !(0.0..4.2e9).contains(&micro) || (price.is_some() && micro == 0.0) {
            return Err(format!("{}: price out of range", row["#"]));
        }
        cell.0 = micro as u32;
        let band = text(&row, "interruption_band")?;
        cell.2 = match bands.iter().position(|known| known == band) {
            None if band.is_empty() => 0,
            None => return Err(format!("{}: no band {band:?}", row["#"])),
            Some(index) => {
                u8::try_from(index + 1).map_err(|_| "interruption-bands.csv: too many")?
            }
        };
        if let Some(saving) = optional(&row, "spot_saving_percent")? {
            cell.1 = saving.round().clamp(-128.0, 127.0) as i8;
        } else if cell.2 > 0 {
            return Err(format!(
                "{}: an interruption band without a saving",
                row["#"]
            ));
        }
        cell.3 = sources.id(&row, "source")?;
        let basis: u8 = basis.parse().map_err(|_| "basis")?;
        cell.4 = ROW
            | basis << BASIS_SHIFT
            | if yes(&row, "uplift_verified")? {
                VERIFIED
            } else {
                0
            };
    }
    let offers = files.rows("offers.csv")?;
    let known: Vec<bool> = regions
        .iter()
        .map(|r| offers.first().is_some_and(|row| row.contains_key(r)))
        .collect();
    for row in &offers {
        sources.id(row, "source")?;
        let line = &mut cells[find(row, types, "type")?];
        for (cell, region) in line.iter_mut().zip(regions) {
            let letters = row.get(region).map_or("", String::as_str);
            if letters.chars().any(|l| !"MVS".contains(l)) {
                return Err(format!(
                    "{}: {region} = {letters:?}, legal: letters of MVS",
                    row["#"]
                ));
            }
            // Spot Advisor alone is no offer, nor beside a price list of another kind.
            if letters.contains('M') || letters == "V" {
                cell.4 |= OFFERED;
            }
        }
    }
    let _ = writeln!(
        out,
        "pub(crate) static OFFERS_KNOWN: [bool; REGION_COUNT] = {known:?};"
    );
    let _ = writeln!(
        out,
        "pub(crate) static CELLS: [[Cell; REGION_COUNT]; {}] = [",
        types.len()
    );
    for line in cells {
        out.push_str("    [");
        for (micro, saving, band, source, flags) in line {
            let _ = write!(out, "c({micro},{saving},{band},{source},{flags}),");
        }
        out.push_str("],\n");
    }
    out.push_str("];\n");
    Ok(())
}
