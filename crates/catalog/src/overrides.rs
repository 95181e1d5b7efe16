//! A user's own figures (`catalog_overrides`): a JSON file, laid over the embedded tables.
//!
//! ```json
//! {
//!   "regions": { "eu-north-1": { "pue": 1.05, "intensity_g_per_kwh": { "value": 12, "low": 9, "high": 15 },
//!                                "attribution": "market-based" } },
//!   "prices": { "ml.p5.48xlarge": { "eu-north-1": { "usd_per_hour": 41.5, "spot_saving_percent": 60 },
//!                                   "*": { "discount_percent": 15 } } },
//!   "instance_types": { "ml.g5.xlarge": { "training_w": 260, "embodied_g_per_h": 4.0 } },
//!   "throughput": { "H100": { "nlp": { "amp": { "value": 2.2, "low": 2.1, "high": 2.3 } } } },
//!   "constants": { "startup_hours": 0.2 }
//! }
//! ```
//! A bare number is taken as exact; a range has to be given to be believed.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::price::{OFFERED, ROW, VERIFIED};
use crate::{
    Attribution, Catalog, Constants, Figure, ModelClass, Precision, SourceId, Throughput,
    ThroughputBasis, generated, nearest,
};

/// A parsed `catalog_overrides` file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    digest: String,
    regions: Vec<(usize, RegionOverride)>,
    prices: Vec<(usize, Option<usize>, PriceOverride)>,
    types: Vec<(usize, TypeField, f64)>,
    throughput: Vec<(&'static str, ModelClass, Precision, Figure)>,
    constants: Vec<(&'static str, Figure)>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct RegionOverride {
    pue: Option<Figure>,
    intensity: Option<Figure>,
    attribution: Option<Attribution>,
    renewable_percent: Option<f64>,
    carbon_free_percent: Option<f64>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct PriceOverride {
    usd_per_hour: Option<f64>,
    discount_percent: Option<f64>,
    spot_saving_percent: Option<f64>,
    offered: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum TypeField {
    Training,
    Idle,
    Embodied,
}

/// What is wrong with a `catalog_overrides` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverrideError {
    /// Where in the file, e.g. `regions.eu-north-1.pue`.
    pub key: String,
    /// What was wrong and what is legal.
    pub message: String,
}

impl fmt::Display for OverrideError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.key, self.message)
        }
    }
}

impl std::error::Error for OverrideError {}

impl Overrides {
    /// Reads the text of the file.
    ///
    /// # Errors
    /// Everything that is wrong, each with its key and the legal values.
    pub fn parse(text: &str) -> Result<Self, Vec<OverrideError>> {
        let value: Value = serde_json::from_str(text).map_err(|e| {
            vec![OverrideError {
                key: String::new(),
                message: format!("not JSON: {e}"),
            }]
        })?;
        let mut reader = Reader::default();
        let mut overrides = Self {
            digest: hex(&Sha256::digest(text.as_bytes())),
            ..Self::default()
        };
        reader.object(
            "",
            &value,
            &[
                "regions",
                "prices",
                "instance_types",
                "throughput",
                "constants",
            ],
            |r, key, v| match key {
                "regions" => overrides.read_regions(r, v),
                "prices" => overrides.read_prices(r, v),
                "instance_types" => overrides.read_types(r, v),
                "throughput" => overrides.read_throughput(r, v),
                _ => overrides.read_constants(r, v),
            },
        );
        if reader.errors.is_empty() {
            Ok(overrides)
        } else {
            Err(reader.errors)
        }
    }

