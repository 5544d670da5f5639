{{ config(materialized='table') }}

with layers as (

    select
        source_year,
        max(open_datetime) as open_datetime
    from {{ ref('int_named_requests') }}
    where deleted_at is null
    group by source_year

),

latest as (

    select max(open_datetime) as open_datetime
    from layers

),

editions as (

    select source_year, max(edition_at) as edition_at
    from {{ ref('int_loads') }}
    group by source_year

)

select
    layers.source_year,
    least(latest.open_datetime, coalesce(editions.edition_at, latest.open_datetime)) as seen_until
from layers
cross join latest
left join editions on layers.source_year = editions.source_year
