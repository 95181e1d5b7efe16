# The same decision as the resource makes, as typed objects, and without creating anything.
data "sustainable_placement" "bert" {
  model_type                 = "natural_language"
  dataset_region             = "us-east-1"
  dataset_size_gb            = 16
  estimated_training_hours   = 96
  preferred_training_regions = ["us-east-1", "ca-central-1", "eu-north-1"]
  supports_checkpointing     = true
}

# Nothing to select fails nothing: `selected` is null then, and `reason` says why.
output "where" {
  value = try(
    "${data.sustainable_placement.bert.selected.region}, ${data.sustainable_placement.bert.selected.instance_type}",
    data.sustainable_placement.bert.reason,
  )
}

output "chart" {
  value = data.sustainable_placement.bert.chart
}