    /// SHA-256 of the text, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    fn read_regions(&mut self, r: &mut Reader, value: &Value) {
        r.entries("regions", value, |r, at, name, value| {
            let Some(index) = r.known(
                at,
                "region",
                name,
                generated::REGIONS.iter().map(|x| x.name),
            ) else {
                return;
            };
            let mut own = RegionOverride::default();
            let legal = [
                "pue",
                "intensity_g_per_kwh",
                "attribution",
                "renewable_percent",
                "carbon_free_percent",
            ];
            r.object(at, value, &legal, |r, field, v| {
                let at = join(at, field);
                match field {
                    "pue" => own.pue = r.figure(&at, v, 1.0, 3.0),
                    "intensity_g_per_kwh" => own.intensity = r.figure(&at, v, 0.0, 2000.0),
                    "renewable_percent" => own.renewable_percent = r.number(&at, v, 0.0, 100.0),
                    "carbon_free_percent" => own.carbon_free_percent = r.number(&at, v, 0.0, 100.0),
                    _ => match v.as_str() {
                        Some("location-based") => {
                            own.attribution = Some(Attribution::LocationBased)
                        }
                        Some("market-based") => own.attribution = Some(Attribution::MarketBased),
                        _ => r.fail(
                            &at,
                            format!("{v}, legal: \"location-based\", \"market-based\""),
                        ),
                    },
                }
            });
            self.regions.push((index, own));
        });
    }

    fn read_prices(&mut self, r: &mut Reader, value: &Value) {
        r.entries("prices", value, |r, at, name, value| {
            let Some(index) = r.known_type(at, name) else {
                return;
            };
            r.entries(at, value, |r, at, region, value| {
                let region = if region == "*" {
                    None
                } else {
                    match r.known(
                        at,
                        "region",
                        region,
                        generated::REGIONS.iter().map(|x| x.name),
                    ) {
                        Some(region) => Some(region),
                        None => return,
                    }
                };
                let mut own = PriceOverride::default();
                let legal = [
                    "usd_per_hour",
                    "discount_percent",
                    "spot_saving_percent",
                    "offered",
                ];
                r.object(at, value, &legal, |r, field, v| {
                    let at = join(at, field);
                    match field {
                        "usd_per_hour" => own.usd_per_hour = r.number(&at, v, 0.000_001, 4000.0),
                        "discount_percent" => own.discount_percent = r.number(&at, v, 0.0, 99.0),
                        "spot_saving_percent" => {
                            own.spot_saving_percent = r.number(&at, v, 0.0, 95.0)
                        }
                        _ => match v.as_bool() {
                            Some(yes) => own.offered = Some(yes),
                            None => r.fail(&at, format!("{v}, legal: true, false")),
                        },
                    }
                });
                if own.usd_per_hour.is_some() && own.discount_percent.is_some() {
                    r.fail(
                        at,
                        "usd_per_hour and discount_percent exclude each other".to_owned(),
                    );
                }
                let listed = |region: usize| generated::CELLS[index][region].micro_usd > 0;
                let any = region.map_or_else(|| (0..generated::REGIONS.len()).any(listed), listed);
                if own.discount_percent.is_some() && !any {
                    r.fail(
                        at,
                        "discount_percent is taken off the list price, and none is known there: give usd_per_hour".to_owned(),
                    );
                }
                self.prices.push((index, region, own));
            });
        });
        // "*" first, so that a region's own entry wins.
        self.prices
            .sort_by_key(|(instance_type, region, _)| (*instance_type, *region));
    }

    fn read_types(&mut self, r: &mut Reader, value: &Value) {
        r.entries("instance_types", value, |r, at, name, value| {
            let Some(index) = r.known_type(at, name) else {
                return;
            };
            r.object(
                at,
                value,
                &["training_w", "idle_w", "embodied_g_per_h"],
                |r, field, v| {
                    let at = join(at, field);
                    let (field, most) = match field {
                        "training_w" => (TypeField::Training, 200_000.0),
                        "idle_w" => (TypeField::Idle, 200_000.0),
                        _ => (TypeField::Embodied, 100_000.0),
                    };
                    if let Some(number) = r.number(&at, v, 0.1, most) {
                        self.types.push((index, field, number));
                    }
                },
            );
            let own = |wanted: TypeField, embedded: f64| {
                let mut given = self
                    .types
                    .iter()
                    .filter(|(i, field, _)| *i == index && *field == wanted);
                given.next().map_or(embedded, |(_, _, watts)| *watts)
            };
            let embedded = &generated::INSTANCE_TYPES[index];
            let (idle, training) = (
                own(TypeField::Idle, embedded.idle_w),
                own(TypeField::Training, embedded.train_w),
            );
            if idle >= training {
                r.fail(
                    at,
                    format!("training_w ({training}) has to be above idle_w ({idle}): give both"),
                );
            }
        });
    }

    fn read_throughput(&mut self, r: &mut Reader, value: &Value) {
        r.entries("throughput", value, |r, at, key, value| {
            let keys = || generated::ACCELERATORS.iter().map(|a| a.key);
            let Some(index) = r.known(at, "accelerator", key, keys()) else {
                return;
            };
            let accelerator = generated::ACCELERATORS[index].key;
            r.object(at, value, &["vision", "nlp", "llm"], |r, class, value| {
                let at = join(at, class);
                let class = match class {
                    "vision" => ModelClass::Vision,
                    "nlp" => ModelClass::Nlp,
                    _ => ModelClass::Llm,
                };
                r.object(
                    &at,
                    value,
                    &["amp", "tf32", "fp32"],
                    |r, precision, value| {
                        let at = join(&at, precision);
                        let precision = match precision {
                            "amp" => Precision::Amp,
                            "tf32" => Precision::Tf32,
                            _ => Precision::Fp32,
                        };
                        if let Some(figure) = r.figure(&at, value, 0.000_1, 1000.0) {
                            self.throughput
                                .push((accelerator, class, precision, figure));
                        }
                    },
                );
            });
        });
    }

    fn read_constants(&mut self, r: &mut Reader, value: &Value) {
        r.object("constants", value, Constants::NAMES, |r, name, value| {
            let at = join("constants", name);
            let most = if name.starts_with("efficiency") || name.ends_with("share") {
                1.0
            } else {
                100_000.0
            };
            let name = Constants::NAMES.iter().find(|n| **n == name);
            if let (Some(name), Some(figure)) = (name, r.figure(&at, value, 0.0, most)) {
                // Divisors: a zero would make every figure infinite.
                let divisor = [
                    "nvme_gb_per_s",
                    "ebs_gb_per_s",
                    "spot_exposure_hours",
                    "hours_per_month",
                    "fsx_step_gib",
                ];
                let divisor = divisor.contains(name) || name.starts_with("efficiency");
                if divisor && figure.low <= 0.0 {
                    r.fail(&at, "has to be above 0".to_owned());
                } else {
                    self.constants.push((name, figure));
                }
            }
        });
    }
}

