# The link that opens a report names the table that the pipeline writes.

mock_provider "google" {}

variables {
  project = "my-mpls-311"
}

run "the_link_opens_a_report_on_the_requests" {
  assert {
    condition = alltrue([
      startswith(output.looker_studio_url, "https://lookerstudio.google.com/reporting/create?"),
      strcontains(output.looker_studio_url, "&ds.ds0.connector=bigQuery&"),
      strcontains(output.looker_studio_url, "&ds.ds0.projectId=my-mpls-311&"),
      strcontains(output.looker_studio_url, "&ds.ds0.datasetId=mpls_311_production&"),
      strcontains(output.looker_studio_url, "&ds.ds0.tableId=rpt_requests&"),
    ])
    error_message = "It is ${output.looker_studio_url}."
  }
}
