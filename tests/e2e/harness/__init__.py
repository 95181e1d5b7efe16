"""What the end-to-end tests are written with: configurations, steps, expectations."""
