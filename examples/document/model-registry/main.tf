# The document's "Model Registry": a SageMaker model from the compressed artifact of a run.
#
# The artifact's address is known at once; the object is there when the run has ended. Create the model
# in a later apply, or set wait_for_completion = true, as here.
#
# Another role and another image than in the document: those of the training write a model, they do not serve it.

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

variable "serving_role_arn" {
  description = "Role that SageMaker takes for the endpoint: it reads the model and pulls the image."
  type        = string
  default     = "arn:aws:iam::123456789012:role/model-serving"
}

variable "serving_image" {
  description = "Image that answers requests with the model, in the region of the endpoint."
  type        = string
  default     = "123456789012.dkr.ecr.us-east-1.amazonaws.com/bert-serving:1"
}

provider "sustainable" {
  region = "us-east-1"
}

provider "aws" {
  region = "us-east-1"
}

resource "sustainable_ml_training" "bert" {
  name                     = "bert-for-registry"
  model_type               = "natural_language"
  s3_bucket_name           = "bert-training-data"
  dataset_size_gb          = 16
  estimated_training_hours = 12

  source_dir               = "${path.module}/../../scenarios/bert/train"
  entry_point              = "train.py"
  enable_model_compression = true

  wait_for_completion = true

  timeouts {
    create = "30h"
  }

  lifecycle {
    postcondition {
      condition     = self.outcome == null || self.outcome == "succeeded"
      error_message = "The training did not succeed: ${coalesce(self.failure_reason, "see last_log_lines")}"
    }
  }
}

resource "aws_sagemaker_model" "sustainable_model" {
  name               = "bert-compressed"
  execution_role_arn = var.serving_role_arn

  primary_container {
    image          = var.serving_image
    model_data_url = "${sustainable_ml_training.bert.model_artifacts_location}/compressed/model.tar.gz"
  }
}
