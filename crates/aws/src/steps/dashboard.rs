//! The run's CloudWatch dashboard. Dashboards are global in an account; each widget names its region.

use async_trait::async_trait;

use super::Step;
use crate::dashboard::{delete, get, put, run as board};
use crate::error::Error;
use crate::naming;
use crate::removal::Removal;
use crate::run::Run;
use crate::tags::Tags;

pub(crate) struct Dashboard;

#[async_trait]
impl Step for Dashboard {
    fn name(&self) -> &'static str {
        "dashboard"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let Some(facts) = &run.spec.dashboard else {
            return Ok(());
        };
        let name = naming::dashboard_name(&run.spec.data_bucket.name, &run.spec.name);
        let known = run
            .previous
            .is_some_and(|previous| previous.dashboard.is_some());
        let body = board::body(&run.handle, &run.job_name, facts);
        match put(run.aws, &run.spec.region, &name, &body, &Tags::new()).await {
            Ok(()) => {
                run.handle.dashboard = Some(name);
                if !known {
                    run.made(self.name());
                }
            }
            // A picture is no reason to refuse a run.
            Err(error) => run.remark(
                "no dashboard",
                format!(
                    "The run goes on without it; dashboard = \"none\" avoids the call. {error}"
                ),
            ),
        }
        Ok(())
    }

    async fn undo(&self, run: &mut Run<'_>) -> Result<(), Error> {
        if run.made.contains(&self.name())
            && let Some(name) = run.handle.dashboard.clone()
        {
            delete(run.aws, &run.spec.region, &name).await?;
            run.handle.dashboard = None;
        }
        Ok(())
    }

    async fn remove(&self, removal: &mut Removal<'_>) -> Result<(), Error> {
        if let Some(name) = removal.handle.dashboard.clone() {
            delete(removal.aws, &removal.handle.region, &name).await?;
            removal.handle.dashboard = None;
        }
        Ok(())
    }

    async fn observe(&self, look: &Removal<'_>) -> Option<String> {
        let name = look.handle.dashboard.as_ref()?;
        let found = get(look.aws, &look.handle.region, name).await;
        matches!(found, Ok(None)).then(|| format!("dashboard {name} is gone"))
    }
}
