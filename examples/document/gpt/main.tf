# The document's generative example, gpt-sustainable.
#
# Left out there: the bucket and the code. What the evidence changes: pruning saves no training energy
# (prune-and-retrain cycles add to it), and a shared file system pays off only for data that are read
# many times; FastFile streams from S3 without one.

terraform {
  required_version = ">= 1.8"

  required_providers {
    sustainable = {
      source  = "sustainable-ml/sustainable"
      version = "~> 0.1"
    }
  }
}

provider "sustainable" {
  region = "us-east-1"
}

resource "sustainable_ml_training" "gpt" {
  name                     = "gpt-sustainable"
  model_type               = "generative_ai"
  dataset_size_gb          = 500.0
  estimated_training_hours = 168.0 # seven days

  # New: what the document leaves out
  s3_bucket_name = "my-text-corpus"
  source_dir     = "${path.module}/../../scenarios/generative/train"
  entry_point    = "train.py"
  distribution   = "torchrun"

  # GenAI optimizations
  compute_optimization    = "pruning"
  enable_early_stopping   = true
  early_stopping_patience = 10

  # Distributed training
  preferred_instance_types = ["ml.p4d.24xlarge"]
  # The document has `use_fsx_lustre = true` here, which needs a `vpc_config`: data that are read once are streamed instead.
  input_channels = {
    train = {
      s3_uri     = "s3://my-text-corpus/data/"
      input_mode = "FastFile"
    }
  }

  # New: 168 hours need the account's quota for the longest run time raised above its default of five
  # days; the plan warns of it.
  max_runtime_hours = 252
}

output "summary" {
  value = sustainable_ml_training.gpt.summary
}
