{{ kept_up_to_date_by('case_id') }}
{{ config(
    partition_by=on_bigquery({'field': 'open_datetime', 'data_type': 'timestamp', 'granularity': 'year'}),
    cluster_by=on_bigquery(['category_id', 'case_id']),
) }}

with requests as (

    select
        *,
        case
            when closed_datetime >= open_datetime
                then {{ seconds_between('open_datetime', 'closed_datetime') }}
        end as duration_seconds
    from {{ ref('int_requests') }}
    {{ only_touched_cases() }}

)

select
    case_id,
    object_id,
    category_id,
    geography_id,
    {{ date_id(local_date('open_datetime')) }} as open_date_id,
    {{ date_id(local_date('closed_datetime')) }} as closed_date_id,
    open_datetime,
    closed_datetime,
    last_update_datetime,
    case_status,
    is_accessibility_related,
    duration_seconds,
    {{ in_hundredths('duration_seconds', 60) }} as duration_minutes,
    {{ in_hundredths('duration_seconds', 3600) }} as duration_hours,
    {{ in_hundredths('duration_seconds', 86400) }} as duration_days,
    source_year,
    layer_count,
    duplicate_count,
    repairs,
    extras,
    deleted_at,
    load_id
from requests
