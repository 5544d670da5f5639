{%- set dimensions = {
    'open_year': dbt.type_bigint(),
    'community_name': dbt.type_string(),
    'neighborhood_id': dbt.type_bigint(),
    'neighborhood_name': dbt.type_string(),
    'subject_name': dbt.type_string(),
    'type_name': dbt.type_string(),
    'channel': dbt.type_string(),
    'is_information_only': 'boolean',
} -%}
{%- set year = ['open_year', 'is_information_only'] -%}
{%- set neighborhood = ['community_name', 'neighborhood_id', 'neighborhood_name'] -%}
{%- set kind = ['subject_name', 'type_name', 'channel'] -%}
{%- set grains = {
    'year': year,
    'year_community': year + ['community_name'],
    'year_community_type_channel': year + ['community_name'] + kind,
    'year_neighborhood': year + neighborhood,
    'year_neighborhood_subject': year + neighborhood + ['subject_name'],
    'year_neighborhood_type_channel': year + neighborhood + kind,
} -%}

with requests as (

    select
        requests.*,
        {{ as_hours('requests.time_to_close_seconds') }} > city.median_hours as is_slower
    from {{ ref('rpt_requests') }} as requests
    left join {{ ref('rpt_time_to_close') }} as city
        on city.grain = 'year_type_channel'
        and requests.open_year = city.open_year
        and requests.subject_name = city.subject_name
        and requests.type_name = city.type_name
        and requests.channel = city.channel
        and requests.is_information_only = city.is_information_only

),

volumes as (

    {{ volumes_and_times('requests', dimensions, grains, more=['count(case when is_slower then 1 end) as slower_count']) }}

)

select
    *,
    cast(slower_count as {{ type_double() }}) / nullif(closed_count, 0) as slower_share
from volumes
