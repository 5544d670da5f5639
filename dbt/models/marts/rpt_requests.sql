{#- On BigQuery who reads a view must be allowed to read what is behind it. -#}
{{ config(materialized=on_bigquery('table') or 'view') }}

-- What the data knows of a request, it knows as of its layer's edition, and of none beyond the latest opening.
with seen as (

    select
        requests.*,
        years.latest_open_date,
        years.is_loaded_year,
        {{ seconds_between('requests.open_datetime', 'layers.seen_until') }} as seen_seconds
    from {{ ref('int_named_requests') }} as requests
    inner join {{ ref('int_years') }} as years on requests.open_year = years.open_year
    inner join {{ ref('int_layers') }} as layers on requests.source_year = layers.source_year
    where requests.deleted_at is null

),

aged as (

    select
        *,
        case when seen_seconds > 0 then seen_seconds else 0 end as age_seconds
    from seen

)

select
    case_id,
    open_datetime,
    closed_datetime,
    open_local_datetime,
    closed_local_datetime,
    open_date,
    open_year,
    open_month,
    open_week,
    mod({{ date_id('open_date') }}, 10000) <= mod({{ date_id('latest_open_date') }}, 10000) as is_to_date,
    {{ dbt.datediff('open_date', 'latest_open_date', 'day') }} < 365 as is_of_last_365_days,
    is_loaded_year as is_of_loaded_year,
    subject_name,
    reason_name,
    type_name,
    source_type_name,
    channel,
    is_information_only,
    geography_id,
    longitude,
    latitude,
    neighborhood_id,
    neighborhood_name,
    community_name,
    ward_id,
    ward_name,
    case_status,
    is_accessibility_related,
    source_year,
    is_open,
    time_to_close_seconds,
    age_seconds,
    case when is_open then age_seconds end as waiting_seconds
from aged