impl Catalog {
    /// The embedded figures with a user's own over them.
    #[must_use]
    pub fn with_overrides(overrides: &Overrides) -> Self {
        let mut catalog = Self::embedded().clone();
        let digest = overrides.digest.get(..12).unwrap_or(&overrides.digest);
        catalog.version = Cow::Owned(format!("{}+{digest}", generated::VERSION));
        for (index, own) in &overrides.regions {
            let region = &mut catalog.regions.to_mut()[*index];
            if let Some(pue) = own.pue {
                region.pue = pue;
            }
            if let Some(intensity) = own.intensity {
                region.intensity = intensity;
                // The user's figure is for the contract or the run, not an annual average of the grid.
                region.variability.h24 = 0.0;
                region.variability.h96 = 0.0;
                region.variability.source = SourceId::OVERRIDE;
            }
            region.attribution = own.attribution.unwrap_or(region.attribution);
            region.renewable_percent = own.renewable_percent.or(region.renewable_percent);
            region.carbon_free_percent = own.carbon_free_percent.or(region.carbon_free_percent);
        }
        for (instance_type, region, own) in &overrides.prices {
            let row = &mut catalog.cells.to_mut()[*instance_type];
            let every = 0..row.len();
            for index in region.map_or(every, |r| r..r + 1) {
                let cell = &mut row[index];
                if let Some(usd) = own.usd_per_hour {
                    cell.micro_usd = (usd * 1e6).round() as u32;
                    cell.flags |= ROW | VERIFIED;
                    cell.source = SourceId::OVERRIDE;
                }
                // Off the list price, whatever the entry for every region has made of it.
                let listed = generated::CELLS[*instance_type][index].micro_usd;
                if let Some(percent) = own.discount_percent.filter(|_| listed > 0) {
                    cell.micro_usd = (f64::from(listed) * (1.0 - percent / 100.0))
                        .round()
                        .max(1.0) as u32;
                    cell.source = SourceId::OVERRIDE;
                }
                if let Some(percent) = own.spot_saving_percent {
                    cell.spot_saving = percent.round() as i8;
                    cell.band = cell.band.max(1);
                }
                match own.offered {
                    Some(true) => cell.flags |= OFFERED,
                    Some(false) => cell.flags &= !OFFERED,
                    None => {}
                }
            }
        }
        for (index, field, value) in &overrides.types {
            let instance_type = &mut catalog.types.to_mut()[*index];
            match field {
                TypeField::Training => {
                    instance_type.train_w = *value;
                    instance_type.power_width = [0.0, 0.0];
                    instance_type.power_source = SourceId::OVERRIDE;
                }
                TypeField::Idle => instance_type.idle_w = *value,
                TypeField::Embodied => {
                    instance_type.embodied_g_per_h = *value;
                    instance_type.embodied_width = [0.0, 0.0];
                    instance_type.embodied_source = SourceId::OVERRIDE;
                }
            }
        }
        for (accelerator, class, precision, relative) in &overrides.throughput {
            let own = Throughput {
                accelerator,
                class: *class,
                precision: *precision,
                relative: *relative,
                basis: ThroughputBasis::Own,
            };
            match catalog.throughput_index(accelerator, *class, *precision) {
                Some(index) => catalog.throughput.to_mut()[index] = own,
                None => catalog.throughput.to_mut().push(own),
            }
        }
        for (name, figure) in &overrides.constants {
            if let Some(constant) = catalog.constants.get_mut(name) {
                *constant = *figure;
                catalog.own_constants.push(name);
            }
        }
        catalog
    }
}

