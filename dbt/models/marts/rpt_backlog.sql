{#- First and last day of age of each class. -#}
{%- set classes = [(0, 7), (8, 30), (31, 90), (91, 365), (366, none)] -%}
{%- set columns = ['subject_name', 'type_name', 'is_information_only'] + (area_columns() | list) %}

with latest as (

    select max(open_date) as open_date
    from {{ ref('rpt_requests') }}

),

-- The last day of every month, and of the one that is not over the day of the latest opening.
days as (

    select
        dates.year,
        dates.month,
        max(dates.date) as as_of_date
    from {{ ref('dim_dates') }} as dates
    cross join latest
    where dates.date <= latest.open_date
    group by dates.year, dates.month

),

-- Most are closed before the first of these days, and are never among the open ones.
requests as (

    select
        requests.open_date,
        cast(requests.closed_local_datetime as date) as closed_date,
        {{ columns | join(', ') }}
    from {{ ref('rpt_requests') }} as requests
    left join days
        on requests.open_year = days.year
        and requests.open_month = days.month
    where
        requests.closed_local_datetime is null
        or days.as_of_date is null
        or cast(requests.closed_local_datetime as date) > days.as_of_date

),

open_requests as (

    select
        days.as_of_date,
        {{ dbt.datediff('requests.open_date', 'days.as_of_date', 'day') }} as age_days,
        {{ columns | join(', ') }}
    from requests
    inner join days
        on requests.open_date <= days.as_of_date
        and (requests.closed_date is null or requests.closed_date > days.as_of_date)

),

classed as (

    select
        *,
        case
            {%- for first, last in classes if last %}
            when age_days <= {{ last }} then {{ first }}
            {%- endfor %}
            else {{ classes[-1][0] }}
        end as age_from
    from open_requests

)

select
    as_of_date,
    cast(age_from as {{ dbt.type_bigint() }}) as age_from_days,
    case age_from
        {%- for first, last in classes %}
        when {{ first }} then '{{ first ~ ' to ' ~ last ~ ' days' if last else 'over ' ~ (first - 1) ~ ' days' }}'
        {%- endfor %}
    end as age_class,
    {{ columns | join(',\n    ') }},
    count(*) as open_count
from classed
group by as_of_date, age_from, {{ columns | join(', ') }}
