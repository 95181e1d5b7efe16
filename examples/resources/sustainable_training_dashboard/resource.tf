locals {
  learning_rates = ["1e-5", "3e-5", "1e-4"]
}

# A sweep: one training for each rate, none with a dashboard of its own.
resource "sustainable_ml_training" "sweep" {
  for_each = toset(local.learning_rates)

  name                     = "bert-sweep-${index(local.learning_rates, each.key)}"
  model_type               = "natural_language"
  s3_bucket_name           = "my-training-data"
  dataset_size_gb          = 16
  estimated_training_hours = 8
  training_image           = "123456789012.dkr.ecr.{region}.amazonaws.com/bert:1"
  hyperparameters          = { rate = each.key }
  dashboard                = "none"
}

# By name, wherever the runs went.
resource "sustainable_training_dashboard" "sweep" {
  name = "bert-sweep"
  jobs = [for run in sustainable_ml_training.sweep : {
    name   = run.training_job_name
    region = run.selected_region
  }]
}

# Or by the beginning of the name: later runs appear by themselves.
resource "sustainable_training_dashboard" "all_bert" {
  name            = "all-bert"
  job_name_prefix = "bert"
  regions         = ["us-east-1", "eu-north-1"]
}
