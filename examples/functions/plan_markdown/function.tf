# A table for a comment on a pull request.
output "comment" {
  value = provider::sustainable::plan_markdown(
    sustainable_ml_training.bert.summary,
    sustainable_ml_training.bert.estimate,
    sustainable_ml_training.bert.baseline,
    sustainable_ml_training.bert.candidates,
  )
}
