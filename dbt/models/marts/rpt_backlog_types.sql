with latest as (

    select max(open_date) as open_date
    from {{ ref('rpt_requests') }}

),

open_requests as (

    select
        requests.subject_name,
        requests.type_name,
        {{ dbt.datediff('requests.open_date', 'latest.open_date', 'day') }} as age_days
    from {{ ref('rpt_requests') }} as requests
    cross join latest
    where requests.is_open

),

ranked as (

    select
        *,
        row_number() over (partition by subject_name, type_name order by age_days) as age_rank,
        count(*) over (partition by subject_name, type_name) as age_count
    from open_requests

)

select
    subject_name,
    type_name,
    count(*) as open_count,
    cast(min(case when 2 * age_rank >= age_count then age_days end) as {{ dbt.type_bigint() }}) as median_days,
    cast(max(age_days) as {{ dbt.type_bigint() }}) as oldest_days
from ranked
group by subject_name, type_name
