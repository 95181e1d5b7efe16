data "sustainable_training_report" "quarter" {
  s3_bucket_name  = "my-training-data"
  name_prefix     = "bert-base"
  compare_regions = ["us-east-1", "eu-west-1", "eu-north-1"]
}

output "emissions_kg" {
  value = data.sustainable_training_report.quarter.totals.emissions_kg.value
}

output "elsewhere" {
  value = data.sustainable_training_report.quarter.elsewhere
}
