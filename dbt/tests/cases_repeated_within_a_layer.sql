{{ config(severity='warn') }}

select source_year, case_id, rows_in_load
from {{ ref('int_requests_by_layer') }}
where rows_in_load > 1
