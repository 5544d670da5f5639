{{ config(severity='warn') }}

select case_id, source_year, open_datetime, closed_datetime
from {{ ref('fact_311data') }}
where closed_datetime < open_datetime
