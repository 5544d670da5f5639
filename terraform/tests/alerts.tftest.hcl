# Who is told of what.

mock_provider "google" {}

variables {
  project     = "my-mpls-311"
  alert_email = "someone@example.org"
}

run "all_alerts_go_to_the_address" {
  assert {
    condition     = google_monitoring_notification_channel.email[0].labels.email_address == "someone@example.org"
    error_message = "The channel has another address."
  }

  assert {
    condition = alltrue([
      for policy in concat(values(google_monitoring_alert_policy.run), google_monitoring_alert_policy.no_run) :
      toset(policy.notification_channels) == toset(google_monitoring_notification_channel.email[*].id)
    ])
    error_message = "An alert goes nowhere."
  }
}

run "alerts_read_the_line_that_a_run_leaves" {
  assert {
    condition     = contains([for each in google_cloud_run_v2_job.pipeline.template[0].template[0].containers[0].env : "${each.name}=${each.value}" if each.value != null], "MPLS311_RUN_RECORD=-")
    error_message = "The job leaves no line."
  }

  assert {
    condition = alltrue([
      for policy in google_monitoring_alert_policy.run :
      startswith(policy.conditions[0].condition_matched_log[0].filter, google_logging_metric.run_ended[0].filter)
    ])
    error_message = "An alert looks at other lines than those of the job."
  }
}

run "what_stays_is_not_told_every_day" {
  assert {
    condition     = google_monitoring_alert_policy.run["source_silent"].alert_strategy[0].notification_rate_limit[0].period == "604800s"
    error_message = "A silent city is told more often than once a week."
  }

  assert {
    condition     = strcontains(google_monitoring_alert_policy.run["year_stopped"].conditions[0].condition_matched_log[0].filter, "jsonPayload.news!=")
    error_message = "A year that stays stopped is told every day."
  }
}

run "a_job_that_never_started_is_noticed" {
  assert {
    condition = (
      google_monitoring_alert_policy.no_run[0].conditions[0].condition_threshold[0].evaluation_missing_data == "EVALUATION_MISSING_DATA_ACTIVE" &&
      google_monitoring_alert_policy.no_run[0].conditions[0].condition_threshold[0].aggregations[0].alignment_period == "90000s"
    )
    error_message = "Nobody notices that there was no run."
  }
}
