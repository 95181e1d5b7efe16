# Half an hour at 100 and half an hour at 200 gCO2e/kWh are 150 on average.
output "mean_intensity" {
  value = provider::sustainable::mean_intensity([
    { start = "2026-03-01T22:00:00Z", gco2_per_kwh = 100 },
    { start = "2026-03-01T23:00:00Z", gco2_per_kwh = 200 },
    { start = "2026-03-02T00:00:00Z", gco2_per_kwh = 400 },
  ], "2026-03-01T22:30:00Z", 1)
}
