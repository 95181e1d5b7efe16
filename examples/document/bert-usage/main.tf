# The document's first example ("Usage"), bert-sustainable-training.
#
# Left out there: the bucket's region and the training code. What the evidence changes: Oregon
# (us-west-2) is not a clean grid by location, about 200 gCO2e/kWh, so the threshold of 100 rejects it.

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
  region = "us-west-2"
}

resource "sustainable_ml_training" "bert" {
  name           = "bert-sustainable-training"
  model_type     = "natural_language"
  s3_bucket_name = "my-ml-training-data"

  # Training configuration
  dataset_size_gb              = 50.0
  estimated_training_hours     = 12.0
  checkpoint_frequency_minutes = 30
  supports_checkpointing       = true # new: spot capacity needs code that resumes

  # Sustainability settings
  training_strategy           = "carbon_aware_scheduling"
  compute_optimization        = "mixed_precision"
  enable_model_compression    = true
  target_model_size_reduction = 0.7

  # Carbon optimization
  carbon_intensity_threshold = 100
  preferred_training_regions = [
    "us-west-2",    # Oregon: rejected by the threshold
    "eu-north-1",   # Stockholm: hydro and nuclear
    "ca-central-1", # Montreal: hydro
  ]

  # Instance configuration
  instance_priority = "carbon_optimized"
  preferred_instance_types = [
    "ml.p4d.24xlarge",
    "ml.g5.48xlarge",
    "ml.trn1.32xlarge", # needs code and an image for Neuron; not offered in the two clean regions
  ]
  use_spot_instances = true

  # Monitoring
  track_carbon_emissions     = true
  track_energy_usage         = true
  enable_experiment_tracking = true
  experiment                 = { name = "bert" } # the document names none; tracking needs a place

  # The code, which the document leaves out
  source_dir  = "${path.module}/../../scenarios/bert/train"
  entry_point = "train.py"

  tags = {
    Project        = "nlp-research"
    Sustainability = "optimized"
  }
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
