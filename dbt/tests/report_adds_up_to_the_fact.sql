with report as (

    select coalesce(sum(request_count), 0) as requests
    from {{ ref('rpt_categories_year') }}

),

facts as (

    select count(*) as requests
    from {{ ref('fact_311data') }}
    where deleted_at is null

)

select
    report.requests as requests_of_report,
    facts.requests as requests_of_fact
from report
cross join facts
where report.requests <> facts.requests
