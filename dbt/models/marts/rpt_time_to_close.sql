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

{{ volumes_and_times(ref('rpt_requests'), dimensions, grains) }}
