# The document's natural-language example, distilbert-training.
#
# Left out there: the bucket, the hours and the code. What the evidence changes: distillation makes a
# smaller model for inference. Training it costs more, not less, since the teacher runs along.

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

resource "sustainable_ml_training" "distilbert" {
  name            = "distilbert-training"
  model_type      = "natural_language"
  dataset_size_gb = 200.0

  # New: what the document leaves out
  s3_bucket_name            = "my-text-corpus"
  estimated_training_hours  = 40
  model_parameters_millions = 66
  source_dir                = "${path.module}/../../scenarios/bert/train"
  entry_point               = "train.py"
  distribution              = "torchrun"

  # NLP-specific optimizations
  compute_optimization        = "distillation"
  enable_model_compression    = true
  target_model_size_reduction = 0.6

  # Sequence length optimization
  enable_gradient_accumulation = true
}

output "summary" {
  value = sustainable_ml_training.distilbert.summary
}
