# An image classifier (EfficientNet-B0) on four GPUs, kept within the European Union.
#
# `data_residency = "geography"` widens the choice from one region to all of the bucket's geography, and
# no further. The companion bucket and the copy of the data have to be allowed, since no region is named.

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
  description = "An existing bucket in eu-central-1 with data/train/CLASS/*.jpg."
  type        = string
  default     = "my-image-data"
}

provider "sustainable" {
  region = "eu-central-1"
}

resource "sustainable_ml_training" "vision" {
  name                     = "efficientnet-b0"
  model_type               = "computer_vision"
  s3_bucket_name           = var.bucket
  dataset_size_gb          = 90
  estimated_training_hours = 20
  reference_instance_type  = "ml.g5.12xlarge"

  data_residency         = "geography"
  allow_companion_bucket = true
  instance_priority      = "carbon_optimized"

  # Not more than a quarter dearer than the cheapest place that would do.
  max_cost_premium_percent = 25

  supports_checkpointing       = true
  checkpoint_frequency_minutes = 15

  source_dir   = "${path.module}/train"
  entry_point  = "train.py"
  distribution = "torchrun"

  hyperparameters = {
    epochs     = "90"
    batch-size = "256"
  }

  compute_optimization             = "mixed_precision"
  enable_automatic_mixed_precision = true
  enable_data_augmentation         = true
  num_data_loader_workers          = 8
  enable_early_stopping            = true
  early_stopping_patience          = 8

  metric_definitions = {
    "train:loss"      = "train_loss=([0-9.eE+-]+)"
    "validation:loss" = "validation_loss=([0-9.eE+-]+)"
  }
}

output "summary" {
  value = sustainable_ml_training.vision.summary
}

# What a bolder setting would bring, with the figure that it would change.
output "recommendations" {
  value = sustainable_ml_training.vision.recommendations
}
