# What an instance needs in 49 hours at a load of 0.8, without the overhead of the data centre.
output "energy_kwh" {
  value = provider::sustainable::energy_kwh("ml.p5.48xlarge", 49, 0.8)
}
