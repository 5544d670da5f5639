with facts as (

    select
        *,
        {{ local_date('open_datetime') }} as open_date
    from {{ ref('fact_311data') }}
    where deleted_at is null

),

-- What the data knows, it knows as of its latest opening.
latest as (

    select
        max(open_datetime) as open_datetime,
        max(open_date) as open_date
    from facts

)

select
    facts.case_id,
    facts.open_date,
    {{ date_part('year', 'facts.open_date') }} as open_year,
    {{ date_part('month', 'facts.open_date') }} as open_month,
    mod({{ date_id('facts.open_date') }}, 10000) <= mod({{ date_id('latest.open_date') }}, 10000) as is_to_date,
    coalesce(categories.subject_name, 'Unknown') as subject_name,
    coalesce(categories.reason_name, 'Unknown') as reason_name,
    coalesce(categories.type_name, 'Unknown') as type_name,
    coalesce(categories.channel, 'Phone or other') as channel,
    coalesce(categories.is_information_only, false) as is_information_only,
    facts.geography_id,
    neighborhoods.neighborhood_id,
    neighborhoods.neighborhood_name,
    neighborhoods.community_name,
    facts.closed_datetime is null as is_open,
    facts.duration_seconds as time_to_close_seconds,
    {{ seconds_between('facts.open_datetime', 'latest.open_datetime') }} as age_seconds
from facts
cross join latest
left join {{ ref('dim_categories') }} as categories
    on facts.category_id = categories.category_id
left join {{ ref('dim_geography') }} as geography
    on facts.geography_id = geography.geography_id
left join {{ ref('dim_neighborhoods') }} as neighborhoods
    on coalesce(geography.neighborhood_id, -1) = neighborhoods.neighborhood_id
