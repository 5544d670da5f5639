{{ config(severity='warn') }}

select case_id, source_year, case_status, closed_datetime
from {{ ref('fact_311data') }}
where (case_status = 0 and closed_datetime is null) or (case_status = 1 and closed_datetime is not null)
