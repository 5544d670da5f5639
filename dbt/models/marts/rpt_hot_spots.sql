{{ kept_by_year() }}

with places as (

    select
        requests.open_year,
        requests.neighborhood_id,
        geography.geography_id,
        cast(floor(geography.longitude_e6 / 1000.0) as {{ dbt.type_bigint() }}) as longitude_e3,
        cast(floor(geography.latitude_e6 / 1000.0) as {{ dbt.type_bigint() }}) as latitude_e3,
        count(*) as request_count
    from {{ ref('rpt_requests') }} as requests
    inner join {{ ref('dim_geography') }} as geography
        on requests.geography_id = geography.geography_id
    where geography.has_location and {{ of_changed_years('requests.open_year') }}
    group by 1, 2, 3, 4, 5

),

cells as (

    select
        open_year,
        longitude_e3,
        latitude_e3,
        cast(2 * longitude_e3 + 1 as {{ type_double() }}) / 2000 as longitude,
        cast(2 * latitude_e3 + 1 as {{ type_double() }}) / 2000 as latitude,
        cast(sum(request_count) as {{ dbt.type_bigint() }}) as request_count,
        count(*) as place_count,
        cast(max(request_count) as {{ dbt.type_bigint() }}) as busiest_place_count
    from places
    group by 1, 2, 3

),

judged as (

    select
        *,
        2 * busiest_place_count > request_count as is_one_place
    from cells

)

select
    *,
    row_number() over (
        partition by open_year
        order by case when is_one_place then 1 else 0 end, request_count desc, latitude_e3, longitude_e3
    ) as rank_in_year
from judged
