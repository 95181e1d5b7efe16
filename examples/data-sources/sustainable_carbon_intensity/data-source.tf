# The next two days of a grid, and its best hours for runs of 6 and 24 hours.
data "sustainable_carbon_intensity" "germany" {
  region       = "eu-central-1"
  hours        = 48
  window_hours = [6, 24]
}

output "germany" {
  value = data.sustainable_carbon_intensity.germany.chart
}

output "best_six_hours" {
  value = data.sustainable_carbon_intensity.germany.best_windows[0]
}
