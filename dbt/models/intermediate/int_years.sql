{{ config(materialized='table') }}

with years as (

    select
        requests.open_year,
        max(requests.open_date) as open_date,
        {{ versions('requests.case_id', 'requests.load_id', 'layers.seen_until') }} as versions
    from {{ ref('int_named_requests') }} as requests
    inner join {{ ref('int_layers') }} as layers on requests.source_year = layers.source_year
    where requests.deleted_at is null
    group by requests.open_year

),

placed as (

    select
        open_year,
        versions,
        max(open_date) over () as latest_open_date,
        open_year in (select source_year from {{ ref('int_layers') }}) as is_loaded_year,
        max(open_year) over () - open_year as years_after
    from years

)

select
    open_year,
    latest_open_date,
    is_loaded_year,
    {{ state_of([
        'versions',
        'is_loaded_year',
        'max(case when is_loaded_year then open_year end) over () = open_year',
        "case when years_after < 2 then latest_open_date end",
    ]) }} as state
from placed
