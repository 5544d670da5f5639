{#- The only copy of published rows in the warehouse, it stays in the schema where it always was.
    The merge names the years in staging as literals: BigQuery then reads no other partition. Elsewhere they are not
    looked at before the model runs: whenever they are others, dbt would parse it anew. -#}
{%- set years = env_var('MPLS311_YEARS', '') if execute or target.type == 'bigquery' else '' -%}

{{ config(
    schema=none,
    pre_hook=['{{ drop_what_moved() }}', '{{ leave_out_remade_years() }}', '{{ leave_out_replaced() }}'],
    materialized='incremental',
    incremental_strategy='merge',
    unique_key=['source_year', 'case_id'],
    incremental_predicates=['DBT_INTERNAL_DEST.source_year in (' ~ years ~ ')'] if years else none,
    full_refresh=var('rebuild', false),
    on_schema_change='append_new_columns',
    partition_by=on_bigquery({
        'field': 'source_year',
        'data_type': 'int64',
        'range': {'start': 2000, 'end': 2100, 'interval': 1},
    }),
    cluster_by=on_bigquery(['case_id']),
) }}

-- Staging holds the pending loads only, so everything already published lives here and nowhere else
-- in the warehouse. That is why a full refresh is refused, except when staging holds every published load.

{%- if years and is_incremental() -%}{{ require_years(ref('stg_mpls_311data'), years) }}{%- endif %}

with ranked as (

    select
        *,
        row_number() over (
            partition by source_year, case_id
            order by
                load_id desc,
                updated_at desc,
                case when deleted_at is null then 0 else 1 end,
                content_hash desc
        ) as choice,
        -- Those of the first load in this order, which the chosen row is of.
        count(*) over (partition by source_year, case_id order by load_id desc) as rows_in_load
    from {{ ref('stg_mpls_311data') }}

),

chosen as (

    select
        case_id,
        source_year,
        object_id,
        load_id,
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
        content_hash,
        loaded_at,
        deleted_at,
        rows_in_load
    from ranked
    where choice = 1

)

select chosen.*
from chosen
{%- if is_incremental() %}
left join {{ this }} as stored
    on chosen.source_year = stored.source_year
    and chosen.case_id = stored.case_id
    {%- if years %}
    and stored.source_year in ({{ years }})
    {%- endif %}
-- The same load may be merged again after a crash; an older one must not undo a newer one.
where stored.load_id is null or stored.load_id <= chosen.load_id
{%- endif %}
