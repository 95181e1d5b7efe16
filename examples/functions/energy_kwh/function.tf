# What an instance draws from the wall in 49 hours at 80 percent of its training load, without the data centre's overhead.
output "energy_kwh" {
  value = provider::sustainable::energy_kwh("ml.p5.48xlarge", 49, 0.8)
}
