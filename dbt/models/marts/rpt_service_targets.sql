{%- set kind = 'subject_name, type_name, channel' -%}
{%- set year_and_kind = ['open_year', 'subject_name', 'type_name', 'channel'] -%}
{%- set enough = var('enough_requests') -%}

with requests as (

    select open_year, {{ kind }}, time_to_close_seconds, age_seconds
    from {{ ref('rpt_requests') }}
    where
        not is_information_only
        -- A layer has late cases of the year before it: without that year's own layer they are not the year.
        and open_year in (select source_year from {{ ref('fact_311data') }})
        -- Of what was closed before it was opened nobody knows how long it took.
        and (is_open or time_to_close_seconds is not null)

),

-- The requests that each year is measured against.
earlier as (

    select
        years.open_year,
        requests.open_year as earlier_year,
        {{ kind }},
        time_to_close_seconds,
        age_seconds
    from (select distinct open_year from requests) as years
    inner join requests
        on requests.open_year < years.open_year
        and requests.open_year >= years.open_year - {{ var('service_target_years') }}

),

targets as (

    select
        open_year,
        {{ kind }},
        min(earlier_year) as benchmark_first_year,
        max(earlier_year) as benchmark_last_year,
        {{ percentile('time_to_close_seconds', 'time_rank', 'time_count', var('service_target_percent')) }}
            as target_seconds
    from ({{ ranked_by_time('earlier', year_and_kind) }}) as ranked
    group by open_year, {{ kind }}
    having count(time_to_close_seconds) >= {{ enough }}

),

{%- for period, relation in {'benchmark': 'earlier', 'current': 'requests'}.items() %}

{{ period }}_measured as (

    select
        targets.open_year,
        targets.subject_name,
        targets.type_name,
        targets.channel,
        count(*) as measured_count,
        count(case when time_to_close_seconds <= target_seconds then 1 end) as within_count
    from targets
    inner join {{ relation }} as measured
        on targets.open_year = measured.open_year
        and targets.subject_name = measured.subject_name
        and targets.type_name = measured.type_name
        and targets.channel = measured.channel
        -- Of younger ones only the quick are closed, and the others may still become so.
        and measured.age_seconds >= targets.target_seconds
    group by 1, 2, 3, 4
    having count(*) >= {{ enough }}

),
{%- endfor %}

shares as (

    select
        targets.open_year,
        targets.subject_name,
        targets.type_name,
        targets.channel,
        targets.benchmark_first_year,
        targets.benchmark_last_year,
        benchmark.measured_count as benchmark_count,
        {{ as_hours('targets.target_seconds') }} as target_hours,
        cast(benchmark.within_count as {{ type_double() }}) / benchmark.measured_count as benchmark_share_within,
        measured.measured_count,
        measured.within_count,
        cast(measured.within_count as {{ type_double() }}) / measured.measured_count as share_within
    from targets
    inner join benchmark_measured as benchmark
        on targets.open_year = benchmark.open_year
        and targets.subject_name = benchmark.subject_name
        and targets.type_name = benchmark.type_name
        and targets.channel = benchmark.channel
    inner join current_measured as measured
        on targets.open_year = measured.open_year
        and targets.subject_name = measured.subject_name
        and targets.type_name = measured.type_name
        and targets.channel = measured.channel

),

compared as (

    select *, share_within - benchmark_share_within as share_change
    from shares

)

select
    *,
    row_number() over (
        partition by open_year
        order by share_change, measured_count desc, {{ kind }}
    ) as rank_in_year
from compared
