{{ kept_up_to_date_by('case_id', on_bigquery='view') }}

-- All that says the same of a request whatever day it is asked; what time changes is in rpt_requests.

with facts as (

    select
        *,
        {{ local_datetime('open_datetime') }} as open_local_datetime,
        {{ local_datetime('closed_datetime') }} as closed_local_datetime
    from {{ ref('fact_311data') }}
    {{ only_touched_cases() }}

),

dated as (

    select
        *,
        cast(open_local_datetime as date) as open_date
    from facts

)

select
    dated.case_id,
    dated.open_datetime,
    dated.closed_datetime,
    dated.open_local_datetime,
    dated.closed_local_datetime,
    dated.open_date,
    {{ date_part('year', 'dated.open_date') }} as open_year,
    {{ date_part('month', 'dated.open_date') }} as open_month,
    {{ monday_of('dated.open_date') }} as open_week,
    dated.category_id,
    coalesce(categories.subject_name, 'Unknown') as subject_name,
    coalesce(categories.reason_name, 'Unknown') as reason_name,
    coalesce(categories.type_name, 'Unknown') as type_name,
    coalesce(categories.title, 'Unknown') as title,
    coalesce(categories.source_type_name, 'Unknown') as source_type_name,
    coalesce(categories.channel, 'Phone or other') as channel,
    coalesce(categories.is_information_only, false) as is_information_only,
    dated.geography_id,
    geography.longitude,
    geography.latitude,
    neighborhoods.neighborhood_id,
    neighborhoods.neighborhood_name,
    neighborhoods.community_name,
    wards.ward_id,
    wards.ward_name,
    dated.case_status,
    dated.is_accessibility_related,
    dated.closed_datetime is null as is_open,
    dated.duration_seconds as time_to_close_seconds,
    dated.source_year,
    dated.deleted_at,
    dated.load_id
from dated
left join {{ ref('dim_categories') }} as categories
    on dated.category_id = categories.category_id
left join {{ ref('dim_geography') }} as geography
    on dated.geography_id = geography.geography_id
left join {{ ref('dim_neighborhoods') }} as neighborhoods
    on coalesce(geography.neighborhood_id, -1) = neighborhoods.neighborhood_id
left join {{ ref('dim_wards') }} as wards
    on coalesce(geography.ward_id, -1) = wards.ward_id
