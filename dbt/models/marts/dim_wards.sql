select
    area_id as ward_id,
    min(area_name) as ward_name
from {{ ref('stg_areas') }}
where area_kind = 'ward'
group by area_id

union all

select
    -1 as ward_id,
    'Unknown' as ward_name
