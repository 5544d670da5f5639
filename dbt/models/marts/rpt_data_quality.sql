with cases as (

    select
        facts.source_year,
        count(case when facts.deleted_at is null then 1 end) as case_count,
        count(facts.deleted_at) as deleted_count,
        count(case when facts.deleted_at is null and facts.layer_count > 1 then 1 end) as several_layers_count,
        count(case when facts.deleted_at is null and facts.geography_id = -1 then 1 end) as no_location_count,
        count(
            case
                when facts.deleted_at is null and geography.has_location and geography.neighborhood_id = -1 then 1
            end
        ) as no_neighborhood_count,
        count(case when facts.deleted_at is null and categories.is_new then 1 end) as unknown_category_count,
        count(
            case
                when facts.deleted_at is not null then null
                when facts.case_status = 0 and facts.closed_datetime is null then 1
                when facts.case_status = 1 and facts.closed_datetime is not null then 1
            end
        ) as status_mismatch_count,
        count(
            case when facts.deleted_at is null and facts.closed_datetime < facts.open_datetime then 1 end
        ) as closed_before_opened_count,
        count(case when facts.deleted_at is null and facts.repairs is not null then 1 end) as repaired_count
    from {{ ref('fact_311data') }} as facts
    left join {{ ref('dim_categories') }} as categories
        on facts.category_id = categories.category_id
    left join {{ ref('dim_geography') }} as geography
        on facts.geography_id = geography.geography_id
    group by facts.source_year

),

duplicates as (

    select
        source_year,
        cast(sum(rows_in_load - 1) as {{ dbt.type_bigint() }}) as duplicate_count
    from {{ ref('int_requests_by_layer') }}
    group by source_year

),

ranked_loads as (

    select
        *,
        row_number() over (
            partition by source_year
            order by case when mode = 'full' then 0 else 1 end, load_id desc
        ) as choice
    from {{ ref('int_loads') }}

),

reads as (

    select
        source_year,
        max(read_at) as last_read_at,
        max(case when choice = 1 and mode = 'full' then read_at end) as last_full_read_at,
        max(case when choice = 1 and mode = 'full' then record_cnt end) as last_full_read_count,
        max(case when choice = 1 and mode = 'full' then rejected_cnt end) as rejected_count
    from ranked_loads
    group by source_year

),

years as (

    select source_year from cases
    union distinct
    select source_year from reads

)

select
    years.source_year,
    coalesce(cases.case_count, 0) as case_count,
    coalesce(cases.deleted_count, 0) as deleted_count,
    reads.rejected_count,
    coalesce(duplicates.duplicate_count, 0) as duplicate_count,
    coalesce(cases.several_layers_count, 0) as several_layers_count,
    coalesce(cases.no_location_count, 0) as no_location_count,
    coalesce(cases.no_neighborhood_count, 0) as no_neighborhood_count,
    coalesce(cases.unknown_category_count, 0) as unknown_category_count,
    coalesce(cases.status_mismatch_count, 0) as status_mismatch_count,
    coalesce(cases.closed_before_opened_count, 0) as closed_before_opened_count,
    coalesce(cases.repaired_count, 0) as repaired_count,
    reads.last_read_at,
    reads.last_full_read_at,
    reads.last_full_read_count
from years
left join cases on years.source_year = cases.source_year
left join duplicates on years.source_year = duplicates.source_year
left join reads on years.source_year = reads.source_year
