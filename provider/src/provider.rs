//! The provider: its configuration, and what it offers.

use std::sync::Arc;

use schemas::provider_config::{self, Config};
use tfplugin::{
    ConfigureRequest, DataSource, Diagnostics, Function, Provider, Resource, Schema,
    ValidateRequest, async_trait, from_value,
};

use crate::configured::{Configured, Shared};
use crate::data_sources::{self, CarbonIntensity, InstanceTypes, Placement};
use crate::resources::{MlTraining, TrainingDashboard, TrainingReport};
use crate::{functions, lists};

/// The provider.
#[derive(Default)]
pub(crate) struct Sustainable {
    shared: Shared,
}

#[async_trait]
impl Provider for Sustainable {
    fn schema(&self) -> Schema {
        provider_config::schema()
    }

    async fn validate(&self, request: ValidateRequest) -> Diagnostics {
        lists::with(|lists| provider_config::validate(&request.config, lists))
    }

    async fn configure(&self, request: ConfigureRequest) -> Diagnostics {
        let config: Config = match from_value(&request.config) {
            Ok(config) => config,
            Err(error) => return error.into(),
        };
        match Configured::new(&config, &request.config) {
            Ok(configured) => {
                self.shared.set(configured);
                Diagnostics::new()
            }
            Err(diagnostics) => diagnostics,
        }
    }

    fn resources(&self) -> Vec<Arc<dyn Resource>> {
        vec![
            Arc::new(MlTraining::new(self.shared.clone())),
            Arc::new(TrainingDashboard::new(self.shared.clone())),
            Arc::new(TrainingReport::new(self.shared.clone())),
        ]
    }

    fn data_sources(&self) -> Vec<Arc<dyn DataSource>> {
        vec![
            Arc::new(InstanceTypes::new(self.shared.clone())),
            Arc::new(Placement::new(self.shared.clone())),
            Arc::new(CarbonIntensity::new(self.shared.clone())),
            Arc::new(data_sources::TrainingReport::new(self.shared.clone())),
        ]
    }

    fn functions(&self) -> Vec<Arc<dyn Function>> {
        functions::all()
    }
}
