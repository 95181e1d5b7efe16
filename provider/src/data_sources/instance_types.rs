//! `data.sustainable_instance_types`: training instance types, the most efficient first.

use catalog::Kind;
use planner::{ModelType, RankedType, TypeFilter, rank_instance_types};
use schemas::data_sources::instance_types::{self, Config, InstanceType, Outputs};
use tfplugin::{
    Attr, DataSource, DataSourceReadRequest, DataSourceReadResponse, Diagnostics, Schema,
    ValidateRequest, Value, async_trait, from_value,
};

use crate::configured::Shared;
use crate::lists;
use crate::text::three;

/// The data source.
pub(crate) struct InstanceTypes {
    shared: Shared,
}

impl InstanceTypes {
    /// Over the provider's configuration.
    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared }
    }

    fn answer(&self, config: &Value) -> Result<(Outputs, Diagnostics), Diagnostics> {
        let config: Config = from_value(config)?;
        let configured = self.shared.get();
        let catalog = configured.figures();
        let found = rank_instance_types(catalog, &filter(&config))
            .iter()
            .map(shown)
            .collect();
        let outputs = Outputs {
            instance_types: Attr::Known(found),
        };
        Ok((outputs, Diagnostics::new()))
    }
}

#[async_trait]
impl DataSource for InstanceTypes {
    fn type_name(&self) -> &str {
        "sustainable_instance_types"
    }

    fn schema(&self) -> Schema {
        instance_types::schema()
    }

    async fn validate(&self, request: ValidateRequest) -> Diagnostics {
        lists::with(|lists| instance_types::validate(&request.config, lists))
    }

    async fn read(&self, request: DataSourceReadRequest) -> DataSourceReadResponse {
        let answered = self.answer(&request.config);
        super::response(request.config, answered)
    }
}

fn filter(config: &Config) -> TypeFilter {
    let count = |attribute: &Attr<i64>| {
        attribute
            .known()
            .and_then(|count| u32::try_from(count).ok())
    };
    let (least, most) = (
        count(&config.min_accelerator_count),
        count(&config.max_accelerator_count),
    );
    TypeFilter {
        model_type: config
            .model_type
            .as_ref()
            .known()
            .and_then(|name| ModelType::parse(name)),
        accelerator: config.accelerator.as_ref().known().cloned(),
        kind: match config.kind.as_ref().known().map(String::as_str) {
            Some("cpu") => Some(Kind::Cpu),
            Some("cuda") => Some(Kind::Cuda),
            Some("neuron") => Some(Kind::Neuron),
            _ => None,
        },
        min_gpu_memory_gb: config.min_gpu_memory_gb.known(),
        accelerator_count: (least.is_some() || most.is_some())
            .then(|| (least.unwrap_or(0), most.unwrap_or(u32::MAX))),
        region: config.region.as_ref().known().cloned(),
        min_performance_per_watt: config.min_performance_per_watt.known(),
        include_unavailable: config.include_unavailable.known().unwrap_or_default(),
    }
}

fn shown(ranked: &RankedType) -> InstanceType {
    InstanceType {
        instance_type: ranked.instance_type.clone(),
        kind: ranked.kind.clone(),
        accelerator: ranked.accelerator.clone(),
        accelerator_count: ranked.accelerator_count.into(),
        gpu_memory_gb: ranked.gpu_memory_gb.map(three),
        vcpu: ranked.vcpu.into(),
        memory_gib: ranked.memory_gib,
        nvme_gb: ranked.nvme_gb.into(),
        training_watts: three(ranked.training_watts.get()),
        power_confidence: ranked.power_confidence.clone(),
        embodied_g_per_hour: three(ranked.embodied_g_per_hour),
        relative_throughput: ranked.relative_throughput.map(three),
        throughput_basis: ranked.throughput_basis.clone(),
        performance_per_watt: ranked.performance_per_watt.map(three),
        performance_per_watt_rated: ranked.performance_per_watt_document.map(three),
        usd_per_hour: ranked.usd_per_hour,
        regions: ranked.regions.clone(),
    }
}
