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

# Written by `make schemas` from the Pandera models, in the words of the BigQuery API.
locals {
  tables = {
    for file in fileset(path.module, "generated/*.json") :
    trimsuffix(basename(file), ".json") => jsondecode(file("${path.module}/${file}"))
  }
}

resource "google_bigquery_table" "staging" {
  for_each = local.tables

  dataset_id  = google_bigquery_dataset.datasets["mpls_311_staging"].dataset_id
  table_id    = each.key
  description = each.value.description
  schema      = jsonencode(each.value.schema.fields)
  clustering  = try(each.value.clustering.fields, null)

  dynamic "time_partitioning" {
    for_each = try([each.value.timePartitioning], [])

    content {
      type  = time_partitioning.value.type
      field = time_partitioning.value.field
    }
  }

  # Every run replaces the rows of raw tables anyway; a change of schema may replace the table.
  deletion_protection = startswith(each.key, "raw_") ? false : var.deletion_protection
}

moved {
  from = google_bigquery_table.raw_mpls_311data
  to   = google_bigquery_table.staging["raw_mpls_311data"]
}

moved {
  from = google_bigquery_table.track_load
  to   = google_bigquery_table.staging["track_load"]
}
