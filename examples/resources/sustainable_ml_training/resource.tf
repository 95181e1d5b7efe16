resource "sustainable_ml_training" "bert" {
  name                     = "bert-base"
  model_type               = "natural_language"
  s3_bucket_name           = "my-training-data"
  dataset_region           = "us-east-1"
  dataset_size_gb          = 16
  estimated_training_hours = 96

  # Naming regions is the consent to train there.
  carbon_intensity_threshold = 50
  preferred_training_regions = ["ca-central-1", "eu-north-1"]

  use_spot_instances     = true
  supports_checkpointing = true

  # The plan fails above this.
  max_emissions_kg = 30

  source_dir  = "${path.module}/train"
  entry_point = "train.py"
}

output "decision" {
  value = sustainable_ml_training.bert.summary
}
