variable "project" {
  description = "Id of the Google Cloud project; it exists already and has billing."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,28}[a-z0-9]$", var.project))
    error_message = "Give the id of the project, not its name or number: lower-case letters, digits and hyphens."
  }
}

variable "location" {
  description = "Where the bucket and the datasets are: US, EU or a region. One value for both, because BigQuery loads only from a bucket in its own location."
  type        = string
  default     = "US"

  validation {
    condition     = can(regex("^(US|EU|[a-z]+-[a-z]+[0-9]+)$", var.location))
    error_message = "Write US, EU or a region such as us-central1."
  }
}

variable "region" {
  description = "Region of the job, its schedule and its images."
  type        = string
  default     = "us-central1"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "Write a region such as us-central1."
  }
}

variable "bucket" {
  description = "Name of the lake's bucket, unique in all of Google Cloud; null makes it PROJECT-mpls-311."
  type        = string
  default     = null

  validation {
    condition     = var.bucket == null || can(regex("^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "Write 3 to 63 lower-case letters, digits, hyphens and underscores, without gs://."
  }
}

variable "image_tag" {
  description = "Tag of the job's image in the registry made here. A tag that has moved is not noticed: push under a new one."
  type        = string
  default     = "0.2.0"

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", var.image_tag)) && var.image_tag != "latest"
    error_message = "Write a tag that stays, not latest."
  }
}

variable "schedule" {
  description = "When the incremental run starts, as a cron expression in Minneapolis time."
  type        = string
  default     = "15 6 * * *"

  validation {
    condition     = length(split(" ", var.schedule)) == 5
    error_message = "Write five fields: minute, hour, day of month, month, day of week."
  }
}

variable "paused" {
  description = "Whether the schedule stands still."
  type        = bool
  default     = false
}

variable "cpu" {
  description = "Virtual CPUs of the job."
  type        = number
  default     = 2

  validation {
    condition     = contains([1, 2, 4, 8], var.cpu)
    error_message = "Cloud Run has 1, 2, 4 or 8."
  }
}

variable "memory" {
  description = "Memory of the job. Its temporary files count: Cloud Run keeps them in memory."
  type        = string
  default     = "4Gi"

  validation {
    condition     = can(regex("^[1-9][0-9]*Gi$", var.memory))
    error_message = "Write whole gibibytes, such as 4Gi."
  }
}

variable "timeout_minutes" {
  description = "Minutes after which a run is killed; the next one takes up what it left."
  type        = number
  default     = 60

  validation {
    condition     = var.timeout_minutes >= 10 && var.timeout_minutes <= 1440
    error_message = "Write 10 to 1440 minutes."
  }
}

variable "alert_email" {
  description = "Who gets the mails: a year that is held back or cannot be read, nothing published, a silent city, no run at all. Null: nobody."
  type        = string
  default     = null

  validation {
    condition     = var.alert_email == null || can(regex("^[^@ ]+@[^@ ]+$", var.alert_email))
    error_message = "Write one e-mail address."
  }
}

variable "github_repository" {
  description = "The repository whose workflows deliver: its name as OWNER/NAME, and its number, which `gh api repos/OWNER/NAME --jq .id` tells. Null makes nothing for delivery."
  type = object({
    name = string
    id   = number
  })
  default = null

  validation {
    condition     = var.github_repository == null || can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github_repository.name))
    error_message = "Write the repository as OWNER/NAME."
  }
}

variable "state_bucket" {
  description = "The bucket of Terraform's own state, which delivery reads and writes; null stands for PROJECT-terraform."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete the lake and the warehouse; turn it off, apply, then destroy."
  type        = bool
  default     = true
}
