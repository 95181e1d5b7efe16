# Every type with at least 24 GB per accelerator that eu-north-1 offers, the most efficient first.
data "sustainable_instance_types" "efficient" {
  region            = "eu-north-1"
  min_gpu_memory_gb = 24
}

output "performance_per_watt" {
  value = {
    for type in data.sustainable_instance_types.efficient.instance_types :
    type.instance_type => type.performance_per_watt
  }
}
