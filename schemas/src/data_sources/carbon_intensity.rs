//! `data.sustainable_carbon_intensity`: what a grid emits per kWh, now, in the next hours or in the last ones.

use tfplugin::{Attr, Diagnostics, Path, Schema, Value};

use crate::declare::{
    ANY_NUMBER, ANY_TEXT, Kind, LINES, Preset, Text, above, declare, declare_output, list, one_of,
    out, text,
};
use crate::report::error;
use crate::{Lists, check, protocol};

/// Longest period, in hours.
pub const MAX_HOURS: f64 = 168.0;
/// Most points of `series`; a longer one is given in longer steps.
pub const MAX_POINTS: usize = 672;

const WINDOW_HOURS: Kind = Kind::Number {
    least: 0.0,
    above: true,
    most: MAX_HOURS,
};

declare! {
    /// What is asked.
    pub struct Config, pub static INPUTS;
    "What" {
        region: String, "AWS region whose grid is meant.", text(Text::Region);
        zone: String, "Grid zone, in the source's own naming.", text(Text::UpTo(64))
            .more("One of `region` and `zone` is needed. The embedded signal knows the zones of the regions only.");
        period: String, "Which hours.", one_of(&[
            ("forecast", "the `hours` from `at` on"),
            ("history", "the `hours` before `at`"),
            ("latest", "the value in force at `at`"),
        ]).preset(Preset::Text("forecast"));
        at: String, "The moment that is meant.", text(Text::Time)
            .preset(Preset::Derived("the time at which Terraform reads the data source"));
        hours: f64, "Length of the period.", above(0.0, MAX_HOURS).preset(Preset::Number(24.0));
        window_hours: Vec<Attr<f64>>, "Lengths of runs for which the best hours are sought.", list(&WINDOW_HOURS, 10)
            .preset(Preset::Derived("none"));
    }
}

declare_output! {
    /// The best hours for one length.
    pub struct Best, pub const BEST;
    hours: f64, "Length.", out(ANY_NUMBER);
    start: String, "When it starts.", out(ANY_TEXT);
    end: String, "When it ends.", out(ANY_TEXT);
    gco2_per_kwh: f64, "Mean intensity in between.", out(ANY_NUMBER);
    below_first_percent: Option<f64>, "How far that is below the same length from the beginning of the period on; null where that mean is not above 0.", out(ANY_NUMBER);
}

declare_output! {
    /// One step of the series.
    pub struct Point, pub const POINT;
    start: String, "When the step starts; it lasts until the next one.", out(ANY_TEXT);
    gco2_per_kwh: f64, "Intensity during the step.", out(ANY_NUMBER);
}

declare! {
    /// The answer.
    pub struct Outputs, pub static OUTPUTS;
    "Result" {
        gco2_per_kwh: f64, "Grams of CO2e per kWh at `at`; of a history, in its last step.", out(ANY_NUMBER);
        mean: f64, "Mean of the period.", out(ANY_NUMBER);
        min: f64, "Least value of a step.", out(ANY_NUMBER);
        max: f64, "Greatest value of a step.", out(ANY_NUMBER);
        best_windows: Vec<Best>, "The best hours for each of `window_hours`, in its order.", out(Kind::Objects(BEST))
            .more("A length that is not covered by the period is left out.");
        series: Vec<Point>, "The values.", out(Kind::Objects(POINT))
            .more("At most 672, so that a state stays small: a week in steps of 15 minutes. Finer ones are averaged to steps of an hour. As the function `mean_intensity` takes it.");
        covered_hours: f64, "Hours of the period that the values cover.", out(ANY_NUMBER);
        chart: String, "The hours as text, for an output in a terminal.", out(ANY_TEXT);
        renewable_percent: f64, "Share of renewables over the year; null where it is not known.", out(ANY_NUMBER);
        carbon_free_percent: f64, "Share of renewables and nuclear over the year; null where it is not known.", out(ANY_NUMBER);
        source: String, "Where the values come from.", out(ANY_TEXT);
        signal_zone: String, "Grid zone, in the source's naming.", out(ANY_TEXT);
        kind: String, "`average` or `marginal`.", out(ANY_TEXT);
        factor_type: String, "`life_cycle`, `direct` or `unknown`.", out(ANY_TEXT);
        quality: String, "`annual`, `profile`, `forecast` or `live`.", out(ANY_TEXT);
        estimated: bool, "Whether the source estimated some of the values.", out(Kind::Bool);
        issued_at: String, "When the values were issued; null for the embedded ones.", out(ANY_TEXT);
        remarks: Vec<String>, "What a reader should know of the values, such as hours that were bridged.", out(LINES);
        reason: String, "Why there are no values, or why they come from elsewhere than was asked.", out(ANY_TEXT);
    }
}

/// The protocol schema.
pub fn schema() -> Schema {
    protocol::schema(0, &[INPUTS, OUTPUTS])
}

/// Legal values, and that one place is named.
pub fn validate(config: &Value, lists: &Lists<'_>) -> Diagnostics {
    let mut found = check::object(config, INPUTS, lists);
    let set = |name: &str| !config.get(name).is_null();
    match (set("region"), set("zone")) {
        (true, true) => found.push(error(
            Path::root("zone"),
            "region and zone exclude each other",
            "Both say which grid is meant. Keep one of them.",
        )),
        (false, false) => found.push(error(
            Path::root("region"),
            "Which grid is not said",
            "Set region to an AWS region, such as \"eu-north-1\", or zone to a zone of the source.",
        )),
        _ => {}
    }
    let latest = config.get("period").as_str() == Some("latest");
    for name in ["hours", "window_hours"] {
        if latest && set(name) {
            found.push(error(
                Path::root(name),
                format!("{name} has no effect"),
                format!("period = \"latest\" is one value. Leave {name} out, or ask for a forecast or a history."),
            ));
        }
    }
    crate::report::findable(found, INPUTS)
}

/// The type of `series`, for the function that takes one.
pub const SERIES: Kind = Kind::Objects(POINT);
