# The document's computer-vision example, efficientnet-training.
#
# Left out there: the bucket, the hours and the code. No region is named, so nothing leaves the data's
# own region; `recommendations` says what naming others would bring.

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

resource "sustainable_ml_training" "efficientnet" {
  name            = "efficientnet-training"
  model_type      = "computer_vision"
  dataset_size_gb = 100.0

  # New: what the document leaves out
  s3_bucket_name           = "my-image-data"
  estimated_training_hours = 24
  source_dir               = "${path.module}/../../scenarios/vision/train"
  entry_point              = "train.py"
  distribution             = "torchrun"

  # Vision-specific optimizations
  compute_optimization     = "mixed_precision"
  enable_data_augmentation = true
  cache_dataset_in_memory  = true # only machines whose memory holds 100 GB

  # GPUs for convolutions. The document rates the A10G's performance per watt at 0.8 of the A100's. For vision it is
  # 0.44 per rated watt of the GPU, and 0.57 per watt of the whole ml.g5.48xlarge, which needs more energy for the
  # same run.
  preferred_instance_types = ["ml.p4d.24xlarge", "ml.g5.48xlarge"]
}

output "summary" {
  value = sustainable_ml_training.efficientnet.summary
}

output "recommendations" {
  value = sustainable_ml_training.efficientnet.recommendations
}
