locals {
  datasets = {
    mpls_311_staging              = "Rows of the pending loads, and the load tracking table."
    mpls_311_development          = "Marts of dbt's target dev."
    mpls_311_development_internal = "Its seeds, and its views on the way to the marts."
    mpls_311_production           = "Marts of dbt's target prod: what reports read."
    mpls_311_production_internal  = "Its seeds, and its views on the way to the marts."
  }
}

resource "google_bigquery_dataset" "datasets" {
  for_each = local.datasets

  dataset_id                 = each.key
  description                = each.value
  location                   = var.location
  delete_contents_on_destroy = !var.deletion_protection

  depends_on = [google_project_service.apis]
}

# The schemas are written by `make schemas`.
resource "google_bigquery_table" "raw_mpls_311data" {
  dataset_id  = google_bigquery_dataset.datasets["mpls_311_staging"].dataset_id
  table_id    = "raw_mpls_311data"
  description = "The rows of the loads that are pending, replaced as a whole at each staging."
  schema      = file("${path.module}/schemas/raw_mpls_311data.json")

  time_partitioning {
    type  = "YEAR"
    field = "open_datetime"
  }

  # What dbt groups the rows by.
  clustering = ["source_year", "case_id"]

  # Every run replaces the rows anyway; a change of schema may replace the table.
  deletion_protection = false
}

resource "google_bigquery_table" "track_load" {
  dataset_id          = google_bigquery_dataset.datasets["mpls_311_staging"].dataset_id
  table_id            = "track_load"
  description         = "What was loaded when, and how far it got."
  schema              = file("${path.module}/schemas/track_load.json")
  deletion_protection = var.deletion_protection
}
