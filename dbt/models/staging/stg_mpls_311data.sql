with source as (

    select * from {{ source('staging', 'raw_mpls_311data') }}

)

select
    case_id,
    source_year,
    object_id,
    load_id,

    subject_name,
    reason_name,
    type_name,
    title,

    {{ utc_timestamp('open_datetime') }} as open_datetime,
    {{ utc_timestamp('closed_datetime') }} as closed_datetime,
    {{ utc_timestamp('last_update_datetime') }} as last_update_datetime,
    {{ utc_timestamp('coalesce(last_update_datetime, closed_datetime, open_datetime)') }} as updated_at,
    case_status,
    is_accessibility_related,

    coord_x,
    coord_y,
    geometry_x,
    geometry_y,

    extras,
    repairs,
    content_hash,
    {{ utc_timestamp('loaded_at') }} as loaded_at,
    {{ utc_timestamp('deleted_at') }} as deleted_at
from source
