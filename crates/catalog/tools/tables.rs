//! The generator: reads the data files, checks that they refer to each other soundly,
//! and writes constant Rust tables. It computes nothing that is not a range or a ratio
//! of figures in the files.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

type Row = HashMap<String, String>;
type Result<T> = std::result::Result<T, String>;

/// Generates the text of `src/generated.rs`.
pub(crate) fn generate(data: &Path) -> Result<String> {
    let files = Files { data };
    let mut out = String::from(
        "//! Generated from `data/*.csv` by `tools/generate.rs`; do not edit.\n\n\
         use crate::constants::{Constants, HalfWidths, Meaning};\n\
         use crate::images::{Algorithm, Device, FrameworkImage};\n\
         use crate::instance_type::{Accelerator, Confidence, InstanceType, Kind};\n\
         use crate::price::Cell;\n\
         use crate::region::{Attribution, Region, Variability};\n\
         use crate::throughput::{ModelClass, Precision, Technique, Throughput, ThroughputBasis};\n\
         use crate::{Figure, Source, SourceId};\n\n\
         const fn f(value: f64, low: f64, high: f64, source: u8) -> Figure { Figure { value, low, high, source: SourceId(source) } }\n\
         const fn c(micro_usd: u32, spot_saving: i8, band: u8, source: u8, flags: u8) -> Cell { Cell { micro_usd, spot_saving, band, source: SourceId(source), flags } }\n\n",
    );
    let sources = Sources::read(&files)?;
    sources.write(&mut out);
    catalog_facts(&files, &mut out)?;
    let widths = half_widths(&files, &sources, &mut out)?;
    constants(&files, &sources, &mut out)?;
    let regions = regions(&files, &sources, &widths, &mut out)?;
    transfer(&files, &sources, &regions, &mut out)?;
    let accelerators = accelerators(&files, &sources, &mut out)?;
    let types = instance_types(&files, &sources, &widths, &accelerators, &mut out)?;
    cells(&files, &sources, &regions, &types, &mut out)?;
    throughput(&files, &sources, &accelerators, &mut out)?;
    techniques(&files, &sources, &mut out)?;
    images(&files, &sources, &regions, &mut out)?;
    Ok(out)
}

struct Files<'a> {
    data: &'a Path,
}

impl Files<'_> {
    fn rows(&self, name: &str) -> Result<Vec<Row>> {
        let mut reader =
            csv::Reader::from_path(self.data.join(name)).map_err(|e| format!("{name}: {e}"))?;
        let head = reader
            .headers()
            .map_err(|e| format!("{name}: {e}"))?
            .clone();
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|e| format!("{name}: {e}"))?;
            let mut row: Row = head
                .iter()
                .zip(record.iter())
                .map(|(k, v)| (k.to_owned(), v.trim().to_owned()))
                .collect();
            row.insert("#".to_owned(), format!("{name}, line {}", rows.len() + 2));
            rows.push(row);
        }
        Ok(rows)
    }
}

fn text<'a>(row: &'a Row, column: &str) -> Result<&'a str> {
    row.get(column)
        .map(String::as_str)
        .ok_or_else(|| format!("{}: no column {column:?}", row["#"]))
}

fn number(row: &Row, column: &str) -> Result<f64> {
    let cell = text(row, column)?;
    let value: f64 = cell
        .parse()
        .map_err(|_| format!("{}: {column} = {cell:?} is no number", row["#"]))?;
    if value.is_finite() {
        Ok(value)
    } else {
        Err(format!("{}: {column} is not finite", row["#"]))
    }
}

fn optional(row: &Row, column: &str) -> Result<Option<f64>> {
    if text(row, column)?.is_empty() {
        Ok(None)
    } else {
        number(row, column).map(Some)
    }
}

fn yes(row: &Row, column: &str) -> Result<bool> {
    match text(row, column)? {
        "yes" => Ok(true),
        "no" => Ok(false),
        other => Err(format!(
            "{}: {column} = {other:?}, legal: yes, no",
            row["#"]
        )),
    }
}

fn pick<'a>(row: &Row, column: &str, legal: &[(&str, &'a str)]) -> Result<&'a str> {
    let cell = text(row, column)?;
    legal
        .iter()
        .find(|(name, _)| *name == cell)
        .map(|(_, rust)| *rust)
        .ok_or_else(|| {
            let names: Vec<&str> = legal.iter().map(|(name, _)| *name).collect();
            format!(
                "{}: {column} = {cell:?}, legal: {}",
                row["#"],
                names.join(", ")
            )
        })
}

fn figure(value: f64, low: f64, high: f64, source: usize) -> String {
    format!("f({value:?}, {low:?}, {high:?}, {source})")
}

