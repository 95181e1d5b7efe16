# A run that may wait until the grid is cleaner: handed in in the evening, started by AWS itself within a day.
#
# On this grid that is around midday, when the sun shines. Where the nights are cleaner, it starts at night.
#
# The start is decided in the plan and shown as scheduled_start_time. Apply leaves it to one schedule of EventBridge
# Scheduler, which costs nothing, and ends; Terraform does not have to be there when the run begins.

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
  region = "eu-central-1"
}

variable "earliest" {
  description = "Not before this time. plantimestamp() where a plan is applied right away."
  type        = string
  default     = "2036-05-14T18:00:00Z"
}

resource "sustainable_ml_training" "nightly" {
  name                     = "nightly-forecast"
  model_type               = "time_series"
  s3_bucket_name           = "my-training-data"
  dataset_size_gb          = 4
  estimated_training_hours = 3
  training_image           = "123456789012.dkr.ecr.{region}.amazonaws.com/train:1"

  preferred_training_regions = ["eu-central-1"]
  earliest_start             = var.earliest
  max_start_delay_hours      = 24
  deadline                   = timeadd(var.earliest, "36h")
}

output "starts_at" {
  value = sustainable_ml_training.nightly.scheduled_start_time
}

output "what_waiting_saves_kg" {
  value = sustainable_ml_training.nightly.savings.time_kg
}
