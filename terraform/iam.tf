# Every right that is granted, in one place.

# The pipeline creates objects of the lake and reads them; it can neither replace nor delete them ...
resource "google_storage_bucket_iam_member" "job_lake" {
  for_each = toset(["roles/storage.objectCreator", "roles/storage.objectViewer"])

  bucket = google_storage_bucket.lake.name
  role   = each.value
  member = google_service_account.job.member
}

# ... except for reports and the last looks, which each run writes anew, and the lease that one run holds.
resource "google_storage_bucket_iam_member" "job_replaceable" {
  for_each = toset([local.reporting_prefix, local.lease_prefix, local.looks_prefix])

  bucket = google_storage_bucket.lake.name
  role   = "roles/storage.objectUser"
  member = google_service_account.job.member

  condition {
    title      = "only-${trimsuffix(replace(each.value, "/[_\\/]/", "-"), "-")}"
    expression = "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.lake.name}/objects/${each.value}\")"
  }
}

resource "google_bigquery_dataset_iam_member" "job" {
  for_each = google_bigquery_dataset.datasets

  dataset_id = each.value.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.job.member
}

# Load jobs, queries and the Storage Read API can be allowed for a project only; neither role shows any data.
resource "google_project_iam_member" "job" {
  for_each = toset(["roles/bigquery.jobUser", "roles/bigquery.readSessionUser"])

  project = var.project
  role    = each.value
  member  = google_service_account.job.member
}

resource "google_cloud_run_v2_job_iam_member" "scheduler" {
  name     = google_cloud_run_v2_job.pipeline.name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.scheduler.member
}
