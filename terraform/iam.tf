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
  for_each = toset([local.reporting_prefix, local.exports_prefix, local.lease_prefix, local.looks_prefix])

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

# Delivery: only these workflows act as these accounts.
resource "google_service_account_iam_member" "workflows" {
  for_each = local.workflows

  service_account_id = google_service_account.workflows[each.key].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principal://iam.googleapis.com/${google_iam_workload_identity_pool.delivery["github"].name}/subject/${each.value}"
}

# A plan compares what is here with what is there: settings and rights, no data.
resource "google_project_iam_member" "workflows" {
  for_each = {
    for pair in setproduct(keys(local.workflows), [
      "roles/artifactregistry.reader",
      "roles/bigquery.metadataViewer",
      "roles/cloudscheduler.viewer",
      "roles/iam.securityReviewer",
      "roles/iam.serviceAccountViewer",
      "roles/iam.workloadIdentityPoolViewer",
      "roles/monitoring.viewer",
      "roles/run.viewer",
      "roles/serviceusage.serviceUsageViewer",
      "roles/storage.bucketViewer",
    ]) : join(" ", pair) => { account = pair[0], role = pair[1] }
  }

  project = var.project
  role    = each.value.role
  member  = google_service_account.workflows[each.value.account].member
}

resource "google_storage_bucket_iam_member" "workflows_state" {
  for_each = {
    for account, role in {
      deployer = "roles/storage.objectUser"
      planner  = "roles/storage.objectViewer"
    } : account => role if var.github_repository != null
  }

  bucket = local.state_bucket
  role   = each.value
  member = google_service_account.workflows[each.key].member
}

# What a release changes is the image, the job and the columns of staging tables. Rights, accounts, buckets and
# schedules are changed by a person: a repository that is taken over cannot give itself more.
resource "google_artifact_registry_repository_iam_member" "deployer" {
  for_each = local.delivery

  repository = google_artifact_registry_repository.images.name
  location   = var.region
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.workflows["deployer"].member
}

resource "google_cloud_run_v2_job_iam_member" "deployer" {
  for_each = local.delivery

  name     = google_cloud_run_v2_job.pipeline.name
  location = var.region
  role     = "roles/run.developer"
  member   = google_service_account.workflows["deployer"].member
}

resource "google_service_account_iam_member" "deployer" {
  for_each = local.delivery

  service_account_id = google_service_account.job.name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.workflows["deployer"].member
}

resource "google_bigquery_dataset_iam_member" "deployer" {
  for_each = local.delivery

  dataset_id = google_bigquery_dataset.datasets["mpls_311_staging"].dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.workflows["deployer"].member
}
