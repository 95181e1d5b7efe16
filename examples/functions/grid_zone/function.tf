# "SE-SE3": the grid zone behind an AWS region.
output "zone" {
  value = provider::sustainable::grid_zone("eu-north-1")
}
