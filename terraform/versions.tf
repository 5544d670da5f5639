terraform {
  required_version = ">= 1.7"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }

  # The bucket is given at `terraform init -backend-config="bucket=..."`, see README.md.
  backend "gcs" {
    prefix = "mpls311"
  }
}

provider "google" {
  project = var.project
  region  = var.region

  default_labels = {
    application = "mpls311"
  }
}
