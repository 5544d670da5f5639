{#- What some reports leave out of all requests, by name. -#}
{%- set conditions = {
    'all': 'true',
    'to date': 'is_to_date and requests.open_year >= latest.open_year - 1',
    'open': 'is_open',
    'all years': 'is_of_loaded_year',
    '365 days': 'is_of_last_365_days',
    'latest day': 'is_open or cast(closed_local_datetime as date) > latest.open_date',
} -%}

with counted as (

    select
        {%- for condition in conditions.values() %}
        count(case when {{ condition }} then 1 end) as period_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('rpt_requests') }} as requests
    cross join (
        select max(open_year) as open_year, max(open_date) as open_date
        from {{ ref('rpt_requests') }}
    ) as latest

),

periods as (

    select 'whole' as period, count(*) as requests
    from {{ ref('fact_311data') }}
    where deleted_at is null
    {%- for period in conditions %}

    union all

    select '{{ period }}', period_{{ loop.index }}
    from counted
    {%- endfor %}

),

reports as (

    select 'rpt_categories_year' as report, 'whole' as period, sum(request_count) as requests
    from {{ ref('rpt_categories_year') }}

    union all

    select 'rpt_requests', 'whole', requests
    from periods
    where period = 'all'

    union all

    select 'rpt_volumes', 'whole', sum(request_count)
    from {{ ref('rpt_volumes') }}

    union all

    select
        concat('rpt_time_to_close, ', grain),
        case
            when grain like '%to_date' then 'to date'
            when grain like 'all%' then 'all years'
            when grain like '%last_365_days' then '365 days'
            else 'whole'
        end,
        sum(request_count)
    from {{ ref('rpt_time_to_close') }}
    group by grain

    union all

    select
        concat('rpt_neighborhoods, ', grain),
        case when grain like 'all%' then 'all years' else 'whole' end,
        sum(request_count)
    from {{ ref('rpt_neighborhoods') }}
    group by grain

    union all

    select concat('rpt_areas, ', grain), 'all years', sum(request_count)
    from {{ ref('rpt_areas') }}
    where grain like 'all%'
    group by grain

    union all

    select 'rpt_backlog', 'latest day', sum(open_count)
    from {{ ref('rpt_backlog') }}
    where as_of_date = (select max(as_of_date) from {{ ref('rpt_backlog') }})

    union all

    select 'rpt_backlog_types', 'open', sum(open_count)
    from {{ ref('rpt_backlog_types') }}

    union all

    select 'rpt_data_quality', 'whole', sum(case_count)
    from {{ ref('rpt_data_quality') }}

)

select
    reports.report,
    reports.requests as requests_of_report,
    periods.requests as requests_of_period
from reports
inner join periods on reports.period = periods.period
where coalesce(reports.requests, 0) <> periods.requests