fn ranged(row: &Row, value: &str, source: usize) -> Result<String> {
    let (value, low, high) = (
        number(row, value)?,
        number(row, "low")?,
        number(row, "high")?,
    );
    if low <= value && value <= high {
        Ok(figure(value, low, high, source))
    } else {
        Err(format!("{}: not low <= value <= high", row["#"]))
    }
}

struct Sources {
    rows: Vec<Row>,
    index: HashMap<String, usize>,
}

impl Sources {
    fn read(files: &Files) -> Result<Self> {
        let rows = files.rows("sources.csv")?;
        let mut index = HashMap::new();
        for (i, row) in rows.iter().enumerate() {
            if index.insert(text(row, "key")?.to_owned(), i).is_some() {
                return Err(format!("{}: the key stands twice", row["#"]));
            }
            for column in ["title", "date", "licence"] {
                if text(row, column)?.is_empty() {
                    return Err(format!("{}: no {column}", row["#"]));
                }
            }
        }
        if rows.len() >= 255 {
            Err("sources.csv: more than 254 sources".to_owned())
        } else {
            Ok(Self { rows, index })
        }
    }

    fn id(&self, row: &Row, column: &str) -> Result<usize> {
        self.named(row, text(row, column)?)
    }

    fn named(&self, row: &Row, key: &str) -> Result<usize> {
        self.index
            .get(key)
            .copied()
            .ok_or_else(|| format!("{}: no source {key:?} in sources.csv", row["#"]))
    }

    fn write(&self, out: &mut String) {
        let _ = writeln!(
            out,
            "pub(crate) static SOURCES: [Source; {}] = [",
            self.rows.len()
        );
        for row in &self.rows {
            let _ = writeln!(
                out,
                "    Source {{ key: {:?}, title: {:?}, date: {:?}, licence: {:?} }},",
                row["key"], row["title"], row["date"], row["licence"]
            );
        }
        out.push_str("];\n");
    }
}

fn catalog_facts(files: &Files, out: &mut String) -> Result<()> {
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

type Widths = HashMap<String, [f64; 2]>;

fn half_widths(files: &Files, sources: &Sources, out: &mut String) -> Result<Widths> {
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

fn width(widths: &Widths, name: &str) -> Result<[f64; 2]> {
    widths
        .get(name)
        .copied()
        .ok_or_else(|| format!("half-widths.csv: no {name}"))
}

fn constants(files: &Files, sources: &Sources, out: &mut String) -> Result<()> {
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

fn regions(
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
        let intensity = figure(
            value,
            low,
            high,
            sources.named(row, "electricity-maps-2025")?,
        );

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

fn transfer(files: &Files, sources: &Sources, regions: &[String], out: &mut String) -> Result<()> {
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

fn version(row: &Row, column: &str) -> Result<String> {
    let cell = text(row, column)?;
    if cell.is_empty() {
        return Ok("None".to_owned());
    }
    let (major, minor) = cell
        .split_once('.')
        .ok_or_else(|| format!("{}: {column} = {cell:?}", row["#"]))?;
    let parse = |part: &str| {
        part.parse::<u8>()
            .map_err(|_| format!("{}: {column} = {cell:?}", row["#"]))
    };
    Ok(format!("Some(({}, {}))", parse(major)?, parse(minor)?))
}

fn accelerators(files: &Files, sources: &Sources, out: &mut String) -> Result<Vec<Row>> {
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
fn share(rows: &[Row], row: &Row, column: &str) -> Result<f64> {
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

fn instance_types(
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

fn cells(
    files: &Files,
    sources: &Sources,
    regions: &[String],
    types: &[String],
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
        let bands = [
            ("", "0"),
            ("0-5", "1"),
            ("5-10", "2"),
            ("10-15", "3"),
            ("15-20", "4"),
            ("20+", "5"),
        ];
        cell.2 = pick(&row, "interruption_band", &bands)?
            .parse()
            .map_err(|_| "band")?;
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

const CLASSES: [(&str, &str); 3] = [("vision", "Vision"), ("nlp", "Nlp"), ("llm", "Llm")];
const PRECISIONS: [(&str, &str); 4] = [
    ("amp", "Amp"),
    ("tf32", "Tf32"),
    ("fp32", "Fp32"),
    ("fp8", "Fp8"),
];
const BASES: [(&str, &str); 6] = [
    ("reference", "Reference"),
    ("measured", "Measured"),
    ("proxy", "Proxy"),
    ("derived", "Derived"),
    ("weak", "Weak"),
    ("guess", "Guess"),
];

fn throughput(
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
        let source = if matches!(basis, "Guess" | "Weak") {
            "guess"
        } else {
            "throughput-facts"
        };
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

fn techniques(files: &Files, sources: &Sources, out: &mut String) -> Result<()> {
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

fn images(files: &Files, sources: &Sources, regions: &[String], out: &mut String) -> Result<()> {
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
        .map(|r| r["region"].clone())
        .collect();
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
