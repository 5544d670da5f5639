with places as (

    select
        geography_id,
        {{ micro_degrees('geometry_x') }} as longitude_e6,
        {{ micro_degrees('geometry_y') }} as latitude_e6,
        min(coord_x) as coord_x,
        min(coord_y) as coord_y
    from {{ ref('int_requests') }}
    where geography_id <> -1
    group by 1, 2, 3

)

select
    geography_id,
    longitude_e6,
    latitude_e6,
    longitude_e6 / 1e6 as longitude,
    latitude_e6 / 1e6 as latitude,
    coord_x,
    coord_y,
    true as has_location
from places

union all

select
    -1 as geography_id,
    cast(null as {{ dbt.type_bigint() }}) as longitude_e6,
    cast(null as {{ dbt.type_bigint() }}) as latitude_e6,
    cast(null as {{ type_double() }}) as longitude,
    cast(null as {{ type_double() }}) as latitude,
    cast(null as {{ type_double() }}) as coord_x,
    cast(null as {{ type_double() }}) as coord_y,
    false as has_location
