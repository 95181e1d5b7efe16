# The document's "Sustainable BERT Training", bert-base-sustainable.
#
# Left out there: the bucket's region and the training code. Everything else holds as it was written.
# What the evidence changes: no price in AWS's API can be capped, so max_spot_price_percentage is a gate
# in the plan and in the apply, not a bid.

terraform {
  required_version = ">= 1.8"

  required_providers {
    sustainable = {
      source  = "sustainable-ml/sustainable"
      version = "~> 0.1"
    }
  }
}

provider "sustainable" {
  region = "us-east-1"
}

resource "sustainable_ml_training" "bert" {
  name                     = "bert-base-sustainable"
  model_type               = "natural_language"
  s3_bucket_name           = "bert-training-data"
  dataset_size_gb          = 16.0 # Wikipedia and BookCorpus
  estimated_training_hours = 96.0 # four days

  # Aggressive sustainability settings
  training_strategy          = "carbon_aware_scheduling"
  carbon_intensity_threshold = 50
  preferred_training_regions = ["ca-central-1", "eu-north-1"]

  # Efficiency optimizations
  compute_optimization             = "mixed_precision"
  enable_automatic_mixed_precision = true
  enable_gradient_accumulation     = true

  # Model compression
  enable_model_compression    = true
  target_model_size_reduction = 0.5

  # Early stopping to prevent overtraining
  enable_early_stopping   = true
  early_stopping_patience = 5

  # Maximum spot savings
  use_spot_instances         = true
  spot_interruption_behavior = "checkpoint"
  max_spot_price_percentage  = 70
  supports_checkpointing     = true # new: what "checkpoint" rests on

  # The code, which the document leaves out
  source_dir  = "${path.module}/../../scenarios/bert/train"
  entry_point = "train.py"
}

output "summary" {
  value = sustainable_ml_training.bert.summary
}
