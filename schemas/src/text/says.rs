//! What a legal string is, in words: errors and reference pages share them.

use super::NAME_MAX;
use crate::declare::Text;

/// What a legal value is, as a phrase.
pub(crate) fn says(rule: Text) -> String {
    match rule {
        Text::Any => "any string".into(),
        Text::UpTo(most) => format!("a string of 1 to {most} characters"),
        Text::AtMost(most) => format!("a string of at most {most} characters"),
        Text::Line(most) => format!("one line of at most {most} characters"),
        Text::TrainingName => format!("1 to {NAME_MAX} letters, digits and hyphens, with a letter or digit at both ends"),
        Text::Entity(most) => format!("a name of 1 to {most} letters, digits and hyphens, with a letter or digit at both ends"),
        Text::Bucket => "an S3 bucket name: 3 to 63 lower-case letters, digits, hyphens and dots, with a letter or digit at both ends".into(),
        Text::Prefix => "a key prefix such as `data/`, without `s3://`, the bucket or a leading slash, outside `sustainable/`".into(),
        Text::S3Uri => "an S3 URI such as `s3://my-bucket/prefix/`".into(),
        Text::Region => "an AWS region such as `eu-north-1`".into(),
        Text::InstanceType => "a SageMaker training instance type such as `ml.p4d.24xlarge`".into(),
        Text::Arn("kms", _) => "the ARN of a KMS key, such as `arn:aws:kms:eu-north-1:123456789012:key/...`".into(),
        Text::Arn("iam", "role") => "the ARN of an IAM role, such as `arn:aws:iam::123456789012:role/training`".into(),
        Text::Arn("iam", _) => "the ARN of an IAM policy, such as `arn:aws:iam::123456789012:policy/boundary`".into(),
        Text::Arn("sns", _) => "the ARN of an SNS topic".into(),
        Text::Arn(_, "mlflow") => "the ARN of a SageMaker MLflow app or tracking server".into(),
        Text::Arn(service, resource) => format!("the ARN of a {service} {resource}"),
        Text::Time => "a time in RFC 3339 such as `2026-03-01T22:00:00Z`".into(),
        Text::Duration => "a duration above zero such as `90m` or `1h30m`, at most `8760h`".into(),
        Text::ContainerPath => "an absolute path in the container such as `/opt/ml/checkpoints`, without `..`".into(),
        Text::RelativePath => "a path inside the source such as `train.py`, without a leading slash or `..`".into(),
        Text::Algorithm => "a built-in algorithm with its version, such as `xgboost:1.7-1`, or the ARN of an algorithm".into(),
        Text::Framework => "a framework with its version, such as `pytorch:2.13`".into(),
        Text::Image => "an image URI of 1 to 255 characters, such as `123456789012.dkr.ecr.{region}.amazonaws.com/train:1`, without `https://`".into(),
        Text::ResumeFrom => "`none`, `previous_run` or an S3 URI".into(),
        Text::IamPath => "an IAM path that begins and ends with a slash, such as `/training/`".into(),
        Text::Id(prefix) => format!("an ID such as `{prefix}0123456789abcdef0`"),
        Text::Url => "an address that begins with `http://` or `https://`".into(),
        Text::Account => "an account ID of twelve digits".into(),
        Text::Channel => "a channel name: 1 to 64 letters, digits, dots, hyphens and underscores".into(),
        Text::Variable => "a variable name: letters, digits and underscores, no digit at the front, at most 512".into(),
        Text::Metric => "a regular expression of 1 to 500 characters with one group around the number, such as `loss=([0-9.]+)`".into(),
        Text::TagKey => "a tag key: 1 to 128 letters, digits, spaces and `_.:/=+-@`, without the prefixes `aws:` and `sustainable:`".into(),
        Text::TagValue => "a tag value: at most 256 letters, digits, spaces and `_.:/=+-@`".into(),
    }
}
