# A run whose place follows from today's grid, not from a yearly figure.
#
# The key comes from the environment: export ELECTRICITY_MAPS_TOKEN=... Without one, or when the service does not answer,
# the plan warns and goes by the figures that are part of the provider.

terraform {
  required_providers {
    sustainable = {
      source  = "sustainable-ml/sustainable"
      version = "~> 0.1"
    }
  }
}

provider "sustainable" {
  region = "us-east-1"

  carbon_signal {
    source = "electricity_maps"
    kind   = "average"
  }
}

# A second signal beside the first: marginal intensities from a file of one's own, with columns named after the zones.
provider "sustainable" {
  alias  = "marginal"
  region = "us-east-1"

  carbon_signal {
    source = "file"
    kind   = "marginal"
    path   = "marginal.csv"
  }
}

# What the two have in common: the resource and the data source have to describe the same work.
locals {
  work = {
    model_type                 = "computer_vision"
    dataset_size_gb            = 20
    estimated_training_hours   = 8
    reference_instance_type    = "ml.g5.xlarge"
    preferred_training_regions = ["us-east-1", "ca-central-1", "eu-west-1"]
  }
}

data "sustainable_placement" "nightly" {
  model_type                 = local.work.model_type
  dataset_size_gb            = local.work.dataset_size_gb
  estimated_training_hours   = local.work.estimated_training_hours
  reference_instance_type    = local.work.reference_instance_type
  preferred_training_regions = local.work.preferred_training_regions
  training_image             = "123456789012.dkr.ecr.{region}.amazonaws.com/train:1"
}

resource "sustainable_ml_training" "nightly" {
  name                       = "nightly-vision"
  model_type                 = local.work.model_type
  s3_bucket_name             = "my-training-data"
  dataset_size_gb            = local.work.dataset_size_gb
  estimated_training_hours   = local.work.estimated_training_hours
  reference_instance_type    = local.work.reference_instance_type
  preferred_training_regions = local.work.preferred_training_regions
  training_image             = "123456789012.dkr.ecr.{region}.amazonaws.com/train:1"

  placement = data.sustainable_placement.nightly.selected
}

# The hours of the grids with the chosen run marked, as text for the terminal.
output "hours" {
  value = data.sustainable_placement.nightly.chart
}

# The same by marginal intensities. They rank regions differently, so they are never mixed with averages: where the file
# does not answer, selected is null and reason says why.
data "sustainable_placement" "marginal" {
  provider = sustainable.marginal

  model_type                 = local.work.model_type
  dataset_size_gb            = local.work.dataset_size_gb
  estimated_training_hours   = local.work.estimated_training_hours
  reference_instance_type    = local.work.reference_instance_type
  preferred_training_regions = local.work.preferred_training_regions
}

output "by_marginal_intensity" {
  value = coalesce(
    data.sustainable_placement.marginal.summary,
    data.sustainable_placement.marginal.reason,
  )
}
