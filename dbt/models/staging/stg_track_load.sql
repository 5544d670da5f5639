select
    load_id,
    year as source_year,
    mode,
    status,
    {{ epoch_timestamp('job_start') }} as read_at,
    record_cnt,
    rejected_cnt
from {{ source('staging', 'track_load') }}
