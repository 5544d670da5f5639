resource "google_cloud_scheduler_job" "daily" {
  name        = "mpls311-daily"
  description = "Incremental run of this year and the one before."
  region      = var.region
  schedule    = var.schedule
  time_zone   = "America/Chicago"
  paused      = var.paused

  # Repeats the start, not the run. Starting twice does no harm: only one run gets the lease.
  retry_config {
    retry_count          = 3
    min_backoff_duration = "60s"
  }

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/${google_cloud_run_v2_job.pipeline.id}:run"

    oauth_token {
      service_account_email = google_service_account.scheduler.email
    }
  }
}
