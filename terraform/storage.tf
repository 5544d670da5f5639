locals {
  raw_prefix       = "01_raw/requests"
  reporting_prefix = "08_reporting/"
  exports_prefix   = "09_export/"
  lease_prefix     = "locks/"
  looks_prefix     = "manifests/looks/"

  # Written by `make schemas` from conf/base/parameters.yml: `kedro check` goes by the same number.
  parameters         = yamldecode(file("${path.module}/generated/parameters.yml"))
  raw_retention_days = local.parameters.lake.raw_retention_days
}

resource "google_storage_bucket" "lake" {
  name     = coalesce(var.bucket, "${var.project}-mpls-311")
  location = var.location

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  versioning {
    enabled = true
  }

  # Validated rows, quarantine and manifests are under no rule: the warehouse is rebuilt from them.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = local.raw_retention_days
      with_state     = "LIVE"
      matches_prefix = [local.raw_prefix]
    }
  }

  # What is left of raw pages once they are deleted, and of the objects that each run replaces.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = 30
      with_state                 = "ARCHIVED"
      matches_prefix             = [local.raw_prefix, local.reporting_prefix, local.exports_prefix, local.lease_prefix, local.looks_prefix]
    }
  }

  depends_on = [google_project_service.apis]
}
