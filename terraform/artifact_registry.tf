locals {
  image_repository = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}/mpls311"
}

resource "google_artifact_registry_repository" "images" {
  repository_id = "mpls311"
  description   = "Images of the job."
  format        = "DOCKER"
  location      = var.region

  cleanup_policies {
    id     = "delete-after-30-days"
    action = "DELETE"

    condition {
      older_than = "2592000s"
      tag_state  = "ANY"
    }
  }

  cleanup_policies {
    id     = "keep-newest"
    action = "KEEP"

    most_recent_versions {
      keep_count = 5
    }
  }

  depends_on = [google_project_service.apis]
}
