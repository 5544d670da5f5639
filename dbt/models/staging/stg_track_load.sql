select
    load_id,
    year as source_year,
    mode,
    status,
    {{ epoch_timestamp('job_start') }} as read_at,
    {{ epoch_timestamp('coalesce(data_last_edit_date / 1000.0, job_start)') }} as edition_at,
    record_cnt,
    rejected_cnt
from {{ source('staging', 'track_load') }}
