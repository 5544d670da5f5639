with neighborhoods as (

    select
        area_id as neighborhood_id,
        min(area_name) as neighborhood_name,
        min(community_name) as community_name
    from {{ ref('stg_areas') }}
    where area_kind = 'neighborhood'
    group by area_id

)

select
    neighborhoods.neighborhood_id,
    neighborhoods.neighborhood_name,
    coalesce(neighborhoods.community_name, communities.community_name, 'Unknown') as community_name
from neighborhoods
left join {{ ref('mpls_311_neighborhoods') }} as communities
    on neighborhoods.neighborhood_id = communities.neighborhood_id

union all

select
    -1 as neighborhood_id,
    'Unknown' as neighborhood_name,
    'Unknown' as community_name
