# Mails, to `alert_email`. Each run ends with a line of JSON (src/mpls311/run_record.py), and what is worth a mail is
# told from it: a year that stays stopped is not told every day.
locals {
  run_ended = join(" AND ", [
    "resource.type=\"cloud_run_job\"",
    "resource.labels.job_name=\"${google_cloud_run_v2_job.pipeline.name}\"",
    "jsonPayload.message=\"run ended\"",
  ])

  alerts = var.alert_email == null ? {} : {
    year_stopped = {
      name   = "a year is held back or cannot be read"
      filter = "jsonPayload.verdict!=\"nothing\" AND jsonPayload.news!=\"\""
      period = "300s"
      text   = "The field news of the line says which year, why and what to type. Other years go on. Told once, and again every seven days."
    }
    late = {
      name   = "nothing was published, or it is late"
      filter = "(jsonPayload.verdict=\"nothing\" OR jsonPayload.lag_hours>26)"
      period = "86400s"
      text   = "Nothing is lost. The field news of the line says why, the last lines of the log before it say more."
    }
    source_silent = {
      name   = "the city has published nothing for 7 days"
      filter = "jsonPayload.source_age_hours>168"
      period = "604800s"
      text   = "The runs are well, but every layer is as it was. Look at the city's site; ask it if this stays."
    }
  }
}

resource "google_monitoring_notification_channel" "email" {
  count = var.alert_email == null ? 0 : 1

  display_name = "mpls311"
  type         = "email"

  labels = {
    email_address = var.alert_email
  }

  depends_on = [google_project_service.apis]
}

resource "google_monitoring_alert_policy" "run" {
  for_each = local.alerts

  display_name          = "mpls311: ${each.value.name}"
  combiner              = "OR"
  notification_channels = google_monitoring_notification_channel.email[*].id

  conditions {
    display_name = each.value.name

    condition_matched_log {
      filter = "${local.run_ended} AND ${each.value.filter}"
    }
  }

  alert_strategy {
    # At most one mail in that time.
    notification_rate_limit {
      period = each.value.period
    }
  }

  documentation {
    content = "${each.value.text} What to do is in docs/runbook.md."
  }
}

# What cannot be told by a run: that there was none, or that it was killed.
resource "google_logging_metric" "run_ended" {
  count = var.alert_email == null ? 0 : 1

  name        = "mpls311_run_ended"
  description = "Runs that came to an end, well or not."
  filter      = local.run_ended

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
  }
}

resource "google_monitoring_alert_policy" "no_run" {
  count = var.alert_email == null ? 0 : 1

  display_name          = "mpls311: no run ended for 25 hours"
  combiner              = "OR"
  notification_channels = google_monitoring_notification_channel.email[*].id

  conditions {
    display_name = "none in 25 hours"

    condition_threshold {
      filter                  = "resource.type = \"cloud_run_job\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.run_ended[0].name}\""
      comparison              = "COMPARISON_LT"
      threshold_value         = 1
      duration                = "0s"
      evaluation_missing_data = "EVALUATION_MISSING_DATA_ACTIVE"

      # A day, and the hour that a run may take at most.
      aggregations {
        alignment_period     = "90000s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    content = "The job was not started, or was killed before its end. `gcloud run jobs executions list` and `gcloud scheduler jobs describe mpls311-daily` say which; docs/runbook.md what to do. Nothing is lost."
  }
}
