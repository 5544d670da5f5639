{{ kept_up_to_date_by('geography_id', on_bigquery='incremental') }}

-- The even-odd rule: a place is inside if a line due east of it crosses the border an odd number of times,
-- holes and islands included. In whole micro-degrees it is exact, so that neighbours who share a border leave
-- no place out and both engines agree, which have no geometry type in common.

with vertices as (

    select
        *,
        lead(longitude_e6) over (partition by area_kind, area_id, ring order by vertex) as next_longitude_e6,
        lead(latitude_e6) over (partition by area_kind, area_id, ring order by vertex) as next_latitude_e6
    from {{ ref('stg_areas') }}

),

-- From south to north.
edges as (

    select
        area_kind,
        area_id,
        case when latitude_e6 < next_latitude_e6 then longitude_e6 else next_longitude_e6 end as south_x,
        least(latitude_e6, next_latitude_e6) as south_y,
        case when latitude_e6 < next_latitude_e6 then next_longitude_e6 else longitude_e6 end as north_x,
        greatest(latitude_e6, next_latitude_e6) as north_y
    from vertices
    where latitude_e6 <> next_latitude_e6

),

boxes as (

    select
        area_kind,
        area_id,
        min(longitude_e6) as west,
        max(longitude_e6) as east,
        min(latitude_e6) as south,
        max(latitude_e6) as north
    from {{ ref('stg_areas') }}
    group by area_kind, area_id

),

places as (

    select distinct
        geography_id,
        {{ micro_degrees('geometry_x') }} as x,
        {{ micro_degrees('geometry_y') }} as y
    from {{ ref('int_requests') }}
    where
        geography_id <> -1
        {% if is_incremental() -%}
        and geography_id not in (select geography_id from {{ this }})
        {%- endif %}

),

candidates as (

    select places.geography_id, places.x, places.y, boxes.area_kind, boxes.area_id
    from places
    inner join boxes
        on places.x between boxes.west and boxes.east
        and places.y between boxes.south and boxes.north

),

inside as (

    select candidates.geography_id, candidates.area_kind, candidates.area_id
    from candidates
    inner join edges
        on candidates.area_kind = edges.area_kind
        and candidates.area_id = edges.area_id
        and candidates.y >= edges.south_y
        and candidates.y < edges.north_y
        and (candidates.x - edges.south_x) * (edges.north_y - edges.south_y)
        < (edges.north_x - edges.south_x) * (candidates.y - edges.south_y)
    group by 1, 2, 3
    having mod(count(*), 2) = 1

)

-- Borders drawn twice can overlap by a sliver.
select
    places.geography_id,
    min(case when inside.area_kind = 'neighborhood' then inside.area_id end) as neighborhood_id,
    min(case when inside.area_kind = 'ward' then inside.area_id end) as ward_id
from places
left join inside
    on places.geography_id = inside.geography_id
group by places.geography_id
