//! `max_spot_price_percentage`: a gate before the launch on the price that AWS publishes. It is no bid: SageMaker takes
//! no price, and what spot capacity costs later nobody limits.

use async_trait::async_trait;

use super::Step;
use crate::error::{Error, Kind};
use crate::market::{self, SpotPrice};
use crate::run::Run;

pub(crate) struct PriceGate;

#[async_trait]
impl Step for PriceGate {
    fn name(&self) -> &'static str {
        "spot price"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let Some(most) = run.spec.max_spot_price_percent.filter(|_| run.spec.spot) else {
            return Ok(());
        };
        // A job that a killed apply left is taken over, whatever spot capacity costs by now.
        if run.adopted {
            return Ok(());
        }
        let (region, name) = (&run.spec.region, &run.spec.instance_type);
        let why = match market::spot_price(run.aws, region, name).await {
            Ok(Some(price)) if price.percent() > most => {
                return Err(too_dear(&price, most, region, name));
            }
            Ok(Some(_)) => return Ok(()),
            Ok(None) => {
                format!("AWS publishes no spot and list price of its EC2 twin in {region}.")
            }
            Err(error) => error.to_string(),
        };
        run.remark(
            "spot price not checked",
            format!("Whether {name} in {region} is below max_spot_price_percentage ({most}) is not known: {why}"),
        );
        Ok(())
    }
}

fn too_dear(price: &SpotPrice, most: f64, region: &str, name: &str) -> Error {
    let twin = name.trim_start_matches("ml.");
    Error::new(
        Kind::Quota,
        format!(
            "spot capacity for {name} in {region} costs {:.0} % of on demand, max_spot_price_percentage is {most}",
            price.percent()
        ),
    )
    .advise(format!(
        "EC2 publishes {} USD an hour for {twin} on spot in {}, its cheapest zone now, and {} USD on demand; SageMaker publishes no spot price of its own. Raise \
         max_spot_price_percentage, set use_spot_instances = false to run on demand, or apply again when the price has fallen.",
        four(price.spot_usd_h),
        price.zone,
        four(price.on_demand_usd_h),
    ))
    .on("max_spot_price_percent")
}

/// Four decimals at most, as AWS's price pages show.
fn four(usd: f64) -> f64 {
    (usd * 10_000.0).round() / 10_000.0
}
