# 360 kWh at 24.7 gCO2e/kWh are 8.892 kgCO2e.
output "emissions_kg" {
  value = provider::sustainable::emissions_kg(360, 24.7)
}
