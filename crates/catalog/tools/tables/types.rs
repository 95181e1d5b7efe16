//! Accelerators and instance types.

use std::fmt::Write as _;

use super::model::{Widths, width};
use super::read::{Files, Result, Row, number, optional, pick, text, version, yes};
use super::sources::Sources;

pub(super) fn accelerators(files: &Files, sources: &Sources, out: &mut String) -> Result<Vec<Row>> {
    let rows = files.rows("accelerators.csv")?;
    let _ = writeln!(
        out,
        "pub(crate) static ACCELERATORS: [Accelerator; {}] = [",
        rows.len()
    );
    for row in &rows {
        let _ = writeln!(
            out,
            "    Accelerator {{ key: {:?}, name: {:?}, tdp_w: {:?}, fp32_tflops: {:?}, tf32_tflops: {:?}, bf16_tflops: {:?}, fp8_tflops: {:?}, needs_cuda: {}, document_rating: {:?}, source: SourceId({}) }},",
            text(row, "key")?,
            text(row, "name")?,
            number(row, "tdp_w")?,
            optional(row, "fp32_tflops")?,
            optional(row, "tf32_tflops")?,
            optional(row, "bf16_tflops")?,
            optional(row, "fp8_tflops")?,
            version(row, "needs_cuda")?,
            optional(row, "document_rating")?,
            sources.id(row, "source")?,
        );
    }
    out.push_str("];\n");
    Ok(rows)
}

/// How much more falls to a fraction of a host when it is shared out by accelerators
/// (the family's largest size) instead of by vCPUs.
pub(super) fn share(rows: &[Row], row: &Row, column: &str) -> Result<f64> {
    let own = number(row, "accelerator_count")?;
    if own == 0.0 {
        return Ok(1.0);
    }
    let mut largest = row;
    for other in rows.iter().filter(|r| r["family"] == row["family"]) {
        let size = |r: &Row| Ok::<_, String>((number(r, "accelerator_count")?, number(r, "vcpu")?));
        if size(other)? > size(largest)? {
            largest = other;
        }
    }
    let per_accelerator = number(largest, column)? / number(largest, "accelerator_count")?;
    Ok((per_accelerator * own / number(row, column)?).max(1.0))
}

