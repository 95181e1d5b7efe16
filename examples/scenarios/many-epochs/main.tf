# An image classifier that reads three terabytes of small files ninety times, through a file system.
#
# Every epoch would stream the data from S3 anew. FSx for Lustre keeps what was read once; it bills by the second from
# the apply on, so the plan counts it until the latest moment at which its deletion is planned.

terraform {
  required_version = ">= 1.8"

  required_providers {
    sustainable = {
      source  = "sustainable-ml/sustainable"
      version = "~> 0.1"
    }
  }
}

variable "bucket" {
  description = "An existing bucket in us-east-2 with images under data/."
  type        = string
  default     = "my-small-images"
}

variable "subnet" {
  description = "The one subnet of the job and its file system, with a route to S3 (a gateway endpoint)."
  type        = string
  default     = "subnet-0123456789abcdef0"
}

variable "security_group" {
  description = "Lets its own members in on TCP ports 988 and 1018 to 1023, which Lustre uses."
  type        = string
  default     = "sg-0123456789abcdef0"
}

provider "sustainable" {
  region = "us-east-2"
}

resource "sustainable_ml_training" "classifier" {
  name                     = "small-images"
  model_type               = "computer_vision"
  s3_bucket_name           = var.bucket
  dataset_size_gb          = 3000
  estimated_training_hours = 60
  reference_instance_type  = "ml.p4d.24xlarge"
  training_image           = "123456789012.dkr.ecr.{region}.amazonaws.com/classifier:1"

  use_fsx_lustre = true
  vpc_config = {
    subnets            = [var.subnet]
    security_group_ids = [var.security_group]
  }

  # Sooner over is sooner deleted: the file system's planned end follows from this.
  max_runtime_hours = 80
  hyperparameters   = { epochs = "90" }
}

output "cost" {
  value = sustainable_ml_training.classifier.estimate.cost_usd
}
