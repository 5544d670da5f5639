{{ kept_by_year() }}

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
{%- set all = ['is_information_only', 'is_of_loaded_year'] -%}
{%- set year = ['open_year', 'is_information_only'] -%}
{%- set latest_year = year + ['is_of_latest_loaded_year'] -%}
{%- set neighborhood = ['neighborhood_id', 'neighborhood_name'] -%}
{%- set ward = ['ward_id', 'ward_name'] -%}
{%- set type = ['subject_name', 'type_name'] -%}
{%- set half = {'median': 50} -%}
{%- set grains = {
    'year_ward': year + ward,
    'year_ward_type': latest_year + ward + type,
    'year_neighborhood_type': latest_year + neighborhood + type,
    'all_ward': all + ward,
    'all_ward_type': all + ward + type,
    'all_neighborhood_type': all + neighborhood + type,
} -%}

with requests as {{ inlined() }} (

    select
        requests.*,
        requests.open_year = latest.open_year as is_of_latest_loaded_year
    from {{ ref('rpt_requests') }} as requests
    cross join (
        select max(open_year) as open_year from {{ ref('rpt_requests') }} where is_of_loaded_year
    ) as latest

)

{{ volumes_and_times(
    'requests', dimensions, grains, percents=half, conditions=['is_of_loaded_year', 'is_of_latest_loaded_year']
) }}
