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
      {
        Name      = "Training"
        Type      = "Training"
        DependsOn = ["DataPreprocessing"]
        Arguments = {
          AlgorithmSpecification = {
            TrainingImage     = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.13-cu133-amzn2023-sagemaker"
            TrainingInputMode = "File"
          }
          RoleArn          = "arn:aws:iam::123456789012:role/training"
          OutputDataConfig = { S3OutputPath = "s3://bert-training-data/models/" }
          ResourceConfig = {
            InstanceType   = data.sustainable_placement.bert.selected.instance_type
            InstanceCount  = 1
            VolumeSizeInGB = 30
          }
          StoppingCondition = { MaxRuntimeInSeconds = 100000 }
        }
      },
    ]
  })
}
