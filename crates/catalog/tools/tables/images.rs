//! Container images and the registries that hold them.

use std::fmt::Write as _;

use super::read::{Files, Result, Row, pick, text, version};
use super::sources::Sources;

pub(super) fn images(
    files: &Files,
    sources: &Sources,
    regions: &[String],
    out: &mut String,
) -> Result<()> {
    let mut tables: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for row in files.rows("registries.csv")? {
        let (table, region, account) = (
            text(&row, "table")?,
            text(&row, "region")?,
            text(&row, "account")?,
        );
        if !regions.iter().any(|r| r == region)
            || account.len() != 12
            || !account.bytes().all(|b| b.is_ascii_digit())
        {
            return Err(format!("{}: not a region and a 12-digit account", row["#"]));
        }
        sources.id(&row, "source")?;
        let entry = (region.to_owned(), account.to_owned());
        match tables.iter_mut().find(|(name, _)| name == table) {
            Some((_, accounts)) => accounts.push(entry),
            None => tables.push((table.to_owned(), vec![entry])),
        }
    }
    let _ = writeln!(
        out,
        "pub(crate) static REGISTRIES: [(&str, &[(&str, &str)]); {}] = [",
        tables.len()
    );
    for (table, accounts) in &tables {
        let _ = writeln!(out, "    ({table:?}, &{accounts:?}),");
    }
    out.push_str("];\n");
    let known = |row: &Row| {
        let table = text(row, "table")?;
        if tables.iter().any(|(name, _)| name == table) {
            Ok(())
        } else {
            Err(format!("{}: no table {table:?}", row["#"]))
        }
    };
    let neuron: Vec<String> = files
        .rows("neuron-regions.csv")?
        .into_iter()
        .map(|row| sources.id(&row, "source").map(|_| row["region"].clone()))
        .collect::<Result<_>>()?;
    let _ = writeln!(
        out,
        "pub(crate) static NEURON_REGIONS: [&str; {}] = {neuron:?};",
        neuron.len()
    );
    let rows = files.rows("images.csv")?;
    let _ = writeln!(
        out,
        "pub(crate) static IMAGES: [FrameworkImage; {}] = [",
        rows.len()
    );
    for row in &rows {
        known(row)?;
        sources.id(row, "source")?;
        let end = text(row, "end_of_patch")?;
        let _ = writeln!(
            out,
            "    FrameworkImage {{ framework: {:?}, version: {:?}, device: Device::{}, table: {:?}, repository: {:?}, tag: {:?}, cuda: {}, end_of_patch: {:?} }},",
            text(row, "framework")?,
            text(row, "version")?,
            pick(
                row,
                "device",
                &[
                    ("gpu", "Gpu"),
                    ("cpu", "Cpu"),
                    ("neuron", "Neuron"),
                    ("any", "Any")
                ]
            )?,
            text(row, "table")?,
            text(row, "repository")?,
            text(row, "tag")?,
            version(row, "cuda")?,
            (!end.is_empty()).then_some(end),
        );
    }
    let rows = files.rows("algorithms.csv")?;
    let _ = writeln!(
        out,
        "];\npub(crate) static ALGORITHMS: [Algorithm; {}] = [",
        rows.len()
    );
    for row in &rows {
        known(row)?;
        sources.id(row, "source")?;
        let _ = writeln!(
            out,
            "    Algorithm {{ name: {:?}, version: {:?}, table: {:?}, repository: {:?}, tag: {:?} }},",
            text(row, "name")?,
            text(row, "version")?,
            text(row, "table")?,
            text(row, "repository")?,
            text(row, "tag")?
        );
    }
    out.push_str("];\n");
    Ok(())
}
