resource "sustainable_training_report" "bert" {
  name           = "bert-base"
  s3_bucket_name = "my-training-data"
  name_prefix    = "bert-base"
}

output "report" {
  value = sustainable_training_report.bert.html_uri
}
