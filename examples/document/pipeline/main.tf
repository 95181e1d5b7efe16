# The document's "SageMaker Pipelines Integration": a training step in a pipeline of one's own.
#
# The data source decides where and on what, and hands out the step. The pipeline starts the job, so
# there is no sustainable_ml_training resource here.

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
      merge(jsondecode(data.sustainable_placement.bert.pipeline_step_json), {
        DependsOn = ["DataPreprocessing"]
      }),
    ]
  })
}
