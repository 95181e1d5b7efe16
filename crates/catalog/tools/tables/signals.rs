//! Zones in the naming of the signal sources, and the factors of the fuels.

use std::fmt::Write as _;

use super::read::{Files, Result, number, text, yes};
use super::sources::Sources;

pub(super) fn zones(
    files: &Files,
    sources: &Sources,
    regions: &[String],
    out: &mut String,
) -> Result<()> {
    let rows = files.rows("signal-zones.csv")?;
    let _ = writeln!(
        out,
        "pub(crate) static SIGNAL_ZONES: [SignalZone; {}] = [",
        rows.len()
    );
    let mut seen = Vec::new();
    for row in &rows {
        let key = (text(row, "region")?, text(row, "signal_source")?);
        if !regions.iter().any(|r| r == key.0) {
            return Err(format!("{}: no region {:?}", row["#"], key.0));
        }
        if seen.contains(&key) {
            return Err(format!(
                "{}: region and signal source stand twice",
                row["#"]
            ));
        }
        seen.push(key);
        let zone = text(row, "zone")?;
        if zone.is_empty() {
            return Err(format!("{}: no zone", row["#"]));
        }
        let _ = writeln!(
            out,
            "    SignalZone {{ region: {:?}, signal_source: {:?}, zone: {zone:?}, source: SourceId({}) }},",
            key.0,
            key.1,
            sources.id(row, "source")?
        );
    }
    out.push_str("];\n");
    Ok(())
}

pub(super) fn factors(files: &Files, sources: &Sources, out: &mut String) -> Result<()> {
    let rows = files.rows("generation-factors.csv")?;
    let _ = writeln!(
        out,
        "pub(crate) static GENERATION_FACTORS: [GenerationFactor; {}] = [",
        rows.len()
    );
    for row in &rows {
        let (life_cycle, direct) = (number(row, "life_cycle")?, number(row, "direct")?);
        if direct < 0.0 || direct > life_cycle {
            return Err(format!("{}: not 0 <= direct <= life_cycle", row["#"]));
        }
        let _ = writeln!(
            out,
            "    GenerationFactor {{ code: {:?}, fuel: {:?}, life_cycle: {life_cycle:?}, direct: {direct:?}, renewable: {}, storage: {}, source: SourceId({}) }},",
            text(row, "code")?,
            text(row, "fuel")?,
            yes(row, "renewable")?,
            yes(row, "storage")?,
            sources.id(row, "source")?
        );
    }
    out.push_str("];\n");
    Ok(())
}

pub(super) fn gb_regions(files: &Files, sources: &Sources, out: &mut String) -> Result<()> {
    let rows = files.rows("gb-regions.csv")?;
    let _ = writeln!(
        out,
        "pub(crate) static GB_REGIONS: [(u8, &str); {}] = [",
        rows.len()
    );
    for row in &rows {
        sources.id(row, "source")?;
        let id: u8 = text(row, "id")?
            .parse()
            .map_err(|_| format!("{}: no number", row["#"]))?;
        let _ = writeln!(out, "    ({id}, {:?}),", text(row, "name")?);
    }
    out.push_str("];\n");
    Ok(())
}
