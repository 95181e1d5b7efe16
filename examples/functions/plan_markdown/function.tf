# A table for a comment on a pull request.
resource "sustainable_ml_training" "bert" {
  name                     = "bert-base"
  model_type               = "natural_language"
  s3_bucket_name           = "my-training-data"
  dataset_region           = "us-east-1"
  dataset_size_gb          = 16
  estimated_training_hours = 96
}

output "comment" {
  value = provider::sustainable::plan_markdown(
    sustainable_ml_training.bert.summary,
    sustainable_ml_training.bert.estimate,
    sustainable_ml_training.bert.baseline,
    sustainable_ml_training.bert.candidates,
  )
}
