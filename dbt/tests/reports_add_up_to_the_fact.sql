with facts as (

    select count(*) as requests
    from {{ ref('fact_311data') }}
    where deleted_at is null

),

reports as (

    select 'rpt_categories_year' as report, sum(request_count) as requests
    from {{ ref('rpt_categories_year') }}

    union all

    select 'rpt_requests', count(*)
    from {{ ref('rpt_requests') }}

    union all

    select concat('rpt_time_to_close, ', grain), sum(request_count)
    from {{ ref('rpt_time_to_close') }}
    group by grain

    union all

    select concat('rpt_neighborhoods, ', grain), sum(request_count)
    from {{ ref('rpt_neighborhoods') }}
    group by grain

    union all

    select 'rpt_data_quality', sum(case_count)
    from {{ ref('rpt_data_quality') }}

)

select
    reports.report,
    reports.requests as requests_of_report,
    facts.requests as requests_of_fact
from reports
cross join facts
where coalesce(reports.requests, 0) <> facts.requests
