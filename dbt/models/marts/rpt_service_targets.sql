{{ kept_by_year(var('service_target_years')) }}

{%- set dimensions = {
    'open_year': dbt.type_bigint(),
    'subject_name': dbt.type_string(),
    'type_name': dbt.type_string(),
    'channel': dbt.type_string(),
} -%}
{%- set grains = {'year_type_channel': dimensions | list} -%}
{%- set enough = var('enough_requests') -%}

with timed as {{ inlined() }} (

    select *
    from {{ ref('rpt_requests') }}
    where
        not is_information_only
        and is_of_loaded_year
        -- Of what was closed before it was opened nobody knows how long it took.
        and (is_open or time_to_close_seconds is not null)

),

-- Each year's requests, and those of the earlier years that it is measured against.
requests as {{ inlined() }} (

    select
        years.open_year,
        timed.open_year as request_year,
        span.years_before > 0 as is_before,
        timed.subject_name,
        timed.type_name,
        timed.channel,
        timed.open_week,
        timed.is_open,
        timed.time_to_close_seconds,
        timed.waiting_seconds,
        timed.age_seconds
    from timed
    cross join (
        {%- for number in range(var('service_target_years') + 1) %}
        select {{ number }} as years_before{{ ' union all' if not loop.last }}
        {%- endfor %}
    ) as span
    inner join (select distinct open_year from timed) as years
        on years.open_year = timed.open_year + span.years_before
    where {{ of_changed_years('years.open_year', var('service_target_years')) }}

),

earlier as {{ inlined() }} (

    select *
    from requests
    where is_before

),

targets as (

    select *, target_seconds as reference_seconds
    from {{ times('earlier', dimensions, grains, {'target': var('service_target_percent')}, {
        'benchmark_first_year': 'min(request_year)',
        'benchmark_last_year': 'max(request_year)',
    }) }} as timed
    where closed_count >= {{ enough }} and target_seconds is not null

),

measured as (

    select
        *,
        cast(within_count as {{ type_double() }}) / nullif(measured_count, 0) as share_within,
        cast(benchmark_within_count as {{ type_double() }}) / nullif(benchmark_measured_count, 0)
            as benchmark_share_within
    from {{ shares_within('targets', 'requests', dimensions, grains, 'benchmark_') }} as shares
    where measured_count >= {{ enough }} and benchmark_measured_count >= {{ enough }}

),

compared as (

    select
        measured.*,
        targets.benchmark_first_year,
        targets.benchmark_last_year,
        {{ as_hours('targets.target_seconds') }} as target_hours,
        measured.share_within - measured.benchmark_share_within as share_change
    from measured
    inner join targets on {{ same_group('measured', 'targets', dimensions) }}

)

select
    {%- for name in dimensions %}
    {{ name }},
    {%- endfor %}
    benchmark_first_year,
    benchmark_last_year,
    target_hours,
    {%- for prefix in ['', 'benchmark_'] %}
    {%- for name in counts_of_share() %}
    {{ prefix }}{{ name }},
    {%- endfor %}
    {{ prefix }}share_within,
    {%- endfor %}
    share_change,
    row_number() over (
        partition by open_year
        order by share_change, measured_count desc, {{ grains['year_type_channel'][1:] | join(', ') }}
    ) as rank_in_year
from compared
