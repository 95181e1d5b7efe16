# BERT pre-training from scratch on 8 GPUs: the provider's main job in one file.
#
# The data lie in us-east-1. Two regions with cleaner grids are named, which is the consent to train
# there: if one wins, a companion bucket is made in it and the data are copied before the job starts.
#
# `make demo` really runs this folder against the emulator, from init to a destroy that leaves nothing but
# the job's log.

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
  description = "An existing bucket in var.region with token files (*.npy) under data/."
  type        = string
  default     = "my-training-data"
}

variable "region" {
  description = "Where the bucket is."
  type        = string
  default     = "us-east-1"
}

provider "sustainable" {
  region = var.region
}

resource "sustainable_ml_training" "bert" {
  name                     = "bert-base"
  model_type               = "natural_language"
  s3_bucket_name           = var.bucket
  dataset_size_gb          = 16
  estimated_training_hours = 96
  reference_instance_type  = "ml.p4d.24xlarge" # what the hours were measured on

  # Where: a hard limit, and the consent to leave the data's region.
  carbon_intensity_threshold = 50
  preferred_training_regions = ["ca-central-1", "eu-north-1"]

  # Spot capacity may be taken away; the script checkpoints and resumes, and this says so.
  use_spot_instances     = true
  supports_checkpointing = true

  # The plan fails above this, before anything is paid.
  max_emissions_kg = 30

  # What runs. The script reads the settings below from SUSTAINABLE_* variables.
  source_dir   = "${path.module}/train"
  entry_point  = "train.py"
  distribution = "torchrun"

  hyperparameters = {
    epochs = "40"
  }

  enable_gradient_accumulation = true
  enable_early_stopping        = true
  enable_model_compression     = true

  metric_definitions = {
    "train:loss"      = "train_loss=([0-9.eE+-]+)"
    "validation:loss" = "validation_loss=([0-9.eE+-]+)"
  }

  # A demonstration cleans up after itself. Leave both out for work that you want to keep.
  on_destroy    = "delete"
  force_destroy = true
}

output "summary" {
  description = "The decision in one line."
  value       = sustainable_ml_training.bert.summary
}

output "savings" {
  description = "Against the reference type, on demand, in the data's region."
  value       = sustainable_ml_training.bert.savings
}

output "training_job_name" {
  value = sustainable_ml_training.bert.training_job_name
}

output "dashboard_url" {
  value = sustainable_ml_training.bert.dashboard_url
}

output "model_artifacts_location" {
  value = sustainable_ml_training.bert.model_artifacts_location
}
