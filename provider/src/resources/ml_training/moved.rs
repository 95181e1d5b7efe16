//! Taking over an `aws_sagemaker_training_job` of hashicorp/aws by a `moved` block, without a new run.
//!
//! The provider is not configured when Terraform asks for this, so that nothing can be looked up: everything comes from the
//! state of the other resource. Its attributes are SageMaker's own fields in snake case, with a list of one for each nested
//! object; put back into SageMaker's spelling they are read like the description of any foreign job.

use serde_json::{Map, Value as Json};
use tfplugin::{Diagnostic, MoveRequest, MoveResponse, Value};

use super::private::Remembered;
use super::{foreign, import, run};

const SOURCE: &str = "aws_sagemaker_training_job";
const PROVIDERS: [&str; 2] = [
    "registry.terraform.io/hashicorp/aws",
    "registry.opentofu.org/hashicorp/aws",
];
/// Lists that are lists for SageMaker too.
const LISTS: [&str; 2] = ["input_data_config", "metric_definitions"];
/// Maps whose keys are the user's.
const MAPS: [&str; 4] = ["environment", "hyper_parameters", "tags", "tags_all"];

/// The state of the job that the other resource stands for.
pub(crate) fn moved(request: &MoveRequest) -> Result<MoveResponse, Diagnostic> {
    let (provider, kind) = (&request.source_provider_address, &request.source_type_name);
    if kind != SOURCE || !PROVIDERS.contains(&provider.as_str()) {
        return Err(Diagnostic::error(
            "This object cannot be moved here",
            format!(
                "A sustainable_ml_training can take over a {SOURCE} of hashicorp/aws, and this is a {kind} of {provider}. Remove the moved block, add an import block with the training job's ARN, and forget the old object with a removed block."
            ),
        ));
    }
    let source = &request.source_state;
    let mut description = described(source);
    let arn = source["arn"].as_str().filter(|arn| !arn.is_empty());
    description["TrainingJobArn"] = arn.into();
    let region = arn
        .and_then(aws::foreign::place)
        .map(|(region, _)| region)
        .or(source["region"].as_str());
    let name = source["training_job_name"].as_str();
    let (Some(region), Some(_)) = (region, name) else {
        return Err(Diagnostic::error(
            "The moved object does not say which training job it is",
            format!(
                "Its state has {}. Refresh it with the provider that made it, then move it; or add an import block with the training job's ARN in place of the moved block.",
                if name.is_none() {
                    "no training_job_name"
                } else {
                    "neither an arn nor a region"
                }
            ),
        ));
    };
    let handle = aws::foreign::handle(&description, region, "");
    let mut state = import::empty();
    state.extend(foreign::inputs(&description));
    for name in ["tags", "tags_all"] {
        let tags = crate::json::from_json(&source[name]);
        let none = tags.as_map().is_none_or(|tags| tags.is_empty());
        state.insert(name.to_owned(), if none { Value::Null } else { tags });
    }
    import::placed(&mut state, &handle);
    let outputs =
        run::outputs(catalog::Catalog::embedded(), &state, &handle, None).map_err(|_| {
            Diagnostic::error(
                "The moved object could not be read",
                "Import it by the training job's ARN.",
            )
        })?;
    state.extend(outputs.into_iter().filter(|(_, value)| !value.is_null()));
    let remembered = Remembered {
        adopted: true,
        handle: Some(handle),
        ..Remembered::default()
    };
    Ok(MoveResponse {
        state: Value::Map(state),
        private: remembered.write(),
        ..MoveResponse::default()
    })
}

/// In SageMaker's spelling.
fn described(json: &Json) -> Json {
    let Json::Object(fields) = json else {
        return json.clone();
    };
    let fields = fields.iter().map(|(name, value)| {
        let value = match value {
            _ if MAPS.contains(&name.as_str()) => value.clone(),
            Json::Array(items) if items.iter().any(Json::is_object) => {
                let mut items = items.iter().map(described);
                if LISTS.contains(&name.as_str()) {
                    Json::Array(items.collect())
                } else {
                    items.next().unwrap_or_default()
                }
            }
            other => other.clone(),
        };
        (spelled(name), value)
    });
    Json::Object(fields.collect::<Map<_, _>>())
}

/// `volume_size_in_gb` is `VolumeSizeInGB`.
fn spelled(name: &str) -> String {
    let word = |word: &str| match word {
        "gb" => "GB".to_owned(),
        word => {
            let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
            first.to_uppercase() + rest
        }
    };
    name.split('_').map(word).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::described;

    #[test]
    fn snake_case_and_lists_of_one_become_sagemakers_spelling() {
        let state = json!({
            "training_job_name": "a",
            "hyper_parameters": {"max_depth": "3"},
            "resource_config": [{"instance_type": "ml.m5.large", "volume_size_in_gb": 30, "instance_groups": []}],
            "input_data_config": [{"channel_name": "train", "data_source": [{"s3_data_source": [{"s3_uri": "s3://b/k"}]}]}],
            "vpc_config": [{"security_group_ids": ["sg-1"], "subnets": ["subnet-1"]}],
            "checkpoint_config": [],
        });
        assert_eq!(
            described(&state),
            json!({
                "TrainingJobName": "a",
                "HyperParameters": {"max_depth": "3"},
                "ResourceConfig": {"InstanceType": "ml.m5.large", "VolumeSizeInGB": 30, "InstanceGroups": []},
                "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": {"S3Uri": "s3://b/k"}}}],
                "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
                "CheckpointConfig": [],
            })
        );
    }
}
