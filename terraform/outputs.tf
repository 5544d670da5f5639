output "globals_yml" {
  description = "Text of conf/local/globals.yml, with which a person's own `kedro run --env gcp` works on the same lake and warehouse."
  value       = <<-EOT
    project: ${var.project}
    bucket: ${google_storage_bucket.lake.name}
    location: ${var.location}
    region: ${var.region}
  EOT
}

output "image_repository" {
  description = "Where to push the job's image: this, a colon and a tag."
  value       = local.image_repository
}

output "run_command" {
  description = "Starts the scheduled run now, and waits for it."
  value       = "gcloud run jobs execute ${google_cloud_run_v2_job.pipeline.name} --project ${var.project} --region ${var.region} --wait"
}

# The names of the parameters: developers.google.com/looker-studio/integrate/linking-api
output "looker_studio_url" {
  description = "Opens a new report of Looker Studio on the marts: one row per request, all its names beside it."
  value = "https://lookerstudio.google.com/reporting/create?${join("&", [for name, value in {
    "c.mode"                  = "edit"
    "r.reportName"            = "Minneapolis 311"
    "ds.ds0.connector"        = "bigQuery"
    "ds.ds0.datasourceName"   = "rpt_requests"
    "ds.ds0.type"             = "TABLE"
    "ds.ds0.projectId"        = var.project
    "ds.ds0.billingProjectId" = var.project
    "ds.ds0.datasetId"        = google_bigquery_dataset.datasets["mpls_311_production"].dataset_id
    "ds.ds0.tableId"          = "rpt_requests"
  } : "${name}=${replace(urlencode(value), "+", "%20")}"])}"
}

output "job_service_account" {
  description = "The account that the pipeline runs as."
  value       = google_service_account.job.email
}

output "github_variables" {
  description = "Commands that tell the workflows of `github_repository` where to deliver; nothing in them is a secret."
  value = join("\n", [for name, value in {
    GOOGLE_CLOUD_PROJECT     = var.project
    GOOGLE_TERRAFORM_STATE   = local.state_bucket
    GOOGLE_WORKLOAD_IDENTITY = one(values(google_iam_workload_identity_pool_provider.delivery)[*].name)
  } : "gh variable set ${name} --body ${value}" if var.github_repository != null])
}
