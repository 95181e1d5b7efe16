# A budget for carbon, energy and money that a pull request cannot pass by accident. Three lines of defence:
#
#   1. max_emissions_kg, max_energy_kwh, max_cost_usd: `terraform plan` fails, and names the nearest answer
#      that would pass. gate_on = "high" holds the upper end of the estimate against the limit.
#   2. a postcondition on the resource's own estimate, for a rule of one's own;
#   3. policy/check_plan.py over the plan's JSON, for rules over the whole plan: see policy/README.md.

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
  description = "An existing bucket in us-east-1 with CSV files (the last column is the label) under data/."
  type        = string
  default     = "my-tabular-data"
}

provider "sustainable" {
  region = "us-east-1"
}

resource "sustainable_ml_training" "churn" {
  name                     = "churn"
  model_type               = "tabular_data"
  s3_bucket_name           = var.bucket
  dataset_size_gb          = 2
  estimated_training_hours = 4
  reference_instance_type  = "ml.m5.4xlarge"

  max_emissions_kg = 1
  max_energy_kwh   = 2
  max_cost_usd     = 6
  gate_on          = "high"

  # A changed script while a run is in progress fails the plan instead of stopping paid work.
  on_change = "error"

  source_dir  = "${path.module}/train"
  entry_point = "train.py"
  framework   = "pytorch:2.13"

  hyperparameters = {
    epochs     = "50"
    batch-size = "1024"
  }

  enable_early_stopping   = true
  early_stopping_patience = 5

  metric_definitions = {
    "validation:loss" = "validation_loss=([0-9.eE+-]+)"
  }

  lifecycle {
    postcondition {
      condition     = self.estimate.emissions_kg.high <= 1.5 * self.estimate.emissions_kg.value + 0.5
      error_message = "The estimate is too uncertain for a budget: measure relative_throughput or shorten the run."
    }
  }
}

output "summary" {
  value = sustainable_ml_training.churn.summary
}

# For a comment on the pull request.
output "comment" {
  value = provider::sustainable::plan_markdown(
    sustainable_ml_training.churn.summary,
    sustainable_ml_training.churn.estimate,
    sustainable_ml_training.churn.baseline,
    sustainable_ml_training.churn.candidates,
  )
}
