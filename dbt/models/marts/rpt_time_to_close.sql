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
{%- set grains = {
    'year': year,
    'year_channel': year + ['channel'],
    'year_subject': year + ['subject_name'],
    'year_type': year + type,
    'year_type_channel': year + type + ['channel'],
    'month': month,
    'month_subject': month + ['subject_name'],
    'month_type_channel': month + type + ['channel'],
} -%}
{%- set grains_to_date = {
    'year_to_date': year,
    'year_subject_to_date': year + ['subject_name'],
    'year_type_to_date': year + type,
    'year_type_channel_to_date': year + type + ['channel'],
} -%}
{%- set all = ['is_information_only'] -%}
{%- set grains_of_all_years = {
    'all': all,
    'all_subject': all + ['subject_name'],
    'all_type': all + type,
    'all_type_channel': all + type + ['channel'],
} -%}
{%- set grains_of_365_days = {
    'type_last_365_days': all + type,
    'type_channel_last_365_days': all + type + ['channel'],
} -%}
{%- set more = {'last_open_date': 'max(open_date)'} -%}

with to_date as {{ inlined() }} (

    select *
    from {{ ref('rpt_requests') }}
    where is_to_date

),

of_all_years as {{ inlined() }} (

    select *
    from {{ ref('rpt_requests') }}
    where {{ is_of_loaded_year() }}

),

of_365_days as {{ inlined() }} (

    select requests.*
    from {{ ref('rpt_requests') }} as requests
    cross join (select max(open_date) as open_date from {{ ref('rpt_requests') }}) as latest
    where {{ dbt.datediff('requests.open_date', 'latest.open_date', 'day') }} < 365

)

{{ volumes_and_times(ref('rpt_requests'), dimensions, grains, more) }}

union all

{{ volumes_and_times('to_date', dimensions, grains_to_date, more) }}

union all

{{ volumes_and_times('of_all_years', dimensions, grains_of_all_years, more) }}

union all

{{ volumes_and_times('of_365_days', dimensions, grains_of_365_days, more) }}
