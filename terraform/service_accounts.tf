resource "google_service_account" "job" {
  account_id   = "mpls311-job"
  display_name = "mpls311: the pipeline"

  depends_on = [google_project_service.apis]
}

resource "google_service_account" "scheduler" {
  account_id   = "mpls311-scheduler"
  display_name = "mpls311: starts the pipeline"

  depends_on = [google_project_service.apis]
}
