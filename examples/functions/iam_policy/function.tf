# The least-privilege policy for whoever runs `terraform apply`, for the features in use.
output "policy" {
  value = provider::sustainable::iam_policy(["run", "managed_role", "companion_bucket", "dashboard"])
}
