{{ kept_by_year() }}

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
{%- set conditions = ['is_of_loaded_year'] -%}
{%- set year = ['open_year', 'is_information_only'] -%}
{%- set all = ['is_information_only'] + conditions -%}
{%- set neighborhood = ['community_name', 'neighborhood_id', 'neighborhood_name'] -%}
{%- set kind = ['subject_name', 'type_name', 'channel'] -%}
{%- set grains = {
    'year': year,
    'year_community': year + ['community_name'],
    'year_community_type_channel': year + ['community_name'] + kind,
    'year_neighborhood': year + neighborhood,
    'year_neighborhood_subject': year + neighborhood + ['subject_name'],
    'year_neighborhood_type_channel': year + neighborhood + kind,
    'all': all,
    'all_neighborhood': all + neighborhood,
} -%}
{%- set counts = {
    'measured': 'count(*)',
    'closed_within': 'count(case when time_to_close_seconds <= median_seconds then 1 end)',
} -%}

with requests as {{ inlined() }} (

    select
        requests.*,
        {{ as_seconds('city.median_hours') }} as median_seconds
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

    {{ volumes_and_times(ref('rpt_requests'), dimensions, grains, conditions=conditions) }}

),

-- Who is younger than the city's median cannot be told yet: of them only the quick are closed.
old_enough as (

    select *
    from requests
    where
        age_seconds >= median_seconds
        and (is_open or time_to_close_seconds is not null)

),

weeks as (

    {%- for relation, grains in changed_parts('old_enough', grains) %}
    {%- if not loop.first %}

    union all
    {% endif %}
    {{ grouped(relation, dimensions, grains, counts, conditions, also_by=['open_week']) }}
    {%- endfor %}

),

shares as (

    select
        grain,
        {{ dimensions | join(', ') }},
        {{ sums_over_weeks() }}
    from weeks
    group by grain, {{ dimensions | join(', ') }}

)

select
    volumes.*,
    {%- for name in counts_of_share() %}
    coalesce(shares.{{ name }}, 0) as {{ name }},
    {%- endfor %}
    coalesce(shares.measured_count - shares.within_count, 0) as slower_count,
    cast(shares.measured_count - shares.within_count as {{ type_double() }}) / shares.measured_count as slower_share
from volumes
left join shares on {{ same_group('volumes', 'shares', dimensions) }}
