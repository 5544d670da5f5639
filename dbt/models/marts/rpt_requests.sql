with facts as (

    select
        *,
        {{ local_datetime('open_datetime') }} as open_local_datetime,
        {{ local_datetime('closed_datetime') }} as closed_local_datetime
    from {{ ref('fact_311data') }}
    where deleted_at is null

),

latest as (

    select
        max(open_datetime) as open_datetime,
        cast(max(open_local_datetime) as date) as open_date
    from facts

),

editions as (

    select source_year, max(edition_at) as edition_at
    from {{ ref('int_loads') }}
    group by source_year

),

-- What the data knows of a request, it knows as of its layer's edition, and of none beyond the latest opening.
seen as (

    select
        facts.*,
        cast(facts.open_local_datetime as date) as open_date,
        latest.open_date as latest_open_date,
        {{ seconds_between(
            'facts.open_datetime',
            'least(latest.open_datetime, coalesce(editions.edition_at, latest.open_datetime))',
        ) }} as seen_seconds
    from facts
    cross join latest
    left join editions on facts.source_year = editions.source_year

),

aged as (

    select
        *,
        case when seen_seconds > 0 then seen_seconds else 0 end as age_seconds
    from seen

)

select
    aged.case_id,
    aged.open_datetime,
    aged.closed_datetime,
    aged.open_local_datetime,
    aged.closed_local_datetime,
    aged.open_date,
    {{ date_part('year', 'aged.open_date') }} as open_year,
    {{ date_part('month', 'aged.open_date') }} as open_month,
    {{ monday_of('aged.open_date') }} as open_week,
    mod({{ date_id('aged.open_date') }}, 10000) <= mod({{ date_id('aged.latest_open_date') }}, 10000) as is_to_date,
    {{ dbt.datediff('aged.open_date', 'aged.latest_open_date', 'day') }} < 365 as is_of_last_365_days,
    {{ date_part('year', 'aged.open_date') }} in (select facts.source_year from facts) as is_of_loaded_year,
    coalesce(categories.subject_name, 'Unknown') as subject_name,
    coalesce(categories.reason_name, 'Unknown') as reason_name,
    coalesce(categories.type_name, 'Unknown') as type_name,
    coalesce(categories.source_type_name, 'Unknown') as source_type_name,
    coalesce(categories.channel, 'Phone or other') as channel,
    coalesce(categories.is_information_only, false) as is_information_only,
    aged.geography_id,
    geography.longitude,
    geography.latitude,
    neighborhoods.neighborhood_id,
    neighborhoods.neighborhood_name,
    neighborhoods.community_name,
    wards.ward_id,
    wards.ward_name,
    aged.case_status,
    aged.is_accessibility_related,
    aged.source_year,
    aged.closed_datetime is null as is_open,
    aged.duration_seconds as time_to_close_seconds,
    aged.age_seconds,
    case when aged.closed_datetime is null then aged.age_seconds end as waiting_seconds
from aged
left join {{ ref('dim_categories') }} as categories
    on aged.category_id = categories.category_id
left join {{ ref('dim_geography') }} as geography
    on aged.geography_id = geography.geography_id
left join {{ ref('dim_neighborhoods') }} as neighborhoods
    on coalesce(geography.neighborhood_id, -1) = neighborhoods.neighborhood_id
left join {{ ref('dim_wards') }} as wards
    on coalesce(geography.ward_id, -1) = wards.ward_id
