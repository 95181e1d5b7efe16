//! What the run's dashboard says about the estimate and the run, from the state and the catalogue.
//!
//! Power, energy, emissions and cost are metric math over the use of the instances: the estimate's power model
//! (`planner::measure`), written as straight lines between the catalogue's points. They are labelled as modelled.

use aws::spec::{Dashboard, Graph, Line};
use catalog::{Catalog, InstanceType};
use schemas::ml_training::Effective;
use tfplugin::Value;

use super::live_price;
use crate::object::{Object, get};
use crate::text::{figure, three};

/// A metric of the training code with this name, in gCO2e/kWh, takes the place of the decision's intensity.
const LIVE_INTENSITY: &str = "gco2_per_kwh";

/// The dashboard of a run with this state.
pub(crate) fn dashboard(catalog: &Catalog, config: &Effective, state: &Object) -> Dashboard {
    let priced = live_price::over(catalog, get(state, "placement"));
    let catalog = priced.as_ref();
    let shows = Shows {
        energy: config.track_energy_usage.known().unwrap_or(true),
        emissions: config.track_carbon_emissions.known().unwrap_or(true),
    };
    let mut estimate = Vec::new();
    for (name, label, unit, shown) in [
        ("energy_kwh", "Energy", "kWh", shows.energy),
        ("emissions_kg", "Emissions", "kgCO2e", shows.emissions),
        ("cost_usd", "Cost", "USD", true),
        ("runtime_hours", "Time", "h", true),
    ] {
        if shown {
            estimate.extend(range(label, get(state, "estimate").get(name), unit));
        }
    }
    if shows.emissions {
        estimate.extend(baseline(state));
    }
    let fact = |label: &str, value: &Value| {
        value
            .as_str()
            .map(|text| (label.to_owned(), text.to_owned()))
    };
    let signal = get(state, "signal");
    let facts = [
        fact("Region", get(state, "selected_region")),
        fact("Instance type", get(state, "selected_instance_type")),
        fact("Capacity", get(state, "selected_capacity")),
        fact("Grid zone", signal.get("zone")),
        signal.get("gco2_per_kwh").as_f64().map(|grams| {
            (
                "Grid intensity".to_owned(),
                format!("{} gCO2e/kWh", figure(grams)),
            )
        }),
        fact("Signal", signal.get("source")),
        fact("Image", get(state, "training_image_resolved")),
    ];
    let kind = get(state, "selected_instance_type")
        .as_str()
        .and_then(|name| catalog.instance_type(name));
    let live = config
        .metric_definitions
        .as_ref()
        .known()
        .is_some_and(|metrics| metrics.contains_key(LIVE_INTENSITY));
    Dashboard {
        estimate,
        facts: facts.into_iter().flatten().collect(),
        // CloudWatch has no figures of Trainium.
        accelerators: kind.map_or(0, |kind| match kind.kind {
            catalog::Kind::Cuda => kind.accelerator_count,
            catalog::Kind::Cpu | catalog::Kind::Neuron => 0,
        }),
        vcpus: kind.map_or(1, |kind| kind.vcpu),
        modelled: kind.map_or_else(Vec::new, |kind| {
            Model::of(catalog, kind, state, live).graphs(&shows, state)
        }),
        span: span(state),
    }
}

/// Which figures are wanted.
struct Shows {
    energy: bool,
    emissions: bool,
}

/// The power model of a run in metric math.
struct Model<'a> {
    kind: &'a InstanceType,
    instances: f64,
    pue: f64,
    gco2_per_kwh: Option<f64>,
    usd_per_hour: Option<f64>,
    live: bool,
}

impl<'a> Model<'a> {
    fn of(catalog: &Catalog, kind: &'a InstanceType, state: &Object, live: bool) -> Self {
        let region = get(state, "selected_region").as_str().unwrap_or_default();
        let place = catalog.region(region);
        let price = catalog.price(kind.name, region);
        let spot = get(state, "selected_capacity").as_str() == Some("spot");
        let paid = match price.and_then(|price| price.spot) {
            Some(market) if spot => 1.0 - catalog.believed_saving_percent(market) / 100.0,
            _ => 1.0,
        };
        Self {
            kind,
            instances: get(state, "instance_count").as_f64().unwrap_or(1.0),
            pue: place.map_or(1.0, |place| place.pue.value),
            gco2_per_kwh: get(state, "signal")
                .get("gco2_per_kwh")
                .as_f64()
                .or(place.map(|place| place.intensity.value)),
            usd_per_hour: price
                .and_then(|price| price.on_demand_usd_h)
                .map(|usd| usd * paid),
            live,
        }
    }

