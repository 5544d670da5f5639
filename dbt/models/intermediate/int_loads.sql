-- A load is recorded as published only after the marts are built, and one that failed may be superseded.
select distinct
    source_year,
    load_id,
    mode,
    read_at,
    edition_at,
    record_cnt,
    rejected_cnt
from {{ ref('stg_track_load') }}
where
    mode in ('full', 'incremental')
    and status in ('staged', 'published')
    and (
        load_id in (select load_id from {{ ref('stg_track_load') }} where status = 'published')
        or load_id in (select load_id from {{ ref('stg_mpls_311data') }})
    )
