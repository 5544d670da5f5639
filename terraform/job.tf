resource "google_cloud_run_v2_job" "pipeline" {
  name     = "mpls311"
  location = var.region

  # Nothing is lost with it: the next apply makes it again.
  deletion_protection = false

  template {
    template {
      service_account = google_service_account.job.email
      timeout         = "${var.timeout_minutes * 60}s"

      # The pipeline repeats what a repetition can mend. After a kill, the lease of the dead run has
      # to expire first, and the next scheduled run takes up what it left.
      max_retries = 0

      containers {
        image = "${local.image_repository}:${var.image_tag}"
        args  = ["run", "--env", "gcp", "--params", "years=recent"]

        env {
          name  = "GOOGLE_CLOUD_PROJECT"
          value = var.project
        }
        env {
          name  = "MPLS311_BUCKET"
          value = google_storage_bucket.lake.name
        }
        env {
          name  = "MPLS311_LOCATION"
          value = var.location
        }
        env {
          name  = "MPLS311_REGION"
          value = var.region
        }

        # What alerts.tf looks for: a line of JSON at the end of each run.
        env {
          name  = "MPLS311_RUN_RECORD"
          value = "-"
        }

        resources {
          limits = {
            cpu    = var.cpu
            memory = var.memory
          }
        }
      }
    }
  }

  # A run needs its rights and tables from the first second.
  depends_on = [
    google_bigquery_dataset_iam_member.job,
    google_bigquery_table.staging,
    google_project_iam_member.job,
    google_storage_bucket_iam_member.job_lake,
    google_storage_bucket_iam_member.job_replaceable,
  ]
}
