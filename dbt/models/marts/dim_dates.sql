{%- set months = [
    'January', 'February', 'March', 'April', 'May', 'June',
    'July', 'August', 'September', 'October', 'November', 'December',
] -%}
{%- set weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] -%}
{%- set first_day_after = "cast('" ~ (run_started_at.year + 2) ~ "-01-01' as date)" -%}

with spine as (

    {{ dbt.date_spine('day', "cast('2010-01-01' as date)", first_day_after) }}

),

days as (

    select cast(date_day as date) as calendar_date
    from spine

),

parts as (

    select
        calendar_date,
        {{ date_part('year', 'calendar_date') }} as year,
        {{ date_part('quarter', 'calendar_date') }} as quarter,
        {{ date_part('month', 'calendar_date') }} as month,
        {{ date_part('day', 'calendar_date') }} as day,
        {{ iso_week('calendar_date') }} as iso_week,
        {{ iso_day_of_week('calendar_date') }} as day_of_week
    from days

)

select
    {{ date_id('calendar_date') }} as date_id,
    calendar_date as date,
    year,
    quarter,
    month,
    {{ name_of('month', months) }} as month_name,
    day,
    iso_week,
    day_of_week,
    {{ name_of('day_of_week', weekdays) }} as day_name,
    day_of_week >= 6 as is_weekend
from parts
