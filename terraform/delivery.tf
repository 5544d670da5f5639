# Delivery from GitHub without any key: a workflow shows the token that GitHub signs for it, and gets the rights of
# the account that its subject may act as. Only with `github_repository`.
locals {
  delivery     = var.github_repository == null ? {} : { github = var.github_repository }
  state_bucket = coalesce(var.state_bucket, "${var.project}-terraform")

  # Account -> the only workflows that may act as it.
  workflows = {
    for account, subject in { deployer = "environment:production", planner = "pull_request" } :
    account => "repo:${var.github_repository.name}:${subject}"
    if var.github_repository != null
  }
}

resource "google_iam_workload_identity_pool" "delivery" {
  for_each = local.delivery

  workload_identity_pool_id = each.key
  description               = "Workflows of ${each.value.name}."

  depends_on = [google_project_service.apis]
}

resource "google_iam_workload_identity_pool_provider" "delivery" {
  for_each = local.delivery

  workload_identity_pool_id          = google_iam_workload_identity_pool.delivery[each.key].workload_identity_pool_id
  workload_identity_pool_provider_id = each.key

  attribute_mapping = { "google.subject" = "assertion.sub" }

  # The number too: a name that is given up can be taken by somebody else.
  attribute_condition = "assertion.repository == \"${each.value.name}\" && assertion.repository_id == \"${each.value.id}\""

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_service_account" "workflows" {
  for_each = local.workflows

  account_id   = "mpls311-${each.key}"
  display_name = "mpls311: ${each.value}"

  depends_on = [google_project_service.apis]
}
