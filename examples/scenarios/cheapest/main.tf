# The cheapest machine that does the job, with its carbon in plain sight.
#
# `cost_optimized` minimises USD and nothing else. Where that emits more than the baseline would, the plan
# says so in a warning; `max_emissions_kg` keeps it within a limit.

terraform {
  required_version = ">= 1.8"

  required_providers {
    sustainable = {
      source  = "sustainable-ml/sustainable"
      version = "~> 0.1"
    }
  }
}

variable "bucket" {
  description = "An existing bucket in us-east-1 with data/train/CLASS/*.jpg."
  type        = string
  default     = "my-image-data"
}

provider "sustainable" {
  region = "us-east-1"
}

resource "sustainable_ml_training" "cheapest" {
  name                     = "defect-detector"
  model_type               = "computer_vision"
  s3_bucket_name           = var.bucket
  dataset_size_gb          = 8
  estimated_training_hours = 6
  reference_instance_type  = "ml.g5.xlarge"

  instance_priority          = "cost_optimized"
  preferred_training_regions = ["us-east-1", "us-east-2", "us-west-2"]
  min_gpu_memory_gb          = 16
  max_emissions_kg           = 3

  # A run that may take three times as long may use a much cheaper machine.
  max_slowdown           = 3
  use_spot_instances     = true
  supports_checkpointing = true

  source_dir  = "${path.module}/train"
  entry_point = "train.py"

  hyperparameters = {
    epochs     = "30"
    batch-size = "64"
  }

  compute_optimization        = "quantization"
  enable_early_stopping       = true
  early_stopping_patience     = 4
  enable_model_compression    = true
  target_model_size_reduction = 0.75
  num_data_loader_workers     = 3

  metric_definitions = {
    "validation:loss" = "validation_loss=([0-9.eE+-]+)"
  }
}

output "summary" {
  value = sustainable_ml_training.cheapest.summary
}

output "cost_usd" {
  value = sustainable_ml_training.cheapest.estimate.cost_usd
}
