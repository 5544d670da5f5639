{%- set dimensions = {
    'open_year': dbt.type_bigint(),
    'neighborhood_id': dbt.type_bigint(),
    'neighborhood_name': dbt.type_string(),
    'ward_id': dbt.type_bigint(),
    'ward_name': dbt.type_string(),
    'subject_name': dbt.type_string(),
    'type_name': dbt.type_string(),
    'is_information_only': 'boolean',
} -%}
{#- Information-only types are rows of their own in every grain. -#}
{%- set all = ['is_information_only'] -%}
{%- set year = ['open_year'] + all -%}
{%- set neighborhood = ['neighborhood_id', 'neighborhood_name'] -%}
{%- set ward = ['ward_id', 'ward_name'] -%}
{%- set type = ['subject_name', 'type_name'] -%}
{%- set half = {'median': 50} -%}

with of_all_years as {{ inlined() }} (

    select *
    from {{ ref('rpt_requests') }}
    where {{ is_of_loaded_year() }}

),

of_latest_year as {{ inlined() }} (

    select *
    from of_all_years
    where open_year = (select max(open_year) from of_all_years)

)

{{ volumes_and_times(ref('rpt_requests'), dimensions, {'year_ward': year + ward}, percents=half) }}

union all

{{ volumes_and_times('of_latest_year', dimensions, {
    'year_ward_type': year + ward + type,
    'year_neighborhood_type': year + neighborhood + type,
}, percents=half) }}

union all

{{ volumes_and_times('of_all_years', dimensions, {
    'all_ward': all + ward,
    'all_ward_type': all + ward + type,
    'all_neighborhood_type': all + neighborhood + type,
}, percents=half) }}
