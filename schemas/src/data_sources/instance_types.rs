//! `data.sustainable_instance_types`: training instance types, the most efficient first.

use tfplugin::{Diagnostics, Schema, Value};

use crate::declare::{
    ANY_NUMBER, ANY_TEXT, Kind, LINES, Preset, Text, above, declare, declare_output, flag, number,
    one_of, out, text, whole,
};
use crate::{Lists, check, protocol};

declare! {
    /// The filters.
    pub struct Config, pub static INPUTS;
    "Filters" {
        accelerator: String, "Part of an accelerator's name.", text(Text::UpTo(64))
            .more("Such as `a100` or `Trainium`; capital letters say nothing.");
        kind: String, "Kind of device.", one_of(&[
            ("cpu", "no accelerator"),
            ("cuda", "NVIDIA"),
            ("neuron", "AWS Trainium"),
        ]);
        model_type: String, "Kind of model, which decides the throughput figures.", one_of(&[
            ("computer_vision", "images and video"),
            ("natural_language", "text, below the size of a large language model"),
            ("generative_ai", "large language and diffusion models"),
        ]).preset(Preset::Text("natural_language"));
        min_gpu_memory_gb: f64, "Least memory per accelerator.", above(0.0, 10_000.0);
        min_accelerator_count: i64, "Least number of accelerators.", whole(0, 1000);
        max_accelerator_count: i64, "Greatest number of accelerators.", whole(0, 1000);
        region: String, "Only types with a known price there, and with `include_unavailable` the others too, without a price.", text(Text::Region);
        min_performance_per_watt: f64, "Least performance per watt; the A100's is 1.", number(0.0, 100.0);
        include_unavailable: bool, "Also types that AWS no longer sells, or sells through training plans only.", flag()
            .preset(Preset::Bool(false));
    }
}

declare_output! {
    /// One instance type.
    pub struct InstanceType, pub const INSTANCE_TYPE;
    instance_type: String, "Name.", out(ANY_TEXT);
    kind: String, "`cpu`, `cuda` or `neuron`.", out(ANY_TEXT);
    accelerator: Option<String>, "Accelerator.", out(ANY_TEXT);
    accelerator_count: i64, "Number of accelerators.", out(ANY_NUMBER);
    gpu_memory_gb: Option<f64>, "Memory per accelerator.", out(ANY_NUMBER);
    vcpu: i64, "vCPUs.", out(ANY_NUMBER);
    memory_gib: f64, "Memory in GiB.", out(ANY_NUMBER);
    nvme_gb: i64, "Local disks; 0 is none.", out(ANY_NUMBER);
    training_watts: f64, "Typical power of the instance while training.", out(ANY_NUMBER);
    power_confidence: String, "How sure the power is.", out(ANY_TEXT);
    embodied_g_per_hour: f64, "Manufacture, in gCO2e per hour.", out(ANY_NUMBER);
    relative_throughput: Option<f64>, "Speed of the instance; one A100 is 1.", out(ANY_NUMBER);
    throughput_basis: Option<String>, "How the speed is known.", out(ANY_TEXT);
    performance_per_watt: Option<f64>, "Speed per watt of the instance; ml.p4d.24xlarge is 1.", out(ANY_NUMBER);
    performance_per_watt_rated: Option<f64>, "Commonly quoted rating of the accelerator; the A100 is 1.", out(ANY_NUMBER);
    usd_per_hour: Option<f64>, "On-demand price in `region`.", out(ANY_NUMBER);
    regions: Vec<String>, "Regions that offer it with a known price.", out(LINES);
}

declare! {
    /// The answer.
    pub struct Outputs, pub static OUTPUTS;
    "Result" {
        instance_types: Vec<InstanceType>, "The types, the most efficient first.", out(Kind::Objects(INSTANCE_TYPE));
    }
}

/// The protocol schema.
pub fn schema() -> Schema {
    protocol::schema(0, &[INPUTS, OUTPUTS])
}

/// Legal values.
pub fn validate(config: &Value, lists: &Lists<'_>) -> Diagnostics {
    let mut found = check::object(config, INPUTS, lists);
    if let Ok(Config {
        min_accelerator_count,
        max_accelerator_count,
        ..
    }) = tfplugin::from_value::<Config>(config)
        && let (Some(least), Some(most)) =
            (min_accelerator_count.known(), max_accelerator_count.known())
        && least > most
    {
        found.push(crate::report::error(
                    tfplugin::Path::root("max_accelerator_count"),
                    "max_accelerator_count is below min_accelerator_count",
                    format!("{most} is below {least}. Raise max_accelerator_count or lower min_accelerator_count."),
                ));
    }
    found
}
