terraform {
  required_version = ">= 1.8"

  required_providers {
    sustainable = {
      source  = "sustainable-ml/sustainable"
      version = "~> 0.1"
    }
  }
}

# One provider block serves every region: a training job goes where its plan says.
provider "sustainable" {
  region = "us-east-1"

  default_tags {
    tags = {
      Team = "nlp-research"
    }
  }
}
