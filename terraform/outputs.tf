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

output "job_service_account" {
  description = "The account that the pipeline runs as."
  value       = google_service_account.job.email
}
