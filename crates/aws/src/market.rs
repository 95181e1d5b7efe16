//! What AWS publishes of prices (the spot price of EC2, the list prices of EC2 and of SageMaker training), and what the
//! account may run.

use aws_smithy_types::DateTime;
use serde_json::{Value, json};

use crate::clients::Aws;
use crate::clock;
use crate::error::Error;
use crate::naming;
use crate::s3::rfc3339;
use crate::settings::Service;
use crate::signed::tag;

/// Entries that GetProducts gives in one answer, at most.
const PAGE: usize = 100;
/// Answers that are read for one question.
const PAGES: usize = 10;

/// Answers of 100 quotas each; SageMaker has some 1,500.
const QUOTA_PAGES: usize = 40;

/// The spot price of an instance type beside its list price, both of EC2: SageMaker publishes no spot price.
#[derive(Debug, Clone, PartialEq)]
pub struct SpotPrice {
    /// USD per instance and hour, in the cheapest zone.
    pub spot_usd_h: f64,
    /// That zone.
    pub zone: String,
    /// USD per instance and hour on demand.
    pub on_demand_usd_h: f64,
}

impl SpotPrice {
    /// The spot price in percent of the list price.
    pub fn percent(&self) -> f64 {
        100.0 * self.spot_usd_h / self.on_demand_usd_h
    }
}

/// The list price of training on an instance type in a region.
#[derive(Debug, Clone, PartialEq)]
pub struct ListPrice {
    /// `ml.*` type.
    pub instance_type: String,
    /// Region.
    pub region: String,
    /// USD per instance and hour.
    pub usd_h: f64,
    /// When AWS published the list, RFC 3339.
    pub published_at: Option<String>,
}

/// The published prices of a training type's EC2 twin; `None` where one of the two is not published.
///
/// # Errors
/// A call that was refused or not answered.
pub(crate) async fn spot_price(
    aws: &Aws,
    region: &str,
    instance_type: &str,
) -> Result<Option<SpotPrice>, Error> {
    let Some(pricing) = pricing_region(region) else {
        return Ok(None);
    };
    let name = instance_type.trim_start_matches("ml.");
    let Some((spot_usd_h, zone)) = cheapest_zone(aws, region, name).await? else {
        return Ok(None);
    };
    let filters = [
        ("instanceType", name),
        ("regionCode", region),
        ("operatingSystem", "Linux"),
        ("preInstalledSw", "NA"),
        ("tenancy", "Shared"),
        ("capacitystatus", "Used"),
    ];
    let list = products(aws, pricing, "AmazonEC2", &filters).await?;
    let on_demand = list.iter().filter_map(usd_per_hour).reduce(f64::min);
    Ok(on_demand.map(|on_demand_usd_h| SpotPrice {
        spot_usd_h,
        zone,
        on_demand_usd_h,
    }))
}

/// Price and name of the zone in which Linux on spot capacity costs least now.
async fn cheapest_zone(
    aws: &Aws,
    region: &str,
    name: &str,
) -> Result<Option<(f64, String)>, Error> {
    // From now on: the price in force in every zone, and none of the past.
    let now = rfc3339(&DateTime::from(clock::now())).unwrap_or_default();
    let answer = aws
        .query(
            Service::Ec2,
            region,
            "DescribeSpotPriceHistory",
            &[
                ("InstanceType.1", name),
                ("ProductDescription.1", "Linux/UNIX"),
                ("StartTime", &now),
            ],
        )
        .await?;
    Ok(answer
        .split("<item>")
        .skip(1)
        .filter_map(|item| {
            let price: f64 = tag(item, "spotPrice")?.parse().ok()?;
            let zone = tag(item, "availabilityZone")?;
            (price > 0.0 && price.is_finite()).then_some((price, zone))
        })
        .min_by(|one, other| one.0.total_cmp(&other.0)))
}

/// Entries of a service's price list that match every filter.
async fn products(
    aws: &Aws,
    region: &str,
    service: &str,
    filters: &[(&str, &str)],
) -> Result<Vec<Value>, Error> {
    let filters: Vec<Value> = filters
        .iter()
        .map(|(field, value)| json!({ "Type": "TERM_MATCH", "Field": field, "Value": value }))
        .collect();
    let mut found = Vec::new();
    let mut token = Value::Null;
    for _ in 0..PAGES {
        let mut body = json!({
            "ServiceCode": service,
            "FormatVersion": "aws_v1",
            "MaxResults": PAGE,
            "Filters": filters,
        });
        if !token.is_null() {
            body["NextToken"] = token;
        }
        let answer = aws
            .json(Service::Pricing, region, "GetProducts", &body)
            .await?;
        let entries = answer["PriceList"].as_array().into_iter().flatten();
        // Each entry is a document of its own, as text.
        found.extend(entries.filter_map(|entry| serde_json::from_str(entry.as_str()?).ok()));
        token = answer["NextToken"].clone();
        if token.as_str().is_none_or(str::is_empty) {
            break;
        }
    }
    Ok(found)
}

