select
    neighborhood_id,
    neighborhood_name,
    community_name,
    ring,
    vertex,
    {{ micro_degrees('longitude') }} as longitude_e6,
    {{ micro_degrees('latitude') }} as latitude_e6
from {{ source('staging', 'raw_neighborhoods') }}
