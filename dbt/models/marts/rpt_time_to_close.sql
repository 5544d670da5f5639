{{ kept_by_year() }}

{%- set dimensions = {
    'open_year': dbt.type_bigint(),
    'open_month': dbt.type_bigint(),
    'subject_name': dbt.type_string(),
    'type_name': dbt.type_string(),
    'channel': dbt.type_string(),
    'is_information_only': 'boolean',
} -%}
{#- Information-only types are rows of their own in every grain. -#}
{%- set year = ['open_year', 'is_information_only'] -%}
{%- set month = ['open_year', 'open_month', 'is_information_only'] -%}
{%- set type = ['subject_name', 'type_name'] -%}
{%- set all = ['is_information_only', 'is_of_loaded_year'] -%}
{%- set to_date = ['is_compared_to_date'] -%}
{%- set last_365_days = ['is_information_only', 'is_of_last_365_days'] -%}
{%- set grains = {
    'year': year,
    'year_channel': year + ['channel'],
    'year_subject': year + ['subject_name'],
    'year_type': year + type,
    'year_type_channel': year + type + ['channel'],
    'month': month,
    'month_subject': month + ['subject_name'],
    'month_type_channel': month + type + ['channel'],
    'year_to_date': year + to_date,
    'year_subject_to_date': year + ['subject_name'] + to_date,
    'year_type_to_date': year + type + to_date,
    'year_type_channel_to_date': year + type + ['channel'] + to_date,
    'all': all,
    'all_subject': all + ['subject_name'],
    'all_type': all + type,
    'all_type_channel': all + type + ['channel'],
    'type_last_365_days': last_365_days + type,
    'type_channel_last_365_days': last_365_days + type + ['channel'],
} -%}
{%- set more = {'last_open_date': 'max(open_date)'} -%}

with requests as {{ inlined() }} (

    select
        requests.*,
        -- Who compares a year that is not over does so with the one before.
        requests.is_to_date and requests.open_year >= latest.open_year - 1 as is_compared_to_date
    from {{ ref('rpt_requests') }} as requests
    cross join (select max(open_year) as open_year from {{ ref('rpt_requests') }}) as latest

)

{{ volumes_and_times(
    'requests', dimensions, grains, more,
    conditions=['is_compared_to_date', 'is_of_loaded_year', 'is_of_last_365_days'],
) }}
