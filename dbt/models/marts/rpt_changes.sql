{{ kept_by_year(1) }}

{%- set dimensions = {
    'open_year': dbt.type_bigint(),
    'subject_name': dbt.type_string(),
    'type_name': dbt.type_string(),
    'channel': dbt.type_string(),
} -%}
{%- set type = ['open_year', 'subject_name', 'type_name'] -%}
{%- set grains = {
    'year': ['open_year'],
    'year_subject': ['open_year', 'subject_name'],
    'year_type': type,
    'year_type_channel': type + ['channel'],
} -%}
{%- set quantities = ['p25_hours', 'median_hours', 'p75_hours'] -%}

with latest as (

    select max(open_year) as open_year
    from {{ ref('rpt_requests') }}

),

times as (

    select
        *,
        replace(grain, '_to_date', '') as yearly_grain,
        grain like '%to_date' as is_to_date
    from {{ ref('rpt_time_to_close') }}
    where
        not is_information_only
        and not is_few
        and median_hours is not null

),

-- The latest year is set against the same days of the year before: of a year that is over, those are all.
refs as (

    select
        times.yearly_grain as grain,
        times.open_year + 1 as open_year,
        {%- for name in (dimensions | list)[1:] + quantities %}
        times.{{ name }},
        {%- endfor %}
        {{ as_seconds('times.median_hours') }} as reference_seconds
    from times
    cross join latest
    where
        times.yearly_grain in ({{ "'" ~ grains | join("', '") ~ "'" }})
        and times.is_to_date = (times.open_year + 1 = latest.open_year)
        and {{ of_changed_years('times.open_year + 1', 1) }}

),

timed as {{ inlined() }} (

    select *
    from {{ ref('rpt_requests') }}
    where
        not is_information_only
        -- Of what was closed before it was opened nobody knows how long it took.
        and (is_open or time_to_close_seconds is not null)

),

requests as {{ inlined() }} (

    {%- for is_before in [false, true] %}
    {%- if is_before %}

    union all
    {% endif %}
    select
        timed.open_year{{ ' + 1' if is_before }} as open_year,
        timed.subject_name,
        timed.type_name,
        timed.channel,
        {{ is_before }} as is_before,
        timed.open_week,
        timed.time_to_close_seconds,
        timed.age_seconds
    from timed
    {%- if is_before %}
    cross join latest
    where timed.is_to_date or timed.open_year + 1 < latest.open_year
    {%- endif %}
    {%- endfor %}

)

select
    shares.*,
    {%- for name in quantities %}
    refs.{{ name }} as before_{{ name }},
    {%- endfor %}
    this_year.median_hours
from {{ shares_within('refs', 'requests', dimensions, grains, 'before_') }} as shares
inner join refs on {{ same_group('shares', 'refs', dimensions) }}
left join times as this_year on {{ same_group('shares', 'this_year', dimensions) }}
where shares.measured_count > 0
