# What the workflows of a repository may do.

mock_provider "google" {
  mock_resource "google_service_account" {
    defaults = {
      name   = "projects/my-mpls-311/serviceAccounts/made-up@my-mpls-311.iam.gserviceaccount.com"
      email  = "made-up@my-mpls-311.iam.gserviceaccount.com"
      member = "serviceAccount:made-up@my-mpls-311.iam.gserviceaccount.com"
    }
  }
  mock_resource "google_iam_workload_identity_pool" {
    defaults = { name = "projects/1/locations/global/workloadIdentityPools/github" }
  }
}

variables {
  project           = "my-mpls-311"
  github_repository = { name = "someone/mpls311", id = 123 }
}

run "only_workflows_of_the_repository_log_in" {
  assert {
    condition = (
      google_iam_workload_identity_pool_provider.delivery["github"].attribute_condition ==
      "assertion.repository == \"someone/mpls311\" && assertion.repository_id == \"123\""
    )
    error_message = "Workflows of another repository could log in."
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.delivery["github"].oidc[0].issuer_uri == "https://token.actions.githubusercontent.com"
    error_message = "Tokens of somebody else than GitHub are taken."
  }

  assert {
    condition = { for account, granted in google_service_account_iam_member.workflows : account => granted.member } == {
      deployer = "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github/subject/repo:someone/mpls311:environment:production"
      planner  = "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github/subject/repo:someone/mpls311:pull_request"
    }
    error_message = "A workflow that nobody approved could act as the deployer, or a pull request as more than the planner."
  }
}

run "planner_changes_nothing" {
  assert {
    condition = alltrue([
      for key, granted in google_project_iam_member.workflows :
      can(regex("(?i)viewer|reader|reviewer", granted.role)) && granted.role != "roles/viewer"
    ])
    error_message = "A workflow can change something in the whole project, or see its data."
  }

  assert {
    condition     = google_storage_bucket_iam_member.workflows_state["planner"].role == "roles/storage.objectViewer"
    error_message = "A pull request could change the state."
  }
}

run "deployer_changes_only_image_job_and_staging" {
  assert {
    condition = (
      google_artifact_registry_repository_iam_member.deployer["github"].role == "roles/artifactregistry.writer" &&
      google_cloud_run_v2_job_iam_member.deployer["github"].role == "roles/run.developer" &&
      google_service_account_iam_member.deployer["github"].role == "roles/iam.serviceAccountUser" &&
      google_bigquery_dataset_iam_member.deployer["github"].dataset_id == "mpls_311_staging" &&
      google_storage_bucket_iam_member.workflows_state["deployer"].bucket == "my-mpls-311-terraform"
    )
    error_message = "The deployer has other rights than those that README.md explains."
  }
}

run "a_repository_has_an_owner" {
  command = plan

  variables {
    github_repository = { name = "mpls311", id = 123 }
  }

  expect_failures = [var.github_repository]
}
