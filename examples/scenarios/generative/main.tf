# A decoder-only language model on two machines with eight GPUs each.
#
# Several machines have to talk to each other after every step, so the network counts in the runtime,
# and one interrupted machine stops them all, so the risk of spot capacity grows with their number.

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
  description = "An existing bucket in us-east-1 with token files (*.npy) under data/."
  type        = string
  default     = "my-text-corpus"
}

provider "sustainable" {
  region = "us-east-1"
}

resource "sustainable_ml_training" "gpt" {
  name                      = "gpt-1b"
  model_type                = "generative_ai"
  s3_bucket_name            = var.bucket
  dataset_size_gb           = 80
  estimated_training_hours  = 60
  model_parameters_millions = 1300
  reference_instance_type   = "ml.p4d.24xlarge"
  instance_count            = 2

  preferred_training_regions = ["us-east-1", "us-east-2", "ca-central-1", "eu-north-1"]
  instance_priority          = "balanced"

  supports_checkpointing       = true
  checkpoint_frequency_minutes = 20
  max_cost_usd                 = 9000

  source_dir   = "${path.module}/train"
  entry_point  = "train.py"
  distribution = "torchrun"

  hyperparameters = {
    epochs     = "1"
    batch-size = "8"
    accumulate = "8"
  }

  # Recomputing activations costs time; it pays only where the model would not fit otherwise.
  training_strategy                = "gradient_checkpointing"
  compute_optimization             = "mixed_precision"
  enable_automatic_mixed_precision = true
  enable_gradient_accumulation     = true

  metric_definitions = {
    "train:loss"      = "train_loss=([0-9.eE+-]+)"
    "validation:loss" = "validation_loss=([0-9.eE+-]+)"
  }
}

output "summary" {
  value = sustainable_ml_training.gpt.summary
}

output "candidates" {
  value = sustainable_ml_training.gpt.candidates
}