    fn graphs(&self, shows: &Shows, state: &Object) -> Vec<Graph> {
        let estimate = get(state, "estimate");
        let mut graphs = Vec::new();
        if shows.energy {
            let mut lines = self.watts();
            lines.push(shown(
                "w",
                format!("it*{}", short(self.pue)),
                "Power at the meter, modelled",
            ));
            lines.push(right(
                "kwh",
                self.summed("w", "1000"),
                "kWh so far, modelled",
            ));
            graphs.push(Graph {
                title: "Power (W, left) and energy (kWh, right), modelled".to_owned(),
                unit: "W".to_owned(),
                lines,
                marks: self.usual_power(),
                ..Graph::default()
            });
        }
        if let Some(grams) = self.gco2_per_kwh.filter(|_| shows.emissions) {
            let mut lines = self.watts();
            let intensity = if self.live {
                "FILL(live, REPEAT)".to_owned()
            } else {
                format!("cpu*0+{}", short(grams))
            };
            let words = if self.live {
                "gCO2e/kWh, from the training code"
            } else {
                "gCO2e/kWh, as decided"
            };
            let made = self.kind.embodied_g_per_h * self.instances / 1000.0;
            lines.push(hidden("w", format!("it*{}", short(self.pue))));
            lines.push(right("ci", intensity, words));
            lines.push(shown(
                "kgh",
                format!("w*ci/1000000+{}", short(made)),
                "kgCO2e/h, modelled, manufacture included",
            ));
            lines.push(shown(
                "kg",
                self.summed("kgh", "1"),
                "kgCO2e so far, modelled",
            ));
            graphs.push(Graph {
                title: "Emissions (kg/h and kg, left) and intensity (right), modelled".to_owned(),
                unit: "kg".to_owned(),
                lines,
                live: self.live.then(|| LIVE_INTENSITY.to_owned()),
                marks: marks(estimate.get("emissions_kg")),
            });
        }
        if let Some(usd) = self.usd_per_hour {
            let rate = format!("cpu*0+{}", short(usd * self.instances));
            graphs.push(Graph {
                title: "Cost so far (USD at list price), modelled".to_owned(),
                unit: "USD".to_owned(),
                lines: vec![
                    hidden("usdh", rate),
                    shown("usd", self.summed("usdh", "1"), "USD so far, modelled"),
                ],
                marks: marks(estimate.get("cost_usd")),
                ..Graph::default()
            });
        }
        graphs
    }

    /// `it`: power of all instances without PUE, in W.
    fn watts(&self) -> Vec<Line> {
        let kind = self.kind;
        let n = short(self.instances);
        if kind.kind != catalog::Kind::Cuda {
            // Without a metric of accelerators the processors stand for all.
            return vec![hidden("it", format!("{n}*({})", self.curve("cpu")))];
        }
        let share = kind.accelerator_share;
        vec![
            hidden("load", format!("gpu*{}", short(kind.training_load()))),
            hidden("accelerators", self.curve("load")),
            hidden("host", self.curve("cpu")),
            hidden(
                "it",
                format!(
                    "{n}*({}*accelerators+{}*host)",
                    short(share),
                    short(1.0 - share)
                ),
            ),
        ]
    }

    /// Power of one instance over a share, in straight lines.
    fn curve(&self, of: &str) -> String {
        let kind = self.kind;
        let piece = |x0: f64, y0: f64, x1: f64, y1: f64| {
            let slope = (y1 - y0) / (x1 - x0);
            format!("{}+{}*{of}", short(y0 - slope * x0), short(slope))
        };
        format!(
            "IF({of}<0.1,{},IF({of}<0.5,{},{}))",
            piece(0.0, kind.idle_w, 0.1, kind.tenth_w),
            piece(0.1, kind.tenth_w, 0.5, kind.half_w),
            piece(0.5, kind.half_w, 1.0, kind.full_w)
        )
    }

    /// A rate per hour, summed up; `PERIOD` takes a raw metric only.
    fn summed(&self, rate: &str, per: &str) -> String {
        format!("RUNNING_SUM({rate})*PERIOD(c1)/3600/{per}")
    }

    fn usual_power(&self) -> Vec<(String, f64)> {
        let watts = self.instances * self.pue * self.kind.train_w;
        vec![("Estimate while training".to_owned(), three(watts))]
    }
}

/// The estimate as horizontal lines.
fn marks(range: &Value) -> Vec<(String, f64)> {
    [("Estimate", "value"), ("low", "low"), ("high", "high")]
        .into_iter()
        .filter_map(|(label, name)| Some((label.to_owned(), range.get(name).as_f64()?)))
        .collect()
}

fn hidden(id: &str, expression: String) -> Line {
    Line {
        id: id.to_owned(),
        expression,
        ..Line::default()
    }
}

fn shown(id: &str, expression: String, label: &str) -> Line {
    Line {
        label: Some(label.to_owned()),
        ..hidden(id, expression)
    }
}

fn right(id: &str, expression: String, label: &str) -> Line {
    Line {
        right: true,
        ..shown(id, expression, label)
    }
}

/// Six significant digits, plain: metric math knows no exponents.
fn short(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return "0".to_owned();
    }
    let digits = (5 - number.abs().log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{number:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// What the dashboard shows at first: the estimated time and half as much again.
fn span(state: &Object) -> Option<String> {
    let hours = get(state, "estimate")
        .get("runtime_hours")
        .get("value")
        .as_f64()?;
    let spans = [
        (3.0, "PT3H"),
        (12.0, "PT12H"),
        (24.0, "P1D"),
        (72.0, "P3D"),
        (168.0, "P7D"),
        (336.0, "P14D"),
    ];
    let fits = spans.into_iter().find(|(span, _)| hours * 1.5 <= *span);
    Some(fits.map_or("P28D", |(_, name)| name).to_owned())
}

fn baseline(state: &Object) -> Option<String> {
    let baseline = get(state, "baseline");
    let kg = baseline.get("emissions_kg").as_f64()?;
    Some(format!(
        "Baseline: {} kgCO2e on {} in {}",
        figure(kg),
        baseline.get("instance_type").as_str()?,
        baseline.get("region").as_str()?
    ))
}

fn range(label: &str, range: &Value, unit: &str) -> Option<String> {
    let value = range.get("value").as_f64()?;
    let (low, high) = (range.get("low").as_f64()?, range.get("high").as_f64()?);
    Some(format!(
        "{label}: {} {unit} ({} to {})",
        figure(value),
        figure(low),
        figure(high)
    ))
}
