# By its name:
terraform import sustainable_training_dashboard.sweep bert-sweep
