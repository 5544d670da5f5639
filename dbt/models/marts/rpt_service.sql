-- Of what was closed before it was opened nobody knows how long it took.
with requests as (

    select
        requests.open_year,
        requests.open_month,
        requests.time_to_close_seconds,
        requests.age_seconds,
        {{ as_seconds('targets.target_hours') }} as target_seconds
    from {{ ref('rpt_requests') }} as requests
    left join {{ ref('rpt_service_targets') }} as targets
        on requests.open_year = targets.open_year
        and requests.subject_name = targets.subject_name
        and requests.type_name = targets.type_name
        and requests.channel = targets.channel
    where
        not requests.is_information_only
        and (requests.is_open or requests.time_to_close_seconds is not null)
        and requests.open_year in (select open_year from {{ ref('rpt_service_targets') }})

),

months as (

    select
        open_year,
        open_month,
        count(*) as request_count,
        count(target_seconds) as covered_count,
        count(case when age_seconds >= target_seconds then 1 end) as measured_count,
        count(case when age_seconds >= target_seconds and time_to_close_seconds <= target_seconds then 1 end)
            as within_count
    from requests
    group by open_year, open_month

)

select *
from months

union all

select
    open_year,
    cast(null as {{ dbt.type_bigint() }}) as open_month,
    {%- for name in ['request_count', 'covered_count', 'measured_count', 'within_count'] %}
    cast(sum({{ name }}) as {{ dbt.type_bigint() }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from months
group by open_year
