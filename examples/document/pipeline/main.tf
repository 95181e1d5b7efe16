# The document's "SageMaker Pipelines Integration": a training step in a pipeline of one's own.
#
# The data source decides where and on what; the pipeline starts the job, so there is no
# sustainable_ml_training resource here. A pipeline runs in one region, and so does its training step:
# the data source is asked for that region only, and chooses the instance type.

terraform {
  required_version = ">= 1.8"

  required_providers {
    sustainable = {
      source  = "sustainable-ml/sustainable"
      version = "~> 0.1"
    }
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "sustainable" {
  region = "us-east-1"
}

provider "aws" {
  region = "us-east-1"
}

data "sustainable_placement" "bert" {
  model_type               = "natural_language"
  dataset_region           = "us-east-1"
  dataset_size_gb          = 16
  estimated_training_hours = 12
  data_residency           = "region"
  framework                = "pytorch:2.13"

  pipeline_step = {
    role_arn       = "arn:aws:iam::123456789012:role/training"
    dataset_s3_uri = "s3://bert-training-data/prepared/"
    source_s3_uri  = "s3://bert-training-data/code/sourcedir.tar.gz"
    entry_point    = "train.py"
    output_s3_uri  = "s3://bert-training-data/models/"
    depends_on     = ["DataPreprocessing"]
  }
}

resource "aws_sagemaker_pipeline" "nlp" {
  pipeline_name         = "nlp"
  pipeline_display_name = "nlp"
  role_arn              = "arn:aws:iam::123456789012:role/pipelines"

  pipeline_definition = jsonencode({
    Version = "2020-12-01"
    Steps = [
      {
        Name      = "DataPreprocessing"
        Type      = "Processing"
        Arguments = {}
      },
      # Image, instance type, count, volume, spot and limits are the decision's; what the step lacks is merged in.
      merge(jsondecode(data.sustainable_placement.bert.pipeline_step_json), {
        RetryPolicies = [{
          ExceptionType   = ["SageMaker.CAPACITY_ERROR"]
          IntervalSeconds = 600
          MaxAttempts     = 6
        }]
      }),
    ]
  })
}

output "step" {
  value = data.sustainable_placement.bert.pipeline_step_json
}
