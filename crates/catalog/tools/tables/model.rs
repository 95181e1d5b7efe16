//! Dates, half-widths and constants of the model.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::read::{Files, Result, number, ranged};
use super::sources::Sources;

pub(super) fn catalog_facts(files: &Files, out: &mut String) -> Result<()> {
    for (name, rust) in [
        ("version", "VERSION"),
        ("methodology", "METHODOLOGY"),
        ("prices_as_of", "PRICES_AS_OF"),
    ] {
        let rows = files.rows("catalog.csv")?;
        let row = rows
            .iter()
            .find(|r| r["name"] == name)
            .ok_or_else(|| format!("catalog.csv: no {name}"))?;
        let _ = writeln!(out, "pub(crate) const {rust}: &str = {:?};", row["value"]);
    }
    Ok(())
}

pub(super) type Widths = HashMap<String, [f64; 2]>;

pub(super) fn half_widths(files: &Files, sources: &Sources, out: &mut String) -> Result<Widths> {
    let mut widths = Widths::new();
    for row in files.rows("half-widths.csv")? {
        sources.id(&row, "source")?;
        let pair = [number(&row, "down")?, number(&row, "up")?];
        if pair[0] < 0.0 || pair[1] < 0.0 {
            return Err(format!("{}: a half-width below 0", row["#"]));
        }
        widths.insert(row["name"].clone(), pair);
    }
    out.push_str("pub(crate) static HALF_WIDTHS: HalfWidths = HalfWidths {\n");
    for name in [
        "load_accelerator",
        "load_host",
        "price_verified",
        "price_inferred",
        "spot_saving_points",
    ] {
        let _ = writeln!(out, "    {name}: {:?},", width(&widths, name)?);
    }
    out.push_str("};\n");
    Ok(widths)
}

pub(super) fn width(widths: &Widths, name: &str) -> Result<[f64; 2]> {
    widths
        .get(name)
        .copied()
        .ok_or_else(|| format!("half-widths.csv: no {name}"))
}

pub(super) fn constants(files: &Files, sources: &Sources, out: &mut String) -> Result<()> {
    let rows = files.rows("constants.csv")?;
    out.push_str("pub(crate) const CONSTANTS: Constants = Constants {\n");
    for row in &rows {
        let _ = writeln!(
            out,
            "    {}: {},",
            row["name"],
            ranged(row, "value", sources.id(row, "source")?)?
        );
    }
    let _ = writeln!(
        out,
        "}};\npub(crate) static MEANINGS: [Meaning; {}] = [",
        rows.len()
    );
    for row in &rows {
        let _ = writeln!(
            out,
            "    Meaning {{ name: {:?}, unit: {:?}, what: {:?} }},",
            row["name"], row["unit"], row["what"]
        );
    }
    out.push_str("];\n");
    Ok(())
}
