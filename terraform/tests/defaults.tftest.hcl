# What is made where nothing but the project is given.

mock_provider "google" {}

variables {
  project = "my-mpls-311"
}

run "job_account_has_only_these_rights" {
  assert {
    condition = toset([
      for granted in concat(
        values(google_project_iam_member.job),
        values(google_storage_bucket_iam_member.job_lake),
        values(google_storage_bucket_iam_member.job_replaceable),
        values(google_bigquery_dataset_iam_member.job),
      ) : granted.role if granted.member == google_service_account.job.member
      ]) == toset([
      "roles/bigquery.dataEditor",
      "roles/bigquery.jobUser",
      "roles/bigquery.readSessionUser",
      "roles/storage.objectCreator",
      "roles/storage.objectUser",
      "roles/storage.objectViewer",
    ])
    error_message = "The job has other rights than those that README.md explains."
  }

  assert {
    condition = toset(flatten([
      for granted in google_storage_bucket_iam_member.job_replaceable :
      regex("/objects/(.+?)\"\\)$", granted.condition[0].expression)
    ])) == toset(["08_reporting/", "09_export/", "locks/", "manifests/looks/"])
    error_message = "The job could replace objects of the lake other than reports, exports, the lease and looks."
  }

  assert {
    condition     = toset([for granted in google_project_iam_member.job : granted.role]) == toset(["roles/bigquery.jobUser", "roles/bigquery.readSessionUser"])
    error_message = "The job has a right in the whole project that shows or changes data."
  }
}

run "scheduler_may_only_start_the_job" {
  assert {
    condition = (
      google_cloud_run_v2_job_iam_member.scheduler.role == "roles/run.invoker" &&
      google_cloud_run_v2_job_iam_member.scheduler.member == google_service_account.scheduler.member
    )
    error_message = "The account of the schedule has another right than to start the job."
  }
}

run "nothing_is_public" {
  assert {
    condition     = google_storage_bucket.lake.public_access_prevention == "enforced" && google_storage_bucket.lake.uniform_bucket_level_access
    error_message = "The bucket could be made public, as a whole or object by object."
  }

  assert {
    condition = alltrue([
      for granted in concat(
        values(google_project_iam_member.job),
        values(google_storage_bucket_iam_member.job_lake),
        values(google_storage_bucket_iam_member.job_replaceable),
        values(google_bigquery_dataset_iam_member.job),
        [google_cloud_run_v2_job_iam_member.scheduler],
      ) : !contains(["allUsers", "allAuthenticatedUsers"], granted.member)
    ])
    error_message = "Everybody has a right."
  }
}

run "schedule_is_daily_in_minneapolis_time" {
  assert {
    condition     = google_cloud_scheduler_job.daily.schedule == "15 6 * * *" && google_cloud_scheduler_job.daily.time_zone == "America/Chicago"
    error_message = "The daily run is not at 6:15 in Minneapolis."
  }

  assert {
    condition     = !google_cloud_scheduler_job.daily.paused
    error_message = "The schedule stands still."
  }
}

run "lake_and_warehouse_are_protected" {
  assert {
    condition     = !google_storage_bucket.lake.force_destroy && google_storage_bucket.lake.versioning[0].enabled
    error_message = "The lake could be destroyed with its objects, or loses what is overwritten."
  }

  assert {
    condition     = !anytrue([for dataset in google_bigquery_dataset.datasets : dataset.delete_contents_on_destroy])
    error_message = "A dataset could be destroyed with its tables."
  }

  assert {
    condition     = google_bigquery_table.staging["track_load"].deletion_protection
    error_message = "The load tracking table is not protected."
  }
}

run "tables_are_as_the_schemas_say" {
  assert {
    condition = toset(keys(google_bigquery_table.staging)) == toset([
      for file in fileset("generated", "*.json") : trimsuffix(file, ".json")
    ])
    error_message = "A table of the schemas is not made, or one is made that they do not have."
  }

  assert {
    condition = alltrue([
      for name, table in google_bigquery_table.staging :
      jsondecode(table.schema) == jsondecode(file("generated/${name}.json")).schema.fields
    ])
    error_message = "A table has other columns than its schema."
  }

  assert {
    condition = (
      google_bigquery_table.staging["raw_mpls_311data"].time_partitioning[0].field == "open_datetime" &&
      google_bigquery_table.staging["raw_mpls_311data"].time_partitioning[0].type == "YEAR"
    )
    error_message = "The staging table is not partitioned by the year of opening."
  }
}

run "nobody_is_told_without_an_address" {
  assert {
    condition = (
      length(google_monitoring_alert_policy.run) + length(google_monitoring_alert_policy.no_run) +
      length(google_monitoring_notification_channel.email) + length(google_logging_metric.run_ended) == 0
    )
    error_message = "There is an alert that nobody gets."
  }
}

run "nothing_is_made_for_delivery_without_a_repository" {
  assert {
    condition = (
      length(google_iam_workload_identity_pool.delivery) == 0 &&
      length(google_service_account.workflows) == 0 &&
      length(google_project_iam_member.workflows) == 0
    )
    error_message = "Somebody could log in from GitHub."
  }
}
