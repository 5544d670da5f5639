select
    area_kind,
    area_id,
    area_name,
    community_name,
    ring,
    vertex,
    {{ micro_degrees('longitude') }} as longitude_e6,
    {{ micro_degrees('latitude') }} as latitude_e6
from {{ source('staging', 'raw_areas') }}
