{{ config(materialized='view') }}

{%- set columns = [
    'open_year',
    'open_month',
    'subject_name',
    'reason_name',
    'type_name',
    'channel',
    'is_information_only',
] + (area_columns() | list) %}

select
    {{ columns | join(',\n    ') }},
    {%- for name, aggregate in dict(counts_of_time(), closed_count='count(time_to_close_seconds)').items() %}
    {{ aggregate }} as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref('rpt_requests') }}
group by {{ columns | join(', ') }}
