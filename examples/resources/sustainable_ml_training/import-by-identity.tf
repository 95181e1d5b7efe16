# Terraform 1.12 and OpenTofu 1.12 or later.
import {
  to = sustainable_ml_training.bert
  identity = {
    s3_bucket_name = "my-training-data"
    name           = "bert-base"
  }
}
