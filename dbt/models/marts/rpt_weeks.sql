{#- As many as five years ago, and what lies around that week. -#}
{%- set weeks = 290 -%}

-- The day of the latest opening may not be over.
with latest as (

    select cast({{ dbt.dateadd('day', -1, 'max(open_date)') }} as date) as last_date
    from {{ ref('rpt_requests') }}

),

requests as (

    select
        requests.subject_name,
        requests.type_name,
        latest.last_date,
        cast(
            floor({{ dbt.datediff('requests.open_date', 'latest.last_date', 'day') }} / 7.0) as {{ dbt.type_bigint() }}
        ) as weeks_ago
    from {{ ref('rpt_requests') }} as requests
    cross join latest
    where requests.open_date <= latest.last_date and is_of_loaded_year

)

select
    weeks_ago,
    cast({{ dbt.dateadd('day', '-7 * weeks_ago', 'last_date') }} as date) as last_date,
    subject_name,
    type_name,
    count(*) as request_count
from requests
where weeks_ago < {{ weeks }}
group by weeks_ago, last_date, subject_name, type_name