/// Walks the JSON and collects what is wrong with it.
#[derive(Default)]
struct Reader {
    errors: Vec<OverrideError>,
}

impl Reader {
    fn fail(&mut self, at: &str, message: String) {
        self.errors.push(OverrideError {
            key: at.to_owned(),
            message,
        });
    }

    fn map<'v>(&mut self, at: &str, value: &'v Value) -> Option<&'v Map<String, Value>> {
        let map = value.as_object();
        if map.is_none() {
            self.fail(at, format!("an object is expected, not {}", kind(value)));
        }
        map
    }

    /// Every entry of an object with free names.
    fn entries(
        &mut self,
        at: &str,
        value: &Value,
        mut each: impl FnMut(&mut Self, &str, &str, &Value),
    ) {
        for (name, value) in self.map(at, value).into_iter().flatten() {
            each(self, &join(at, name), name, value);
        }
    }

    /// Every entry of an object with fixed names.
    fn object(
        &mut self,
        at: &str,
        value: &Value,
        legal: &[&str],
        mut each: impl FnMut(&mut Self, &str, &Value),
    ) {
        for (name, value) in self.map(at, value).into_iter().flatten() {
            if legal.contains(&name.as_str()) {
                each(self, name, value);
            } else {
                let hint = hint(name, legal.iter().copied());
                self.fail(
                    &join(at, name),
                    format!("unknown key, legal: {}{hint}", legal.join(", ")),
                );
            }
        }
    }

    fn known<'n>(
        &mut self,
        at: &str,
        what: &str,
        name: &str,
        names: impl Iterator<Item = &'n str> + Clone,
    ) -> Option<usize> {
        let found = names.clone().position(|n| n == name);
        if found.is_none() {
            self.fail(at, format!("unknown {what} {name:?}{}", hint(name, names)));
        }
        found
    }

    fn known_type(&mut self, at: &str, name: &str) -> Option<usize> {
        self.known(
            at,
            "instance type",
            name,
            generated::INSTANCE_TYPES.iter().map(|t| t.name),
        )
    }

    fn number(&mut self, at: &str, value: &Value, least: f64, most: f64) -> Option<f64> {
        match value.as_f64() {
            Some(number) if (least..=most).contains(&number) => Some(number),
            Some(number) => {
                self.fail(at, format!("{number}, legal: {least} to {most}"));
                None
            }
            None => {
                self.fail(at, format!("a number is expected, not {}", kind(value)));
                None
            }
        }
    }

    fn figure(&mut self, at: &str, value: &Value, least: f64, most: f64) -> Option<Figure> {
        if !value.is_object() {
            let value = self.number(at, value, least, most)?;
            return Some(Figure {
                value,
                low: value,
                high: value,
                source: SourceId::OVERRIDE,
            });
        }
        let (mut central, mut low, mut high) = (None, None, None);
        self.object(at, value, &["value", "low", "high"], |r, name, v| {
            let number = r.number(&join(at, name), v, least, most);
            match name {
                "value" => central = number,
                "low" => low = number,
                _ => high = number,
            }
        });
        let Some(value) = central else {
            self.fail(
                at,
                "an object needs a value, with low and high if it has a range".to_owned(),
            );
            return None;
        };
        let (low, high) = (low.unwrap_or(value), high.unwrap_or(value));
        if low <= value && value <= high {
            Some(Figure {
                value,
                low,
                high,
                source: SourceId::OVERRIDE,
            })
        } else {
            self.fail(at, "low <= value <= high does not hold".to_owned());
            None
        }
    }
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() {
        name.to_owned()
    } else {
        format!("{at}.{name}")
    }
}

fn hint<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> String {
    nearest(name, names, 1)
        .first()
        .map(|n| format!("; did you mean {n}?"))
        .unwrap_or_default()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