/// The on-demand price of an entry, in USD per hour.
fn usd_per_hour(entry: &Value) -> Option<f64> {
    let terms = entry["terms"]["OnDemand"].as_object()?;
    terms
        .values()
        .filter_map(|term| term["priceDimensions"].as_object())
        .flat_map(serde_json::Map::values)
        .filter_map(|dimension| dimension["pricePerUnit"]["USD"].as_str()?.parse().ok())
        .filter(|usd: &f64| *usd > 0.0 && usd.is_finite())
        .reduce(f64::min)
}

/// Where the price list is asked for; it is the same for every region of the commercial partition. The other partitions
/// have lists of their own, in other currencies or behind other accounts: they are not asked.
fn pricing_region(region: &str) -> Option<&'static str> {
    (naming::partition(region) == "aws").then_some("us-east-1")
}

/// The list prices of training in a region.
///
/// # Errors
/// A call that was refused or not answered.
pub async fn training_prices(aws: &Aws, region: &str) -> Result<Vec<ListPrice>, Error> {
    let Some(pricing) = pricing_region(region) else {
        return Ok(Vec::new());
    };
    let filters = [
        ("productFamily", "ML Instance"),
        ("regionCode", region),
        ("platoinstancetype", "Training"),
    ];
    let list = products(aws, pricing, "AmazonSageMaker", &filters).await?;
    Ok(list
        .iter()
        .filter_map(|entry| {
            let attributes = &entry["product"]["attributes"];
            let named = attributes["instanceName"].as_str();
            // `USE1-Train:ml.m5.large` names it too.
            let used = attributes["usagetype"]
                .as_str()
                .and_then(|usage| usage.split_once(':'))
                .map(|(_, name)| name);
            let name = named.filter(|name| name.starts_with("ml.")).or(used)?;
            Some(ListPrice {
                instance_type: name.to_owned(),
                region: region.to_owned(),
                usd_h: usd_per_hour(entry)?,
                published_at: entry["publicationDate"].as_str().map(str::to_owned),
            })
        })
        .collect())
}

/// A quota of SageMaker in one region.
#[derive(Debug, Clone, PartialEq)]
pub struct Quota {
    /// Its name, `ml.m5.large for training job usage`.
    pub name: String,
    /// Its code, `L-611FA074`.
    pub code: String,
    /// What is allowed: instances at once.
    pub value: f64,
}

/// Name of the quota that a training job counts against.
pub fn quota_name(instance_type: &str, spot: bool) -> String {
    if spot {
        format!("{instance_type} for spot training job usage")
    } else {
        format!("{instance_type} for training job usage")
    }
}

/// The quotas of these names; what Service Quotas does not list is left out.
///
/// # Errors
/// A call that was refused or not answered.
pub async fn quotas(aws: &Aws, region: &str, names: &[String]) -> Result<Vec<Quota>, Error> {
    let mut found = Vec::new();
    let mut token = Value::Null;
    for _ in 0..QUOTA_PAGES {
        let mut body = json!({ "ServiceCode": "sagemaker", "MaxResults": 100 });
        if !token.is_null() {
            body["NextToken"] = token;
        }
        let answer = aws
            .json(Service::Servicequotas, region, "ListServiceQuotas", &body)
            .await?;
        for quota in answer["Quotas"].as_array().into_iter().flatten() {
            let Some(name) = quota["QuotaName"].as_str() else {
                continue;
            };
            if let Some(value) = quota["Value"].as_f64()
                && names.iter().any(|wanted| wanted == name)
            {
                found.push(Quota {
                    name: name.to_owned(),
                    code: quota["QuotaCode"].as_str().unwrap_or_default().to_owned(),
                    value,
                });
            }
        }
        token = answer["NextToken"].clone();
        if found.len() == names.len() || token.as_str().is_none_or(str::is_empty) {
            break;
        }
    }
    Ok(found)
}
