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
    places.geography_id,
    places.longitude_e6,
    places.latitude_e6,
    cast(places.longitude_e6 as {{ type_double() }}) / 1000000 as longitude,
    cast(places.latitude_e6 as {{ type_double() }}) / 1000000 as latitude,
    places.coord_x,
    places.coord_y,
    coalesce(areas.neighborhood_id, -1) as neighborhood_id,
    coalesce(areas.ward_id, -1) as ward_id,
    true as has_location
from places
left join {{ ref('int_place_areas') }} as areas
    on places.geography_id = areas.geography_id

union all

select
    -1 as geography_id,
    cast(null as {{ dbt.type_bigint() }}) as longitude_e6,
    cast(null as {{ dbt.type_bigint() }}) as latitude_e6,
    cast(null as {{ type_double() }}) as longitude,
    cast(null as {{ type_double() }}) as latitude,
    cast(null as {{ type_double() }}) as coord_x,
    cast(null as {{ type_double() }}) as coord_y,
    -1 as neighborhood_id,
    -1 as ward_id,
    false as has_location