pub(super) fn instance_types(
    files: &Files,
    sources: &Sources,
    widths: &Widths,
    accelerators: &[Row],
    out: &mut String,
) -> Result<Vec<String>> {
    let rows = files.rows("instance-types.csv")?;
    let embodied_own = width(widths, "embodied_own")?[0];
    let lifetime = width(widths, "embodied_lifetime")?[1];
    let _ = writeln!(
        out,
        "pub(crate) static INSTANCE_TYPES: [InstanceType; {}] = [",
        rows.len()
    );
    let mut names = Vec::new();
    for row in &rows {
        let family = text(row, "family")?;
        let generation = family
            .chars()
            .find(char::is_ascii_digit)
            .ok_or_else(|| format!("{}: family without a digit", row["#"]))?;
        let count = number(row, "accelerator_count")?;
        let key = text(row, "accelerator")?;
        let (accelerator, accelerator_share) = if key.is_empty() {
            ("None".to_owned(), 0.0)
        } else {
            let index = accelerators
                .iter()
                .position(|a| a["key"] == key)
                .ok_or_else(|| format!("{}: no accelerator {key:?}", row["#"]))?;
            let watts = number(row, "accelerator_power_fraction")?
                * number(&accelerators[index], "tdp_w")?
                * count;
            (
                format!("Some(&ACCELERATORS[{index}])"),
                watts / number(row, "training_w")?,
            )
        };
        if !(0.0..=1.0).contains(&accelerator_share) {
            return Err(format!(
                "{}: the accelerators draw {accelerator_share:.2} of the power",
                row["#"]
            ));
        }
        let confidence = text(row, "power_confidence")?;
        let [down, up] = match widths.get(&format!("power_{family}")) {
            Some(pair) => *pair,
            None => width(widths, &format!("power_{confidence}"))?,
        };
        let up = up.hypot(share(&rows, row, "training_w")?.ln());
        let (central, least, greatest) = (
            number(row, "embodied_kg")?,
            number(row, "embodied_kg_min")?,
            number(row, "embodied_kg_max")?,
        );
        if !(0.0 < least && least <= central && central <= greatest) {
            return Err(format!(
                "{}: embodied_kg_min <= embodied_kg <= embodied_kg_max does not hold",
                row["#"]
            ));
        }
        let embodied_down = (central / least).ln().hypot(embodied_own);
        let embodied_up = (greatest / central)
            .ln()
            .hypot(lifetime)
            .hypot(share(&rows, row, "embodied_kg")?.ln());
        let _ = writeln!(
            out,
            "    InstanceType {{ name: {:?}, family: {family:?}, generation: {generation}, kind: Kind::{}, accelerator: {accelerator}, accelerator_count: {count}, accelerator_memory_gib: {:?}, vcpu: {}, ram_gib: {:?}, network_gbps: {:?}, efa: {}, nvme_gb: {}, retired: {}, training_plan_only: {}, shape_source: SourceId({}), idle_w: {:?}, tenth_w: {:?}, half_w: {:?}, full_w: {:?}, train_w: {:?}, accelerator_share: {accelerator_share:?}, power_width: [{down:?}, {up:?}], power_confidence: Confidence::{}, power_source: SourceId({}), embodied_kg: [{central:?}, {least:?}, {greatest:?}], embodied_g_per_h: {:?}, embodied_width: [{embodied_down:?}, {embodied_up:?}], embodied_source: SourceId({}) }},",
            text(row, "type")?,
            pick(
                row,
                "kind",
                &[("cpu", "Cpu"), ("cuda", "Cuda"), ("neuron", "Neuron")]
            )?,
            optional(row, "accelerator_memory_gib")?.unwrap_or(0.0),
            number(row, "vcpu")?,
            number(row, "ram_gib")?,
            optional(row, "network_gbps")?.unwrap_or(0.0),
            yes(row, "efa")?,
            number(row, "nvme_gb")?,
            yes(row, "retired")?,
            yes(row, "training_plan_only")?,
            sources.id(row, "shape_source")?,
            number(row, "idle_w")?,
            number(row, "w_at_10")?,
            number(row, "w_at_50")?,
            number(row, "w_at_100")?,
            number(row, "training_w")?,
            pick(
                row,
                "power_confidence",
                &[("medium", "Medium"), ("low", "Low"), ("guess", "Guess")]
            )?,
            sources.id(row, "power_source")?,
            number(row, "embodied_g_per_h")?,
            sources.id(row, "embodied_source")?,
        );
        names.push(row["type"].clone());
    }
    out.push_str("];\n");
    Ok(names)
}

/// The types that hours are measured on where none is named; `*` is any other type of model.
pub(super) fn reference_types(
    files: &Files,
    sources: &Sources,
    types: &[String],
    out: &mut String,
) -> Result<()> {
    let rows = files.rows("reference-types.csv")?;
    let mut table: Vec<(&str, &str)> = Vec::new();
    for row in &rows {
        sources.id(row, "source")?;
        let (model, name) = (text(row, "model_type")?, text(row, "type")?);
        if !types.iter().any(|known| known == name) || table.iter().any(|(m, _)| *m == model) {
            return Err(format!(
                "{}: no such type, or a type of model that stands twice",
                row["#"]
            ));
        }
        table.push((model, name));
    }
    let Some((_, others)) = table.iter().find(|(model, _)| *model == "*") else {
        return Err("reference-types.csv: no row for every other type of model (*)".to_owned());
    };
    let _ = writeln!(
        out,
        "pub(crate) const REFERENCE_TYPE: &str = {others:?};\npub(crate) static REFERENCE_TYPES: [(&str, &str); {}] = [",
        table.len() - 1
    );
    for (model, name) in table.iter().filter(|(model, _)| *model != "*") {
        let _ = writeln!(out, "    ({model:?}, {name:?}),");
    }
    out.push_str("];\n");
    Ok(())
}
