{{ kept_up_to_date_by('case_id') }}
{{ config(
    cluster_by=on_bigquery(['case_id']),
) }}

-- The layers in which a case was ever read give several versions of it. The choice depends on what the
-- versions say, never on when they were loaded, so the order of loads cannot matter.

with ranked as (

    select
        *,
        row_number() over (
            partition by case_id
            order by
                case when deleted_at is null then 0 else 1 end,
                updated_at desc,
                source_year desc
        ) as choice,
        count(case when deleted_at is null then 1 end) over (partition by case_id) as layer_count,
        cast(sum(rows_in_load - 1) over (partition by case_id) as {{ dbt.type_bigint() }}) as duplicate_count
    from {{ ref('int_requests_by_layer') }}
    {{ only_touched_cases() }}

)

select
    case_id,
    object_id,
    {{ surrogate_key(['subject_name', 'reason_name', 'type_name', 'title']) }} as category_id,
    {{ geography_id('geometry_x', 'geometry_y') }} as geography_id,
    subject_name,
    reason_name,
    type_name,
    title,
    open_datetime,
    closed_datetime,
    last_update_datetime,
    updated_at,
    case_status,
    is_accessibility_related,
    coord_x,
    coord_y,
    geometry_x,
    geometry_y,
    extras,
    repairs,
    source_year,
    layer_count,
    duplicate_count,
    deleted_at,
    load_id
from ranked
where choice = 1
