//! Throughput and techniques.

use std::fmt::Write as _;

use super::read::{Files, Result, Row, pick, ranged, text};
use super::sources::Sources;

pub(super) const CLASSES: [(&str, &str); 3] =
    [("vision", "Vision"), ("nlp", "Nlp"), ("llm", "Llm")];
pub(super) const PRECISIONS: [(&str, &str); 4] = [
    ("amp", "Amp"),
    ("tf32", "Tf32"),
    ("fp32", "Fp32"),
    ("fp8", "Fp8"),
];
pub(super) const BASES: [(&str, &str); 6] = [
    ("reference", "Reference"),
    ("measured", "Measured"),
    ("proxy", "Proxy"),
    ("derived", "Derived"),
    ("weak", "Weak"),
    ("guess", "Guess"),
];

pub(super) fn throughput(
    files: &Files,
    sources: &Sources,
    accelerators: &[Row],
    out: &mut String,
) -> Result<()> {
    let rows = files.rows("throughput.csv")?;
    let _ = writeln!(
        out,
        "pub(crate) static THROUGHPUT: [Throughput; {}] = [",
        rows.len()
    );
    for row in &rows {
        let key = text(row, "accelerator")?;
        if !accelerators.iter().any(|a| a["key"] == key) {
            return Err(format!("{}: no accelerator {key:?}", row["#"]));
        }
        let basis = pick(row, "basis", &BASES)?;
        let source = text(row, "source")?;
        if (basis == "Guess") != (source == "guess") {
            return Err(format!(
                "{}: a basis that is a guess has the source guess, and no other has",
                row["#"]
            ));
        }
        let _ = writeln!(
            out,
            "    Throughput {{ accelerator: {key:?}, class: ModelClass::{}, precision: Precision::{}, relative: {}, basis: ThroughputBasis::{basis} }},",
            pick(row, "model_class", &CLASSES)?,
            pick(row, "precision", &PRECISIONS)?,
            ranged(row, "relative", sources.named(row, source)?)?,
        );
    }
    out.push_str("];\n");
    Ok(())
}

pub(super) fn techniques(files: &Files, sources: &Sources, out: &mut String) -> Result<()> {
    let rows = files.rows("techniques.csv")?;
    let _ = writeln!(
        out,
        "pub(crate) static TECHNIQUES: [Technique; {}] = [",
        rows.len()
    );
    let optional = |row: &Row, column: &str, kind: &str, legal: &[(&str, &str)]| {
        if text(row, column)? == "*" {
            Ok::<_, String>("None".to_owned())
        } else {
            Ok(format!("Some({kind}::{})", pick(row, column, legal)?))
        }
    };
    for row in &rows {
        let _ = writeln!(
            out,
            "    Technique {{ name: {:?}, class: {}, base: {}, time_factor: {} }},",
            text(row, "technique")?,
            optional(row, "model_class", "ModelClass", &CLASSES)?,
            optional(row, "base", "Precision", &PRECISIONS)?,
            ranged(row, "time_factor", sources.id(row, "source")?)?,
        );
    }
    out.push_str("];\n");
    Ok(())
}
